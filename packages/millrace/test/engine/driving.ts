import {
  MemoryState,
  type Operator,
  type OperatorContext,
  type Output,
  type Watermark,
} from '../../src/engine/index.ts'
import {
  batchOf,
  MAX_BATCH_ROWS,
  type MillraceError,
  type RecordBatch,
  rowsOf,
  type Value,
} from '../../src/kernel/index.ts'
import { showRow } from './running.ts'

/** One operator under test, driven by hand; a new one takes over from a snapshot on `restart`. */
export class Driven implements Output {
  operator: Operator
  readonly rows: Value[][] = []
  readonly weights: number[] = []
  readonly ports: number[] = []
  readonly watermarks: Watermark[] = []
  readonly errors: MillraceError[] = []
  readonly counters = new Map<string, number>()
  charged = 0
  readonly step = { now: 0, random: () => 0.5 }
  readonly #build: (context: OperatorContext) => Operator
  readonly #saved = new MemoryState()

  constructor(build: (context: OperatorContext) => Operator) {
    this.#build = build
    this.operator = build(this.#context)
  }

  get #context(): OperatorContext {
    return {
      step: this.step,
      codegen: false,
      rowError: (_node, error) => this.errors.push(error),
      count: (counter, _node, rows) => this.counters.set(counter, (this.counters.get(counter) ?? 0) + rows),
      chargeState: (_node, bytes) => {
        this.charged += bytes
      },
    }
  }

  batch(batch: RecordBatch, port = 0): void {
    if (batch.length > MAX_BATCH_ROWS) throw new Error(`a batch of ${batch.length} rows`)
    this.rows.push(...rowsOf(batch))
    for (let i = 0; i < batch.length; i++) {
      this.weights.push(batch.weights === null ? 1 : batch.weights[i]!)
      this.ports.push(port)
    }
  }

  watermark(watermark: Watermark): void {
    this.watermarks.push(watermark)
  }

  push(
    rows: readonly (readonly Value[])[],
    schema: RecordBatch['schema'],
    weights: Int32Array | null = null,
    port = 0,
  ): this {
    return this.#finish(this.operator.push(port, batchOf(schema, rows, weights), this))
  }

  mark(time: number, port = 0, idle = false): this {
    return this.#finish(this.operator.watermark(port, { time, idle }, this))
  }

  tick(now: number): this {
    this.step.now = now
    return this.#finish(this.operator.tick(now, this))
  }

  #finish(progress: 'done' | 'more'): this {
    while (progress === 'more') progress = this.operator.more(this)
    return this
  }

  restart(): this {
    this.operator.snapshot(this.#saved)
    this.operator.dispose()
    this.operator = this.#build(this.#context)
    this.operator.restore(this.#saved)
    return this
  }

  /** Rows that are left, by their text, with their multiplicity. */
  consolidated(): Map<string, number> {
    const left = new Map<string, number>()
    for (const [i, row] of this.rows.entries()) {
      const text = showRow(row)
      const count = (left.get(text) ?? 0) + this.weights[i]!
      if (count === 0) left.delete(text)
      else left.set(text, count)
    }
    return left
  }
}
