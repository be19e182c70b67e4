import {
  type ColumnBuilder,
  columnBuilder,
  MAX_BATCH_ROWS,
  type RecordBatch,
  type Schema,
  type Value,
} from '../../kernel/index.ts'

/** Collects the rows of one emission. */
export class RowBuilder {
  readonly #schema: Schema
  readonly #builders: readonly ColumnBuilder[]
  readonly #weights: number[] | null
  #length = 0

  /** `weighted`: a changelog. */
  constructor(schema: Schema, weighted: boolean) {
    this.#schema = schema
    this.#builders = schema.fields.map((f) => columnBuilder(f.type))
    this.#weights = weighted ? [] : null
  }

  get length(): number {
    return this.#length
  }

  /** Whether `rows` more fit into the batch. */
  hasRoom(rows: number): boolean {
    return this.#length + rows <= MAX_BATCH_ROWS
  }

  append(row: readonly Value[], weight = 1): void {
    for (let i = 0; i < this.#builders.length; i++) this.#builders[i]!.append(row[i]!)
    this.#weights?.push(weight)
    this.#length++
  }

  /** The rows so far, null if there are none; the builder is empty then. */
  take(): RecordBatch | null {
    if (this.#length === 0) return null
    const batch: RecordBatch = {
      schema: this.#schema,
      length: this.#length,
      columns: this.#builders.map((b) => b.finish()),
      weights: this.#weights === null ? null : Int32Array.from(this.#weights),
    }
    if (this.#weights !== null) this.#weights.length = 0
    this.#length = 0
    return batch
  }
}
