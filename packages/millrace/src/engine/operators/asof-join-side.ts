import type { RecordBatch, Schema } from '../../kernel/index.ts'
import { type AsofJoinNode, joinReads, type JoinSide } from '../../plan/index.ts'
import { JoinRows, type RowExtra } from '../state/join-rows.ts'
import { RowSequences } from '../state/row-sequences.ts'
import { Float64Slots, Int32Slots } from '../state/slot-columns.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'

/** Bytes of a row beside what JoinRows says: time, flag, two timers. */
const ROW_BYTES = 40

/** The rows of one side of an as-of join: by key in order of time, those of the same time in order of arrival. */
export class AsofJoinSide {
  readonly side: JoinSide
  readonly rows: JoinRows
  readonly #tag: number
  readonly #sequences = new RowSequences()
  readonly #times = new Float64Slots()
  /** On the left: the row has been answered. On the right: from here on nothing is valid. */
  readonly #flags = new Int32Slots()

  constructor(node: AsofJoinNode, side: JoinSide, input: Schema, leftColumns: number, tag: number) {
    this.side = side
    this.#tag = tag
    const passed = node.output.filter((o) => o.side === side).map((o) => o.column)
    this.rows = new JoinRows(input, [...joinReads(node, side, leftColumns), ...passed])
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
    return this.first(key) === this.end(key)
  }

  read(batch: RecordBatch): void {
    this.rows.read(batch)
  }

  /** Copies a row that is not in its key's sequence. */
  add(row: number, key: number, time: number): number {
    const slot = this.rows.add(row, key)
    this.#ensure(slot)
    this.#times.set(slot, time)
    this.#flags.set(slot, 0)
    return slot
  }

  place(slot: number): void {
    const key = this.rows.keyOf(slot)
    this.#sequences.insert(key, this.after(key, this.#times.get(slot)), slot)
  }

  /** Takes the first row of a key from its sequence; its values stay until `rows.remove`. */
  shift(key: number): number {
    return this.#sequences.shift(key)
  }

  timeOf(slot: number): number {
    return this.#times.get(slot)
  }

  isFlagged(slot: number): boolean {
    return this.#flags.get(slot) === 1
  }

  flag(slot: number): void {
    this.#flags.set(slot, 1)
    this.rows.store.changes.mark(slot)
  }

  first(key: number): number {
    return this.#sequences.first(key)
  }

  end(key: number): number {
    return this.#sequences.end(key)
  }

  at(key: number, position: number): number {
    return this.#sequences.at(key, position)
  }

  /** Position of the key's first row at or after `time`. */
  from(key: number, time: number): number {
    return this.#search(key, (at) => at >= time)
  }

  /** Position of the key's first row after `time`. */
  after(key: number, time: number): number {
    const end = this.end(key)
    // Most rows come in order.
    if (end === this.first(key) || this.#times.get(this.at(key, end - 1)) <= time) return end
    return this.#search(key, (at) => at > time)
  }

  #search(key: number, reached: (time: number) => boolean): number {
    let low = this.first(key)
    let high = this.end(key)
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2)
      if (reached(this.#times.get(this.at(key, middle)))) high = middle
      else low = middle + 1
    }
    return low
  }

  #ensure(slot: number): void {
    this.#times.ensure(slot)
    this.#flags.ensure(slot)
  }

  readonly #extra: RowExtra = {
    write: (slot, to) => {
      to.double(this.#times.get(slot))
      to.byte(this.#flags.get(slot))
    },
    read: (slot, from) => {
      this.#ensure(slot)
      this.#times.set(slot, from.double())
      this.#flags.set(slot, from.byte())
    },
  }

  snapshot(to: StateWriter): void {
    this.rows.snapshot(to, this.#tag, this.#extra)
  }

  /** Visits each row that is back in its place, in order of arrival. */
  restore(from: StateReader, keyOf: (slot: number) => number, visit: (slot: number) => void): void {
    const slots: number[] = []
    this.rows.restore(from, this.#tag, this.#extra, (slot) => {
      slots.push(slot)
      return keyOf(slot)
    })
    for (const slot of slots) this.place(slot)
    for (const slot of slots) visit(slot)
  }
}
