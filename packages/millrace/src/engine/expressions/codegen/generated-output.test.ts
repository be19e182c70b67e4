import { describe, expect, it } from 'vitest'
import {
  batchOf,
  BIGINT,
  BOOLEAN,
  columnOf,
  DECIMAL,
  DOUBLE,
  INTERVAL,
  type RecordBatch,
  rowsOf,
  schemaOf,
  structOf,
  TEXT,
  TIMESTAMP,
  WINDOW,
} from '../../../kernel/index.ts'
import { call, columnRef, type Expr, literal } from '../../../plan/index.ts'
import { compilePredicate, compileProjection } from '../compile.ts'
import { generatedOutput } from './generated-output.ts'
import { generatedPredicate } from './generated-predicate.ts'

const SCHEMA = schemaOf(
  ['price', DECIMAL],
  ['quantity', DECIMAL],
  ['symbol', TEXT],
  ['n', BIGINT],
  ['ts', TIMESTAMP],
  ['x', DOUBLE],
  ['w', WINDOW],
)
const STEP = { now: 0, random: () => 0.5 }
const [price, quantity, symbol, n, ts, x, w] = SCHEMA.fields.map((f, i) => columnRef(i, f.type)) as [
  Expr,
  Expr,
  Expr,
  Expr,
  Expr,
  Expr,
  Expr,
]
const dec = (unscaled: number, scale: number) => literal(DECIMAL, { unscaled, scale })
const bool = (name: string, ...args: readonly Expr[]) => call(name, BOOLEAN, ...args)

describe('generated forms', () => {
  it.each<[string, Expr]>([
    ['price * quantity', call('multiply', DECIMAL, price, quantity)],
    ['price * quantity - 1.5', call('subtract', DECIMAL, call('multiply', DECIMAL, price, quantity), dec(15, 1))],
    ['CAST(n AS DECIMAL)', call('add', DECIMAL, { kind: 'cast', type: DECIMAL, input: n, safe: false }, price)],
    [
      'CAST(price AS DECIMAL(12, 2))',
      { kind: 'cast', type: { kind: 'DECIMAL', precision: 12, scale: 2 }, input: price, safe: false },
    ],
    ['CAST(price AS DOUBLE)', { kind: 'cast', type: DOUBLE, input: price, safe: false }],
    ['n % 10', call('modulo', BIGINT, n, literal(BIGINT, 10))],
    [
      'ts - INTERVAL 5 seconds',
      call('subtract', TIMESTAMP, ts, literal(INTERVAL, { months: 0, days: 0, micros: 5_000_000 })),
    ],
    ['x * x', call('multiply', DOUBLE, x, x)],
    ['lower(symbol)', call('lower', TEXT, symbol)],
    ['to_timestamp_millis(n)', call('to_timestamp_millis', TIMESTAMP, n)],
    [
      'CASE',
      {
        kind: 'case',
        type: DECIMAL,
        branches: [{ when: bool('gt', price, quantity), then: price }],
        otherwise: quantity,
      },
    ],
    ['coalesce', { kind: 'coalesce', type: DECIMAL, args: [price, quantity, dec(0, 0)] }],
    [
      'a call of the interpreter inside',
      bool('eq', call('substr', TEXT, symbol, literal(BIGINT, 1)), literal(TEXT, 'BTC')),
    ],
    [
      'w.start + interval',
      call(
        'add',
        TIMESTAMP,
        { kind: 'field', type: TIMESTAMP, input: w, index: 0 },
        literal(INTERVAL, { months: 0, days: 1, micros: 0 }),
      ),
    ],
  ])('exist for %s', (_, expr) => {
    expect(generatedOutput(expr)).not.toBeNull()
  })

  it.each<[string, Expr]>([
    ["symbol = 'BTC'", bool('eq', symbol, literal(TEXT, 'BTC'))],
    ["symbol LIKE 'BTC%'", bool('like', symbol, literal(TEXT, 'BTC%'))],
    ['price > 100', bool('gt', price, dec(100, 0))],
    [
      'symbol IN (...)',
      { kind: 'in', type: BOOLEAN, input: symbol, list: ['a', 'b'].map((t) => literal(TEXT, t)), negated: false },
    ],
    ['w IS NOT NULL', { kind: 'is_null', type: BOOLEAN, input: w, negated: true }],
  ])('exist for the predicate %s', (_, expr) => {
    expect(generatedPredicate([expr])).not.toBeNull()
  })

  it('do not exist where nothing would be gained', () => {
    expect(generatedOutput(call('substr', TEXT, symbol, literal(BIGINT, 1)))).toBeNull()
    expect(generatedOutput(call('divide', DECIMAL, price, quantity))).toBeNull()
  })
})

