import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  columnOf,
  DECIMAL,
  type Decimal,
  decimalToNumber,
  DOUBLE,
  divideDecimal,
  compareDecimal,
  normalizeInt,
  type Value,
} from '../../kernel/index.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import type { Accumulators } from './aggregate.ts'
import { DoubleSum } from './double-sum.ts'
import { ExactSum } from './exact-sum.ts'
import { extreme } from './extreme.ts'
import { ExactMoments } from './exact-moments.ts'
import { Moments, momentsStatistic } from './moments.ts'

const decimals: fc.Arbitrary<Decimal> = fc.record({
  unscaled: fc.oneof(
    fc.integer({ min: -1000, max: 1000 }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(normalizeInt),
  ),
  scale: fc.nat({ max: 20 }),
})

function exactSum(values: readonly Decimal[]): Decimal {
  const scale = 20
  const unscaled = values.reduce((sum, v) => sum + BigInt(v.unscaled) * 10n ** BigInt(scale - v.scale), 0n)
  return { unscaled: normalizeInt(unscaled), scale }
}

/** Batches of random length, over two slots in turn, with a save and restore of both in the middle. */
function feed(make: () => Accumulators, values: readonly Value[], cut: number): Accumulators {
  let accumulators = make()
  accumulators.clear(0)
  accumulators.clear(1)
  for (let from = 0; from < values.length; from += cut) {
    const column = columnOf(DECIMAL, values.slice(from, from + cut))
    const slots = Int32Array.from({ length: column.length }, (_, i) => (from + i) % 2)
    accumulators.update([column], slots, null, null, column.length)
    const restored = make()
    for (const slot of [0, 1]) {
      const writer = new ByteWriter()
      accumulators.write(slot, writer)
      restored.clear(slot)
      restored.read(slot, new ByteReader(writer.take()))
    }
    accumulators = restored
  }
  return accumulators
}

describe('exact aggregates', () => {
  it('sum, average and find extremes of decimals of any size and scale exactly', () => {
    fc.assert(
      fc.property(fc.array(decimals, { maxLength: 30 }), fc.integer({ min: 1, max: 10 }), (values, cut) => {
        const sums = feed(() => new ExactSum(false), values, cut)
        const averages = feed(() => new ExactSum(true), values, cut)
        const largest = feed(() => extreme(DECIMAL, 1), values, cut)
        const smallest = feed(() => extreme(DECIMAL, -1), values, cut)
        for (const slot of [0, 1]) {
          const own = values.filter((_, i) => i % 2 === slot)
          if (own.length === 0) {
            expect([sums, averages, largest, smallest].map((a) => a.result(slot))).toEqual([null, null, null, null])
            continue
          }
          const sum = exactSum(own)
          const sorted = [...own].sort(compareDecimal)
          expect(compareDecimal(sums.result(slot) as Decimal, sum)).toBe(0)
          expect(averages.result(slot)).toEqual(divideDecimal(sum, { unscaled: own.length, scale: 0 }))
          expect(compareDecimal(largest.result(slot) as Decimal, sorted.at(-1)!)).toBe(0)
          expect(compareDecimal(smallest.result(slot) as Decimal, sorted[0]!)).toBe(0)
        }
        const all = exactSum(values)
        sums.merge(0, 1)
        if (values.length > 0) expect(compareDecimal(sums.result(0) as Decimal, all)).toBe(0)
      }),
    )
  })

  it('retract what was added and end empty', () => {
    fc.assert(
      fc.property(fc.array(decimals, { minLength: 1, maxLength: 20 }), (values) => {
        const sum = new ExactSum(false)
        sum.clear(0)
        for (const weight of [3, -3]) {
          for (const value of values)
            sum.update([columnOf(DECIMAL, [value])], new Int32Array(1), null, Int32Array.of(weight), 1)
          const expected = exactSum(values.flatMap((v) => [v, v, v]))
          if (weight > 0) expect(compareDecimal(sum.result(0) as Decimal, expected)).toBe(0)
        }
        expect(sum.result(0)).toBeNull()
      }),
    )
  })
})

const doubles = fc.array(fc.oneof(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), fc.integer().map(Number)), {
  minLength: 2,
  maxLength: 60,
})

function feedDoubles(make: () => Accumulators, values: readonly number[], weight = 1, into = make()): Accumulators {
  if (weight > 0) into.clear(0)
  const column = columnOf(DOUBLE, values)
  into.update([column], new Int32Array(values.length), null, new Int32Array(values.length).fill(weight), values.length)
  return into
}

describe('double aggregates', () => {
  it('lose nothing to cancellation', () => {
    expect(feedDoubles(() => new DoubleSum(false), [1, 1e100, 1, -1e100]).result(0)).toBe(2)
    expect(feedDoubles(() => new DoubleSum(true), [0.1, 0.2, 0.3]).result(0)).toBeCloseTo(0.2, 15)
  })

  it('forget retracted infinities', () => {
    const sum = feedDoubles(() => new DoubleSum(false), [1, Number.POSITIVE_INFINITY, 2])
    expect(sum.result(0)).toBe(Number.POSITIVE_INFINITY)
    feedDoubles(() => sum, [Number.POSITIVE_INFINITY], -1, sum)
    expect(sum.result(0)).toBe(3)
  })

  it('variance equals the two-pass formula, merged and after retraction', () => {
    fc.assert(
      fc.property(doubles, fc.nat(), (values, at) => {
        const make = () => new Moments({ sample: true, root: false })
        const mean = values.reduce((s, v) => s + v, 0) / values.length
        const expected = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1)
        const scale = Math.max(1, ...values.map(Math.abs)) ** 2
        expect(Math.abs((feedDoubles(make, values).result(0) as number) - expected) / scale).toBeLessThan(1e-9)
        const split = at % values.length
        const parts = make()
        parts.clear(0)
        parts.clear(1)
        const slots = Int32Array.from(values, (_, i) => (i < split ? 0 : 1))
        parts.update([columnOf(DOUBLE, values)], slots, null, null, values.length)
        parts.merge(0, 1)
        expect(Math.abs((parts.result(0) as number) - expected) / scale).toBeLessThan(1e-9)
        const exact = new ExactMoments(momentsStatistic({ sample: true, root: false }))
        feedDoubles(() => exact, [...values, 1e100])
        feedDoubles(() => exact, [1e100], -1, exact)
        expect(Math.abs((exact.result(0) as number) - expected) / scale).toBeLessThan(1e-9)
      }),
    )
  })

  it('of decimals come close to the exact mean', () => {
    expect(
      decimalToNumber(
        feed(() => new ExactSum(true), [{ unscaled: 1, scale: 0 }, null, { unscaled: 2, scale: 0 }], 1).result(
          0,
        ) as Decimal,
      ),
    ).toBe(1.5)
  })
})
