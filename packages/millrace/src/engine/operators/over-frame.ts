import type { Value } from '../../kernel/index.ts'
import type { OverCall, OverFrame } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import type { FrameCall, FramedCall } from './over-call.ts'
import { frameCall } from './over-frame-call.ts'
import type { OverRows } from './over-rows.ts'

const START = 0
const END = 1

/** A call with its place among the results of the node. */
interface PlacedCall {
  readonly call: FrameCall
  readonly index: number
}

/** One frame and the calls over it, for every partition: the positions [start, end) it stands at. */
export class FrameState {
  readonly #frame: OverFrame
  /** Infinite where the frame ends with the partition. */
  readonly #end: number
  readonly #rows: OverRows
  readonly #calls: readonly PlacedCall[]
  readonly #places = new Float64Slots(2)

  constructor(frame: OverFrame, rows: OverRows, calls: readonly PlacedCall[]) {
    this.#frame = frame
    this.#end = frame.end ?? Number.POSITIVE_INFINITY
    this.#rows = rows
    this.#calls = calls
  }

  open(partition: number): void {
    this.#places.ensure(partition)
    this.#places.clear(partition)
    for (const { call } of this.#calls) call.open(partition)
  }

  /** Forgets the partition; its rows are still there. */
  close(partition: number): void {
    const end = this.#places.get(partition, END)
    if (this.#frame.start !== null) this.#move(partition, end, end)
    for (const { call } of this.#calls) call.close(partition)
  }

  /** The first position whose row is still read: when it leaves, or until it has entered where none ever leaves. */
  needsFrom(partition: number): number {
    return this.#places.get(partition, this.#frame.start === null ? END : START)
  }

  /** Moves to the frame of the row at `position`, which is at or behind that of the call before, and gives its results. */
  answer(partition: number, position: number, results: Value[]): void {
    const start = this.#startOf(partition, position)
    const end = this.#endOf(partition, position, start)
    this.#move(partition, start, end)
    for (const { call, index } of this.#calls) results[index] = call.result(partition, start, end)
  }

  #startOf(partition: number, position: number): number {
    const { unit, start } = this.#frame
    if (start === null) return 0
    const rows = this.#rows
    const last = rows.sequences.end(partition)
    let at = this.#places.get(partition, START)
    if (unit === 'rows') return Math.min(Math.max(position + start, at), last)
    if (start === 0) {
      const peers = rows.peersAt(partition, position)
      while (at < last && rows.peersAt(partition, at) < peers) at++
    } else {
      const earliest = rows.timeAt(partition, position) + start
      while (at < last && rows.timeAt(partition, at) < earliest) at++
    }
    return at
  }

  #endOf(partition: number, position: number, start: number): number {
    const end = this.#end
    const rows = this.#rows
    const last = rows.sequences.end(partition)
    if (this.#frame.unit === 'rows') return Math.max(start, Math.min(position + end + 1, last))
    let at = Math.max(start, this.#places.get(partition, END))
    if (end === 0) {
      const peers = rows.peersAt(partition, position)
      while (at < last && rows.peersAt(partition, at) <= peers) at++
    } else {
      const latest = rows.timeAt(partition, position) + end
      while (at < last && rows.timeAt(partition, at) <= latest) at++
    }
    return at
  }

  #move(partition: number, start: number, end: number): void {
    const from = this.#places.get(partition, START)
    const to = this.#places.get(partition, END)
    const leaving = Math.min(start, to)
    for (const { call } of this.#calls) {
      if (leaving > from) call.leave(partition, from, leaving, to)
      for (let position = Math.max(start, to); position < end; position++) call.enter(partition, position)
    }
    this.#places.set(partition, start, START)
    this.#places.set(partition, Math.max(end, start), END)
  }

  /** No row so far can be in a RANGE frame any more. */
  expire(partition: number): void {
    const end = this.#rows.sequences.end(partition)
    if (this.#frame.unit === 'range' && this.#frame.start !== null) this.#move(partition, end, end)
  }

  /** A row has been put in at `position`, before later ones; the latest of the partition is at time `latest`. */
  insert(partition: number, position: number, latest: number): void {
    const start = this.#places.get(partition, START)
    const end = this.#places.get(partition, END)
    if (position < end) {
      this.#places.set(partition, end + 1, END)
      if (position < start) this.#places.set(partition, start + 1, START)
      else for (const { call } of this.#calls) call.insert(partition, position, start, end + 1)
    }
    if (this.#frame.start === null) this.#catchUp(partition, latest)
  }

  /** Where no row ever leaves, the frame of the latest row is what a late one is answered by: all of its rows enter. */
  #catchUp(partition: number, latest: number): void {
    const { unit } = this.#frame
    const end = this.#end
    const { sequences } = this.#rows
    const last = unit === 'rows' ? sequences.end(partition) + end : sequences.end(partition)
    let at = this.#places.get(partition, END)
    while (at < last && (unit === 'rows' || end === 0 || this.#rows.timeAt(partition, at) <= latest + end)) {
      for (const { call } of this.#calls) call.enter(partition, at)
      at++
    }
    this.#places.set(partition, at, END)
  }

  /**
   * The results for a row at `position` that came after later ones: over those rows of its frame which the frame of the latest row, at
   * time `latest`, still reaches, and the row itself.
   */
  answerLate(partition: number, position: number, latest: number, results: Value[]): void {
    const { unit, start } = this.#frame
    const end = this.#end
    const time = this.#rows.timeAt(partition, position)
    let first = 0
    let behind = position + 1
    if (start !== null && unit === 'rows') {
      const later = this.#rows.sequences.end(partition) - 1 - position
      first = Math.max(position - Math.max(0, -start - later), this.#rows.sequences.first(partition))
      behind = position + end + 1
    } else if (start !== null) {
      first = this.#rows.seek(partition, 0, latest + start, true)
      if (end < 0) behind = this.#rows.seek(partition, 0, time + end, false)
      else first = Math.min(first, position)
    }
    for (const { call, index } of this.#calls) results[index] = call.resultOf(partition, first, Math.max(first, behind))
  }

  get bytes(): number {
    return this.#calls.reduce((sum, { call }) => sum + call.bytes, 0)
  }

  write(partition: number, to: ByteWriter): void {
    to.varint(this.#places.get(partition, START))
    to.varint(this.#places.get(partition, END))
    for (const { call } of this.#calls) call.write(partition, to)
  }

  /** The partition is open and its rows are back. */
  read(partition: number, from: ByteReader): void {
    const start = from.varint()
    const end = from.varint()
    this.#places.set(partition, start, START)
    this.#places.set(partition, end, END)
    for (const { call } of this.#calls) call.read(partition, start, end, from)
  }
}

/** Calls with the same frame slide together. */
export function framesOf(calls: readonly OverCall[], rows: OverRows, columnOf: (column: number) => number): FrameState[] {
  const framed = calls.flatMap((call, index) =>
    call.kind === 'aggregate' || call.kind === 'nth' ? [{ call: call as FramedCall, index }] : [],
  )
  const byFrame = new Map<string, { frame: FramedCall['frame']; calls: PlacedCall[] }>()
  for (const { call, index } of framed) {
    const key = JSON.stringify(call.frame)
    let entry = byFrame.get(key)
    if (entry === undefined) byFrame.set(key, (entry = { frame: call.frame, calls: [] }))
    entry.calls.push({ call: frameCall(call, rows, columnOf), index })
  }
  return [...byFrame.values()].map((e) => new FrameState(e.frame, rows, e.calls))
}
