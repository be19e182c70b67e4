import {
  type DataType,
  MAX_BATCH_ROWS,
  MillraceError,
  type RecordBatch,
  type Schema,
  selectRows,
  type Value,
} from '../../kernel/index.ts'
import type { WindowAggregateNode } from '../../plan/index.ts'
import type { ExplainLine, InputStream, Operator, OperatorContext, Output, Progress, Watermark } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { singleKey, type StateReader, type StateWriter } from '../state/state-io.ts'
import { describeAggregation, describeDuration, describeWindow } from './describe.ts'
import { type GroupExtra, GroupedState } from './grouped-state.ts'
import { RowBuilder } from './row-builder.ts'
import { sameValues } from './same-values.ts'
import { timesOf } from './times.ts'

/** A batch being taken in, with its event times and the watermark before each row. */
export interface WindowInput {
  readonly batch: RecordBatch
  readonly times: Float64Array
  readonly watermarks: Float64Array
}

/** The results of one window and key. */
export interface WindowRow {
  readonly start: number
  readonly end: number
  readonly results: readonly Value[]
}

const PERIOD_TAG = 2
const MAX_WORK = 16_384

/**
 * What the kinds of window aggregates share: taking rows in, closing windows up to a watermark in bounded portions, passing the watermark
 * on only after all rows before it.
 *
 * A window closes when the watermark reaches its end plus the allowed lateness. Its rows carry end - 1 us as event time and as watermark,
 * so that what comes behind (cascades of windows) sees none of them late.
 *
 * With EMIT CHANGES results are a changelog: after each batch, or at the first tick in each period of processing time, results that have
 * changed since they were last emitted replace those; a window that closes emits what is still to be changed. The rows have no watermark.
 */
export abstract class WindowOperator implements Operator {
  readonly schema: Schema
  protected readonly node: WindowAggregateNode
  protected readonly state: GroupedState
  /** Results are emitted before their windows close. */
  protected readonly early: boolean
  protected readonly keySlots = new Int32Array(MAX_BATCH_ROWS)
  protected readonly slots = new Int32Array(MAX_BATCH_ROWS)
  readonly #input: Schema
  readonly #context: OperatorContext
  readonly #rows: RowBuilder
  /** Work of the current call: rows emitted, groups freed. */
  #spent = 0
  #pending: WindowInput | null = null
  #from = 0
  #closing: number | null = null
  #passing: Watermark | null = null
  #emitting = false
  /** Number of the period of processing time in which changes were last emitted. */
  #period: number | null = null
  #periodSaved: number | null = null

  constructor(node: WindowAggregateNode, input: InputStream, context: OperatorContext) {
    this.schema = node.schema
    this.node = node
    this.early = node.emit !== undefined
    this.#input = input.schema
    this.#context = context
    this.state = new GroupedState(node.id, node.keys, node.aggregates, input, context)
    this.#rows = new RowBuilder(node.schema, this.early)
  }

