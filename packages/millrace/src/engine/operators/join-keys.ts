import { type DataType, MAX_BATCH_ROWS, type RecordBatch, type Schema } from '../../kernel/index.ts'
import type { JoinKey, JoinSide } from '../../plan/index.ts'
import { type KeyTable, keyTable } from '../state/key-table.ts'
import type { JoinRows } from '../state/join-rows.ts'

/** The key of a row that equals nothing, because a part of it is NULL. */
export const NO_KEY = -1

/** Keys of both sides of a join as numbers, the same for equal keys; a key is forgotten once neither side holds a row of it. */
export class JoinKeys {
  readonly #keys: readonly JoinKey[]
  readonly #table: KeyTable
  readonly #added: (key: number) => void
  readonly #slots = new Int32Array(MAX_BATCH_ROWS)
  /** Keys that may be without rows. */
  readonly #suspects = new Set<number>()

  /** `added` is told of every new key before anything else uses it. */
  constructor(keys: readonly JoinKey[], left: Schema, added: (key: number) => void) {
    this.#keys = keys
    this.#table = keyTable(keys.map((k): DataType => left.fields[k.left]!.type))
    this.#added = (key) => {
      this.#suspects.add(key)
      added(key)
    }
  }

  get bytes(): number {
    return this.#table.bytes
  }

  /** The key of each row of a batch. Valid until the next call. */
  resolve(side: JoinSide, batch: RecordBatch): Int32Array {
    const columns = this.#keys.map((k) => batch.columns[k[side]]!)
    this.#table.resolve(columns, 0, batch.length, this.#slots, this.#added)
    for (const [i, { nulls }] of columns.entries()) {
      if (nulls === null || this.#keys[i]!.nullsMatch) continue
      for (let row = 0; row < batch.length; row++) if (nulls[row] === 1) this.#slots[row] = NO_KEY
    }
    return this.#slots
  }

  /** The key of a row that is kept. */
  keyOf(side: JoinSide, rows: JoinRows, slot: number): number {
    return this.#table.resolveValues(
      this.#keys.map((k) => rows.value(k[side], slot)),
      this.#added,
    )
  }

  /** A row of this key has gone. */
  suspect(key: number): void {
    this.#suspects.add(key)
  }

  /** Forgets keys without rows, which `close` says and whose state it frees. Between batches only: batches know keys by number. */
  sweep(close: (key: number) => boolean): void {
    for (const key of this.#suspects) if (close(key)) this.#table.delete(key)
    this.#suspects.clear()
  }
}
