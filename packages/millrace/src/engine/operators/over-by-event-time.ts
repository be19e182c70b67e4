import {
  type Column,
  type ColumnBuilder,
  columnBuilder,
  type DataType,
  MAX_BATCH_ROWS,
  type RecordBatch,
  type Schema,
} from '../../kernel/index.ts'
import { type OverNode, overCallType, overWait, type OverWait } from '../../plan/index.ts'
import { rowOrder, type RowOrder } from '../aggregates/row-order.ts'
import type { ExplainLine, InputStream, Operator, OperatorContext, Output, Progress, Watermark } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { OrderedMultimap } from '../state/ordered-multimap.ts'
import { RowStore } from '../state/row-store.ts'
import { Float64Slots, Int32List, Int32Slots } from '../state/slot-columns.ts'
import { slotKey, slotOfKey, type StateReader, type StateWriter } from '../state/state-io.ts'
import { describeOver } from './describe-over.ts'
import { attempt } from './row-result.ts'
import { OverState } from './over-state.ts'
import { rowOf } from './over-rows.ts'
import { timeColumn, timesOf } from './times.ts'

const WAITING_TAG = 3
/** Bytes of a waiting row beside its values: time, arrival, partition, its place in the frames' rows, an entry in a queue. */
const WAITING_BYTES = 44
const MAX_WORK = 16_384
const NONE = -1

/**
 * Window functions in order of event time. A row waits until the watermark has passed it; then it takes its place behind the rows of its
 * partition, for good, and is answered as soon as what its frames reach ahead has its place too: time by the watermark, rows when they
 * come or when the input ends. Late rows do not get here (late_filter).
 *
 * Rows leave in order of event time, ties in their own order; where calls look rows ahead, in the order in which they could be answered.
 * The watermark passed on stays behind rows that still wait, and each row carries it.
 */
export class OverByEventTime implements Operator {
  readonly schema: Schema
  readonly #node: OverNode
  readonly #input: InputStream
  readonly #context: OperatorContext
  readonly #state: OverState
  readonly #wait: OverWait
  /** Input columns that are stored, and where. */
  readonly #stored: readonly number[]
  readonly #place: ReadonlyMap<number, number>
  readonly #ties: RowOrder | null
  readonly #waiting: RowStore
  readonly #times = new Float64Slots()
  readonly #arrivals = new Float64Slots()
  readonly #partitions = new Int32Slots()
  /** By waiting slot: its slot among the frames' rows, and the other way round. */
  readonly #keptOf = new Int32Slots(NONE)
  readonly #waitingOf = new Int32Slots(NONE)
  #nextArrival = 0
  /** Rows the watermark has not passed, and those that have their place and wait for rows ahead; both by time. */
  readonly #pending = new OrderedMultimap()
  readonly #placed = new OrderedMultimap()
  /** Placed rows that have all the rows they look ahead at. */
  readonly #ready = new Int32List()
  #nextReady = 0
  /** Rows of one time that are taking their places, ordered. */
  #group: number[] = []
  #nextOfGroup = 0
  /** By partition: the row that took its place last, while rows of the same time do. */
  readonly #previous = new Int32Slots(NONE)
  readonly #slots = new Int32Array(MAX_BATCH_ROWS)
  readonly #emitted = new Int32Array(MAX_BATCH_ROWS)
  readonly #emittedTimes = new Float64Array(MAX_BATCH_ROWS)
  readonly #emittedMarks = new Float64Array(MAX_BATCH_ROWS)
  #emittedCount = 0
  readonly #results: readonly ColumnBuilder[]
  #limit: number | null = null
  #passing: Watermark | null = null

