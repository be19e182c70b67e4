import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Accumulators } from '../../src/engine/aggregates/aggregate.ts'
import { AGGREGATES } from '../../src/engine/index.ts'
import { ByteReader, ByteWriter } from '../../src/engine/state/bytes.ts'
import {
  BIGINT,
  BOOLEAN,
  columnOf,
  DECIMAL,
  displayValue,
  DOUBLE,
  keyOf,
  MillraceError,
  schemaOf,
  TEXT,
  type Value,
} from '../../src/kernel/index.ts'
import { type BoundAggregate, bindAggregate } from './bind-aggregate.ts'

type Row = readonly Value[]

/** Adds rows `pieces` of a slot one after the other, all with the same weight. */
function add(
  bound: BoundAggregate,
  accumulators: Accumulators,
  slot: number,
  pieces: readonly (readonly Row[])[],
  weight = 1,
): void {
  for (const rows of pieces) {
    if (rows.length === 0) continue
    const slots = new Int32Array(rows.length).fill(slot)
    const weights = weight === 1 ? null : new Int32Array(rows.length).fill(weight)
    accumulators.update(bound.columnsOf(rows), slots, null, weights, rows.length)
  }
}

function started(bound: BoundAggregate, options: Parameters<BoundAggregate['create']>[0] = {}): Accumulators {
  const accumulators = bound.create(options)
  for (const slot of [0, 1, 2]) accumulators.clear(slot)
  return accumulators
}

/** The text of a group's result; what a row error says where there is none. */
function resultOf(bound: BoundAggregate, accumulators: Accumulators, slot: number): string {
  try {
    return displayValue(bound.type, accumulators.result(slot))
  } catch (error) {
    if (MillraceError.is(error) && error.code === 'DATA_EXPRESSION') return `error: ${error.message}`
    throw error
  }
}

describe('examples of aggregates', () => {
  const examples = AGGREGATES.flatMap((a) => a.examples.map((e) => [e.sql, e.values, e.type, e.result] as const))
  it.each(examples)('%s over %j', (sql, values, type, result) => {
    const bound = bindAggregate(sql, schemaOf(['x', type]))
    const accumulators = started(bound)
    const rows = values.map((v) => [v])
    add(bound, accumulators, 0, [rows])
    expect(resultOf(bound, accumulators, 0)).toBe(result)
    add(bound, accumulators, 1, [rows.slice(0, 2)])
    add(bound, accumulators, 2, [rows.slice(2)])
    accumulators.merge(1, 2)
    expectSame(bound, resultOf(bound, accumulators, 1), result)
  })

  it('exist for every aggregate', () => {
    for (const definition of AGGREGATES) {
      expect(definition.doc, definition.name).toMatch(/^[-A-Z0-9].*[.]$/)
      expect(definition.examples.length, definition.name).toBeGreaterThan(0)
    }
  })
})

/** Doubles that come out of other sums may differ in their last digits. */
function expectSame(bound: BoundAggregate, actual: string, wanted: string): void {
  if (bound.type.kind !== 'DOUBLE' || !Number.isFinite(Number(actual))) expect(actual).toBe(wanted)
  else
    expect(Math.abs(Number(actual) - Number(wanted)), `${actual}, not ${wanted}`).toBeLessThanOrEqual(
      1e-6 * Math.max(1, Math.abs(Number(wanted))),
    )
}

const SCHEMA = schemaOf(['i', BIGINT], ['d', DECIMAL], ['x', DOUBLE], ['y', DOUBLE], ['s', TEXT], ['b', BOOLEAN])

const CALLS = [
  ...[
    'count(i)',
    'count(DISTINCT d)',
    'count_if(b)',
    'sum(i)',
    'sum(d)',
    'avg(i)',
    'sum(x)',
    'avg(y)',
    'sum(DISTINCT i)',
  ],
  ...['min(i)', 'max(d)', 'min(x)', 'max(s)', 'bool_and(b)', 'bool_or(b)', 'bit_and(i)', 'bit_or(i)', 'bit_xor(i)'],
  ...['first_value(s)', 'last_value(i)', 'first_value(i ORDER BY x)', 'last_value(s ORDER BY i DESC, x)'],
  ...[
    'array_agg(i)',
    'array_agg(s ORDER BY i)',
    'array_agg(DISTINCT b ORDER BY b)',
    "string_agg(s, ',')",
    "string_agg(s, '-' ORDER BY d)",
  ],
  ...['stddev(x)', 'stddev_pop(x)', 'variance(y)', 'var_pop(y)'],
  ...['covar_samp(y, x)', 'covar_pop(y, x)', 'corr(y, x)', 'regr_slope(y, x)', 'regr_intercept(y, x)', 'regr_r2(y, x)'],
  ...['regr_avgx(y, x)', 'regr_avgy(y, x)', 'regr_sxx(y, x)', 'regr_syy(y, x)', 'regr_sxy(y, x)', 'regr_count(y, x)'],
  ...[
    'median(i)',
    'median(d)',
    'median(x)',
    'median(DISTINCT i)',
    'percentile_cont(i, 0.3)',
    'percentile_cont(d, 0.95)',
    'percentile_cont(y, 0.1)',
  ],
  ...['percentile_disc(s, 0.5)', 'percentile_disc(i, 0)', 'percentile_disc(x, 1)', 'mode(s)', 'mode(d)', 'mode(x)'],
  ...[
    'approx_percentile_cont(x, 0.75)',
    'approx_percentile_cont_with_weight(x, abs(i), 0.5)',
    'approx_median(i)',
    'approx_distinct(s)',
    'approx_distinct(d)',
  ],
  ...[
    'topk(i, 2)',
    'bottomk(s, 3)',
    'topk(b)',
    'maxk(x, 3)',
    'maxk(i)',
    'maxk_unique(d, 2)',
    'mink(s, 2)',
    'mink_unique(x, 4)',
    'collect(i, 3)',
    'collect_unique(d, 2)',
  ],
]

