import type { EncodedRows } from '../../formats/index.ts'
import { MillraceError } from '../../kernel/index.ts'

/** Of a row beside its text, roughly: an entry of a map. */
const ROW_OVERHEAD = 64

/** What a changelog adds up to: rows by their text, each so many times. Bounded in bytes. */
export class StandingRows {
  readonly #limit: number
  readonly #counts = new Map<string, number>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * `weights` null: each row once more.
   *
   * @throws MillraceError LIMIT_STATE
   */
  apply({ bytes, offsets }: EncodedRows, weights: Int32Array | null): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < offsets.length - 1; i++) {
      const row = buffer.toString('utf8', offsets[i]!, offsets[i + 1]!)
      const before = this.#counts.get(row) ?? 0
      const count = before + (weights?.[i] ?? 1)
      if (count === 0) this.#counts.delete(row)
      else this.#counts.set(row, count)
      if (before === 0 && count !== 0) this.#bytes += 2 * row.length + ROW_OVERHEAD
      else if (before !== 0 && count === 0) this.#bytes -= 2 * row.length + ROW_OVERHEAD
    }
    if (this.#bytes > this.#limit) {
      throw new MillraceError('LIMIT_STATE', `the rows of the result take more than ${this.#limit} bytes`, {
        hint: 'Make it a materialized view, whose changes can be read from its topic.',
      })
    }
  }

  /** As of now, whatever comes later. A row that is taken back before it came is not there. */
  rows(): readonly string[] {
    const rows: string[] = []
    for (const [row, count] of this.#counts) for (let i = 0; i < count; i++) rows.push(row)
    return rows
  }
}
