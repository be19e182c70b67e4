import {
  type Column,
  type ColumnBuilder,
  columnBuilder,
  columnOf,
  BIGINT,
  fieldIndex,
  MAX_BATCH_ROWS,
  type RecordBatch,
  ROWTIME,
  type Schema,
  selectColumn,
  type Value,
  valueAt,
  WATERMARK,
} from '../../kernel/index.ts'
import type { UnnestNode } from '../../plan/index.ts'
import type { ExplainLine, Operator, OperatorDefinition, Output, Progress, Watermark } from '../operator.ts'
import { columnName } from './describe.ts'

/** A row for each element of an array, in the order of the elements. */
export class Unnest implements Operator {
  readonly schema: Schema
  readonly #node: UnnestNode
  readonly #input: Schema
  readonly #rows = new Int32Array(MAX_BATCH_ROWS)
  readonly #weights = new Int32Array(MAX_BATCH_ROWS)
  readonly #elements: ColumnBuilder
  #positions: Value[] = []
  #batch: RecordBatch | null = null
  #row = 0
  #next = 0

  constructor(node: UnnestNode, input: Schema) {
    this.schema = node.schema
    this.#node = node
    this.#input = input
    this.#elements = columnBuilder(node.schema.fields[node.columns.length]!.type)
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    this.#batch = batch
    this.#row = 0
    this.#next = 0
    return this.more(output)
  }

  more(output: Output): Progress {
    const batch = this.#batch
    if (batch === null) return 'done'
    const arrays = batch.columns[this.#node.array]!
    let count = 0
    while (this.#row < batch.length && count < MAX_BATCH_ROWS) {
      const elements = valueAt(arrays, this.#row) as readonly Value[] | null
      const length = elements?.length ?? 0
      if (length === 0 && this.#node.outer) count = this.#add(batch, count, null, null)
      while (this.#next < length && count < MAX_BATCH_ROWS) {
        const position = this.#next++
        count = this.#add(batch, count, elements![position]!, position + 1)
      }
      if (this.#next < length) break
      this.#row++
      this.#next = 0
    }
    this.#emit(batch, count, output)
    if (this.#row < batch.length) return 'more'
    this.#batch = null
    return 'done'
  }

  #add(batch: RecordBatch, at: number, element: Value, position: number | null): number {
    this.#rows[at] = this.#row
    if (batch.weights !== null) this.#weights[at] = batch.weights[this.#row]!
    this.#elements.append(element)
    if (this.#node.ordinality) this.#positions.push(position)
    return at + 1
  }

  #emit(batch: RecordBatch, count: number, output: Output): void {
    if (count === 0) return
    const select = (column: number) => selectColumn(batch.columns[column]!, this.#rows, count)
    const columns: Column[] = [...this.#node.columns.map(select), this.#elements.finish()]
    if (this.#node.ordinality) columns.push(columnOf(BIGINT, this.#positions))
    this.#positions = []
    columns.push(select(fieldIndex(this.#input, ROWTIME)), select(fieldIndex(this.#input, WATERMARK)))
    const weights = batch.weights === null ? null : this.#weights.slice(0, count)
    output.batch({ schema: this.schema, length: count, columns, weights })
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    output.watermark(watermark)
    return 'done'
  }

  tick(): Progress {
    return 'done'
  }

  snapshot(): void {}

  restore(): void {}

  stateBytes(): number {
    return 0
  }

  dispose(): void {}

  explain(): ExplainLine {
    const { array, outer } = this.#node
    return { name: 'unnest', detail: `${columnName(this.#input, array)}${outer ? ', kept without elements' : ''}` }
  }
}

export const unnestDefinition: OperatorDefinition<UnnestNode> = {
  kind: 'unnest',
  build: (node, inputs) => new Unnest(node, inputs[0]!.schema),
}
