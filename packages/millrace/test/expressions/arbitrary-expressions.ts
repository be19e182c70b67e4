import fc from 'fast-check'
import {
  BIGINT,
  BOOLEAN,
  type DataType,
  DATE,
  DECIMAL,
  type Decimal,
  DOUBLE,
  INT,
  INTERVAL,
  normalizeInt,
  REAL,
  type Schema,
  schemaOf,
  TEXT,
  TIMESTAMP,
  type Value,
} from '../../src/kernel/index.ts'
import { call, columnRef, type Expr, literal } from '../../src/plan/index.ts'
import { scalarFunction } from '../../src/engine/functions/registry.ts'

/** Random expressions and rows for comparing generated code with the interpreter. */
const PRICE: DataType = { kind: 'DECIMAL', precision: 10, scale: 2 }

const TYPES: readonly DataType[] = [BOOLEAN, BIGINT, INT, DECIMAL, PRICE, DOUBLE, REAL, TEXT, TIMESTAMP, DATE]

/** Two columns of every type. */
export const SCHEMA: Schema = schemaOf(...[...TYPES, ...TYPES].map((type, i) => [`c${i}`, type] as const))

function bigints(bound: bigint): fc.Arbitrary<Value> {
  return fc.bigInt({ min: -bound, max: bound }).map(normalizeInt)
}

const INTEGERS = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 52, -(2 ** 52)) },
)

const DECIMALS: fc.Arbitrary<Decimal> = fc.record({
  unscaled: INTEGERS,
  scale: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 5 }) },
    { weight: 1, arbitrary: fc.integer({ min: 6, max: 20 }) },
  ),
})

/** Values of a type; `wide` now and then gives integers that no double holds. */
export function arbitraryValue(type: DataType, wide: boolean): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'BOOLEAN':
      return fc.boolean()
    case 'INTEGER': {
      if (type.bits === 32)
        return fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))
      return wide
        ? fc.oneof({ weight: 9, arbitrary: INTEGERS }, { weight: 1, arbitrary: bigints(2n ** 63n - 1n) })
        : INTEGERS
    }
    case 'DECIMAL':
      if (type.precision !== undefined)
        return fc.integer({ min: -9_999_999_999, max: 9_999_999_999 }).map((unscaled) => ({ unscaled, scale: 2 }))
      return DECIMALS
    case 'DOUBLE':
      return fc.oneof(fc.double(), fc.integer({ min: -5, max: 5 }), fc.constantFrom(0.5, -0.5, 1.5, Number.NaN, -0))
    case 'REAL':
      return fc.oneof(fc.float(), fc.constantFrom(0.5, Number.NaN))
    case 'TEXT':
      return fc.oneof(
        fc.constantFrom('', 'a', 'b', 'ab', 'BTC-USD', 'btc', '12', '1.5', 'x"y\\', 'é', '👍'),
        fc.string({ maxLength: 3 }),
      )
    case 'TIMESTAMP':
      return fc.integer({ min: -(10 ** 15), max: 10 ** 15 })
    case 'DATE':
      return fc.integer({ min: -40_000, max: 40_000 })
    default:
      throw new Error(`no arbitrary value of ${type.kind}`)
  }
}

export function arbitraryRows(options: { readonly nulls: boolean; readonly wide: boolean }): fc.Arbitrary<Value[][]> {
  const cell = (type: DataType) => {
    const value = arbitraryValue(type, options.wide)
    return options.nulls ? fc.option(value, { freq: 4 }) : value
  }
  return fc.array(fc.tuple(...SCHEMA.fields.map((f) => cell(f.type))), { minLength: 1, maxLength: 12 })
}

function columnOfType(type: DataType): fc.Arbitrary<Expr> {
  const indexes = SCHEMA.fields.flatMap((f, i) => (f.type === type ? [i] : []))
  return fc.constantFrom(...indexes).map((i) => columnRef(i, type))
}

function leaf(type: DataType): fc.Arbitrary<Expr> {
  const value = fc.option(arbitraryValue(type, false), { freq: 8 })
  return fc.oneof(
    { weight: 3, arbitrary: columnOfType(type) },
    { weight: 1, arbitrary: value.map((v) => literal(type, v)) },
  )
}

/** A call with the types its signature asks for; arguments must have them already. */
function calls(name: string, ...args: readonly fc.Arbitrary<Expr>[]): fc.Arbitrary<Expr> {
  return fc.tuple(...args).map((exprs) => {
    const resolved = scalarFunction(name)!.resolve(exprs.map((e) => e.type))
    if (resolved.kind === 'error') throw new Error(`${name} ${resolved.message}`)
    return call(name, resolved.returns, ...exprs.map((e, i) => cast(e, resolved.args[i]!)))
  })
}

function cast(input: Expr, type: DataType): Expr {
  return input.type === type ? input : { kind: 'cast', type, input, safe: false }
}

function anyCall(names: readonly string[], ...args: readonly fc.Arbitrary<Expr>[]): fc.Arbitrary<Expr> {
  return fc.oneof(...names.map((name) => calls(name, ...args)))
}

