import type { Column, Value } from '../../kernel/index.ts'
import { rowError } from '../functions/definition.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { Float64Slots, ObjectSlots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'
import { TDigest } from './t-digest.ts'

/** Weights of values that have no place in a digest, and the part of the rows asked for. */
const NEGATIVE = 0
const POSITIVE = 1
const NAN = 2
const FRACTION = 3
const KNOWN = 4
const BAD_WEIGHT = 5
const STRIDE = 6

/** Where a call has what besides its value; null: 1 each, and the middle. */
export interface QuantileArguments {
  readonly weight: number | null
  readonly fraction: number | null
}

/**
 * APPROX_PERCENTILE_CONT and APPROX_MEDIAN of DOUBLE by a t-digest of each group. -Infinity comes before all other values, Infinity and NaN
 * after them. The part that is asked for is the same for all rows of a group.
 */
export class ApproximateQuantile implements Accumulators {
  readonly slotBytes = STRIDE * 8 + 8
  extraBytes = 0
  readonly #places: QuantileArguments
  readonly #digests = new ObjectSlots<TDigest>()
  readonly #fields = new Float64Slots(STRIDE)

  constructor(places: QuantileArguments) {
    this.#places = places
  }

  clear(slot: number): void {
    this.#digests.ensure(slot)
    this.#fields.ensure(slot)
    this.#fields.clear(slot)
    this.#set(slot, undefined)
    if (this.#places.fraction === null) this.#setFraction(slot, 0.5)
  }

  #set(slot: number, digest: TDigest | undefined): void {
    this.extraBytes += (digest?.bytes ?? 0) - (this.#digests.get(slot)?.bytes ?? 0)
    this.#digests.set(slot, digest)
  }

  #setFraction(slot: number, fraction: number): void {
    this.#fields.set(slot, fraction, FRACTION)
    this.#fields.set(slot, 1, KNOWN)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    _weights: Int32Array | null,
    count: number,
  ): void {
    const { weight: weightAt, fraction: fractionAt } = this.#places
    for (let j = 0; j < count; j++) {
      const at = rows === null ? j : rows[j]!
      const slot = slots[j]!
      const fraction = fractionAt === null ? null : doubleAt(columns[fractionAt]!, at)
      if (fraction !== null) this.#setFraction(slot, fraction)
      const value = doubleAt(columns[0]!, at)
      const weight = weightAt === null ? 1 : doubleAt(columns[weightAt]!, at)
      if (value !== null && weight !== null) this.#add(slot, value, weight)
    }
  }

  #add(slot: number, value: number, weight: number): void {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) return this.#fields.set(slot, 1, BAD_WEIGHT)
    if (weight === 0) return
    if (value - value !== 0) {
      const field = value > 0 ? POSITIVE : value < 0 ? NEGATIVE : NAN
      return this.#fields.set(slot, this.#fields.get(slot, field) + weight, field)
    }
    this.#change(slot, (digest) => digest.add(value, weight))
  }

  #change(slot: number, change: (digest: TDigest) => void): void {
    let digest = this.#digests.get(slot)
    if (digest === undefined) {
      digest = new TDigest()
      this.#set(slot, digest)
    }
    const before = digest.bytes
    change(digest)
    this.extraBytes += digest.bytes - before
  }

  merge(slot: number, from: number): void {
    const fields = this.#fields
    for (const field of [NEGATIVE, POSITIVE, NAN, BAD_WEIGHT])
      fields.set(slot, fields.get(slot, field) + fields.get(from, field), field)
    if (fields.get(from, KNOWN) !== 0) this.#setFraction(slot, fields.get(from, FRACTION))
    const other = this.#digests.get(from)
    if (other !== undefined) this.#change(slot, (digest) => digest.merge(other))
  }

  result(slot: number): Value {
    const fields = this.#fields
    if (fields.get(slot, BAD_WEIGHT) !== 0) throw rowError('a weight is negative or not finite')
    if (fields.get(slot, KNOWN) === 0) return null
    const fraction = fields.get(slot, FRACTION)
    if (!(fraction >= 0 && fraction <= 1))
      throw rowError('the part of the rows that a quantile asks for lies between 0 and 1')
    const digest = this.#digests.get(slot)
    const finite = digest?.weight ?? 0
    const negative = fields.get(slot, NEGATIVE)
    const positive = fields.get(slot, POSITIVE)
    const total = negative + finite + positive + fields.get(slot, NAN)
    if (total === 0) return null
    const rank = fraction * Math.max(0, total - 1)
    if (rank < negative) return Number.NEGATIVE_INFINITY
    if (rank < negative + finite) return digest!.at(rank - negative)!
    return rank < negative + finite + positive ? Number.POSITIVE_INFINITY : Number.NaN
  }

  write(slot: number, to: ByteWriter): void {
    for (let field = 0; field < STRIDE; field++) to.double(this.#fields.get(slot, field))
    const digest = this.#digests.get(slot)
    to.byte(digest === undefined ? 0 : 1)
    digest?.write(to)
  }

  read(slot: number, from: ByteReader): void {
    for (let field = 0; field < STRIDE; field++) this.#fields.set(slot, from.double(), field)
    if (from.byte() === 1) this.#set(slot, TDigest.read(from))
  }
}

function doubleAt(column: Column, row: number): number | null {
  return column.kind !== 'double' || (column.nulls !== null && column.nulls[row] === 1) ? null : column.values[row]!
}
