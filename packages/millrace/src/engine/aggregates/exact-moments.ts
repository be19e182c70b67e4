import type { Column, Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'
import { addDyadic, divideDyadic, type Dyadic, dyadicOf, multiplyDyadic, timesDyadic, ZERO } from './dyadic.ts'
import { type JointStatistic, jointResult } from './joint-moments.ts'

const SUMS = ['x', 'y', 'xx', 'yy', 'xy'] as const

type Sums = Record<(typeof SUMS)[number], Dyadic> & {
  count: number
  /** Rows that are not finite. */
  infinite: number
}

/**
 * What Moments and JointMoments compute, over a changelog: from exact sums of values and products, so that rows that are taken back leave
 * nothing behind. With one argument that is both x and y.
 */
export class ExactMoments implements Accumulators {
  readonly slotBytes = 400
  readonly extraBytes = 0
  readonly #statistic: JointStatistic
  readonly #empty: number | null
  readonly #slots = new ObjectSlots<Sums>()

  constructor(statistic: JointStatistic, empty: number | null = null) {
    this.#statistic = statistic
    this.#empty = empty
  }

  clear(slot: number): void {
    this.#slots.ensure(slot)
    this.#slots.set(slot, undefined)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void {
    const y = columns[0]!
    const x = columns[1] ?? y
    if (y.kind !== 'double' || x.kind !== 'double') return
    for (let j = 0; j < count; j++) {
      const row = rows === null ? j : rows[j]!
      if ((y.nulls !== null && y.nulls[row] === 1) || (x.nulls !== null && x.nulls[row] === 1)) continue
      this.#add(slots[j]!, weights === null ? 1 : weights[j]!, x.values[row]!, y.values[row]!)
    }
  }

  #add(slot: number, weight: number, x: number, y: number): void {
    const sums = this.#sums(slot)
    if (x - x !== 0 || y - y !== 0) {
      sums.infinite += weight
      return
    }
    const [dx, dy] = [dyadicOf(x), dyadicOf(y)]
    const add = (name: (typeof SUMS)[number], value: Dyadic) => {
      sums[name] = addDyadic(sums[name], timesDyadic(value, weight))
    }
    sums.count += weight
    add('x', dx)
    add('y', dy)
    add('xx', multiplyDyadic(dx, dx))
    add('yy', multiplyDyadic(dy, dy))
    add('xy', multiplyDyadic(dx, dy))
  }

  #sums(slot: number): Sums {
    let sums = this.#slots.get(slot)
    if (sums === undefined) {
      sums = { count: 0, infinite: 0, x: ZERO, y: ZERO, xx: ZERO, yy: ZERO, xy: ZERO }
      this.#slots.set(slot, sums)
    }
    return sums
  }

  merge(slot: number, from: number): void {
    const other = this.#slots.get(from)
    if (other === undefined) return
    const sums = this.#sums(slot)
    sums.count += other.count
    sums.infinite += other.infinite
    for (const name of SUMS) sums[name] = addDyadic(sums[name], other[name])
  }

  result(slot: number): Value {
    const sums = this.#slots.get(slot)
    const { count = 0, infinite = 0, x = ZERO, y = ZERO, xx = ZERO, yy = ZERO, xy = ZERO } = sums ?? {}
    if (count <= 0) return jointResult(this.#statistic, this.#empty, null, infinite)
    /** The sum of products of differences from the means: (n * sum ab - sum a * sum b) / n. */
    const central = (ab: Dyadic, a: Dyadic, b: Dyadic) =>
      divideDyadic(addDyadic(timesDyadic(ab, count), timesDyadic(multiplyDyadic(a, b), -1)), count)
    const joint = {
      count,
      meanX: divideDyadic(x, count),
      meanY: divideDyadic(y, count),
      sxx: central(xx, x, x),
      syy: central(yy, y, y),
      sxy: central(xy, x, y),
    }
    return jointResult(this.#statistic, this.#empty, joint, infinite)
  }

  write(slot: number, to: ByteWriter): void {
    const sums = this.#slots.get(slot)
    to.byte(sums === undefined ? 0 : 1)
    if (sums === undefined) return
    to.double(sums.count)
    to.double(sums.infinite)
    for (const name of SUMS) {
      to.bigint(sums[name].mantissa)
      to.double(sums[name].exponent)
    }
  }

  read(slot: number, from: ByteReader): void {
    if (from.byte() === 0) return
    const sums = this.#sums(slot)
    sums.count = from.double()
    sums.infinite = from.double()
    for (const name of SUMS) {
      const mantissa = from.bigint()
      sums[name] = { mantissa, exponent: from.double() }
    }
  }
}
