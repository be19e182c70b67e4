import { type Column, compareValues, type DataType, keyOf, type Value, valueAt } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { Float64Slots, ObjectSlots } from '../state/slot-columns.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { Accumulators } from './aggregate.ts'
import { noResultSize, resultSize } from './result-size.ts'

/** Which values come first: the largest, the smallest, or those that arrived first. */
export type Preference = 'largest' | 'smallest' | 'earliest'

interface Item {
  readonly value: NonNullable<Value>
  readonly arrival: number
}

interface Best {
  /** Best first. */
  readonly items: Item[]
  /** By key; kept only where each value is given once. */
  readonly byKey: Map<string, Item> | null
}

const ITEM_BYTES = 48
const KEY_BYTES = 64
/** In place of a size that is none. */
const NO_SIZE = -1

/**
 * The best values of each group as an array, best first, as many as the call's second argument says (1 without one), which is the same for
 * all rows of a group: MAXK, MINK, COLLECT. NULLs are skipped. No group keeps more values than it gives.
 */
export class BestValues implements Accumulators {
  readonly slotBytes = 32
  extraBytes = 0
  readonly #type: DataType
  readonly #compare: (a: Item, b: Item) => number
  readonly #unique: boolean
  readonly #lists = new ObjectSlots<Best>()
  /** 0: none is known yet. */
  readonly #sizes = new Float64Slots()
  #arrival = 0

  constructor(call: AggregateCall, preference: Preference, unique: boolean) {
    const type = call.argTypes[0]!
    this.#type = type
    const sign = preference === 'largest' ? -1 : 1
    this.#compare =
      preference === 'earliest'
        ? (a, b) => a.arrival - b.arrival
        : (a, b) => compareValues(type, a.value, b.value) * sign || a.arrival - b.arrival
    this.#unique = unique
  }

  clear(slot: number): void {
    this.#lists.ensure(slot)
    this.#sizes.ensure(slot)
    for (const item of this.#lists.get(slot)?.items ?? []) this.extraBytes -= this.#bytes(item)
    this.#lists.set(slot, undefined)
    this.#sizes.set(slot, 0)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    _weights: Int32Array | null,
    count: number,
  ): void {
    const [values, sizes] = columns
    for (let j = 0; j < count; j++) {
      const at = rows === null ? j : rows[j]!
      const slot = slots[j]!
      if (this.#sizes.get(slot) === 0) {
        this.#sizes.set(slot, resultSize(sizes === undefined ? null : valueAt(sizes, at)) ?? NO_SIZE)
      }
      const value = valueAt(values!, at)
      if (value !== null) this.#offer(slot, { value, arrival: this.#arrival++ })
    }
  }

  merge(slot: number, from: number): void {
    if (this.#sizes.get(slot) === 0) this.#sizes.set(slot, this.#sizes.get(from))
    for (const item of this.#lists.get(from)?.items ?? []) this.#offer(slot, item)
  }

  #offer(slot: number, item: Item): void {
    const size = this.#sizes.get(slot)
    if (size === NO_SIZE) return
    const { items, byKey } = this.#best(slot)
    const worst = items.at(-1)
    if (items.length === size && worst !== undefined && this.#compare(item, worst) > 0) return
    const key = byKey === null ? '' : keyOf(this.#type, item.value)
    const equal = byKey?.get(key)
    if (equal !== undefined) {
      if (this.#compare(equal, item) <= 0) return
      this.#remove(items, this.#placeOf(items, equal))
    }
    items.splice(this.#placeOf(items, item), 0, item)
    byKey?.set(key, item)
    this.extraBytes += this.#bytes(item)
    if (items.length <= size) return
    byKey?.delete(keyOf(this.#type, items.at(-1)!.value))
    this.#remove(items, items.length - 1)
  }

  #best(slot: number): Best {
    let best = this.#lists.get(slot)
    if (best === undefined) {
      best = { items: [], byKey: this.#unique ? new Map() : null }
      this.#lists.set(slot, best)
    }
    return best
  }

  /** How many items are better. */
  #placeOf(items: readonly Item[], item: Item): number {
    let low = 0
    let high = items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(items[middle]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #remove(items: Item[], at: number): void {
    this.extraBytes -= this.#bytes(items[at]!)
    items.splice(at, 1)
  }

  #bytes({ value }: Item): number {
    return ITEM_BYTES + valueBytes(value) + (this.#unique ? KEY_BYTES : 0)
  }

  result(slot: number): Value {
    if (this.#sizes.get(slot) === NO_SIZE) throw noResultSize()
    return this.#lists.get(slot)?.items.map(({ value }) => value) ?? null
  }

  write(slot: number, to: ByteWriter): void {
    const items = this.#lists.get(slot)?.items ?? []
    to.varint(this.#sizes.get(slot) - NO_SIZE)
    to.varint(items.length)
    for (const { value, arrival } of items) {
      to.varint(arrival)
      writeValue(to, this.#type, value)
    }
  }

  read(slot: number, from: ByteReader): void {
    this.#sizes.set(slot, from.varint() + NO_SIZE)
    for (let left = from.varint(); left > 0; left--) {
      const arrival = from.varint()
      this.#offer(slot, { value: readValue(from, this.#type)!, arrival })
      if (arrival >= this.#arrival) this.#arrival = arrival + 1
    }
  }
}
