import type { Column, Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'
import { COVARIANCE_POPULATION, COVARIANCE_SAMPLE, type JointStatistic } from './joint-moments.ts'

const COUNT = 0
const MEAN = 1
/** Sum of squared differences from the mean. */
const SQUARES = 2
/** Rows that are not finite. */
const INFINITE = 3
const STRIDE = 4

export interface MomentsForm {
  /** Divide by n - 1 (sample, NULL below two rows) or by n (population). */
  readonly sample: boolean
  readonly root: boolean
}

/** The same of joint moments whose x and y are one. */
export function momentsStatistic({ sample, root }: MomentsForm): JointStatistic {
  const variance: JointStatistic = sample ? COVARIANCE_SAMPLE : COVARIANCE_POPULATION
  if (!root) return variance
  return (sums) => {
    const result = variance(sums)
    return result === null ? null : Math.sqrt(result)
  }
}

/**
 * VARIANCE and STDDEV by Welford's method ("Note on a method for calculating corrected sums of squares and products", 1962), merged
 * by the pairwise formula of Chan, Golub and LeVeque. A value that is not finite makes the result NaN. Rows cannot be taken back: that is for
 * ExactMoments.
 */
export class Moments implements Accumulators {
  readonly slotBytes = STRIDE * 8
  readonly extraBytes = 0
  readonly #fields = new Float64Slots(STRIDE)
  readonly #form: MomentsForm

  constructor(form: MomentsForm) {
    this.#form = form
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
      if (nulls !== null && nulls[row] === 1) continue
      const value = values[row]!
      if (value - value === 0) this.#combine(slots[j]!, 1, value, 0)
      else this.#addInfinite(slots[j]!, 1)
    }
  }

  merge(slot: number, from: number): void {
    const fields = this.#fields
    const count = fields.get(from, COUNT)
    if (count !== 0) this.#combine(slot, count, fields.get(from, MEAN), fields.get(from, SQUARES))
    this.#addInfinite(slot, fields.get(from, INFINITE))
  }

  #addInfinite(slot: number, count: number): void {
    this.#fields.set(slot, this.#fields.get(slot, INFINITE) + count, INFINITE)
  }

  /** Adds `count` rows with this mean and sum of squares. */
  #combine(slot: number, count: number, mean: number, squares: number): void {
    const fields = this.#fields
    const before = fields.get(slot, COUNT)
    const total = before + count
    const difference = mean - fields.get(slot, MEAN)
    fields.set(slot, total, COUNT)
    fields.set(slot, fields.get(slot, MEAN) + (difference * count) / total, MEAN)
    fields.set(slot, fields.get(slot, SQUARES) + squares + (difference * difference * before * count) / total, SQUARES)
  }

  result(slot: number): Value {
    const infinite = this.#fields.get(slot, INFINITE)
    const divisor = this.#fields.get(slot, COUNT) + infinite - (this.#form.sample ? 1 : 0)
    if (divisor <= 0) return null
    if (infinite > 0) return Number.NaN
    const variance = this.#fields.get(slot, SQUARES) / divisor
    return this.#form.root ? Math.sqrt(variance) : variance
  }

  write(slot: number, to: ByteWriter): void {
    for (let field = 0; field < STRIDE; field++) to.double(this.#fields.get(slot, field))
  }

  read(slot: number, from: ByteReader): void {
    for (let field = 0; field < STRIDE; field++) this.#fields.set(slot, from.double(), field)
  }
}
