import type { Column, Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { CHUNK_MASK, CHUNK_SHIFT, Float64Slots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'

/** Fields of a slot: sum of finite values, its compensation, non-null rows; then how many were +Infinity, -Infinity and NaN. */
const SUM = 0
const COMPENSATION = 1
const COUNT = 2
const POSITIVE = 3
const NEGATIVE = 4
const NAN = 5
const STRIDE = 6

/**
 * SUM and AVG of DOUBLE, in row order with Neumaier's compensation ("Rundungsfehleranalyse einiger Verfahren zur Summation
 * endlicher Summen", 1974): cancelling terms and retracted rows leave no residue worth speaking of. What is not finite is counted
 * apart, so that a retracted Infinity is really gone.
 */
export class DoubleSum implements Accumulators {
  readonly slotBytes = STRIDE * 8
  readonly extraBytes = 0
  readonly #fields = new Float64Slots(STRIDE)
  readonly #average: boolean

  constructor(average: boolean) {
    this.#average = average
  }

  clear(slot: number): void {
    this.#fields.ensure(slot)
    this.#fields.clear(slot)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void {
    const column = columns[0]!
    if (column.kind !== 'double') return
    const { nulls, values } = column
    const chunks = this.#fields.chunks
    for (let j = 0; j < count; j++) {
      const row = rows === null ? j : rows[j]!
      if (nulls !== null && nulls[row] === 1) continue
      const slot = slots[j]!
      const weight = weights === null ? 1 : weights[j]!
      const value = weight === 1 ? values[row]! : values[row]! * weight
      const chunk = chunks[slot >> CHUNK_SHIFT]!
      const at = (slot & CHUNK_MASK) * STRIDE
      chunk[at + COUNT]! += weight
      if (value - value === 0) {
        const sum = chunk[at]!
        const total = sum + value
        chunk[at + COMPENSATION]! += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum
        chunk[at] = total
      } else {
        const original = values[row]!
        chunk[at + (original > 0 ? POSITIVE : original < 0 ? NEGATIVE : NAN)]! += weight
      }
    }
  }

  merge(slot: number, from: number): void {
    const fields = this.#fields
    const sum = fields.get(slot, SUM)
    const value = fields.get(from, SUM)
    const total = sum + value
    const lost = Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum
    fields.set(slot, total, SUM)
    fields.set(slot, fields.get(slot, COMPENSATION) + lost + fields.get(from, COMPENSATION), COMPENSATION)
    for (let field = COUNT; field < STRIDE; field++)
      fields.set(slot, fields.get(slot, field) + fields.get(from, field), field)
  }

  result(slot: number): Value {
    const count = this.#fields.get(slot, COUNT)
    if (count === 0) return null
    const sum = this.#sum(slot)
    return this.#average ? sum / count : sum
  }

  #sum(slot: number): number {
    const fields = this.#fields
    const positive = fields.get(slot, POSITIVE) > 0
    const negative = fields.get(slot, NEGATIVE) > 0
    if (fields.get(slot, NAN) > 0 || (positive && negative)) return Number.NaN
    if (positive) return Number.POSITIVE_INFINITY
    if (negative) return Number.NEGATIVE_INFINITY
    const sum = fields.get(slot, SUM)
    // A sum that overflowed is infinite, its compensation is not a number.
    return Number.isFinite(sum) ? sum + fields.get(slot, COMPENSATION) : sum
  }

  write(slot: number, to: ByteWriter): void {
    for (let field = 0; field < STRIDE; field++) to.double(this.#fields.get(slot, field))
  }

  read(slot: number, from: ByteReader): void {
    for (let field = 0; field < STRIDE; field++) this.#fields.set(slot, from.double(), field)
  }
}
