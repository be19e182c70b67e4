import { type RecordBatch } from '../../kernel/index.ts'
import type { Input, PlanNode } from '../../plan/index.ts'
import type { Operator, Output, Progress, Watermark } from '../operator.ts'
import { Fifo } from './fifo.ts'

/** What waits for a node, in order of arrival over all its ports. */
export type Item =
  | { readonly kind: 'batch'; readonly port: number; readonly batch: RecordBatch }
  | { readonly kind: 'watermark'; readonly port: number; readonly watermark: Watermark }
  | { readonly kind: 'tick'; readonly now: number }

export interface Edge {
  readonly to: GraphNode
  readonly port: number
}

export interface NodeCounters {
  rowsIn: number
  rowsOut: number
  batchesIn: number
  /** Milliseconds spent in the operator. */
  busyMs: number
}

/** A node of a running graph: its operator, what waits for it, and where its output goes. */
export class GraphNode implements Output {
  /** Place in topological order. */
  readonly index: number
  readonly plan: PlanNode
  readonly operator: Operator
  readonly counters: NodeCounters = { rowsIn: 0, rowsOut: 0, batchesIn: 0, busyMs: 0 }
  readonly #queue = new Fifo<Item>()
  /** By output port. */
  readonly #edges: Edge[][] = []
  readonly #ready: (node: GraphNode) => void
  /** Rows for whoever reads a sink or an output; null for other nodes. */
  readonly collected: Collected | null
  /** How far its output has come in event time, microseconds. */
  time = Number.NEGATIVE_INFINITY
  #more = false

  constructor(index: number, plan: PlanNode, operator: Operator, ready: (node: GraphNode) => void) {
    this.index = index
    this.plan = plan
    this.operator = operator
    this.#ready = ready
    this.collected = plan.kind === 'sink' || plan.kind === 'output' ? { batches: [], rows: 0 } : null
  }

  connect(input: Input, to: GraphNode, port: number): void {
    while (this.#edges.length <= input.port) this.#edges.push([])
    this.#edges[input.port]!.push({ to, port })
  }

  get hasWork(): boolean {
    return this.#more || this.#queue.length > 0
  }

  enqueue(item: Item): void {
    this.#queue.push(item)
    this.#ready(this)
  }

  /** One call of the operator. There must be work. */
  step(): void {
    this.#more = this.#call() === 'more'
    if (this.hasWork) this.#ready(this)
  }

  #call(): Progress {
    if (this.#more) return this.operator.more(this)
    const item = this.#queue.shift()
    switch (item.kind) {
      case 'batch':
        this.counters.batchesIn++
        this.counters.rowsIn += item.batch.length
        return this.operator.push(item.port, item.batch, this)
      case 'watermark':
        return this.operator.watermark(item.port, item.watermark, this)
      case 'tick':
        return this.operator.tick(item.now, this)
    }
  }

  batch(batch: RecordBatch, port = 0): void {
    this.counters.rowsOut += batch.length
    if (this.collected !== null) {
      this.collected.batches.push(batch)
      this.collected.rows += batch.length
    }
    const edges = this.#edges[port]
    if (edges !== undefined) for (const { to, port: at } of edges) to.enqueue({ kind: 'batch', port: at, batch })
  }

  watermark(watermark: Watermark): void {
    this.time = watermark.time
    for (const edges of this.#edges)
      for (const { to, port } of edges) to.enqueue({ kind: 'watermark', port, watermark })
  }
}

export interface Collected {
  batches: RecordBatch[]
  rows: number
}