  /** The first row at or after `from` before which windows have to close; the batch's length if there is none. */
  protected abstract nextBarrier(input: WindowInput, from: number): number
  /** Takes rows [from, to) into their windows. */
  protected abstract add(input: WindowInput, from: number, to: number): void
  /** Emits and frees windows that are closed at `watermark`, as long as `mayContinue`; true when none is left. */
  protected abstract close(watermark: number): boolean
  /** Emits what has changed since it was last emitted, as long as `mayContinue`; true when nothing is left. */
  protected abstract emitChanges(): boolean
  /** Whether a row at `time` is in any window at all; every row with an event time is where `coversAll`. */
  protected abstract covers(time: number): boolean
  protected abstract readonly coversAll: boolean
  protected abstract readonly extraBytes: number
  /** What is saved with each group, and the entries beside them; the tags from 3 on are free. */
  protected abstract readonly groupExtra: GroupExtra | null
  protected abstract saveOwn(to: StateWriter): void
  protected abstract restoreOwn(key: Uint8Array, value: Uint8Array): void
  protected abstract restoreGroup(slot: number): void
  /** All groups and entries are back. */
  protected abstract restored(): void

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    this.#pending = this.#inputOf(batch)
    this.#from = 0
    this.#emitting = this.early && this.node.emit!.every === null
    return this.more(output)
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    this.#closing = watermark.time
    this.#passing = watermark
    return this.more(output)
  }

  tick(now: number, output: Output): Progress {
    const every = this.node.emit?.every ?? null
    if (every === null) return 'done'
    const period = Math.floor(now / every)
    if (period === this.#period) return 'done'
    this.#period = period
    this.#emitting = true
    return this.more(output)
  }

  more(output: Output): Progress {
    this.#spent = 0
    for (;;) {
      if (this.#closing !== null) {
        const closed = this.close(this.#closing)
        this.#flush(output)
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
    if (this.#emitting) {
      const emitted = this.emitChanges()
      this.#flush(output)
      if (!emitted) return 'more'
      this.#emitting = false
    }
    this.state.charge(this.extraBytes)
    return 'done'
  }

  #flush(output: Output): void {
    const rows = this.#rows.take()
    if (rows !== null) output.batch(rows)
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

  /** Whether the call may emit another row, replace another one or free another group. */
  protected mayContinue(): boolean {
    return this.#rows.hasRoom(2) && this.#spent < MAX_WORK
  }

  /** Counts work of the call. It must follow from the state that snapshots keep: it decides which rows share a batch. */
  protected spend(work = 1): void {
    this.#spent += work
  }

  /** The accumulators' results; null where there are none, which is counted when the window closes. */
  protected resultsOf(slot: number, closing: boolean): readonly Value[] | null {
    if (this.state.aggregates.isEmpty(slot)) return null
    try {
      return this.state.aggregates.results(slot)
    } catch (error) {
      if (!MillraceError.is(error) || error.code !== 'DATA_EXPRESSION') throw error
      if (closing) {
        this.#context.count('row_errors', this.node.id, 1)
        this.#context.rowError(this.node.id, error)
      }
      return null
    }
  }

  /** A window's final row, of the key of `group`. */
  protected emit(group: number, start: number, end: number, results: readonly Value[] | null): void {
    this.#spent++
    if (results !== null) this.#append(group, start, end, results, 1)
  }

  /**
   * Takes back the rows shown for the key of `group` and shows `next` instead; one that is the same stands. `shown` is made to follow.
   * False: the batch is full, and this is to be called again.
   */
  protected replace(group: number, shown: WindowRow[], next: WindowRow | null): boolean {
    this.#spent++
    const stands = next === null ? -1 : shown.findIndex((row) => this.#same(row, next))
    if (stands !== -1) shown.push(...shown.splice(stands, 1))
    while (shown.length > (stands === -1 ? 0 : 1)) {
      if (!this.#rows.hasRoom(1)) return false
      const { start, end, results } = shown.shift()!
      this.#append(group, start, end, results, -1)
    }
    if (next !== null && stands === -1) {
      if (!this.#rows.hasRoom(1)) return false
      this.#append(group, next.start, next.end, next.results, 1)
      shown.push(next)
    }
    return true
  }

  #same(a: WindowRow, b: WindowRow): boolean {
    return a.start === b.start && a.end === b.end && sameValues(this.state.aggregates.types, a.results, b.results)
  }

  #append(group: number, start: number, end: number, results: readonly Value[], weight: number): void {
    const hidden = this.early ? null : end - 1
    this.#rows.append([...this.state.keyValues(group), [start, end], ...results, end - 1, hidden], weight)
  }

  protected get resultTypes(): readonly DataType[] {
    return this.state.aggregates.types
  }

  snapshot(to: StateWriter): void {
    this.state.snapshot(to, this.groupExtra)
    this.saveOwn(to)
    if (this.#period === this.#periodSaved) return
    this.#periodSaved = this.#period
    const writer = new ByteWriter()
    writer.double(this.#period!)
    to.put(singleKey(PERIOD_TAG), writer.take())
  }

  restore(from: StateReader): void {
    this.state.restore(
      from,
      this.groupExtra,
      (slot) => this.restoreGroup(slot),
      (key, value) => {
        if (key[0] !== PERIOD_TAG) return this.restoreOwn(key, value)
        this.#period = new ByteReader(value).double()
        this.#periodSaved = this.#period
      },
    )
    this.restored()
    this.state.charge(this.extraBytes)
  }

  stateBytes(): number {
    return this.state.bytes + this.extraBytes
  }

  explain(): ExplainLine {
    const { window, keys, aggregates, emit } = this.node
    const every = emit === undefined || emit.every === null ? '' : ` every ${describeDuration(emit.every)}`
    const changes = emit === undefined ? '' : `; emit changes${every}`
    return {
      name: describeWindow(window),
      detail: `${describeAggregation(keys, aggregates, this.#input)}${changes}`,
    }
  }

  dispose(): void {
    this.state.dispose()
  }
}