  constructor(node: OverNode, input: InputStream, context: OperatorContext) {
    this.schema = node.schema
    this.#node = node
    this.#input = input
    this.#context = context
    this.#state = new OverState(node, input, context, 0)
    this.#wait = node.order.kind === 'event_time' && node.order.once ? { range: 0, rows: 0 } : overWait(node.calls)
    const { fields } = input.schema
    this.#stored = fields.flatMap((_, i) => (i === node.rowtime || i === node.watermark ? [] : [i]))
    this.#place = new Map(this.#stored.map((column, i) => [column, i]))
    this.#waiting = new RowStore(this.#stored.map((c) => fields[c]!.type))
    const ties = node.order.kind === 'event_time' ? node.order.ties : []
    this.#ties = rowOrder(
      ties,
      ties.map((t): DataType => fields[t.column]!.type),
    )
    this.#results = node.calls.map((c) => columnBuilder(overCallType(c)))
  }

  push(_port: number, batch: RecordBatch): Progress {
    const times = timesOf(batch.columns[this.#node.rowtime]!, Number.NaN)
    const columns = this.#stored.map((c) => batch.columns[c]!)
    this.#state.resolve(batch, this.#slots)
    for (let i = 0; i < batch.length; i++) {
      const slot = this.#waiting.add(columns, i)
      this.#admit(slot, this.#slots[i]!, times[i]!, this.#nextArrival++)
      this.#pending.add(times[i]!, slot)
    }
    this.#charge()
    return 'done'
  }

  #admit(slot: number, partition: number, time: number, arrival: number): void {
    for (const column of [this.#times, this.#arrivals, this.#partitions, this.#keptOf]) column.ensure(slot)
    this.#times.set(slot, time)
    this.#arrivals.set(slot, arrival)
    this.#partitions.set(slot, partition)
    this.#keptOf.set(slot, NONE)
    this.#state.wait(partition, 1)
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    this.#limit = watermark.time - this.#node.allowedLateness
    this.#passing = { time: this.#limit, idle: watermark.idle }
    return this.more(output)
  }

  tick(): Progress {
    return 'done'
  }

  more(output: Output): Progress {
    if (this.#limit === null) return 'done'
    const done = this.#placeRows(this.#limit) && this.#answerRows(this.#limit)
    this.#flush(output)
    if (!done) return 'more'
    this.#state.expire(this.#limit)
    this.#limit = null
    const { time, idle } = this.#passing!
    this.#passing = null
    output.watermark({ time: Math.min(time, this.#placed.firstKey() ?? time), idle })
    this.#charge()
    return 'done'
  }

  /** Gives all rows before `limit` their places, those of one time in their order. */
  #placeRows(limit: number): boolean {
    for (let work = 0; ; work++) {
      if (this.#nextOfGroup === this.#group.length) {
        const time = this.#pending.firstKey()
        if (time === undefined || time >= limit) return true
        this.#takeGroup(time)
      }
      if (work >= MAX_WORK) return false
      this.#placeRow(this.#group[this.#nextOfGroup++]!)
    }
  }

  #takeGroup(time: number): void {
    this.#group = []
    this.#nextOfGroup = 0
    do this.#group.push(this.#pending.shift())
    while (this.#pending.firstKey() === time)
    const order = this.#ties
    if (order !== null && this.#group.length > 1) this.#group.sort((a, b) => order(this.#tiesOf(a), this.#tiesOf(b)))
  }

  #tiesOf(slot: number) {
    const { order } = this.#node
    return order.kind === 'event_time'
      ? order.ties.map((t) => this.#waiting.value(this.#place.get(t.column)!, slot))
      : []
  }

  #placeRow(slot: number): void {
    const partition = this.#partitions.get(slot)
    const time = this.#times.get(slot)
    this.#previous.ensure(partition)
    const peers =
      this.#state.lastTime(partition) === time &&
      (this.#ties === null || this.#ties(this.#tiesOf(this.#previous.get(partition)), this.#tiesOf(slot)) === 0)
    const kept = this.#state.append(partition, this.#chunks(slot), rowOf(slot), time, peers)
    this.#state.touch(partition, time)
    this.#waitingOf.ensure(kept)
    this.#waitingOf.set(kept, slot)
    this.#keptOf.set(slot, kept)
    this.#previous.set(partition, slot)
    this.#placed.add(time, slot)
    this.#waiting.changes.mark(slot)
    const { rows } = this.#wait
    if (rows === 0) return
    const { sequences } = this.#state.rows
    const complete = sequences.end(partition) - 1 - rows
    if (complete >= sequences.first(partition) && complete >= this.#state.answered(partition))
      this.#ready.push(this.#waitingOf.get(sequences.at(partition, complete)))
  }

  /** What calls read of a waiting row, at row `rowOf(slot)`. */
  #chunks(slot: number): readonly Column[] {
    return this.#state.kept.map((c) => this.#waiting.chunk(this.#place.get(c)!, slot))
  }

  #answerRows(limit: number): boolean {
    for (;;) {
      const slot = this.#nextToAnswer(limit)
      if (slot === NONE) return true
      if (this.#emittedCount === MAX_BATCH_ROWS) return false
      this.#answer(slot)
    }
  }

  #nextToAnswer(limit: number): number {
    if (this.#nextReady < this.#ready.length) return this.#ready.get(this.#nextReady)
    const time = this.#placed.firstKey()
    if (time === undefined) return NONE
    const isDue = this.#wait.rows > 0 ? limit === Number.POSITIVE_INFINITY : time + this.#wait.range < limit
    return isDue ? this.#placed.first() : NONE
  }

  #answer(slot: number): void {
    const partition = this.#partitions.get(slot)
    const time = this.#times.get(slot)
    const mark = Math.min(time, this.#placed.firstKey()!)
    if (this.#nextReady < this.#ready.length && ++this.#nextReady === this.#ready.length) {
      this.#ready.clear()
      this.#nextReady = 0
    }
    this.#placed.delete(time, slot)
    const results = attempt(this.#context, this.#node.id, () =>
      this.#state.answer(partition, (column) => this.#waiting.value(this.#place.get(column)!, slot)),
    )
    this.#state.wait(partition, -1)
    if (results === null) return this.#waiting.remove(slot)
    for (let i = 0; i < results.length; i++) this.#results[i]!.append(results[i]!)
    this.#emittedTimes[this.#emittedCount] = time
    this.#emittedMarks[this.#emittedCount] = mark
    this.#emitted[this.#emittedCount++] = slot
  }

  #flush(output: Output): void {
    const length = this.#emittedCount
    if (length === 0) return
    const rows = this.#emitted
    output.batch({
      schema: this.schema,
      length,
      columns: [
        ...this.#node.columns.map((c) => this.#waiting.gather(this.#place.get(c)!, rows, length)),
        ...this.#results.map((r) => r.finish()),
        timeColumn(this.#emittedTimes.slice(0, length)),
        timeColumn(this.#emittedMarks.slice(0, length)),
      ],
      weights: null,
    })
    for (let i = 0; i < length; i++) this.#waiting.remove(rows[i]!)
    this.#emittedCount = 0
  }

  #charge(): void {
    this.#state.charge(this.#ownBytes)
  }

  get #ownBytes(): number {
    return this.#waiting.bytes + this.#waiting.size * WAITING_BYTES
  }

  snapshot(to: StateWriter): void {
    this.#state.snapshot(to)
    const writer = new ByteWriter()
    this.#waiting.changes.take((slot, live) => {
      if (!live) return to.put(slotKey(WAITING_TAG, slot), null)
      writer.double(this.#times.get(slot))
      writer.varint(this.#arrivals.get(slot))
      writer.varint(this.#keptOf.get(slot) + 1)
      this.#waiting.write(slot, writer)
      to.put(slotKey(WAITING_TAG, slot), writer.take())
    })
  }

  restore(from: StateReader): void {
    const rows = this.#state.restore(from).map(([key, value]) => {
      const reader = new ByteReader(value)
      const [time, arrival, kept] = [reader.double(), reader.varint(), reader.varint() - 1]
      return { slot: slotOfKey(key), time, arrival, kept, reader }
    })
    rows.sort((a, b) => a.time - b.time || a.arrival - b.arrival)
    this.#waiting.restore(new Set(rows.map((r) => r.slot)))
    for (const { slot, time, arrival, kept, reader } of rows) {
      this.#waiting.read(slot, reader)
      const key = this.#node.partition.map((c) => this.#waiting.value(this.#place.get(c)!, slot))
      this.#admit(slot, this.#state.resolveValues(key), time, arrival)
      if (arrival >= this.#nextArrival) this.#nextArrival = arrival + 1
      if (kept === NONE) this.#pending.add(time, slot)
    }
    // Rows of equal time that have their places stand in the order of these.
    const placed = rows.filter((r) => r.kept !== NONE)
    placed.sort((a, b) => a.time - b.time || this.#state.rows.orderOf(a.kept) - this.#state.rows.orderOf(b.kept))
    for (const { slot, time, kept } of placed) {
      this.#keptOf.set(slot, kept)
      this.#waitingOf.ensure(kept)
      this.#waitingOf.set(kept, slot)
      this.#placed.add(time, slot)
    }
    this.#charge()
  }

  stateBytes(): number {
    return this.#state.bytes + this.#ownBytes
  }

  explain(): ExplainLine {
    return describeOver(this.#node, this.#input.schema)
  }

  dispose(): void {
    this.#state.dispose()
  }
}
