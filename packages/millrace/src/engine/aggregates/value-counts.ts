import { type Column, type DataType, joinKeys, keyOf, type Value, valueAt } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { type Element, ELEMENT_BYTES, ElementStore, NO_ELEMENT, type SavedElements } from '../state/element-store.ts'
import { SCRATCH_SLOT } from '../state/group-table.ts'
import type { KeyAtom } from '../state/key-index.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { readValues, writeValues } from '../state/value-codec.ts'

export interface CountedValue extends Element {
  readonly slot: number
  /** Those seen earlier have smaller numbers. */
  readonly order: number
  /** The first row with the value: the value itself, then what else is kept of the row. */
  readonly row: readonly Value[]
  /** Sum of weights; never 0, but below it where rows are retracted before they come. */
  count: number
}

/** What a change of weights made of a value: 1 it is new, -1 it is gone, 0 neither. */
export type Presence = 1 | 0 | -1

/** The distinct values of each group with how often they occur. A value is the first `keyed` columns of a row. */
export class ValueCounts {
  readonly elements: readonly SavedElements[]
  /** Approximate heap bytes of all values. */
  bytes = 0
  readonly #types: readonly DataType[]
  readonly #keyed: number
  readonly #plain: boolean
  readonly #sets = new ObjectSlots<Map<KeyAtom, CountedValue>>()
  /** Values that are saved one by one. */
  readonly #store: ElementStore<CountedValue> | null
  #order = 0

  constructor(types: readonly DataType[], keyed: number, elementwise: boolean) {
    this.#types = types
    this.#keyed = keyed
    this.#plain = keyed === 1 && isPlain(types[0]!)
    this.#store = elementwise
      ? new ElementStore<CountedValue>(
          { write: (entry, to) => this.#writeEntry(entry, to), read: (from) => this.#readEntry(from) },
          (entries) => this.#attach(entries),
        )
      : null
    this.elements = this.#store === null ? [] : [this.#store]
  }

  clear(slot: number): void {
    this.#sets.ensure(slot)
    const set = this.#sets.get(slot)
    if (set !== undefined) for (const entry of set.values()) this.#forget(entry)
    this.#sets.set(slot, undefined)
  }

  /** In order of first appearance, except after merges. */
  of(slot: number): Iterable<CountedValue> {
    return this.#sets.get(slot)?.values() ?? []
  }

  add(slot: number, columns: readonly Column[], at: number, weight: number): Presence {
    const set = this.#setOf(slot)
    const key = this.#keyAt(columns, at)
    const entry = set.get(key)
    if (entry !== undefined) return this.#adjust(set, key, entry, weight)
    const row = columns.map((c) => valueAt(c, at))
    this.#insert(set, key, { id: NO_ELEMENT, slot, order: this.#order++, row, count: weight })
    return weight > 0 ? 1 : 0
  }

  /** Adds the counts of another slot, which keeps them; tells of every value that is new or gone. */
  merge(slot: number, from: number, changed?: (row: readonly Value[], presence: Presence) => void): void {
    const source = this.#sets.get(from)
    if (source === undefined) return
    const target = this.#setOf(slot)
    for (const [key, { row, count }] of source) {
      const own = target.get(key)
      let presence: Presence = count > 0 ? 1 : 0
      if (own !== undefined) presence = this.#adjust(target, key, own, count)
      else this.#insert(target, key, { id: NO_ELEMENT, slot, order: this.#order++, row, count })
      if (presence !== 0) changed?.(row, presence)
    }
  }

  write(slot: number, to: ByteWriter): void {
    if (this.#store !== null) return
    const set = this.#sets.get(slot)
    to.varint(set === undefined ? 0 : set.size)
    if (set !== undefined) for (const entry of set.values()) this.#writeEntry(entry, to)
  }

  read(slot: number, from: ByteReader): void {
    if (this.#store !== null) return
    const entries: CountedValue[] = []
    for (let left = from.varint(); left > 0; left--) entries.push({ ...this.#readEntry(from), slot })
    this.#attach(entries)
  }

  #setOf(slot: number): Map<KeyAtom, CountedValue> {
    let set = this.#sets.get(slot)
    if (set === undefined) {
      set = new Map()
      this.#sets.set(slot, set)
    }
    return set
  }

  #adjust(set: Map<KeyAtom, CountedValue>, key: KeyAtom, entry: CountedValue, weight: number): Presence {
    const before = entry.count
    entry.count += weight
    if (entry.count === 0) {
      set.delete(key)
      this.#forget(entry)
    } else if (entry.id !== NO_ELEMENT) this.#store?.mark(entry)
    return (Number(entry.count > 0) - Number(before > 0)) as Presence
  }

  #insert(set: Map<KeyAtom, CountedValue>, key: KeyAtom, entry: CountedValue): void {
    set.set(key, entry)
    this.bytes += entryBytes(entry)
    if (entry.slot !== SCRATCH_SLOT) this.#store?.add(entry)
  }

  #forget(entry: CountedValue): void {
    this.bytes -= entryBytes(entry)
    if (entry.id !== NO_ELEMENT) this.#store?.remove(entry)
  }

  #keyAt(columns: readonly Column[], at: number): KeyAtom {
    if (this.#plain) return plainKey(valueAt(columns[0]!, at))
    return this.#keyOf(columns.slice(0, this.#keyed).map((c) => valueAt(c, at)))
  }

  #keyOf(row: readonly Value[]): KeyAtom {
    if (this.#plain) return plainKey(row[0]!)
    return joinKeys(row.slice(0, this.#keyed).map((v, i) => keyOf(this.#types[i]!, v)))
  }

  #writeEntry({ slot, order, row, count }: CountedValue, to: ByteWriter): void {
    to.varint(slot)
    to.varint(order)
    to.varint(count < 0 ? -2 * count - 1 : 2 * count)
    writeValues(to, this.#types, row)
  }

  #readEntry(from: ByteReader): CountedValue {
    const slot = from.varint()
    const order = from.varint()
    const count = from.varint()
    const row = readValues(from, this.#types)
    return { id: NO_ELEMENT, slot, order, row, count: count % 2 === 0 ? count / 2 : -(count + 1) / 2 }
  }

  #attach(entries: readonly CountedValue[]): void {
    for (const entry of [...entries].sort((a, b) => a.order - b.order)) {
      this.#setOf(entry.slot).set(this.#keyOf(entry.row), entry)
      this.bytes += entryBytes(entry)
      if (entry.order >= this.#order) this.#order = entry.order + 1
    }
  }
}

/** Types whose values a Map compares as SQL does. */
function isPlain(type: DataType): boolean {
  switch (type.kind) {
    case 'TEXT':
    case 'JSON':
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'DOUBLE':
    case 'REAL':
    case 'BOOLEAN':
      return true
    default:
      return false
  }
}

function plainKey(value: Value): KeyAtom {
  return typeof value === 'boolean' ? Number(value) : (value as KeyAtom)
}

function entryBytes(entry: CountedValue): number {
  return 96 + (entry.slot === SCRATCH_SLOT ? 0 : ELEMENT_BYTES) + valueBytes(entry.row)
}
