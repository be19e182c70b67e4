import type { KeyOf } from '../../connectors/index.ts'

interface Entry {
  readonly row: Uint8Array
  readonly sequence: number
}

/** Objects around a row, roughly. */
const ENTRY_OVERHEAD = 128

/** The latest row of every key, in order of their sequence numbers. Rows are copied, so that each holds only its own bytes. */
export class Conflation {
  readonly #keyOf: KeyOf
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  constructor(keyOf: KeyOf) {
    this.#keyOf = keyOf
  }

  /** What is held, overhead included. */
  get bytes(): number {
    return this.#bytes
  }

  /** Rows come in order. True: an older row gave way. */
  add(bytes: Uint8Array, start: number, end: number, sequence: number): boolean {
    const key = this.#keyOf(bytes, start, end)
    const replaced = this.#remove(key)
    this.#entries.set(key, { row: new Uint8Array(bytes.subarray(start, end)), sequence })
    this.#bytes += end - start + ENTRY_OVERHEAD
    return replaced
  }

  /** Hands out rows, oldest first, and forgets them, until `take` returns false. */
  takeWhile(take: (row: Uint8Array, sequence: number) => boolean): void {
    for (const [key, { row, sequence }] of this.#entries) {
      this.#remove(key)
      if (!take(row, sequence)) return
    }
  }

  #remove(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    this.#entries.delete(key)
    this.#bytes -= entry.row.length + ENTRY_OVERHEAD
    return true
  }
}