const cents = fc.integer({ min: -200, max: 200 })
const rowArbitrary: fc.Arbitrary<Row> = fc.tuple<Value[]>(
  fc.option(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(2n ** 62n, 9_007_199_254_740_991))),
  fc.option(cents.map((unscaled) => ({ unscaled, scale: 2 }))),
  fc.option(cents.map((c) => c / 8)),
  fc.option(cents.map((c) => c / 4)),
  fc.option(fc.constantFrom('a', 'b', 'é', '', '👍')),
  fc.option(fc.boolean()),
)
const notFinite: fc.Arbitrary<Row> = fc
  .tuple(
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.constantFrom(1, Number.NaN),
  )
  .map(([x, y]) => [1, null, x, y, 'a', true])
const rowsArbitrary = fc.oneof(
  { weight: 4, arbitrary: fc.array(rowArbitrary, { maxLength: 30 }) },
  { weight: 1, arbitrary: fc.array(fc.oneof(rowArbitrary, notFinite), { maxLength: 12 }) },
)

describe.each(CALLS)('%s', (sql) => {
  const bound = bindAggregate(sql, SCHEMA)
  const whole = (rows: readonly Row[]) => {
    const accumulators = started(bound)
    add(bound, accumulators, 0, [rows])
    return resultOf(bound, accumulators, 0)
  }

  it('is the same in pieces, merged, and after going on from a snapshot', () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.nat(), (rows, cut) => {
        const wanted = whole(rows)
        const at = rows.length === 0 ? 0 : cut % rows.length
        const [head, tail] = [rows.slice(0, at), rows.slice(at)]

        const single = started(bound)
        add(
          bound,
          single,
          0,
          rows.map((row) => [row]),
        )
        expect(resultOf(bound, single, 0)).toBe(wanted)

        const merged = started(bound)
        add(bound, merged, 1, [head])
        add(bound, merged, 2, [tail])
        merged.merge(1, 2)
        expectSame(bound, resultOf(bound, merged, 1), wanted)

        const before = started(bound)
        add(bound, before, 0, [head])
        resultOf(bound, before, 0)
        const writer = new ByteWriter()
        before.write(0, writer)
        const after = started(bound)
        after.read(0, new ByteReader(writer.take()))
        add(bound, after, 0, [tail])
        expect(resultOf(bound, after, 0)).toBe(wanted)
      }),
    )
  })

  it('forgets rows that are taken back, over a changelog and its snapshots', () => {
    fc.assert(
      fc.property(rowsArbitrary, rowsArbitrary, (rows, gone) => {
        const accumulators = started(bound, { updating: true, elementwise: true })
        const kept = rows.filter((row) => !gone.some((other) => sameRow(row, other)))
        add(bound, accumulators, 1, [gone, kept])
        const restored = started(bound, { updating: true, elementwise: true })
        copySnapshot(accumulators, restored, 1)
        add(bound, restored, 1, [gone], -1)
        expectSame(bound, resultOf(bound, restored, 1), changed(kept))
      }),
    )
  })

  /** What the rows come to over a changelog that takes nothing back. */
  const changed = (rows: readonly Row[]) => {
    const accumulators = started(bound, { updating: true })
    add(bound, accumulators, 0, [rows])
    return resultOf(bound, accumulators, 0)
  }

  it('holds no memory after clear', () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        for (const updating of [false, true]) {
          const accumulators = started(bound, { updating })
          const empty = accumulators.extraBytes
          add(bound, accumulators, 0, [rows])
          accumulators.clear(0)
          expect(accumulators.extraBytes).toBe(empty)
        }
      }),
      { numRuns: 20 },
    )
  })
})

