/** What a key is looked up by: equal as a Map sees it exactly when the keys are equal. */
export type KeyAtom = string | number | bigint | null

type Node = Leaf | Branch
type Leaf = Map<KeyAtom, number>
type Branch = Node[]

const BITS = 6
const FAN_OUT = 1 << BITS
const MAX_DEPTH = 5
/** A leaf is split rather than grown beyond this. Splitting or growing one of this size takes about 2 ms. */
const LEAF_LIMIT = 16_384

/**
 * Keys to slot numbers: a trie over the key's hash with Maps as leaves. A single Map stops the process for as long as it takes to
 * rehash all of it, and ends at 2^24 entries; here no step touches more than one leaf. Small tables are one Map and never hash.
 */
export class KeyIndex {
  #root: Node = new Map()
  /** The root while it is a leaf. */
  #flat: Leaf | null = this.#root as Leaf
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: KeyAtom): number | undefined {
    return this.#flat !== null ? this.#flat.get(key) : this.#leaf(key).get(key)
  }

  /** The key must be absent. */
  add(key: KeyAtom, slot: number): void {
    this.#size++
    if (this.#flat !== null) {
      this.#flat.set(key, slot)
      if (this.#flat.size > LEAF_LIMIT) {
        this.#root = split(this.#flat, 0)
        this.#flat = null
      }
      return
    }
    const hash = hashOf(key)
    let branch = this.#root as Branch
    let depth = 0
    for (;;) {
      const at = (hash >>> (depth * BITS)) & (FAN_OUT - 1)
      const child = branch[at]!
      depth++
      if (child instanceof Map) {
        child.set(key, slot)
        if (child.size > LEAF_LIMIT && depth < MAX_DEPTH) branch[at] = split(child, depth)
        return
      }
      branch = child
    }
  }

  /** The key must be present. */
  delete(key: KeyAtom): void {
    this.#size--
    const leaf = this.#flat ?? this.#leaf(key)
    leaf.delete(key)
    if (this.#size === 0 && this.#flat === null) this.clear()
  }

  /** Entries of the largest leaf: what a single step may have to move. */
  largestLeaf(): number {
    return largest(this.#root)
  }

  clear(): void {
    this.#flat = new Map()
    this.#root = this.#flat
    this.#size = 0
  }

  #leaf(key: KeyAtom): Leaf {
    let hash = hashOf(key)
    let node: Node = this.#root
    while (!(node instanceof Map)) {
      node = node[hash & (FAN_OUT - 1)]!
      hash >>>= BITS
    }
    return node
  }
}

function split(leaf: Leaf, depth: number): Branch {
  const children: Leaf[] = Array.from({ length: FAN_OUT }, () => new Map())
  for (const [key, slot] of leaf) children[(hashOf(key) >>> (depth * BITS)) & (FAN_OUT - 1)]!.set(key, slot)
  return children
}

function largest(node: Node): number {
  return node instanceof Map ? node.size : Math.max(...node.map(largest))
}

const bits = new DataView(new ArrayBuffer(8))

function hashOf(key: KeyAtom): number {
  if (typeof key === 'string') {
    let hash = 0x811c9dc5
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
    return finish(hash)
  }
  if (key === null) return 0
  // To a Map all NaNs are one key, and -0 and 0 are one.
  const number = Number(key) + 0
  bits.setFloat64(0, number === number ? number : Number.NaN)
  return finish(Math.imul(bits.getInt32(0), 0x85ebca6b) ^ bits.getInt32(4))
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function finish(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
