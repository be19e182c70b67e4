import { type Column, MAX_BATCH_ROWS, type RecordBatch, type Schema } from '../../kernel/index.ts'
import type { JoinColumn } from '../../plan/index.ts'
import type { JoinRows } from '../state/join-rows.ts'
import { timeColumn, watermarkColumn } from './times.ts'

/** Result rows of a join while they gather: rows of both sides by slot, NULL_ROW for none. The rows must be kept until `take`. */
export class JoinOutput {
  readonly #schema: Schema
  readonly #columns: readonly JoinColumn[]
  readonly #left: JoinRows
  readonly #right: JoinRows
  readonly #lefts = new Int32Array(MAX_BATCH_ROWS)
  readonly #rights = new Int32Array(MAX_BATCH_ROWS)
  readonly #times = new Float64Array(MAX_BATCH_ROWS)
  readonly #marks = new Float64Array(MAX_BATCH_ROWS)
  readonly #weights: Int32Array | null
  #length = 0

  /** `weighted`: a changelog. */
  constructor(schema: Schema, columns: readonly JoinColumn[], left: JoinRows, right: JoinRows, weighted: boolean) {
    this.#schema = schema
    this.#columns = columns
    this.#left = left
    this.#right = right
    this.#weights = weighted ? new Int32Array(MAX_BATCH_ROWS) : null
  }

  get length(): number {
    return this.#length
  }

  /** `time`: NaN for none; `mark`: the watermark before the row, -Infinity for none. There must be room. */
  add(left: number, right: number, time: number, mark: number, weight = 1): void {
    const at = this.#length++
    this.#lefts[at] = left
    this.#rights[at] = right
    this.#times[at] = time
    this.#marks[at] = mark
    if (this.#weights !== null) this.#weights[at] = weight
  }

  /** The rows so far, null if there are none. */
  take(): RecordBatch | null {
    const length = this.#length
    if (length === 0) return null
    this.#length = 0
    const columns: Column[] = this.#columns.map(({ side, column }) =>
      side === 'left'
        ? this.#left.gather(column, this.#lefts, length)
        : this.#right.gather(column, this.#rights, length),
    )
    columns.push(timeColumn(this.#times.slice(0, length)), watermarkColumn(this.#marks.slice(0, length)))
    const weights = this.#weights === null ? null : this.#weights.slice(0, length)
    return { schema: this.#schema, length, columns, weights }
  }
}
