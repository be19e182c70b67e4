import { type Column, MAX_BATCH_ROWS, type RecordBatch, type Schema, selectColumn } from '../../kernel/index.ts'
import type { AssignWindowsNode } from '../../plan/index.ts'
import type { ExplainLine, Operator, OperatorDefinition, Output, Progress, Watermark } from '../operator.ts'
import { describeWindow } from './describe.ts'
import { floorTo, timeColumn, timesOf } from './times.ts'

/** Gives each row once for every window it is in that has not closed before it, earlier windows first. */
export class AssignWindows implements Operator {
  readonly schema: Schema
  readonly #node: AssignWindowsNode
  readonly #size: number
  readonly #slide: number
  readonly #rows = new Int32Array(MAX_BATCH_ROWS)
  readonly #starts = new Float64Array(MAX_BATCH_ROWS)
  #batch: RecordBatch | null = null
  #times: Float64Array = new Float64Array(0)
  #marks: Float64Array = new Float64Array(0)
  #row = 0
  /** The window the row goes on with; null: its first. */
  #start: number | null = null

  constructor(node: AssignWindowsNode) {
    this.schema = node.schema
    this.#node = node
    this.#size = node.window.size
    this.#slide = node.window.kind === 'tumble' ? node.window.size : node.window.slide
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    this.#batch = batch
    this.#times = timesOf(batch.columns[this.#node.rowtime]!, Number.NaN)
    this.#marks = timesOf(batch.columns[this.#node.watermark]!, Number.NEGATIVE_INFINITY)
    this.#row = 0
    this.#start = null
    return this.more(output)
  }

  more(output: Output): Progress {
    const batch = this.#batch
    if (batch === null) return 'done'
    let count = 0
    while (this.#row < batch.length) {
      const time = this.#times[this.#row]!
      const closed = this.#marks[this.#row]! - this.#node.allowedLateness
      let start = this.#start ?? floorTo(time - this.#size, this.#slide) + this.#slide
      for (; start <= time && count < MAX_BATCH_ROWS; start += this.#slide) {
        if (start + this.#size <= closed) continue
        this.#rows[count] = this.#row
        this.#starts[count++] = start
      }
      if (start <= time) {
        this.#start = start
        this.#emit(batch, count, output)
        return 'more'
      }
      this.#row++
      this.#start = null
    }
    this.#emit(batch, count, output)
    this.#batch = null
    return 'done'
  }

  #emit(batch: RecordBatch, count: number, output: Output): void {
    if (count === 0) return
    const starts = this.#starts.slice(0, count)
    const ends = starts.map((s) => s + this.#size)
    const columns: Column[] = [
      ...this.#node.columns.map((c) => selectColumn(batch.columns[c]!, this.#rows, count)),
      timeColumn(starts),
      timeColumn(ends),
      timeColumn(ends.map((end) => end - 1)),
      selectColumn(batch.columns[this.#node.watermark]!, this.#rows, count),
    ]
    output.batch({ schema: this.schema, length: count, columns, weights: null })
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
    return { name: 'windows', detail: describeWindow(this.#node.window) }
  }
}

export const assignWindowsDefinition: OperatorDefinition<AssignWindowsNode> = {
  kind: 'assign_windows',
  build: (node) => new AssignWindows(node),
}
