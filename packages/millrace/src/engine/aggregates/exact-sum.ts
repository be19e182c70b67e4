import {
  addInt,
  type Column,
  type Decimal,
  divideDecimal,
  type Int,
  multiplyInt,
  normalizeInt,
  rescaleUp,
  type Value,
} from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { CHUNK_MASK, CHUNK_SHIFT, Float64Slots, ObjectSlots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'

const MAX = Number.MAX_SAFE_INTEGER

/** Fields of a slot: unscaled sum while it is safe, non-null rows, scale, 1 if there is a wide part. */
const SUM = 0
const COUNT = 1
const SCALE = 2
const WIDE = 3
const STRIDE = 4

/**
 * Exact SUM and AVG of INTEGER and DECIMAL: sum = (double part + wide part) / 10^scale. The double part is always a safe integer;
 * what would make it unsafe is carried to the wide part, a bigint, so that the usual row costs one double addition.
 */
export class ExactSum implements Accumulators {
  readonly slotBytes = STRIDE * 8
  readonly extraBytes = 0
  readonly #fields = new Float64Slots(STRIDE)
  readonly #wide = new ObjectSlots<bigint>()
  readonly #average: boolean

  constructor(average: boolean) {
    this.#average = average
  }

  clear(slot: number): void {
    this.#fields.ensure(slot)
    this.#fields.clear(slot)
    if (this.#hasWide(slot)) this.#wide.set(slot, undefined)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void {
    const column = columns[0]!
    if (column.kind === 'exact' && column.nulls === null && rows === null && weights === null) {
      this.#addPlain(column.values, column.scale, slots, count)
    } else if (column.kind === 'exact' || column.kind === 'wide') {
      const { nulls, values, scale } = column
      for (let j = 0; j < count; j++) {
        const row = rows === null ? j : rows[j]!
        if (nulls !== null && nulls[row] === 1) continue
        this.#add(slots[j]!, values[row]!, scale, weights === null ? 1 : weights[j]!)
      }
    }
  }

  #addPlain(values: Float64Array, scale: number, slots: Int32Array, count: number): void {
    const chunks = this.#fields.chunks
    for (let j = 0; j < count; j++) {
      const slot = slots[j]!
      const chunk = chunks[slot >> CHUNK_SHIFT]!
      const at = (slot & CHUNK_MASK) * STRIDE
      const sum = chunk[at]! + values[j]!
      if (sum <= MAX && sum >= -MAX && chunk[at + SCALE] === scale) {
        chunk[at] = sum
        chunk[at + COUNT]!++
      } else {
        this.#add(slot, values[j]!, scale, 1)
      }
    }
  }

  #add(slot: number, stored: Int, scale: number, weight: number): void {
    let value = typeof stored === 'bigint' ? normalizeInt(stored) : stored
    if (weight !== 1) value = multiplyInt(value, weight)
    const own = this.#fields.get(slot, SCALE)
    if (scale > own) this.#rescale(slot, own, scale)
    else value = rescaleUp(value, scale, own)
    this.#addUnscaled(slot, value)
    this.#fields.set(slot, this.#fields.get(slot, COUNT) + weight, COUNT)
  }

  #addUnscaled(slot: number, value: Int): void {
    const sum = addInt(this.#fields.get(slot, SUM), value)
    if (typeof sum === 'number') {
      this.#fields.set(slot, sum, SUM)
    } else {
      this.#fields.set(slot, 0, SUM)
      this.#addWide(slot, sum)
    }
  }

  #addWide(slot: number, value: bigint): void {
    this.#wide.ensure(slot)
    this.#wide.set(slot, (this.#wide.get(slot) ?? 0n) + value)
    this.#fields.set(slot, 1, WIDE)
  }

  #rescale(slot: number, from: number, to: number): void {
    const sum = rescaleUp(this.#fields.get(slot, SUM), from, to)
    const wide = this.#widePart(slot)
    this.#fields.set(slot, 0, SUM)
    if (wide !== 0n) this.#wide.set(slot, BigInt(rescaleUp(wide, from, to)))
    this.#fields.set(slot, to, SCALE)
    this.#addUnscaled(slot, sum)
  }

  merge(slot: number, from: number): void {
    const { unscaled, scale } = this.#total(from)
    const count = this.#fields.get(from, COUNT)
    this.#add(slot, unscaled, scale, 1)
    this.#fields.set(slot, this.#fields.get(slot, COUNT) - 1 + count, COUNT)
  }

  result(slot: number): Value {
    const count = this.#fields.get(slot, COUNT)
    if (count === 0) return null
    return this.#average ? divideDecimal(this.#total(slot), { unscaled: count, scale: 0 }) : this.#total(slot)
  }

  #total(slot: number): Decimal {
    const sum = this.#fields.get(slot, SUM)
    const wide = this.#widePart(slot)
    return { unscaled: wide === 0n ? sum + 0 : normalizeInt(wide + BigInt(sum)), scale: this.#fields.get(slot, SCALE) }
  }

  #hasWide(slot: number): boolean {
    return slot >> CHUNK_SHIFT < this.#wide.chunks.length
  }

  #widePart(slot: number): bigint {
    return this.#fields.get(slot, WIDE) === 1 ? (this.#wide.get(slot) ?? 0n) : 0n
  }

  write(slot: number, to: ByteWriter): void {
    for (let field = 0; field < STRIDE; field++) to.double(this.#fields.get(slot, field))
    if (this.#fields.get(slot, WIDE) === 1) to.bigint(this.#widePart(slot))
  }

  read(slot: number, from: ByteReader): void {
    for (let field = 0; field < STRIDE; field++) this.#fields.set(slot, from.double(), field)
    if (this.#fields.get(slot, WIDE) === 1) {
      this.#wide.ensure(slot)
      this.#wide.set(slot, from.bigint())
    }
  }
}