const row = (p: number, q: number) => [{ unscaled: p, scale: 2 }, { unscaled: q, scale: 3 }, 'BTC', 1, 0, 0.5, null]

describe('generated code', () => {
  it('computes decimals without rounding', () => {
    const batch = batchOf(SCHEMA, [row(6_000_012, 1_500), row(-5, 3)])
    const { columns, errors } = compileProjection([call('multiply', DECIMAL, price, quantity)], SCHEMA, {
      codegen: true,
    }).evaluate(batch, STEP)
    expect(errors).toBeNull()
    expect(columns[0]).toMatchObject({
      kind: 'exact',
      scale: 5,
      nulls: null,
      values: Float64Array.of(9_000_018_000, -15),
    })
  })

  it('leaves single rows to the interpreter: wide results stay exact, errors keep their row', () => {
    const batch = batchOf(SCHEMA, [row(1, 1), row(9_007_199_254_740_991, 9_007_199_254_740_991)])
    const product = compileProjection([call('multiply', DECIMAL, price, quantity)], SCHEMA, { codegen: true }).evaluate(
      batch,
      STEP,
    )
    expect(product.columns[0]).toMatchObject({ kind: 'wide', values: [1n, 9_007_199_254_740_991n ** 2n] })
    const quotient = call('divide', BIGINT, n, call('subtract', BIGINT, n, literal(BIGINT, 1)))
    const { errors } = compileProjection([quotient, n], SCHEMA, { codegen: true }).evaluate(batch, STEP)
    expect(errors?.rows).toEqual([0, 1])
    expect(errors?.errors[0]).toMatchObject({ code: 'DATA_EXPRESSION', message: 'division by zero' })
  })

  it('shares columns that are only passed on', () => {
    const batch = batchOf(SCHEMA, [row(1, 1)])
    const { columns } = compileProjection([quantity, symbol], SCHEMA, { codegen: true }).evaluate(batch, STEP)
    expect(columns[0]).toBe(batch.columns[1])
    expect(columns[1]).toBe(batch.columns[2])
  })

  it('takes a field of a struct, NULL where the struct is', () => {
    const type = structOf([{ name: 'a', type: BIGINT, nullable: true }])
    const schema = schemaOf(['s', type])
    const batch: RecordBatch = { schema, length: 3, columns: [columnOf(type, [[1], null, [null]])], weights: null }
    const field: Expr = { kind: 'field', type: BIGINT, input: columnRef(0, type), index: 0 }
    const projection = compileProjection([field, call('add', BIGINT, field, literal(BIGINT, 1))], schema, {
      codegen: true,
    })
    const { columns } = projection.evaluate(batch, STEP)
    expect(rowsOf({ ...batch, columns })).toEqual([
      [1, 2],
      [null, null],
      [null, null],
    ])
  })

  it('puts rows that the interpreter passes in their place', () => {
    const schema = schemaOf(['n', BIGINT])
    const batch = batchOf(schema, [[3], [9_007_199_254_740_991], [0], [4]])
    const predicate = bool('gt', call('multiply', BIGINT, columnRef(0, BIGINT), literal(BIGINT, 2)), literal(BIGINT, 1))
    const { rows, count } = compilePredicate(predicate, schema, { codegen: true }).select(batch, STEP)
    expect([...rows.subarray(0, count)]).toEqual([0, 1, 3])
  })

  it('drops a row at the first conjunct that is not true, before errors further right', () => {
    const schema = schemaOf(['n', BIGINT])
    const batch = batchOf(schema, [[0], [null], [5]])
    const column = columnRef(0, BIGINT)
    const predicate: Expr = {
      kind: 'and',
      type: BOOLEAN,
      args: [
        bool('ne', column, literal(BIGINT, 0)),
        bool('gt', call('divide', BIGINT, literal(BIGINT, 10), column), literal(BIGINT, 1)),
      ],
    }
    for (const codegen of [true, false]) {
      const { rows, count, errors } = compilePredicate(predicate, schema, { codegen }).select(batch, STEP)
      expect([...rows.subarray(0, count)]).toEqual([2])
      expect(errors).toBeNull()
    }
  })
})
