import { type Column, type DataType, type RecordBatch, type Value } from '../../kernel/index.ts'
import { type OverCall, overCallColumns, type OverNode, overReach } from '../../plan/index.ts'
import type { InputStream, OperatorContext } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { GroupTable, type RestoredGroup } from '../state/group-table.ts'
import { OrderedMultimap } from '../state/ordered-multimap.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import { slotKey, slotOfKey, type StateReader, type StateWriter } from '../state/state-io.ts'
import { readValues, writeValues } from '../state/value-codec.ts'
import { type FrameState, framesOf } from './over-frame.ts'
import { numberOf, type NumberCall } from './over-numbers.ts'
import { OverRows } from './over-rows.ts'

const PARTITION_TAG = 1
const ROW_TAG = 2
/** Partitions are not kept by time; the table of groups wants one. */
const ALWAYS = 0

/** Fields of a partition: time, group of peers and rank of its last row; position of the next row to answer. */
const LAST_TIME = 0
const PEERS = 1
const RANK = 2
const ANSWERED = 3
/** When its last row came, by the watermark's clock; rows that wait for an answer; what its timer is set to. */
const SEEN = 4
const WAITING = 5
const ARMED = 6
const SAVED_FIELDS = 5
const STRIDE = 7
/** With its timer and the places of a frame or two. */
const PARTITION_BYTES = STRIDE * 8 + 64

type ShiftCall = Extract<OverCall, { kind: 'shift' }>

/**
 * What window functions keep: partitions, the rows their frames may still need, and the aggregates over these. Which row is answered when
 * is up to the operator.
 */
export class OverState {
  readonly rows: OverRows
  readonly #node: OverNode
  readonly #context: OperatorContext
  readonly #groups: GroupTable
  readonly #keyTypes: readonly DataType[]
  readonly #frames: readonly FrameState[]
  readonly #shifts: readonly { readonly call: ShiftCall; readonly column: number; readonly index: number }[]
  readonly #numbers: readonly { readonly call: NumberCall; readonly index: number }[]
  /** Rows before the current one that LAG looks back. */
  readonly #lag: number
  /** Microseconds after which no RANGE frame reaches back to a row; null: there are none. */
  readonly #reach: number | null
  /** Whether a partition without rows within reach is as good as one that never was: nothing is counted, numbered or kept by number. */
  readonly #forgets: boolean
  readonly #grace: number
  /** Input columns that calls read: what `append` and `insert` are given. */
  readonly kept: readonly number[]
  readonly #fields = new Float64Slots(STRIDE)
  readonly #timers = new OrderedMultimap()
  #charged = 0

