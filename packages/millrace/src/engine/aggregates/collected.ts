import { type Column, columnOf, type DataType, joinKeys, keyOf, type Value, valueAt } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { readValues, writeValues } from '../state/value-codec.ts'
import type { Accumulators, AggregateContext } from './aggregate.ts'
import { rowOrder, type RowOrder } from './row-order.ts'

/** The result of a group from its rows (arguments, then ORDER BY values), in the call's order, ties by arrival. */
export type Finish = (rows: readonly (readonly Value[])[]) => Value

interface Rows {
  /** By arrival number, ascending. */
  readonly byArrival: Map<number, readonly Value[]>
  /** Arrival numbers by the row's key, oldest first; kept only where rows are retracted. */
  readonly byKey: Map<string, number[]> | null
}

/**
 * Aggregates that keep all rows of a group: ARRAY_AGG, STRING_AGG, and over a changelog everything that cannot subtract. A retraction
 * takes away the oldest equal row.
 */
export class Collected implements Accumulators {
  readonly slotBytes = 16
  extraBytes = 0
  readonly #types: readonly DataType[]
  readonly #args: number
  readonly #order: RowOrder | null
  readonly #updating: boolean
  readonly #finish: Finish
  readonly #slots = new ObjectSlots<Rows>()
  #arrival = 0

  constructor(call: AggregateCall, context: AggregateContext, finish: Finish) {
    this.#types = [...call.argTypes, ...context.orderTypes]
    this.#args = call.argTypes.length
    this.#order = rowOrder(call.orderBy, context.orderTypes)
    this.#updating = context.updating
    this.#finish = finish
  }

  clear(slot: number): void {
    this.#slots.ensure(slot)
    const rows = this.#slots.get(slot)
    if (rows !== undefined) for (const row of rows.byArrival.values()) this.extraBytes -= rowBytes(row)
    this.#slots.set(slot, undefined)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void {
    for (let j = 0; j < count; j++) {
      const at = rows === null ? j : rows[j]!
      const row = columns.map((c) => valueAt(c, at))
      let weight = weights === null ? 1 : weights[j]!
      for (; weight > 0; weight--) this.#add(slots[j]!, this.#arrival++, row)
      for (; weight < 0; weight++) this.#retract(slots[j]!, row)
    }
  }

  merge(slot: number, from: number): void {
    const rows = this.#slots.get(from)
    if (rows !== undefined) for (const [arrival, row] of rows.byArrival) this.#add(slot, arrival, row)
  }

  #add(slot: number, arrival: number, row: readonly Value[]): void {
    let rows = this.#slots.get(slot)
    if (rows === undefined) {
      rows = { byArrival: new Map(), byKey: this.#updating ? new Map() : null }
      this.#slots.set(slot, rows)
    }
    rows.byArrival.set(arrival, row)
    this.extraBytes += rowBytes(row)
    if (rows.byKey === null) return
    const key = this.#keyOf(row)
    const arrivals = rows.byKey.get(key)
    if (arrivals === undefined) rows.byKey.set(key, [arrival])
    else arrivals.push(arrival)
  }

  #retract(slot: number, row: readonly Value[]): void {
    const rows = this.#slots.get(slot)
    const key = this.#keyOf(row)
    const arrivals = rows?.byKey?.get(key)
    if (rows === undefined || arrivals === undefined) return
    const arrival = arrivals.shift()!
    if (arrivals.length === 0) rows.byKey!.delete(key)
    this.extraBytes -= rowBytes(rows.byArrival.get(arrival)!)
    rows.byArrival.delete(arrival)
  }

  #keyOf(row: readonly Value[]): string {
    return joinKeys(row.map((v, i) => keyOf(this.#types[i]!, v)))
  }

  result(slot: number): Value {
    const rows = this.#slots.get(slot)
    if (rows === undefined || rows.byArrival.size === 0) return this.#finish([])
    // Merging brings arrivals out of order.
    const entries = [...rows.byArrival].sort(([a], [b]) => a - b)
    const order = this.#order
    if (order !== null) entries.sort(([, a], [, b]) => order(a.slice(this.#args), b.slice(this.#args)))
    return this.#finish(entries.map(([, row]) => row))
  }

  write(slot: number, to: ByteWriter): void {
    const rows = this.#slots.get(slot)
    to.varint(rows === undefined ? 0 : rows.byArrival.size)
    if (rows === undefined) return
    for (const [arrival, row] of rows.byArrival) {
      to.varint(arrival)
      writeValues(to, this.#types, row)
    }
  }

  read(slot: number, from: ByteReader): void {
    for (let left = from.varint(); left > 0; left--) {
      const arrival = from.varint()
      this.#add(slot, arrival, readValues(from, this.#types))
      if (arrival >= this.#arrival) this.#arrival = arrival + 1
    }
  }
}

/** Runs accumulators that cannot retract over the rows that are left: exact, at a cost of the group's size for each result. */
export function recomputed(call: AggregateCall, context: AggregateContext, inner: Accumulators): Accumulators {
  const types = [...call.argTypes, ...context.orderTypes]
  return new Collected(call, context, (rows) => {
    inner.clear(0)
    const columns = types.map((type, i) =>
      columnOf(
        type,
        rows.map((r) => r[i]!),
      ),
    )
    inner.update(columns, new Int32Array(rows.length), null, null, rows.length)
    const result = inner.result(0)
    inner.clear(0)
    return result
  })
}

function rowBytes(row: readonly Value[]): number {
  return 64 + valueBytes(row)
}
