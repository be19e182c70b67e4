import {
  type Column,
  compareValues,
  type DataType,
  type Decimal,
  type Int,
  intOf,
  compareDecimal,
  type Value,
} from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { CHUNK_MASK, CHUNK_SHIFT, Float64Slots, ObjectSlots } from '../state/slot-columns.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { Accumulators } from './aggregate.ts'
import { Fold } from './fold.ts'

/** MIN (`sign` -1) or MAX (`sign` +1) of any ordered type. The first of equal values stays. */
export function extreme(type: DataType, sign: 1 | -1): Accumulators {
  switch (type.kind) {
    case 'DOUBLE':
    case 'REAL':
      return new DoubleExtreme(sign)
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'DECIMAL':
      return new ExactExtreme(type, sign)
    default:
      return new Fold(type, (a, b) => (compareValues(type, b, a) * sign > 0 ? b : a))
  }
}

const VALUE = 0
const PRESENT = 1

/** NaN is above all other doubles. */
class DoubleExtreme implements Accumulators {
  readonly slotBytes = 16
  readonly extraBytes = 0
  readonly #fields = new Float64Slots(2)
  readonly #sign: 1 | -1

  constructor(sign: 1 | -1) {
    this.#sign = sign
  }

  clear(slot: number): void {
    this.#fields.ensure(slot)
    this.#fields.clear(slot)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    _weights: Int32Array | null,
    count: number,
  ): void {
    const column = columns[0]!
    if (column.kind !== 'double') return
    const { nulls, values } = column
    for (let j = 0; j < count; j++) {
      const row = rows === null ? j : rows[j]!
      if (nulls === null || nulls[row] === 0) this.#add(slots[j]!, values[row]!)
    }
  }

  #add(slot: number, value: number): void {
    const chunk = this.#fields.chunks[slot >> CHUNK_SHIFT]!
    const at = (slot & CHUNK_MASK) * 2
    const best = chunk[at]!
    const better =
      this.#sign > 0
        ? value > best || (value !== value && best === best)
        : value < best || (best !== best && value === value)
    if (better || chunk[at + PRESENT] === 0) {
      chunk[at] = value
      chunk[at + PRESENT] = 1
    }
  }

  merge(slot: number, from: number): void {
    if (this.#fields.get(from, PRESENT) === 1) this.#add(slot, this.#fields.get(from, VALUE))
  }

  result(slot: number): Value {
    return this.#fields.get(slot, PRESENT) === 0 ? null : this.#fields.get(slot, VALUE)
  }

  write(slot: number, to: ByteWriter): void {
    to.double(this.#fields.get(slot, VALUE))
    to.double(this.#fields.get(slot, PRESENT))
  }

  read(slot: number, from: ByteReader): void {
    this.#fields.set(slot, from.double(), VALUE)
    this.#fields.set(slot, from.double(), PRESENT)
  }
}

const SCALE = 2
/** PRESENT of a slot whose value is a bigint, kept apart. */
const WIDE = 2

/** INTEGER, DECIMAL and times: doubles while the values are safe and of one scale. */
class ExactExtreme implements Accumulators {
  readonly slotBytes = 24
  readonly extraBytes = 0
  readonly #type: DataType
  readonly #sign: 1 | -1
  readonly #fields = new Float64Slots(3)
  readonly #wide = new ObjectSlots<bigint>()

  constructor(type: DataType, sign: 1 | -1) {
    this.#type = type
    this.#sign = sign
  }

  clear(slot: number): void {
    this.#fields.ensure(slot)
    this.#fields.clear(slot)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    _weights: Int32Array | null,
    count: number,
  ): void {
    const column = columns[0]!
    if (column.kind === 'exact') {
      const { nulls, values, scale } = column
      const chunks = this.#fields.chunks
      const sign = this.#sign
      for (let j = 0; j < count; j++) {
        const row = rows === null ? j : rows[j]!
        if (nulls !== null && nulls[row] === 1) continue
        const slot = slots[j]!
        const chunk = chunks[slot >> CHUNK_SHIFT]!
        const at = (slot & CHUNK_MASK) * 3
        if (chunk[at + PRESENT] === 1 && chunk[at + SCALE] === scale) {
          const value = values[row]!
          if (sign > 0 ? value > chunk[at]! : value < chunk[at]!) chunk[at] = value
        } else {
          this.#add(slot, values[row]!, scale)
        }
      }
    } else if (column.kind === 'wide') {
      const { nulls, values, scale } = column
      for (let j = 0; j < count; j++) {
        const row = rows === null ? j : rows[j]!
        if (nulls === null || nulls[row] === 0) this.#add(slots[j]!, intOf(values[row]!), scale)
      }
    }
  }

  #add(slot: number, unscaled: Int, scale: number): void {
    const best = this.#get(slot)
    if (best !== null && compareDecimal({ unscaled, scale }, best) * this.#sign <= 0) return
    this.#set(slot, unscaled, scale)
  }

  #get(slot: number): Decimal | null {
    const present = this.#fields.get(slot, PRESENT)
    if (present === 0) return null
    const unscaled = present === WIDE ? this.#wide.get(slot)! : this.#fields.get(slot, VALUE)
    return { unscaled, scale: this.#fields.get(slot, SCALE) }
  }

  #set(slot: number, unscaled: Int, scale: number): void {
    this.#fields.set(slot, scale, SCALE)
    if (typeof unscaled === 'number') {
      this.#fields.set(slot, unscaled, VALUE)
      this.#fields.set(slot, 1, PRESENT)
    } else {
      this.#wide.ensure(slot)
      this.#wide.set(slot, unscaled)
      this.#fields.set(slot, WIDE, PRESENT)
    }
  }

  merge(slot: number, from: number): void {
    const value = this.#get(from)
    if (value !== null) this.#add(slot, value.unscaled, value.scale)
  }

  result(slot: number): Value {
    const value = this.#get(slot)
    return value === null || this.#type.kind === 'DECIMAL' ? value : value.unscaled
  }

  write(slot: number, to: ByteWriter): void {
    writeValue(to, this.#type, this.result(slot))
  }

  read(slot: number, from: ByteReader): void {
    const value = readValue(from, this.#type)
    if (value === null) return
    const { unscaled, scale } =
      this.#type.kind === 'DECIMAL' ? (value as Decimal) : { unscaled: value as Int, scale: 0 }
    this.#set(slot, unscaled, scale)
  }
}