  /** `grace`: microseconds that rows are kept beyond their reach, by the clock of `touch`. */
  constructor(node: OverNode, input: InputStream, context: OperatorContext, grace: number) {
    this.#node = node
    this.#context = context
    const { fields } = input.schema
    this.#keyTypes = node.partition.map((c) => fields[c]!.type)
    this.kept = [...new Set(node.calls.flatMap(overCallColumns))].sort((a, b) => a - b)
    this.rows = new OverRows(this.kept.map((c) => fields[c]!.type))
    this.#groups = new GroupTable(this.#keyTypes, (partition) => this.#opened(partition))
    const columnOf = (column: number) => this.kept.indexOf(column)
    this.#frames = framesOf(node.calls, this.rows, columnOf)
    this.#shifts = node.calls.flatMap((call, index) =>
      call.kind === 'shift' ? [{ call, column: columnOf(call.column), index }] : [],
    )
    this.#numbers = node.calls.flatMap((call, index) =>
      call.kind === 'aggregate' || call.kind === 'nth' || call.kind === 'shift' ? [] : [{ call, index }],
    )
    this.#lag = Math.max(0, ...this.#shifts.map(({ call }) => -call.offset))
    const spans = node.calls.map(overReach)
    const finite = spans.filter((s) => s !== null)
    const once = node.order.kind === 'event_time' && node.order.once
    this.#forgets = once || finite.length === spans.length
    // A late row goes by the latest one, so where rows come late and are kept by number, nothing is forgotten by time.
    this.#reach = once
      ? 0
      : finite.length === 0 || (node.order.kind === 'arrival' && !this.#forgets)
        ? null
        : Math.max(...finite)
    this.#grace = grace
  }

  #opened(partition: number): void {
    this.#fields.ensure(partition)
    this.#begin(partition)
  }

  #begin(partition: number): void {
    this.#fields.clear(partition)
    this.#fields.set(partition, Number.NEGATIVE_INFINITY, LAST_TIME)
    this.#fields.set(partition, Number.NEGATIVE_INFINITY, SEEN)
    this.#fields.set(partition, Number.NaN, ARMED)
    this.rows.sequences.open(partition)
    for (const frame of this.#frames) frame.open(partition)
  }

  #end(partition: number): void {
    for (const frame of this.#frames) frame.close(partition)
    this.rows.dropBefore(partition, this.rows.sequences.end(partition))
    this.rows.sequences.close(partition)
  }

  /** out[i] = partition of row i. */
  resolve(batch: RecordBatch, out: Int32Array): void {
    const keys = this.#node.partition.map((c) => batch.columns[c]!)
    this.#groups.resolveKeys(keys, 0, batch.length, out)
    this.#groups.resolveGroups(out, 0, batch.length, ALWAYS, out, () => {})
  }

  resolveValues(key: readonly Value[]): number {
    const id = this.#groups.resolveKey(key)
    const found = this.#groups.find(id, ALWAYS)
    return found >= 0 ? found : this.#groups.add(id, ALWAYS)
  }

  /** A row of the partition waits to be answered (or, -1, no longer does); a partition with such rows stays. */
  wait(partition: number, rows: 1 | -1): void {
    this.#fields.set(partition, this.#fields.get(partition, WAITING) + rows, WAITING)
  }

  lastTime(partition: number): number {
    return this.#fields.get(partition, LAST_TIME)
  }

  /**
   * Takes a row in behind all others of its partition. `peers`: it has the same place in the order as the row
   * before it. Answers its slot.
   */
  append(partition: number, kept: readonly Column[], row: number, time: number, peers: boolean): number {
    const fields = this.#fields
    if (!peers) {
      fields.set(partition, fields.get(partition, PEERS) + 1, PEERS)
      fields.set(partition, this.rows.sequences.end(partition) + 1, RANK)
    }
    fields.set(partition, time, LAST_TIME)
    const slot = this.rows.add(partition, kept, row, time, fields.get(partition, PEERS), fields.get(partition, RANK))
    this.rows.sequences.push(partition, slot)
    this.#groups.changes.mark(partition)
    return slot
  }

  /** Takes a row in that is earlier than the last one; answers its position. */
  insert(partition: number, kept: readonly Column[], row: number, time: number): number {
    const { sequences } = this.rows
    const position = this.rows.seek(partition, 0, time, false)
    const next =
      position < sequences.end(partition) ? this.rows.peersAt(partition, position) : this.#fields.get(partition, PEERS)
    // Nobody asks more of it than that it comes before the row behind it.
    sequences.insert(partition, position, this.rows.add(partition, kept, row, time, Math.max(0, next - 1), 0))
    const latest = this.#fields.get(partition, LAST_TIME)
    for (const frame of this.#frames) frame.insert(partition, position, latest)
    this.#groups.changes.mark(partition)
    return position
  }

  /** Position of the next row of the partition to answer. */
  answered(partition: number): number {
    return this.#fields.get(partition, ANSWERED)
  }

  /** Results of the next row of the partition, in order. `otherwise` reads the row's own columns, for LAG and LEAD. */
  answer(partition: number, otherwise: (column: number) => Value): Value[] {
    const position = this.#fields.get(partition, ANSWERED)
    const results = new Array<Value>(this.#node.calls.length)
    const { sequences } = this.rows
    this.#fields.set(partition, position + 1, ANSWERED)
    for (const { call, index } of this.#numbers) results[index] = numberOf(call, this.rows, partition, position)
    for (const { call, column, index } of this.#shifts) {
      const at = position + call.offset
      if (at >= sequences.first(partition) && at < sequences.end(partition))
        results[index] = this.rows.valueAt(column, partition, at)
      else results[index] = call.otherwise === null ? null : otherwise(call.otherwise)
    }
    try {
      for (const frame of this.#frames) frame.answer(partition, position, results)
    } finally {
      this.#free(partition)
      this.#groups.changes.mark(partition)
    }
    return results
  }

  /** Results of a row that `insert` has just put at `position`. The numbers of rows go by arrival. */
  answerLate(partition: number, position: number, otherwise: (column: number) => Value): Value[] {
    const fields = this.#fields
    const results = new Array<Value>(this.#node.calls.length)
    const { sequences } = this.rows
    const end = sequences.end(partition)
    fields.set(partition, end, ANSWERED)
    for (const {
      call: { kind },
      index,
    } of this.#numbers) {
      results[index] =
        kind === 'row_number' ? end : kind === 'rank' ? fields.get(partition, RANK) : fields.get(partition, PEERS)
    }
    for (const { call, index } of this.#shifts) {
      // The rows that LAG keeps all come after it.
      results[index] = call.otherwise === null ? null : otherwise(call.otherwise)
    }
    try {
      for (const frame of this.#frames) frame.answerLate(partition, position, fields.get(partition, LAST_TIME), results)
    } finally {
      this.#free(partition)
    }
    return results
  }

  /** Removes the rows that nothing needs any more. */
  #free(partition: number): void {
    const answered = this.#fields.get(partition, ANSWERED)
    let needed = answered - this.#lag
    for (const frame of this.#frames) needed = Math.min(needed, frame.needsFrom(partition))
    this.rows.dropBefore(partition, Math.min(needed, answered))
  }

  /** The partition has had a row at `time` of the clock that partitions are forgotten by. */
  touch(partition: number, time: number): void {
    if (this.#reach === null || time <= this.#fields.get(partition, SEEN)) return
    this.#fields.set(partition, time, SEEN)
    if (Number.isNaN(this.#fields.get(partition, ARMED))) this.#arm(partition)
  }

  #arm(partition: number): void {
    const due = this.#dueOf(partition)
    if (due === Number.NEGATIVE_INFINITY) return
    this.#fields.set(partition, due, ARMED)
    this.#timers.add(due, partition)
  }

  #dueOf(partition: number): number {
    return this.#fields.get(partition, SEEN) + this.#reach! + this.#grace
  }

  /** Whether all rows of the partition are out of reach for one at `time` of that clock. */
  isOver(partition: number, time: number): boolean {
    if (this.#reach === null || this.#fields.get(partition, SEEN) === Number.NEGATIVE_INFINITY) return false
    return this.#dueOf(partition) < time
  }

  /** Frees what is out of reach at `time` of that clock. */
  expire(time: number): void {
    for (let due = this.#timers.firstKey(); due !== undefined && due < time; due = this.#timers.firstKey()) {
      const partition = this.#timers.shift()
      const waiting = this.#fields.get(partition, WAITING) > 0
      this.#fields.set(partition, Number.NaN, ARMED)
      if (waiting) {
        this.#fields.set(partition, time, ARMED)
        this.#timers.add(time, partition)
      } else if (this.#dueOf(partition) >= time) this.#arm(partition)
      else if (this.#forgets) {
        this.#end(partition)
        this.#groups.remove(partition)
      } else this.reset(partition)
    }
  }

  /** The partition goes on without its rows that are out of reach. */
  reset(partition: number): void {
    if (this.#forgets) {
      const armed = this.#fields.get(partition, ARMED)
      this.#end(partition)
      this.#begin(partition)
      this.#fields.set(partition, armed, ARMED)
    } else {
      for (const frame of this.#frames) frame.expire(partition)
      this.#free(partition)
    }
    this.#groups.changes.mark(partition)
  }

  get bytes(): number {
    const frames = this.#frames.reduce((sum, f) => sum + f.bytes, 0)
    return this.#groups.bytes + this.#groups.size * PARTITION_BYTES + this.rows.bytes + frames
  }

  /** Tells the query what has been added or freed since the last time; `extra` bytes are the operator's own. */
  charge(extra: number): void {
    const bytes = this.bytes + extra
    if (bytes !== this.#charged) this.#context.chargeState(this.#node.id, bytes - this.#charged)
    this.#charged = bytes
  }

  dispose(): void {
    this.#context.chargeState(this.#node.id, -this.#charged)
    this.#charged = 0
  }

  snapshot(to: StateWriter): void {
    const writer = new ByteWriter()
    this.#groups.changes.take((partition, live) => {
      if (!live) return to.put(slotKey(PARTITION_TAG, partition), null)
      writer.varint(this.#groups.orderOf(partition))
      writeValues(writer, this.#keyTypes, this.#groups.keys.values(this.#groups.keyOf(partition)))
      writer.varint(this.rows.sequences.first(partition))
      for (let field = 0; field < SAVED_FIELDS; field++) writer.double(this.#fields.get(partition, field))
      for (const frame of this.#frames) frame.write(partition, writer)
      to.put(slotKey(PARTITION_TAG, partition), writer.take())
    })
    this.rows.store.changes.take((slot, live) => {
      if (!live) return to.put(slotKey(ROW_TAG, slot), null)
      this.rows.write(slot, writer)
      to.put(slotKey(ROW_TAG, slot), writer.take())
    })
  }

  /** Puts partitions and rows back; answers the operator's own entries. */
  restore(from: StateReader): (readonly [key: Uint8Array, value: Uint8Array])[] {
    const others: (readonly [Uint8Array, Uint8Array])[] = []
    const groups: (RestoredGroup & { readonly rest: ByteReader })[] = []
    const rows = new Map<number, ByteReader>()
    for (const [key, value] of from.entries()) {
      const reader = new ByteReader(value)
      if (key[0] === PARTITION_TAG) {
        const order = reader.varint()
        groups.push({
          slot: slotOfKey(key),
          order,
          time: ALWAYS,
          key: readValues(reader, this.#keyTypes),
          rest: reader,
        })
      } else if (key[0] === ROW_TAG) rows.set(slotOfKey(key), reader)
      else others.push([key, value])
    }
    this.#groups.restore(groups)
    for (const { slot, rest } of groups) {
      this.#opened(slot)
      this.rows.sequences.close(slot)
      this.rows.sequences.open(slot, rest.varint())
      for (let field = 0; field < SAVED_FIELDS; field++) this.#fields.set(slot, rest.double(), field)
    }
    this.rows.restore(rows)
    for (const { slot, rest } of groups) {
      for (const frame of this.#frames) frame.read(slot, rest)
      if (this.#reach !== null) this.#arm(slot)
    }
    return others
  }
}