function sameRow(a: Row, b: Row): boolean {
  return SCHEMA.fields.every(({ type }, i) => keyOf(type, a[i]!) === keyOf(type, b[i]!))
}

/** One slot, and all elements, as state does it. */
function copySnapshot(from: Accumulators, to: Accumulators, slot: number): void {
  const writer = new ByteWriter()
  from.write(slot, writer)
  to.read(slot, new ByteReader(writer.take()))
  for (const [i, elements] of (from.elements ?? []).entries()) {
    const target = to.elements![i]!
    elements.snapshot(writer, (id, value) => {
      if (value !== null) target.restore(id, new ByteReader(value))
    })
    target.restored()
  }
}

describe('arguments that are the same for all rows', () => {
  const evaluate = (sql: string, values: readonly Value[]) => {
    const bound = bindAggregate(sql, schemaOf(['x', DOUBLE]))
    const accumulators = started(bound)
    add(bound, accumulators, 0, [values.map((v) => [v])])
    return resultOf(bound, accumulators, 0)
  }
  it.each([
    ['percentile_cont(x, 1.5)', 'error: the part of the rows that a quantile asks for lies between 0 and 1'],
    ['percentile_disc(x, -0.1)', 'error: the part of the rows that a quantile asks for lies between 0 and 1'],
    ['approx_percentile_cont(x, 2)', 'error: the part of the rows that a quantile asks for lies between 0 and 1'],
    ['percentile_cont(x, NULL)', 'NULL'],
    ['approx_percentile_cont(x, NULL)', 'NULL'],
    ['approx_percentile_cont_with_weight(x, 0, 0.5)', 'NULL'],
    ['approx_percentile_cont_with_weight(x, -1, 0.5)', 'error: a weight is negative or not finite'],
    ['maxk(x, 0)', 'error: the number of values to give lies between 1 and 10000'],
    ['topk(x, 20000)', 'error: the number of values to give lies between 1 and 10000'],
    ['percentile_cont(0.25) WITHIN GROUP (ORDER BY x DESC)', '2'],
    ['percentile_cont(0) WITHIN GROUP (ORDER BY x)', '1'],
    ['mode() WITHIN GROUP (ORDER BY x)', '2'],
    ['approx_percentile_cont_with_weight(2, 0.1) WITHIN GROUP (ORDER BY x)', '1'],
    ["string_agg(x::TEXT, ',') WITHIN GROUP (ORDER BY x)", '1,2,2,2,NaN'],
    ['percentile_cont(x, 0)', '1'],
    ['percentile_cont(x, 1)', 'NaN'],
    ['approx_percentile_cont(x, 1)', 'NaN'],
    ['approx_percentile_cont(x, 0)', '1'],
    ['median(x)', '2'],
    ['mode(x)', '2'],
    ['maxk(x, 2)', 'NaN,2'],
  ])('%s is %s', (sql, result) => expect(evaluate(sql, [2, null, 1, 2, Number.NaN, 2])).toBe(result))
})

describe('approximations', () => {
  /** `count` values in an order that has nothing to do with them. */
  const shuffled = (count: number) => Array.from({ length: count }, (_, i) => (i * 7_919) % count)

  it.each([100, 256, 257, 1_000, 10_000, 100_003])('approx_distinct of %i different values is near', (count) => {
    const bound = bindAggregate('approx_distinct(x)', schemaOf(['x', BIGINT]))
    const accumulators = started(bound)
    const column = columnOf(BIGINT, shuffled(count))
    const slots = new Int32Array(count)
    accumulators.update([column], slots, null, null, count)
    accumulators.update([column], slots, null, null, count)
    const estimate = Number(accumulators.result(0))
    if (count <= 256) expect(estimate).toBe(count)
    else expect(Math.abs(estimate / count - 1)).toBeLessThan(4 * 0.0163)
    expect(accumulators.extraBytes).toBeLessThan(12_000)
  })

  it.each([0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999])('approx_percentile_cont(x, %d) is near', (part) => {
    const bound = bindAggregate(`approx_percentile_cont(x, ${part})`, schemaOf(['x', DOUBLE]))
    const count = 50_021
    const parts = started(bound)
    const values = shuffled(count)
    for (const slot of [0, 1]) {
      const rows = values.filter((_, i) => i % 2 === slot).map((v) => [v])
      for (let from = 0; from < rows.length; from += 999) add(bound, parts, slot, [rows.slice(from, from + 999)])
    }
    parts.merge(0, 1)
    const error = Math.abs(Number(parts.result(0)) - part * (count - 1)) / count
    // The rank error of a t-digest shrinks toward both ends.
    expect(error).toBeLessThan(0.0005 + 0.03 * part * (1 - part))
    expect(parts.extraBytes).toBeLessThan(120_000)
  })
})
