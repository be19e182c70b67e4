/**
 * Takes the changed entries of one operator's state. Keys are unique within an operator; `null` deletes. The bytes may be kept as they
 * are: nobody writes to them again (small entries are views of larger buffers that a snapshot's entries share).
 */
export interface StateWriter {
  put(key: Uint8Array, value: Uint8Array | null): void
}

/** All entries of one operator's state, in any order: the union of its snapshots, the later entry for a key winning. */
export interface StateReader {
  entries(): Iterable<readonly [key: Uint8Array, value: Uint8Array]>
}

/** Key of a slot's entry: the table's tag, then the slot. */
export function slotKey(tag: number, slot: number): Uint8Array {
  return Uint8Array.of(tag, slot >>> 24, slot >>> 16, slot >>> 8, slot)
}

export function slotOfKey(key: Uint8Array): number {
  return ((key[1]! << 24) | (key[2]! << 16) | (key[3]! << 8) | key[4]!) >>> 0
}

/** Key of the one entry with this tag. */
export function singleKey(tag: number): Uint8Array {
  return Uint8Array.of(tag)
}
