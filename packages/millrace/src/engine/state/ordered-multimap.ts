const BLOCK = 512

interface Block {
  readonly keys: Float64Array
  readonly values: Int32Array
  from: number
  to: number
}

/**
 * Numbers to integers, several per key: ordered by key, equal keys in order of insertion. Blocks of at most 512 entries, so
 * no operation moves more than one block and the list of blocks. Adding in ascending order and taking from the front are O(1).
 */
export class OrderedMultimap {
  readonly #blocks: Block[] = []
  /** Blocks before this one are used up; they are dropped in bulk. */
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Behind all entries of an equal or smaller key. */
  add(key: number, value: number): void {
    this.#size++
    let at = this.#blockFor(key)
    if (at < 0) {
      this.#blocks.push(newBlock())
      at = this.#blocks.length - 1
    }
    let block = this.#blocks[at]!
    if (block.to === BLOCK) {
      if (block.from > 0) compact(block)
      else if (at === this.#blocks.length - 1 && key >= block.keys[BLOCK - 1]!) {
        block = newBlock()
        this.#blocks.push(block)
      } else {
        const upper = splitBlock(block)
        this.#blocks.splice(at + 1, 0, upper)
        if (key >= upper.keys[0]!) block = upper
      }
    }
    const place = upperBound(block, key)
    block.keys.copyWithin(place + 1, place, block.to)
    block.values.copyWithin(place + 1, place, block.to)
    block.keys[place] = key
    block.values[place] = value
    block.to++
  }

  /** Removes one entry with this key and value; false if there is none. */
  delete(key: number, value: number): boolean {
    for (let at = this.#firstBlockReaching(key); at < this.#blocks.length; at++) {
      const block = this.#blocks[at]!
      for (let i = lowerBound(block, key); i < block.to; i++) {
        if (block.keys[i] !== key) return false
        if (block.values[i] === value) {
          this.#removeAt(at, i)
          return true
        }
      }
    }
    return false
  }

  /** The smallest key; undefined when empty. */
  firstKey(): number | undefined {
    const block = this.#blocks[this.#head]
    return block === undefined ? undefined : block.keys[block.from]
  }

  /** The value of the first entry; there must be one. */
  first(): number {
    const block = this.#blocks[this.#head]!
    return block.values[block.from]!
  }

  /** Removes the first entry and returns its value; there must be one. */
  shift(): number {
    const block = this.#blocks[this.#head]!
    const value = block.values[block.from]!
    this.#removeAt(this.#head, block.from)
    return value
  }

  /** Entries with from <= key < to, in order, as long as `visit` answers true. */
  scan(from: number, to: number, visit: (key: number, value: number) => boolean): void {
    for (let at = this.#firstBlockReaching(from); at < this.#blocks.length; at++) {
      const block = this.#blocks[at]!
      for (let i = lowerBound(block, from); i < block.to; i++) {
        if (block.keys[i]! >= to || !visit(block.keys[i]!, block.values[i]!)) return
      }
    }
  }

  clear(): void {
    this.#blocks.length = 0
    this.#head = 0
    this.#size = 0
  }

  #removeAt(at: number, i: number): void {
    const block = this.#blocks[at]!
    this.#size--
    if (i === block.from) block.from++
    else {
      block.keys.copyWithin(i, i + 1, block.to)
      block.values.copyWithin(i, i + 1, block.to)
      block.to--
    }
    if (block.from < block.to) return
    if (at !== this.#head) this.#blocks.splice(at, 1)
    else if (++this.#head > 32 && this.#head * 2 > this.#blocks.length) {
      this.#blocks.splice(0, this.#head)
      this.#head = 0
    } else if (this.#size === 0) this.clear()
  }

  /** The last block whose first key is <= key, or the first block; -1 when there is none. */
  #blockFor(key: number): number {
    let low = this.#head
    let high = this.#blocks.length
    if (low === high) return -1
    while (high - low > 1) {
      const middle = (low + high) >> 1
      const block = this.#blocks[middle]!
      if (block.keys[block.from]! <= key) low = middle
      else high = middle
    }
    return low
  }

  #firstBlockReaching(key: number): number {
    let low = this.#head
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const block = this.#blocks[middle]!
      if (block.keys[block.to - 1]! < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

function newBlock(): Block {
  return { keys: new Float64Array(BLOCK), values: new Int32Array(BLOCK), from: 0, to: 0 }
}

function compact(block: Block): void {
  block.keys.copyWithin(0, block.from, block.to)
  block.values.copyWithin(0, block.from, block.to)
  block.to -= block.from
  block.from = 0
}

function splitBlock(block: Block): Block {
  const upper = newBlock()
  const middle = BLOCK >> 1
  upper.keys.set(block.keys.subarray(middle, BLOCK))
  upper.values.set(block.values.subarray(middle, BLOCK))
  upper.to = BLOCK - middle
  block.to = middle
  return upper
}

function lowerBound(block: Block, key: number): number {
  let low = block.from
  let high = block.to
  while (low < high) {
    const middle = (low + high) >> 1
    if (block.keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

function upperBound(block: Block, key: number): number {
  let low = block.from
  let high = block.to
  while (low < high) {
    const middle = (low + high) >> 1
    if (block.keys[middle]! <= key) low = middle + 1
    else high = middle
  }
  return low
}
