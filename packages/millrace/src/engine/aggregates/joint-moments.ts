import type { Column, Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'

const COUNT = 0
const MEAN_X = 1
const MEAN_Y = 2
/** Sums of squared differences from the means, and of their products. */
const SXX = 3
const SYY = 4
const SXY = 5
/** Rows that are not finite. */
const INFINITE = 6
const STRIDE = 7

/** The moments of the rows of a group where neither argument is NULL. */
export interface JointSums {
  /** At least 1. */
  readonly count: number
  readonly meanX: number
  readonly meanY: number
  readonly sxx: number
  readonly syy: number
  readonly sxy: number
}

/** NULL where the statistic is not defined. */
export type JointStatistic = (sums: JointSums) => number | null

const NOT_A_NUMBER = { meanX: Number.NaN, meanY: Number.NaN, sxx: Number.NaN, syy: Number.NaN, sxy: Number.NaN }

/** The statistic of finite rows (null: there are none) and others; `empty` for no rows at all. */
export function jointResult(
  statistic: JointStatistic,
  empty: number | null,
  finite: JointSums | null,
  infinite: number,
): number | null {
  if (infinite > 0) return statistic({ ...NOT_A_NUMBER, count: (finite?.count ?? 0) + infinite })
  return finite === null ? empty : statistic(finite)
}

/**
 * CORR, COVAR and REGR of arguments (y, x) in one pass by Welford's method, merged by the pairwise formula of Chan, Golub and LeVeque
 * ("Updating formulae and a pairwise algorithm for computing sample variances", 1979). A row that is not finite makes the result NaN.
 * Rows cannot be taken back: that is for ExactMoments.
 */
export class JointMoments implements Accumulators {
  readonly slotBytes = STRIDE * 8
  readonly extraBytes = 0
  readonly #fields = new Float64Slots(STRIDE)
  readonly #statistic: JointStatistic
  /** What a group without rows gives. */
  readonly #empty: number | null

  constructor(statistic: JointStatistic, empty: number | null = null) {
    this.#statistic = statistic
    this.#empty = empty
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
    const [y, x] = columns
    if (y?.kind !== 'double' || x?.kind !== 'double') return
    for (let j = 0; j < count; j++) {
      const row = rows === null ? j : rows[j]!
      if ((y.nulls !== null && y.nulls[row] === 1) || (x.nulls !== null && x.nulls[row] === 1)) continue
      const vx = x.values[row]!
      const vy = y.values[row]!
      if (vx - vx !== 0 || vy - vy !== 0) this.#change(slots[j]!, INFINITE, 1)
      else this.#add(slots[j]!, vx, vy)
    }
  }

  #change(slot: number, field: number, by: number): void {
    this.#fields.set(slot, this.#fields.get(slot, field) + by, field)
  }

  #add(slot: number, x: number, y: number): void {
    const fields = this.#fields
    this.#change(slot, COUNT, 1)
    const count = fields.get(slot, COUNT)
    const dx = x - fields.get(slot, MEAN_X)
    const dy = y - fields.get(slot, MEAN_Y)
    this.#change(slot, MEAN_X, dx / count)
    this.#change(slot, MEAN_Y, dy / count)
    const dyAfter = y - fields.get(slot, MEAN_Y)
    this.#change(slot, SXX, dx * (x - fields.get(slot, MEAN_X)))
    this.#change(slot, SYY, dy * dyAfter)
    this.#change(slot, SXY, dx * dyAfter)
  }

  #combine(slot: number, other: JointSums): void {
    const fields = this.#fields
    const before = fields.get(slot, COUNT)
    const total = before + other.count
    const dx = other.meanX - fields.get(slot, MEAN_X)
    const dy = other.meanY - fields.get(slot, MEAN_Y)
    const share = other.count / total
    fields.set(slot, total, COUNT)
    this.#change(slot, MEAN_X, dx * share)
    this.#change(slot, MEAN_Y, dy * share)
    this.#change(slot, SXX, other.sxx + dx * dx * before * share)
    this.#change(slot, SYY, other.syy + dy * dy * before * share)
    this.#change(slot, SXY, other.sxy + dx * dy * before * share)
  }

  merge(slot: number, from: number): void {
    const other = this.#sums(from)
    if (other.count !== 0) this.#combine(slot, other)
    this.#change(slot, INFINITE, this.#fields.get(from, INFINITE))
  }

  #sums(slot: number): JointSums {
    const fields = this.#fields
    return {
      count: fields.get(slot, COUNT),
      meanX: fields.get(slot, MEAN_X),
      meanY: fields.get(slot, MEAN_Y),
      sxx: fields.get(slot, SXX),
      syy: fields.get(slot, SYY),
      sxy: fields.get(slot, SXY),
    }
  }

  result(slot: number): Value {
    const sums = this.#sums(slot)
    return jointResult(this.#statistic, this.#empty, sums.count > 0 ? sums : null, this.#fields.get(slot, INFINITE))
  }

  write(slot: number, to: ByteWriter): void {
    for (let field = 0; field < STRIDE; field++) to.double(this.#fields.get(slot, field))
  }

  read(slot: number, from: ByteReader): void {
    for (let field = 0; field < STRIDE; field++) this.#fields.set(slot, from.double(), field)
  }
}

export const COVARIANCE_POPULATION: JointStatistic = ({ sxy, count }) => sxy / count
export const COVARIANCE_SAMPLE: JointStatistic = ({ sxy, count }) => (count < 2 ? null : sxy / (count - 1))

export const CORRELATION: JointStatistic = ({ sxx, syy, sxy }) => {
  if (sxx === 0 || syy === 0) return null
  const product = sxx * syy
  const root = product > 0 && product < Number.POSITIVE_INFINITY ? Math.sqrt(product) : Math.sqrt(sxx) * Math.sqrt(syy)
  const r = sxy / root
  return r > 1 ? 1 : r < -1 ? -1 : r
}

export const SLOPE: JointStatistic = ({ sxx, sxy }) => (sxx === 0 ? null : sxy / sxx)
export const INTERCEPT: JointStatistic = ({ meanX, meanY, sxx, sxy }) =>
  sxx === 0 ? null : meanY - (sxy / sxx) * meanX

/** 1 where all y are equal: the line goes through all of them. */
export const R_SQUARED: JointStatistic = ({ sxx, syy, sxy }) =>
  sxx === 0 ? null : syy === 0 ? 1 : (sxy * sxy) / (sxx * syy)
