import { describe, expect, it } from 'vitest'
import { BIGINT, BOOLEAN, type DataType, DECIMAL, DOUBLE, TEXT, type Value } from '../../kernel/index.ts'
import { call, columnRef, type Expr, literal } from '../../plan/index.ts'
import { foldConstants } from './fold-constants.ts'
import { interpret } from './interpreter.ts'

const STEP = { now: 0, random: () => 0.5 }
const run = (expr: Expr): Value => interpret(expr)({ columns: [], step: STEP }, 0)

const TRUE = literal(BOOLEAN, true)
const FALSE = literal(BOOLEAN, false)
const UNKNOWN = literal(BOOLEAN, null)
const int = (value: number | bigint | null) => literal(BIGINT, value)
const FAILS = call('eq', BOOLEAN, call('divide', BIGINT, int(1), int(0)), int(1))

const and = (...args: readonly Expr[]): Expr => ({ kind: 'and', type: BOOLEAN, args })
const or = (...args: readonly Expr[]): Expr => ({ kind: 'or', type: BOOLEAN, args })
const isIn = (input: Expr, list: readonly Expr[], negated = false): Expr => ({
  kind: 'in',
  type: BOOLEAN,
  input,
  list,
  negated,
})

describe('three-valued logic', () => {
  it.each([
    [TRUE, TRUE, true, true],
    [TRUE, FALSE, false, true],
    [TRUE, UNKNOWN, null, true],
    [FALSE, TRUE, false, true],
    [FALSE, FALSE, false, false],
    [FALSE, UNKNOWN, false, null],
    [UNKNOWN, TRUE, null, true],
    [UNKNOWN, FALSE, false, null],
    [UNKNOWN, UNKNOWN, null, null],
  ] as const)('%j and/or %j', (a, b, both, either) => {
    expect(run(and(a, b))).toBe(both)
    expect(run(or(a, b))).toBe(either)
  })

  it('knows NULL in lists', () => {
    expect(run(isIn(int(1), [int(2), int(1)]))).toBe(true)
    expect(run(isIn(int(1), [int(2), int(null)]))).toBeNull()
    expect(run(isIn(int(1), [int(2), int(null)], true))).toBeNull()
    expect(run(isIn(int(1), [int(1), int(null)], true))).toBe(false)
    expect(run(isIn(int(null), [int(1)]))).toBeNull()
  })

  it('looks long lists up by value', () => {
    const list = Array.from({ length: 100_000 }, (_, i) => literal(DECIMAL, { unscaled: i * 10, scale: 1 }))
    const started = performance.now()
    expect(run(isIn(literal(DECIMAL, { unscaled: 99_999, scale: 0 }), list))).toBe(true)
    expect(run(isIn(literal(DECIMAL, { unscaled: 5, scale: 1 }), list))).toBe(false)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('laziness', () => {
  it('leaves out what the result does not need', () => {
    expect(run(and(FALSE, FAILS))).toBe(false)
    expect(run(or(TRUE, FAILS))).toBe(true)
    expect(run({ kind: 'coalesce', type: BOOLEAN, args: [TRUE, FAILS] })).toBe(true)
    expect(
      run({
        kind: 'case',
        type: BOOLEAN,
        branches: [
          { when: TRUE, then: FALSE },
          { when: FAILS, then: TRUE },
        ],
        otherwise: FAILS,
      }),
    ).toBe(false)
    expect(run(isIn(int(1), [int(1), call('divide', BIGINT, int(1), int(0))]))).toBe(true)
  })

  it('does not hide errors further left, nor behind NULL', () => {
    expect(() => run(and(FAILS, FALSE))).toThrow('division by zero')
    expect(() => run(and(UNKNOWN, FAILS))).toThrow('division by zero')
    expect(() => run(call('add', BIGINT, int(null), call('divide', BIGINT, int(1), int(0))))).toThrow(
      'division by zero',
    )
  })
})

describe('exactness', () => {
  const sum = (type: DataType, a: Value, b: Value) => run(call('add', type, literal(type, a), literal(type, b)))

  it('keeps integers of 64 bits', () => {
    expect(sum(BIGINT, 9_007_199_254_740_991, 1)).toBe(9_007_199_254_740_992n)
    expect(() => sum(BIGINT, 9_223_372_036_854_775_807n, 1)).toThrow('9223372036854775808 is out of range for BIGINT')
  })

  it('adds decimals as written', () => {
    expect(sum(DECIMAL, { unscaled: 1, scale: 1 }, { unscaled: 2, scale: 1 })).toEqual({ unscaled: 3, scale: 1 })
    expect(sum(DOUBLE, 0.1, 0.2)).toBe(0.30000000000000004)
  })
})

describe('constant folding', () => {
  it('replaces what depends on literals only', () => {
    expect(foldConstants(call('add', BIGINT, int(1), call('multiply', BIGINT, int(2), int(3))))).toEqual(int(7))
    expect(foldConstants(call('lower', TEXT, literal(TEXT, 'ABC')))).toEqual(literal(TEXT, 'abc'))
  })

  it('leaves columns, errors and what depends on the step', () => {
    const column = call('add', BIGINT, columnRef(0, BIGINT), int(1))
    expect(foldConstants(column)).toEqual(column)
    expect(foldConstants(FAILS)).toEqual(FAILS)
    const random = call('random', DOUBLE)
    expect(foldConstants(random)).toEqual(random)
  })
})
