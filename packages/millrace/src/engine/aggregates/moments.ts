import type { Column, Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'

const COUNT = 0
const MEAN = 1
/** Sum of squared differences from the mean. */
const SQUARES = 2
const STRIDE = 3

export interface MomentsForm {
  /** Divide by n - 1 (sample, NULL below two rows) or by n (population). */
  readonly sample: boolean
  readonly root: boolean
}

/**
 * VARIANCE and STDDEV by Welford's method ("Note on a method for calculating corrected sums of squares and products", 1962), merged
 * and retracted by the pairwise formula of Chan, Golub and LeVeque.
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
    weights: Int32Array | null,
    count: number,
  ): void {
    const column = columns[0]!
    if (column.kind !== 'double') return
    const { nulls, values } = column
    for (let j = 0; j < count; j++) {
      const row = rows === null ? j : rows[j]!
      if (nulls !== null && nulls[row] === 1) continue
      this.#combine(slots[j]!, weights === null ? 1 : weights[j]!, values[row]!, 0)
    }
  }

  merge(slot: number, from: number): void {
    const fields = this.#fields
    this.#combine(slot, fields.get(from, COUNT), fields.get(from, MEAN), fields.get(from, SQUARES))
  }

  /** Adds `count` rows (negative: takes them away) with this mean and sum of squares. */
  #combine(slot: number, count: number, mean: number, squares: number): void {
    const fields = this.#fields
    const before = fields.get(slot, COUNT)
    const total = before + count
    if (total === 0) return fields.clear(slot)
    const difference = mean - fields.get(slot, MEAN)
    fields.set(slot, total, COUNT)
    fields.set(slot, fields.get(slot, MEAN) + (difference * count) / total, MEAN)
    fields.set(slot, fields.get(slot, SQUARES) + squares + (difference * difference * before * count) / total, SQUARES)
  }

  result(slot: number): Value {
    const divisor = this.#fields.get(slot, COUNT) - (this.#form.sample ? 1 : 0)
    if (divisor <= 0) return null
    const squares = this.#fields.get(slot, SQUARES)
    const variance = (squares < 0 ? 0 : squares) / divisor
    return this.#form.root ? Math.sqrt(variance) : variance
  }

  write(slot: number, to: ByteWriter): void {
    for (let field = 0; field < STRIDE; field++) to.double(this.#fields.get(slot, field))
  }

  read(slot: number, from: ByteReader): void {
    for (let field = 0; field < STRIDE; field++) this.#fields.set(slot, from.double(), field)
  }
}
