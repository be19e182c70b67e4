import { type Column, type DataType, keyOf, normalizeInt, type Value, valueAt } from '../../kernel/index.ts'
import { type KeyAtom, KeyIndex } from './key-index.ts'
import type { KeyTable } from './key-table.ts'
import { SlotAllocator } from './slot-allocator.ts'
import { ObjectSlots } from './slot-columns.ts'
import { valueBytes } from './value-bytes.ts'

/** Bytes of one key beside its value: a Map entry and a slot. */
const KEY_BYTES = 80

/** How a value becomes a Map's key: text and numbers as they are, everything else by `keyOf`. */
type Form = 'text' | 'number' | 'encoded'

/** Keys of one column, or of none: then there is one key. */
export class SingleKeyTable implements KeyTable {
  readonly #type: DataType | null
  readonly #form: Form
  readonly #index = new KeyIndex()
  readonly #slots = new SlotAllocator()
  readonly #values = new ObjectSlots<Value>()
  #bytes = 0

  constructor(type: DataType | null) {
    this.#type = type
    this.#form = type === null ? 'text' : formOf(type)
  }

  get size(): number {
    return this.#slots.live
  }

  get bytes(): number {
    return this.#bytes
  }

  values(slot: number): Value[] {
    return this.#type === null ? [] : [this.#values.get(slot)!]
  }

  resolve(columns: readonly Column[], from: number, to: number, out: Int32Array, added: (slot: number) => void): void {
    const column = columns[0]
    if (column === undefined) {
      if (from < to) out.fill(this.#resolve(null, added), from, to)
    } else if (this.#form === 'text' && column.kind === 'text' && column.nulls === null) {
      this.#resolvePlain(column.values, from, to, out, added)
    } else if (
      this.#form === 'number' &&
      (column.kind === 'exact' || column.kind === 'double') &&
      column.nulls === null
    ) {
      this.#resolvePlain(column.values, from, to, out, added)
    } else {
      for (let i = from; i < to; i++) out[i] = this.#resolve(valueAt(column, i), added)
    }
  }

  /** Values that are their own Map keys. */
  #resolvePlain(
    values: ArrayLike<string | number>,
    from: number,
    to: number,
    out: Int32Array,
    added: (slot: number) => void,
  ): void {
    const index = this.#index
    for (let i = from; i < to; i++) {
      const slot = index.get(values[i]!)
      out[i] = slot !== undefined ? slot : this.#add(values[i]!, values[i]!, added)
    }
  }

  resolveValues(values: readonly Value[], added: (slot: number) => void): number {
    return this.#resolve(values[0] ?? null, added)
  }

  #resolve(value: Value, added: (slot: number) => void): number {
    const atom = this.#atomOf(value)
    const slot = this.#index.get(atom)
    return slot !== undefined ? slot : this.#add(atom, value, added)
  }

  #add(atom: KeyAtom, value: Value, added: (slot: number) => void): number {
    const slot = this.#slots.allocate()
    this.#values.ensure(slot)
    this.#values.set(slot, value)
    this.#bytes += KEY_BYTES + valueBytes(value)
    this.#index.add(atom, slot)
    added(slot)
    return slot
  }

  delete(slot: number): void {
    const value = this.#values.get(slot)!
    this.#index.delete(this.#atomOf(value))
    this.#bytes -= KEY_BYTES + valueBytes(value)
    this.#values.set(slot, undefined)
    this.#slots.free(slot)
  }

  #atomOf(value: Value): KeyAtom {
    if (value === null) return null
    switch (this.#form) {
      case 'text':
        return value as string
      case 'number':
        return typeof value === 'boolean'
          ? Number(value)
          : typeof value === 'bigint'
            ? normalizeInt(value)
            : (value as number)
      case 'encoded':
        return keyOf(this.#type!, value)
    }
  }
}

function formOf(type: DataType): Form {
  switch (type.kind) {
    case 'TEXT':
    case 'JSON':
      return 'text'
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'DOUBLE':
    case 'REAL':
    case 'BOOLEAN':
      return 'number'
    default:
      return 'encoded'
  }
}
