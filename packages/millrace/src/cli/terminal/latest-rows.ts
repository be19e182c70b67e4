import {
  type RecordBatch,
  sameType,
  type SchemaField,
  type Schema,
  type Value,
  valueAt,
  visibleFields,
  WINDOW,
} from '../../kernel/index.ts'
import { cellAlign, cellText } from './cell.ts'
import { singleLine } from './display-width.ts'
import type { TableColumn } from './table-layout.ts'

interface Entry {
  readonly batch: RecordBatch
  readonly row: number
  /** How many times the row stands in the result; only of an updating one. */
  count: number
}

const collator = new Intl.Collator('en', { numeric: true })

function compareCells(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length; i++) {
    const order = collator.compare(a[i]!, b[i]!)
    if (order !== 0) return order
  }
  return 0
}

/**
 * The rows of one result that are worth showing: of an appended result the last ones, of an updating one those that stand, the
 * latest changed last. Beyond `limit` the oldest are forgotten.
 */
export class LatestRows {
  readonly columns: readonly TableColumn[]
  readonly #fields: readonly { readonly field: SchemaField; readonly at: number }[]
  readonly #window: number
  readonly #updating: boolean
  readonly #limit: number
  readonly #entries = new Map<string | number, Entry>()
  #appended = 0
  #forgotten = 0

  constructor(schema: Schema, updating: boolean, limit: number) {
    this.#fields = visibleFields(schema).map((field) => ({ field, at: schema.fields.indexOf(field) }))
    this.#window = schema.fields.findIndex((f) => sameType(f.type, WINDOW))
    this.#updating = updating
    this.#limit = limit
    this.columns = this.#fields.map(({ field }) => ({ title: singleLine(field.name), align: cellAlign(field.type) }))
  }

  get size(): number {
    return this.#entries.size
  }

  /** Rows that came and are not kept any more. */
  get forgotten(): number {
    return this.#forgotten
  }

  push(batch: RecordBatch): void {
    if (this.#updating) for (let row = 0; row < batch.length; row++) this.#change(batch, row)
    else this.#append(batch)
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break
      this.#entries.delete(key)
      this.#forgotten++
    }
  }

  /** Every row kept, in order of arrival. */
  all(): string[][] {
    return [...this.#entries.values()].flatMap((e) => Array.from({ length: e.count }, () => this.#cells(e)))
  }

  /**
   * The last `count` rows to come or to change. Appended ones stand latest first. Windows stand latest first too, and the rows of one window,
   * like those of an updating result, by their values, so that a row stays in its place while it changes.
   */
  latest(count: number): string[][] {
    if (count <= 0) return []
    const entries = [...this.#entries.values()].slice(-count)
    if (this.#window < 0 && !this.#updating) return entries.reverse().map((e) => this.#cells(e))
    return entries
      .map((e) => ({ start: this.#window < 0 ? 0 : this.#windowStart(e), cells: this.#cells(e) }))
      .sort((a, b) => b.start - a.start || compareCells(a.cells, b.cells))
      .map(({ cells }) => cells)
  }

  #append(batch: RecordBatch): void {
    const from = Math.max(0, batch.length - this.#limit)
    this.#forgotten += from
    for (let row = from; row < batch.length; row++) this.#entries.set(this.#appended++, { batch, row, count: 1 })
  }

  #change(batch: RecordBatch, row: number): void {
    const entry: Entry = { batch, row, count: batch.weights?.[row] ?? 1 }
    const key = this.#cells(entry).join('\0')
    const before = this.#entries.get(key)
    entry.count += before?.count ?? 0
    this.#entries.delete(key)
    // The retraction of a row that was forgotten changes nothing here.
    if (entry.count > 0) this.#entries.set(key, entry)
  }

  #cells({ batch, row }: Entry): string[] {
    return this.#fields.map(({ field, at }) => cellText(field.type, valueAt(batch.columns[at]!, row)))
  }

  #windowStart({ batch, row }: Entry): number {
    const window = valueAt(batch.columns[this.#window]!, row) as readonly Value[] | null
    return window === null ? Number.NEGATIVE_INFINITY : Number(window[0])
  }
}
