import {
  BIGINT,
  BOOLEAN,
  type DataType,
  DECIMAL,
  DOUBLE,
  type Int,
  integerRange,
  isNumeric,
  normalizeInt,
  TEXT,
  arrayOf,
  type Value,
} from '../../kernel/index.ts'
import { type AggregateCall, coercesTo, type FunctionCatalog } from '../../plan/index.ts'
import type { Accumulators, AggregateContext, AggregateDefinition } from './aggregate.ts'
import { Collected, recomputed } from './collected.ts'
import { Count } from './count.ts'
import { aggregate, example, refuse, unary } from './define.ts'
import { Distinct } from './distinct.ts'
import { DoubleSum } from './double-sum.ts'
import { ExactSum } from './exact-sum.ts'
import { extreme } from './extreme.ts'
import { FirstLast } from './first-last.ts'
import { Fold } from './fold.ts'
import { MOMENTS_AGGREGATES } from './moments-aggregates.ts'
import { RANKING_AGGREGATES } from './ranking-aggregates.ts'

const anyValue = unary('one argument', (type) => [type, type])
/** Exact numbers stay exact: the sum of integers is a DECIMAL, as it may leave any integer's range. */
const summed = unary('a number', (type) => {
  if (type.kind === 'INTEGER' || type.kind === 'DECIMAL') return [type, DECIMAL]
  return isNumeric(type) || type.kind === 'NULL' ? [DOUBLE, DOUBLE] : undefined
})
const asBoolean = unary('a BOOLEAN', (type) => (coercesTo(type, BOOLEAN) ? [BOOLEAN, BOOLEAN] : undefined))
const asInteger = unary('an integer', (type) =>
  type.kind === 'INTEGER' ? [type, type] : type.kind === 'NULL' ? [BIGINT, BIGINT] : undefined,
)
const orderable = unary('one argument', (type) => [type, type])

function sum(average: boolean): AggregateDefinition['create'] {
  return (call) => (call.argTypes[0]!.kind === 'DOUBLE' ? new DoubleSum(average) : new ExactSum(average))
}

function bits(name: string, doc: string, result: string, step: (a: bigint, b: bigint) => bigint): AggregateDefinition {
  return aggregate({
    name,
    doc,
    examples: [example(`${name}(x)`, BIGINT, [12, 10, null], result)],
    resolve: asInteger,
    create: (call) => {
      const type = call.type as Extract<DataType, { kind: 'INTEGER' }>
      const { max } = integerRange(type)
      return new Fold(type, (a, b) => {
        const result = step(BigInt(a as Int), BigInt(b as Int))
        return normalizeInt(type.unsigned ? result & max : result)
      })
    },
  })
}

