import { MillraceError, type RecordBatch, type Schema, selectRows, type Value } from '../../kernel/index.ts'
import type { WindowAggregateNode } from '../../plan/index.ts'
import type { ExplainLine, InputStream, Operator, OperatorContext, Output, Progress, Watermark } from '../operator.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'
import { describeAggregation, describeWindow } from './describe.ts'
import { GroupedState } from './grouped-state.ts'
import { RowBuilder } from './row-builder.ts'
import { timesOf } from './times.ts'

/** A batch being taken in, with its event times and the watermark before each row. */
export interface WindowInput {
  readonly batch: RecordBatch
  readonly times: Float64Array
  readonly watermarks: Float64Array
}

/**
 * What the kinds of window aggregates share: taking rows in, closing windows up to a watermark in bounded portions, passing the watermark
 * on only after all rows before it.
 *
 * A window closes when the watermark reaches its end plus the allowed lateness. Its rows carry end - 1 us as event time and as watermark,
 * so that what comes behind (cascades of windows) sees none of them late.
 */
export abstract class WindowOperator implements Operator {
  readonly schema: Schema
  protected readonly node: WindowAggregateNode
  protected readonly state: GroupedState
  readonly #input: Schema
  readonly #context: OperatorContext
  readonly #rows: RowBuilder
  /** Work of the current call: rows emitted, groups freed. */
  #spent = 0
  #pending: WindowInput | null = null
  #from = 0
  #closing: number | null = null
  #passing: Watermark | null = null

  constructor(node: WindowAggregateNode, input: InputStream, context: OperatorContext) {
    this.schema = node.schema
    this.node = node
    this.#input = input.schema
    this.#context = context
    this.state = new GroupedState(node.id, node.keys, node.aggregates, input, context)
    this.#rows = new RowBuilder(node.schema, false)
  }

  /** The first row at or after `from` before which windows have to close; the batch's length if there is none. */
  protected abstract nextBarrier(input: WindowInput, from: number): number
  /** Takes rows [from, to) into their windows. */
  protected abstract add(input: WindowInput, from: number, to: number): void
  /** Emits and frees windows that are closed at `watermark`, as long as `mayContinue`; true when none is left. */
  protected abstract close(watermark: number): boolean
  /** Whether a row at `time` is in any window at all; every row with an event time is where `coversAll`. */
  protected abstract covers(time: number): boolean
  protected abstract readonly coversAll: boolean
  protected abstract readonly extraBytes: number
  abstract snapshot(to: StateWriter): void
  abstract restore(from: StateReader): void

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    this.#pending = this.#inputOf(batch)
    this.#from = 0
    return this.more(output)
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    this.#closing = watermark.time
    this.#passing = watermark
    return this.more(output)
  }

  tick(): Progress {
    return 'done'
  }

  more(output: Output): Progress {
    this.#spent = 0
    for (;;) {
      if (this.#closing !== null) {
        const closed = this.close(this.#closing)
        const rows = this.#rows.take()
        if (rows !== null) output.batch(rows)
        if (!closed) return 'more'
        this.#closing = null
      }
      if (this.#passing !== null) {
        output.watermark({ time: this.#passing.time - this.node.allowedLateness, idle: this.#passing.idle })
        this.#passing = null
      }
      if (this.#pending === null) break
      this.#takeIn(this.#pending)
    }
    this.state.charge(this.extraBytes)
    return 'done'
  }

  #takeIn(input: WindowInput): void {
    const to = this.nextBarrier(input, this.#from)
    if (to > this.#from) this.add(input, this.#from, to)
    this.#from = to
    if (to === input.batch.length) this.#pending = null
    else this.#closing = input.watermarks[to]!
  }

  /** The rows that are in some window. */
  #inputOf(batch: RecordBatch): WindowInput {
    const rowtime = batch.columns[this.node.rowtime]!
    const times = timesOf(rowtime, Number.NaN)
    const complete = this.coversAll && rowtime.kind === 'exact' && rowtime.nulls === null
    if (!complete && !times.every((time) => this.covers(time))) {
      const rows = Int32Array.from(times.keys()).filter((i) => this.covers(times[i]!))
      return this.#inputOf(selectRows(batch, rows, rows.length))
    }
    return { batch, times, watermarks: timesOf(batch.columns[this.node.watermark]!, Number.NEGATIVE_INFINITY) }
  }

  /** Whether the call may emit another row or free another group. */
  protected mayContinue(): boolean {
    return this.#rows.hasRoom(1) && this.#spent < MAX_WORK
  }

  protected spend(): void {
    this.#spent++
  }

  /** One result row: accumulators of `slot`, key of `group`. */
  protected emit(slot: number, group: number, start: number, end: number): void {
    if (this.state.aggregates.isEmpty(slot)) return
    this.#spent++
    let results: Value[]
    try {
      results = this.state.aggregates.results(slot)
    } catch (error) {
      if (!MillraceError.is(error) || error.code !== 'DATA_EXPRESSION') throw error
      this.#context.count('row_errors', this.node.id, 1)
      this.#context.rowError(this.node.id, error)
      return
    }
    this.#rows.append([...this.state.keyValues(group), [start, end], ...results, end - 1, end - 1])
  }

  stateBytes(): number {
    return this.state.bytes + this.extraBytes
  }

  explain(): ExplainLine {
    return {
      name: describeWindow(this.node.window),
      detail: describeAggregation(this.node.keys, this.node.aggregates, this.#input),
    }
  }

  dispose(): void {
    this.state.dispose()
  }
}

const MAX_WORK = 16_384
