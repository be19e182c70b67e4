import { type DataType, MAX_BATCH_ROWS, type RecordBatch, rowAt, type Schema } from '../../kernel/index.ts'
import type { UpsertNode } from '../../plan/index.ts'
import type {
  ExplainLine,
  Operator,
  OperatorContext,
  OperatorDefinition,
  Output,
  Progress,
  Watermark,
} from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { LatestRows } from '../state/latest-rows.ts'
import { slotKey, slotOfKey, type StateReader, type StateWriter } from '../state/state-io.ts'
import { columnName } from './describe.ts'
import { RowBuilder } from './row-builder.ts'
import { sameValues } from './same-values.ts'

const ROW_TAG = 1

/**
 * Rows that replace each other by key, as a changelog. Each input row has its effect by itself: what comes out does not depend on
 * batches. A deletion needs no more than the key; deleting what is not there does nothing.
 */
export class Upsert implements Operator {
  readonly schema: Schema
  readonly #node: UpsertNode
  readonly #context: OperatorContext
  readonly #types: readonly DataType[]
  readonly #kept: LatestRows
  readonly #rows: RowBuilder
  readonly #slots = new Int32Array(MAX_BATCH_ROWS)
  #pending: RecordBatch | null = null
  #next = 0
  #charged = 0

  constructor(node: UpsertNode, context: OperatorContext) {
    this.schema = node.schema
    this.#node = node
    this.#context = context
    this.#types = node.schema.fields.map((f) => f.type)
    this.#kept = new LatestRows(this.#types, node.keys)
    this.#rows = new RowBuilder(node.schema, true)
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    this.#kept.resolve(batch.columns, batch.length, this.#slots)
    this.#pending = batch
    this.#next = 0
    return this.more(output)
  }

  more(output: Output): Progress {
    const batch = this.#pending!
    while (this.#next < batch.length && this.#rows.hasRoom(2)) this.#apply(batch, this.#next++)
    const rows = this.#rows.take()
    if (rows !== null) output.batch(rows)
    if (this.#next < batch.length) return 'more'
    this.#pending = null
    this.#kept.settle()
    this.#charge()
    return 'done'
  }

  #apply(batch: RecordBatch, at: number): void {
    const slot = this.#slots[at]!
    const before = this.#kept.get(slot)
    if (batch.weights !== null && batch.weights[at]! < 0) {
      if (before === undefined) return
      this.#rows.append(before, -1)
      this.#kept.delete(slot)
      return
    }
    const after = rowAt(batch, at)
    if (before !== undefined) {
      if (sameValues(this.#types, before, after)) return
      this.#rows.append(before, -1)
    }
    this.#rows.append(after, 1)
    this.#kept.set(slot, after)
  }

  #charge(): void {
    const delta = this.#kept.bytes - this.#charged
    this.#charged += delta
    if (delta !== 0) this.#context.chargeState(this.#node.id, delta)
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    output.watermark(watermark)
    return 'done'
  }

  tick(): Progress {
    return 'done'
  }

  snapshot(to: StateWriter): void {
    this.#kept.saved.snapshot(new ByteWriter(), (id, value) => to.put(slotKey(ROW_TAG, id), value))
  }

  restore(from: StateReader): void {
    for (const [key, value] of from.entries()) this.#kept.saved.restore(slotOfKey(key), new ByteReader(value))
    this.#kept.saved.restored()
    this.#charge()
  }

  stateBytes(): number {
    return this.#kept.bytes
  }

  explain(): ExplainLine {
    return { name: 'upsert', detail: `by ${this.#node.keys.map((k) => columnName(this.schema, k)).join(', ')}` }
  }

  dispose(): void {
    this.#context.chargeState(this.#node.id, -this.#charged)
    this.#charged = 0
  }
}

export const upsertDefinition: OperatorDefinition<UpsertNode> = {
  kind: 'upsert',
  build: (node, _inputs, context) => new Upsert(node, context),
}