/** Every aggregate function. */
export const AGGREGATES: readonly AggregateDefinition[] = [
  aggregate({
    name: 'count',
    doc: 'Rows of the group; with an argument, rows where it is not NULL.',
    examples: [example('count(x)', BIGINT, [1, null, 3], '2'), example('count(x)', BIGINT, [], '0')],
    retractable: true,
    resolve: (args) => (args.length <= 1 ? { kind: 'ok', args, returns: BIGINT } : refuse('* or one argument', args)),
    create: () => new Count(),
  }),
  aggregate({
    name: 'count_if',
    doc: 'Rows where the condition is true.',
    examples: [example('count_if(x)', BOOLEAN, [true, false, null, true], '2')],
    retractable: true,
    resolve: unary('a BOOLEAN', (type) => (coercesTo(type, BOOLEAN) ? [BOOLEAN, BIGINT] : undefined)),
    create: () => new Count(true),
  }),
  aggregate({
    name: 'sum',
    doc: 'Sum of the values that are not NULL; exact for INTEGER and DECIMAL, NULL without any.',
    examples: [
      example('sum(x)', BIGINT, [1, 2, null], '3'),
      example('sum(x)', BIGINT, [9_007_199_254_740_991, 1], '9007199254740992'),
      example(
        'sum(x)',
        DECIMAL,
        [
          { unscaled: 15, scale: 1 },
          { unscaled: 25, scale: 2 },
        ],
        '1.75',
      ),
      example('sum(x)', DOUBLE, [], 'NULL'),
    ],
    retractable: true,
    resolve: summed,
    create: sum(false),
  }),
  aggregate({
    name: 'avg',
    aliases: ['mean'],
    doc: 'Mean of the values that are not NULL; exact for INTEGER and DECIMAL with at least 16 significant digits.',
    examples: [example('avg(x)', BIGINT, [1, 2], '1.5000000000000000'), example('avg(x)', DOUBLE, [1, 2, null], '1.5')],
    retractable: true,
    resolve: summed,
    create: sum(true),
  }),
  aggregate({
    name: 'min',
    doc: 'The smallest value that is not NULL.',
    examples: [example('min(x)', BIGINT, [3, 1, null], '1'), example('min(x)', TEXT, ['b', 'a'], 'a')],
    resolve: orderable,
    create: (call) => extreme(call.argTypes[0]!, -1),
  }),
  aggregate({
    name: 'max',
    doc: 'The largest value that is not NULL; NaN is above all other doubles.',
    examples: [example('max(x)', BIGINT, [3, 1, null], '3'), example('max(x)', DOUBLE, [1, Number.NaN], 'NaN')],
    resolve: orderable,
    create: (call) => extreme(call.argTypes[0]!, 1),
  }),
  aggregate({
    name: 'first_value',
    aliases: ['first'],
    doc: 'The value of the first row: by arrival, or by ORDER BY inside the call.',
    examples: [
      example('first_value(x)', BIGINT, [3, 1, 2], '3'),
      example('first_value(x ORDER BY x)', BIGINT, [3, 1, 2], '1'),
    ],
    ordered: true,
    resolve: anyValue,
    create: (call, context) => new FirstLast(call, context, false),
  }),
  aggregate({
    name: 'last_value',
    aliases: ['last'],
    doc: 'The value of the last row: by arrival, or by ORDER BY inside the call.',
    examples: [
      example('last_value(x)', BIGINT, [3, 1, 2], '2'),
      example('last_value(x ORDER BY x)', BIGINT, [3, 1, 2], '3'),
    ],
    ordered: true,
    resolve: anyValue,
    create: (call, context) => new FirstLast(call, context, true),
  }),
  aggregate({
    name: 'array_agg',
    doc: 'All values as an array, NULLs included: by arrival, or by ORDER BY inside the call. NULL for no rows.',
    examples: [
      example('array_agg(x)', BIGINT, [3, 1, 2], '3,1,2'),
      example('array_agg(x ORDER BY x)', BIGINT, [3, 1, 2], '1,2,3'),
    ],
    ordered: true,
    retractable: true,
    resolve: unary('one argument', (type) => [type, arrayOf(type)]),
    create: (call, context) =>
      new Collected(call, context, (rows) => (rows.length === 0 ? null : rows.map((r) => r[0]!))),
  }),
  aggregate({
    name: 'string_agg',
    withinGroup: 'order',
    aliases: ['listagg'],
    doc: 'The texts that are not NULL, joined; each separator stands before its own text.',
    examples: [example("string_agg(x, ', ')", TEXT, ['a', null, 'b'], 'a, b')],
    ordered: true,
    retractable: true,
    resolve: (args) =>
      args.length === 2 && args.every((a) => coercesTo(a, TEXT))
        ? { kind: 'ok', args: [TEXT, TEXT], returns: TEXT }
        : refuse('TEXT and a separator', args),
    create: (call, context) => new Collected(call, context, joinTexts),
  }),
  aggregate({
    name: 'bool_and',
    aliases: ['every'],
    doc: 'Whether all values that are not NULL are true.',
    examples: [
      example('bool_and(x)', BOOLEAN, [true, null, false], 'false'),
      example('bool_and(x)', BOOLEAN, [], 'NULL'),
    ],
    resolve: asBoolean,
    create: () => new Fold(BOOLEAN, (a, b) => a === true && b === true),
  }),
  aggregate({
    name: 'bool_or',
    doc: 'Whether any value is true.',
    examples: [example('bool_or(x)', BOOLEAN, [true, null, false], 'true')],
    resolve: asBoolean,
    create: () => new Fold(BOOLEAN, (a, b) => a === true || b === true),
  }),
  bits('bit_and', 'Bitwise AND of the values that are not NULL.', '8', (a, b) => a & b),
  bits('bit_or', 'Bitwise OR of the values that are not NULL.', '14', (a, b) => a | b),
  bits('bit_xor', 'Bitwise exclusive OR of the values that are not NULL.', '6', (a, b) => a ^ b),
  ...RANKING_AGGREGATES,
  ...MOMENTS_AGGREGATES,
]

function joinTexts(rows: readonly (readonly Value[])[]): Value {
  const kept = rows.filter((r) => r[0] !== null)
  if (kept.length === 0) return null
  return kept.map((r, i) => (i === 0 ? '' : ((r[1] as string | null) ?? '')) + (r[0] as string)).join('')
}

const BY_NAME: ReadonlyMap<string, AggregateDefinition> = new Map(
  AGGREGATES.flatMap((a) => [a.name, ...a.aliases].map((name) => [name, a] as const)),
)

/** The aggregate half of the binder's function catalogue. */
export const aggregateCatalog: Pick<FunctionCatalog, 'aggregate' | 'names'> = {
  aggregate: (name) => BY_NAME.get(name.toLowerCase()),
  names: () => BY_NAME.keys(),
}

export function aggregateDefinition(name: string): AggregateDefinition | undefined {
  return BY_NAME.get(name.toLowerCase())
}

/** Accumulators of one call, DISTINCT and retraction included. FILTER is the caller's: it does not pass on rows that do not count. */
export function createAccumulators(
  definition: AggregateDefinition,
  call: AggregateCall,
  context: AggregateContext,
): Accumulators {
  const plain = definition.create(call, context)
  const inner = context.updating && !definition.retractable ? recomputed(call, context, plain) : plain
  return call.distinct ? new Distinct(call, context, inner) : inner
}
