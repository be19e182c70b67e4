import { type Column, type DataType, type Value, valueAt } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { Float64Slots, ObjectSlots } from '../state/slot-columns.ts'
import { readValues, writeValues } from '../state/value-codec.ts'
import type { Accumulators, AggregateContext } from './aggregate.ts'
import { rowOrder, type RowOrder } from './row-order.ts'

/**
 * FIRST_VALUE and LAST_VALUE: of the group's rows in the call's ORDER BY, rows that tie (all of them without one) in order of arrival.
 * NULLs count as values.
 */
export class FirstLast implements Accumulators {
  readonly slotBytes = 40
  extraBytes = 0
  readonly #types: readonly DataType[]
  readonly #order: RowOrder | null
  readonly #last: boolean
  /** The chosen row: argument, then ORDER BY values. */
  readonly #rows = new ObjectSlots<readonly Value[]>()
  /** Its arrival number. */
  readonly #arrivals = new Float64Slots()
  #arrival = 0

  constructor(call: AggregateCall, context: AggregateContext, last: boolean) {
    this.#types = [call.argTypes[0]!, ...context.orderTypes]
    this.#order = rowOrder(call.orderBy, context.orderTypes)
    this.#last = last
  }

  clear(slot: number): void {
    this.#rows.ensure(slot)
    this.#arrivals.ensure(slot)
    this.#set(slot, undefined, 0)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    _weights: Int32Array | null,
    count: number,
  ): void {
    for (let j = 0; j < count; j++) {
      const slot = slots[j]!
      const arrival = this.#arrival++
      if (this.#order === null && !this.#last && this.#rows.get(slot) !== undefined) continue
      const at = rows === null ? j : rows[j]!
      this.#offer(
        slot,
        columns.map((c) => valueAt(c, at)),
        arrival,
      )
    }
  }

  merge(slot: number, from: number): void {
    const row = this.#rows.get(from)
    if (row !== undefined) this.#offer(slot, row, this.#arrivals.get(from))
  }

  #offer(slot: number, row: readonly Value[], arrival: number): void {
    const best = this.#rows.get(slot)
    if (best !== undefined) {
      const order = this.#order === null ? 0 : this.#order(row.slice(1), best.slice(1))
      const after = order !== 0 ? order > 0 : arrival > this.#arrivals.get(slot)
      if (after !== this.#last) return
    }
    this.#set(slot, row, arrival)
  }

  #set(slot: number, row: readonly Value[] | undefined, arrival: number): void {
    const before = this.#rows.get(slot)
    this.extraBytes += (row === undefined ? 0 : valueBytes(row)) - (before === undefined ? 0 : valueBytes(before))
    this.#rows.set(slot, row)
    this.#arrivals.set(slot, arrival)
  }

  result(slot: number): Value {
    return this.#rows.get(slot)?.[0] ?? null
  }

  write(slot: number, to: ByteWriter): void {
    const row = this.#rows.get(slot)
    to.byte(row === undefined ? 0 : 1)
    if (row === undefined) return
    to.double(this.#arrivals.get(slot))
    writeValues(to, this.#types, row)
  }

  read(slot: number, from: ByteReader): void {
    if (from.byte() === 0) return
    const arrival = from.double()
    this.#set(slot, readValues(from, this.#types), arrival)
    if (arrival >= this.#arrival) this.#arrival = arrival + 1
  }
}
