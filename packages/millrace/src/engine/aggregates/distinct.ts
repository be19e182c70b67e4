import { type Column, columnOf, type DataType, joinKeys, keyOf, type Value, valueAt } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import type { KeyAtom } from '../state/key-index.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { readValues, writeValues } from '../state/value-codec.ts'
import type { Accumulators, AggregateContext } from './aggregate.ts'

interface Entry {
  /** Arguments and ORDER BY values of the first row. */
  readonly row: readonly Value[]
  /** Sum of weights. */
  count: number
}

/** DISTINCT for any aggregate: the inner accumulators see each distinct argument tuple of a group once, and its retraction once. */
export class Distinct implements Accumulators {
  readonly #inner: Accumulators
  readonly #types: readonly DataType[]
  readonly #args: number
  readonly #plain: boolean
  readonly #sets = new ObjectSlots<Map<KeyAtom, Entry>>()
  #bytes = 0

  constructor(call: AggregateCall, context: AggregateContext, inner: Accumulators) {
    this.#inner = inner
    this.#types = [...call.argTypes, ...context.orderTypes]
    this.#args = call.argTypes.length
    this.#plain = this.#args === 1 && isPlain(call.argTypes[0]!)
  }

  get slotBytes(): number {
    return this.#inner.slotBytes + 8
  }

  get extraBytes(): number {
    return this.#inner.extraBytes + this.#bytes
  }

  clear(slot: number): void {
    this.#sets.ensure(slot)
    const set = this.#sets.get(slot)
    if (set !== undefined) for (const entry of set.values()) this.#bytes -= entryBytes(entry)
    this.#sets.set(slot, undefined)
    this.#inner.clear(slot)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void {
    const changedSlots = new Int32Array(count)
    const changedRows = new Int32Array(count)
    const changes = weights === null ? null : new Int32Array(count)
    let changed = 0
    for (let j = 0; j < count; j++) {
      const row = rows === null ? j : rows[j]!
      const change = this.#count(slots[j]!, columns, row, weights === null ? 1 : weights[j]!)
      if (change === 0) continue
      changedSlots[changed] = slots[j]!
      changedRows[changed] = row
      if (changes !== null) changes[changed] = change
      changed++
    }
    if (changed > 0) this.#inner.update(columns, changedSlots, changedRows, changes, changed)
  }

  /** +1: the tuple is new; -1: it is gone; 0: neither. */
  #count(slot: number, columns: readonly Column[], row: number, weight: number): number {
    let set = this.#sets.get(slot)
    if (set === undefined) {
      set = new Map()
      this.#sets.set(slot, set)
    }
    const key = this.#keyAt(columns, row)
    const entry = set.get(key)
    if (entry === undefined) {
      this.#insert(
        set,
        key,
        columns.map((c) => valueAt(c, row)),
        weight,
      )
      return weight > 0 ? 1 : 0
    }
    const before = entry.count
    entry.count += weight
    if (entry.count === 0) {
      set.delete(key)
      this.#bytes -= entryBytes(entry)
    }
    return Number(entry.count > 0) - Number(before > 0)
  }

  #insert(set: Map<KeyAtom, Entry>, key: KeyAtom, row: readonly Value[], count: number): void {
    const entry = { row, count }
    set.set(key, entry)
    this.#bytes += entryBytes(entry)
  }

  #keyAt(columns: readonly Column[], row: number): KeyAtom {
    if (this.#plain) return plainKey(valueAt(columns[0]!, row))
    return this.#keyOf(columns.slice(0, this.#args).map((c) => valueAt(c, row)))
  }

  #keyOf(row: readonly Value[]): KeyAtom {
    if (this.#plain) return plainKey(row[0]!)
    return joinKeys(row.slice(0, this.#args).map((v, i) => keyOf(this.#types[i]!, v)))
  }

  merge(slot: number, from: number): void {
    const source = this.#sets.get(from)
    if (source === undefined) return
    const target = this.#sets.get(slot) ?? new Map<KeyAtom, Entry>()
    this.#sets.set(slot, target)
    const added: (readonly Value[])[] = []
    for (const [key, entry] of source) {
      const own = target.get(key)
      if (own !== undefined) own.count += entry.count
      else {
        this.#insert(target, key, entry.row, entry.count)
        if (entry.count > 0) added.push(entry.row)
      }
    }
    const columns = this.#types.map((type, i) =>
      columnOf(
        type,
        added.map((r) => r[i]!),
      ),
    )
    this.#inner.update(columns, new Int32Array(added.length).fill(slot), null, null, added.length)
  }

  result(slot: number): Value {
    return this.#inner.result(slot)
  }

  write(slot: number, to: ByteWriter): void {
    const set = this.#sets.get(slot)
    to.varint(set === undefined ? 0 : set.size)
    if (set !== undefined) {
      for (const { row, count } of set.values()) {
        to.double(count)
        writeValues(to, this.#types, row)
      }
    }
    this.#inner.write(slot, to)
  }

  read(slot: number, from: ByteReader): void {
    const set = new Map<KeyAtom, Entry>()
    for (let left = from.varint(); left > 0; left--) {
      const count = from.double()
      const row = readValues(from, this.#types)
      this.#insert(set, this.#keyOf(row), row, count)
    }
    this.#sets.set(slot, set)
    this.#inner.read(slot, from)
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

function entryBytes(entry: Entry): number {
  return 72 + valueBytes(entry.row)
}