const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is_distinct_from']
const units = fc.constantFrom('second', 'hour', 'day', 'week', 'month').map((unit) => literal(TEXT, unit))
const day = literal(INTERVAL, { months: 0, days: 1, micros: 5_000_000 })

/** An expression of exactly `type`, nested up to `depth`. */
export function arbitraryExpr(type: DataType, depth: number): fc.Arbitrary<Expr> {
  if (depth === 0) return leaf(type)
  const next = (t: DataType) =>
    fc.oneof(
      leaf(t),
      fc.constant(null).chain(() => arbitraryExpr(t, depth - 1)),
    )
  const same = next(type)
  const options: fc.Arbitrary<Expr>[] = [
    leaf(type),
    fc
      .tuple(next(BOOLEAN), same, fc.option(same))
      .map(([when, then, otherwise]) => ({ kind: 'case', type, branches: [{ when, then }], otherwise })),
    fc.array(same, { minLength: 1, maxLength: 3 }).map((args) => ({ kind: 'coalesce', type, args })),
  ]
  switch (type.kind) {
    case 'BOOLEAN':
      options.push(...booleans(next))
      break
    case 'INTEGER':
      if (type.bits === 64) {
        options.push(
          anyCall(['add', 'subtract', 'multiply', 'divide', 'modulo'], same, same),
          calls('negate', same),
          calls('abs', same),
          calls('length', next(TEXT)),
          calls('to_unix_millis', next(TIMESTAMP)),
        )
      }
      options.push(
        ...[next(BIGINT), next(DECIMAL), next(DOUBLE), next(TEXT)].map((from) => from.map((e) => cast(e, type))),
      )
      break
    case 'DECIMAL':
      options.push(
        ...[next(BIGINT), next(PRICE), next(DECIMAL), next(DOUBLE)].map((from) => from.map((e) => cast(e, type))),
      )
      if (type === DECIMAL)
        options.push(
          anyCall(['add', 'subtract', 'multiply', 'divide'], same, fc.oneof(same, next(PRICE))),
          calls('negate', same),
          calls('round', same),
        )
      break
    case 'DOUBLE':
      options.push(
        anyCall(['add', 'subtract', 'multiply', 'divide', 'modulo'], same, same),
        calls('abs', same),
        calls('sqrt', same),
      )
      options.push(...[next(BIGINT), next(DECIMAL), next(REAL)].map((from) => from.map((e) => cast(e, type))))
      break
    case 'TEXT':
      options.push(
        anyCall(['lower', 'upper'], same),
        calls('concatenate', same, same),
        next(BIGINT).map((e) => cast(e, TEXT)),
      )
      break
    case 'TIMESTAMP':
      options.push(calls('add', same, fc.constant(day)), calls('subtract', same, fc.constant(day)))
      options.push(calls('date_trunc', units, same))
      options.push(
        next(DATE).map((e) => cast(e, type)),
        calls('to_timestamp_millis', next(BIGINT)),
        next(TEXT).map((e) => cast(e, type)),
      )
      break
    case 'DATE':
      options.push(next(TIMESTAMP).map((e) => cast(e, type)))
      break
  }
  return fc.oneof(...options)
}

function booleans(next: (type: DataType) => fc.Arbitrary<Expr>): fc.Arbitrary<Expr>[] {
  const condition = next(BOOLEAN)
  const comparable = [BIGINT, DECIMAL, PRICE, DOUBLE, TEXT, TIMESTAMP, DATE, BOOLEAN]
  const list = (kind: 'and' | 'or') =>
    fc.array(condition, { minLength: 2, maxLength: 3 }).map((args): Expr => ({ kind, type: BOOLEAN, args }))
  const patterns = fc.constantFrom('%', 'a%', '%b', '%B%', 'a_', '', 'BTC-USD', 'a\\%').map((p) => literal(TEXT, p))
  return [
    list('and'),
    list('or'),
    condition.map((input): Expr => ({ kind: 'not', type: BOOLEAN, input })),
    ...comparable.map((type) => anyCall(COMPARISONS, next(type), next(type))),
    ...comparable.map((type) =>
      fc
        .tuple(next(type), fc.boolean())
        .map(([input, negated]): Expr => ({ kind: 'is_null', type: BOOLEAN, input, negated })),
    ),
    ...comparable.map((type) =>
      fc
        .tuple(
          next(type),
          fc.array(fc.oneof({ weight: 5, arbitrary: literals(type) }, { weight: 1, arbitrary: leaf(type) }), {
            minLength: 1,
            maxLength: 10,
          }),
          fc.boolean(),
        )
        .map(([input, items, negated]): Expr => ({ kind: 'in', type: BOOLEAN, input, list: items, negated })),
    ),
    calls('like', next(TEXT), fc.oneof(patterns, leaf(TEXT))),
    calls('starts_with', next(TEXT), leaf(TEXT)),
    next(BIGINT).map((input): Expr => cast(input, BOOLEAN)),
  ]
}

function literals(type: DataType): fc.Arbitrary<Expr> {
  return fc.option(arbitraryValue(type, false), { freq: 9 }).map((v) => literal(type, v))
}

export const EXPRESSION_TYPES: readonly DataType[] = TYPES
