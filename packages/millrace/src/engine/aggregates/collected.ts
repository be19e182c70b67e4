import { type Column, columnOf, type DataType, joinKeys, keyOf, type Value, valueAt } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { type Element, ELEMENT_BYTES, ElementStore, NO_ELEMENT, type SavedElements } from '../state/element-store.ts'
import { SCRATCH_SLOT } from '../state/group-table.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { readValues, writeValues } from '../state/value-codec.ts'
import type { Accumulators, AggregateContext } from './aggregate.ts'
import { rowOrder, type RowOrder } from './row-order.ts'

/** The result of a group from its rows (arguments, then ORDER BY values), in the call's order, ties by arrival. */
export type Finish = (rows: readonly (readonly Value[])[]) => Value

interface Row extends Element {
  readonly slot: number
  /** Rows that came earlier have smaller numbers. */
  readonly arrival: number
  readonly values: readonly Value[]
}

interface Rows {
  readonly byArrival: Map<number, Row>
  /** Arrival numbers by the row's key, oldest first; kept only where rows are retracted. */
  readonly byKey: Map<string, number[]> | null
}

/**
 * Aggregates that keep all rows of a group: ARRAY_AGG, STRING_AGG, and over a changelog everything that cannot subtract. A retraction
 * takes away the oldest equal row.
 */
export class Collected implements Accumulators {
  readonly elements: readonly SavedElements[]
  readonly slotBytes = 16
  extraBytes = 0
  readonly #types: readonly DataType[]
  readonly #args: number
  readonly #order: RowOrder | null
  readonly #updating: boolean
  readonly #finish: Finish
  readonly #slots = new ObjectSlots<Rows>()
  /** Rows that are saved one by one. */
  readonly #store: ElementStore<Row> | null
  #arrival = 0

  constructor(call: AggregateCall, context: AggregateContext, finish: Finish) {
    this.#types = [...call.argTypes, ...context.orderTypes]
    this.#args = call.argTypes.length
    this.#order = rowOrder(call.orderBy, context.orderTypes)
    this.#updating = context.updating
    this.#finish = finish
    this.#store =
      context.elementwise === true
        ? new ElementStore<Row>(
            { write: (row, to) => this.#writeRow(row, to), read: (from) => this.#readRow(from) },
            (rows) => this.#attach(rows),
          )
        : null
    this.elements = this.#store === null ? [] : [this.#store]
  }

  clear(slot: number): void {
    this.#slots.ensure(slot)
    const rows = this.#slots.get(slot)
    if (rows !== undefined) for (const row of rows.byArrival.values()) this.#forget(row)
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
    if (rows !== undefined) for (const { arrival, values } of rows.byArrival.values()) this.#add(slot, arrival, values)
  }

  #add(slot: number, arrival: number, values: readonly Value[]): void {
    const row: Row = { id: NO_ELEMENT, slot, arrival, values }
    if (slot !== SCRATCH_SLOT) this.#store?.add(row)
    this.#place(row)
  }

  #place(row: Row): void {
    let rows = this.#slots.get(row.slot)
    if (rows === undefined) {
      rows = { byArrival: new Map(), byKey: this.#updating ? new Map() : null }
      this.#slots.set(row.slot, rows)
    }
    rows.byArrival.set(row.arrival, row)
    this.extraBytes += rowBytes(row)
    if (rows.byKey === null) return
    const key = this.#keyOf(row.values)
    const arrivals = rows.byKey.get(key)
    if (arrivals === undefined) rows.byKey.set(key, [row.arrival])
    else insertAscending(arrivals, row.arrival)
  }

  #retract(slot: number, values: readonly Value[]): void {
    const rows = this.#slots.get(slot)
    const key = this.#keyOf(values)
    const arrivals = rows?.byKey?.get(key)
    if (rows === undefined || arrivals === undefined) return
    const arrival = arrivals.shift()!
    if (arrivals.length === 0) rows.byKey!.delete(key)
    this.#forget(rows.byArrival.get(arrival)!)
    rows.byArrival.delete(arrival)
  }

  #forget(row: Row): void {
    this.extraBytes -= rowBytes(row)
    if (row.id !== NO_ELEMENT) this.#store?.remove(row)
  }

  #keyOf(row: readonly Value[]): string {
    return joinKeys(row.map((v, i) => keyOf(this.#types[i]!, v)))
  }

  result(slot: number): Value {
    const rows = this.#slots.get(slot)
    if (rows === undefined || rows.byArrival.size === 0) return this.#finish([])
    // Merging brings arrivals out of order.
    const sorted = [...rows.byArrival.values()].sort((a, b) => a.arrival - b.arrival).map((row) => row.values)
    const order = this.#order
    if (order !== null) sorted.sort((a, b) => order(a.slice(this.#args), b.slice(this.#args)))
    return this.#finish(sorted)
  }

  write(slot: number, to: ByteWriter): void {
    if (this.#store !== null) return
    const rows = this.#slots.get(slot)
    to.varint(rows === undefined ? 0 : rows.byArrival.size)
    if (rows !== undefined) for (const row of rows.byArrival.values()) this.#writeRow(row, to)
  }

  read(slot: number, from: ByteReader): void {
    if (this.#store !== null) return
    const rows: Row[] = []
    for (let left = from.varint(); left > 0; left--) rows.push({ ...this.#readRow(from), slot })
    this.#attach(rows)
  }

  #writeRow({ slot, arrival, values }: Row, to: ByteWriter): void {
    to.varint(slot)
    to.varint(arrival)
    writeValues(to, this.#types, values)
  }

  #readRow(from: ByteReader): Row {
    const slot = from.varint()
    const arrival = from.varint()
    return { id: NO_ELEMENT, slot, arrival, values: readValues(from, this.#types) }
  }

  #attach(rows: readonly Row[]): void {
    for (const row of rows) {
      this.#place(row)
      if (row.arrival >= this.#arrival) this.#arrival = row.arrival + 1
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

function rowBytes(row: Row): number {
  return 96 + (row.slot === SCRATCH_SLOT ? 0 : ELEMENT_BYTES) + valueBytes(row.values)
}

function insertAscending(list: number[], value: number): void {
  let at = list.length
  while (at > 0 && list[at - 1]! > value) at--
  if (at === list.length) list.push(value)
  else list.splice(at, 0, value)
}
