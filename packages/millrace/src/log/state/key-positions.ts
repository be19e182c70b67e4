import type { StateChange } from '../state-store.ts'

/** A Map stops the process while it grows; many small ones do so for less than a millisecond at a time. */
const SHARDS = 512

/** FNV-1a over the bytes of the key. */
export function hashKey({ key }: StateChange): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key[i]!, 0x01000193)
  return hash >>> 0
}

/** Where each key was seen last. */
export class KeyPositions {
  readonly #nodes = new Map<string, Map<string, number>[]>()
  #node: string | null = null
  #shards: Map<string, number>[] = []

  set(change: StateChange, hash: number, position: number): void {
    this.#shardOf(change, hash).set(latin1(change.key), position)
  }

  get(change: StateChange, hash: number): number | undefined {
    return this.#shardOf(change, hash).get(latin1(change.key))
  }

  #shardOf({ node }: StateChange, hash: number): Map<string, number> {
    if (node !== this.#node) {
      this.#node = node
      this.#shards = this.#nodes.get(node) ?? Array.from({ length: SHARDS }, () => new Map())
      this.#nodes.set(node, this.#shards)
    }
    return this.#shards[hash % SHARDS]!
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
