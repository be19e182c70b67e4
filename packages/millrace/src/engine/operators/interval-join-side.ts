import type { RecordBatch, Schema } from '../../kernel/index.ts'
import { type IntervalJoinNode, joinReads, type JoinSide, preserves } from '../../plan/index.ts'
import { JoinRows, type RowExtra } from '../state/join-rows.ts'
import { OrderedMultimap } from '../state/ordered-multimap.ts'
import { RowSequences } from '../state/row-sequences.ts'
import { Float64Slots, Int32Slots } from '../state/slot-columns.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'

/** Bytes of a row beside what JoinRows says: time, mark of a match, timer. */
const ROW_BYTES = 28

/** The rows of one side of an interval join that may still find partners: by key in order of time, and by when they go. */
export class IntervalJoinSide {
  readonly side: JoinSide
  readonly rows: JoinRows
  /** A row goes when the other side has come further than its time plus this. */
  readonly reach: number
  /** Whether rows without partner leave when they go. */
  readonly preserved: boolean
  /** Whether it matters that a row has had a partner. */
  readonly #marks: boolean
  readonly #tag: number
  readonly #sequences = new RowSequences()
  readonly #timers = new OrderedMultimap()
  readonly #times = new Float64Slots()
  readonly #matched = new Int32Slots()

  constructor(node: IntervalJoinNode, side: JoinSide, input: Schema, leftColumns: number, tag: number) {
    this.side = side
    this.#tag = tag
    const passed = node.output.filter((o) => o.side === side).map((o) => o.column)
    this.rows = new JoinRows(input, [...joinReads(node, side, leftColumns), ...passed])
    this.reach = side === 'left' ? node.upper : -node.lower
    this.preserved = preserves(node.type, side)
    this.#marks = this.preserved || (node.type === 'semi' && side === 'left')
  }

  get bytes(): number {
    return this.rows.bytes + this.rows.size * ROW_BYTES + this.#sequences.bytes
  }

  open(key: number): void {
    this.#sequences.open(key)
  }

  close(key: number): void {
    this.#sequences.close(key)
  }

  isEmpty(key: number): boolean {
    return this.#sequences.first(key) === this.#sequences.end(key)
  }

  /** Copies a row that is not among those that find partners yet. */
  add(row: number, key: number, time: number): number {
    const slot = this.rows.add(row, key)
    this.#ensure(slot)
    this.#times.set(slot, time)
    this.#matched.set(slot, 0)
    return slot
  }

  read(batch: RecordBatch): void {
    this.rows.read(batch)
  }

  /** From now on the row finds partners, until it goes. */
  keep(slot: number): void {
    const key = this.rows.keyOf(slot)
    const time = this.#times.get(slot)
    this.#sequences.insert(key, this.#firstAfter(key, time), slot)
    this.#timers.add(time + this.reach, slot)
  }

  /** When the next row goes; undefined: there is none. */
  due(): number | undefined {
    return this.#timers.firstKey()
  }

  /** Takes the row that goes next from those that find partners; its values stay until `rows.remove`. */
  shift(): number {
    const slot = this.#timers.shift()
    this.#sequences.shift(this.rows.keyOf(slot))
    return slot
  }

  timeOf(slot: number): number {
    return this.#times.get(slot)
  }

  isMatched(slot: number): boolean {
    return this.#matched.get(slot) === 1
  }

  match(slot: number): void {
    if (!this.#marks || this.#matched.get(slot) === 1) return
    this.#matched.set(slot, 1)
    this.rows.store.changes.mark(slot)
  }

  /** Position of the key's first row at or after `time`. */
  from(key: number, time: number): number {
    return this.#search(key, (at) => at >= time)
  }

  #firstAfter(key: number, time: number): number {
    const end = this.#sequences.end(key)
    // Most rows come in order.
    if (end === this.#sequences.first(key) || this.#times.get(this.at(key, end - 1)) <= time) return end
    return this.#search(key, (at) => at > time)
  }

  #search(key: number, reached: (time: number) => boolean): number {
    let low = this.#sequences.first(key)
    let high = this.#sequences.end(key)
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2)
      if (reached(this.#times.get(this.at(key, middle)))) high = middle
      else low = middle + 1
    }
    return low
  }

  end(key: number): number {
    return this.#sequences.end(key)
  }

  at(key: number, position: number): number {
    return this.#sequences.at(key, position)
  }

  #ensure(slot: number): void {
    this.#times.ensure(slot)
    this.#matched.ensure(slot)
  }

  readonly #extra: RowExtra = {
    write: (slot, to) => {
      to.double(this.#times.get(slot))
      to.byte(this.#matched.get(slot))
    },
    read: (slot, from) => {
      this.#ensure(slot)
      this.#times.set(slot, from.double())
      this.#matched.set(slot, from.byte())
    },
  }

  snapshot(to: StateWriter): void {
    this.rows.snapshot(to, this.#tag, this.#extra)
  }

  restore(from: StateReader, keyOf: (slot: number) => number): void {
    const slots: number[] = []
    this.rows.restore(from, this.#tag, this.#extra, (slot) => {
      slots.push(slot)
      return keyOf(slot)
    })
    for (const slot of slots) this.keep(slot)
  }
}
