import { arrayOf, BIGINT, type DataType, DECIMAL, DOUBLE, isNumeric, TEXT } from '../../kernel/index.ts'
import { coercesTo, type Resolution } from '../../plan/index.ts'
import type { AggregateDefinition } from './aggregate.ts'
import { ApproximateDistinct } from './approximate-distinct.ts'
import { ApproximateQuantile, type QuantileArguments } from './approximate-quantile.ts'
import { BestValues, type Preference } from './best-values.ts'
import { Count } from './count.ts'
import { aggregate, example, refuse, unary } from './define.ts'
import { Distinct } from './distinct.ts'
import { Frequencies } from './frequencies.ts'
import { continuousQuantile, discreteQuantile, median, mode, mostFrequent } from './summaries.ts'

const FRACTION = 'a part of the rows from 0 to 1'

/** Integers and DECIMAL have an exact DECIMAL between them, other numbers a DOUBLE. */
function quantileType(
  value: DataType,
  fraction: DataType = DECIMAL,
): readonly [value: DataType, result: DataType] | undefined {
  if ((value.kind === 'INTEGER' || value.kind === 'DECIMAL') && coercesTo(fraction, DECIMAL)) return [value, DECIMAL]
  return coercesTo(value, DOUBLE) && coercesTo(fraction, DOUBLE) ? [DOUBLE, DOUBLE] : undefined
}

function resolveContinuous(args: readonly DataType[]): Resolution {
  const [value, fraction] = args
  const found = args.length === 2 ? quantileType(value!, fraction) : undefined
  return found === undefined
    ? refuse(`a number and ${FRACTION}`, args)
    : { kind: 'ok', args: [found[0], found[1]], returns: found[1] }
}

function isOrdered(type: DataType): boolean {
  return type.kind !== 'JSON'
}

function resolveDiscrete(args: readonly DataType[]): Resolution {
  const [value, fraction] = args
  return args.length === 2 && isOrdered(value!) && isNumeric(fraction!)
    ? { kind: 'ok', args: [value!, DECIMAL], returns: value! }
    : refuse(`a value and ${FRACTION}`, args)
}

/** A value and how many are wanted: 1 where that may be left out and is. */
function resolveSized(sizeOptional: boolean): (args: readonly DataType[]) => Resolution {
  return (args) => {
    const [value, size] = args
    const fits = size === undefined ? sizeOptional : args.length === 2 && coercesTo(size, BIGINT)
    if (value === undefined || !fits || !isOrdered(value)) return refuse('a value and how many are wanted', args)
    return { kind: 'ok', args: size === undefined ? [value] : [value, BIGINT], returns: arrayOf(value) }
  }
}

function frequent(name: string, doc: string, direction: 1 | -1, result: string): AggregateDefinition {
  return aggregate({
    name,
    doc,
    examples: [example(`${name}(x, 2)`, TEXT, ['a', 'b', 'c', 'b', null, 'c', 'b'], result)],
    retractable: true,
    resolve: resolveSized(true),
    create: (call, context) => new Frequencies(call, context, mostFrequent(call.argTypes[0]!, direction)),
  })
}

function best(name: string, doc: string, preference: Preference, unique: boolean, result: string): AggregateDefinition {
  return aggregate({
    name,
    doc,
    examples: [example(`${name}(x, 3)`, BIGINT, [4, 7, null, 7, 1], result)],
    resolve: resolveSized(preference !== 'earliest'),
    create: (call) => new BestValues(call, preference, unique),
  })
}

/** Over a changelog nothing is approximate: the values are kept, so that they can be taken back. */
function approximateQuantile(places: QuantileArguments): AggregateDefinition['create'] {
  return (call, context) => {
    if (!context.updating) return new ApproximateQuantile(places)
    return new Frequencies(call, context, places.fraction === null ? median(DOUBLE) : continuousQuantile(DOUBLE))
  }
}

function doubles(count: number, expected: string): (args: readonly DataType[]) => Resolution {
  return (args) =>
    args.length === count && args.every((a) => coercesTo(a, DOUBLE))
      ? { kind: 'ok', args: args.map(() => DOUBLE), returns: DOUBLE }
      : refuse(expected, args)
}

/** Quantiles, frequent values, best values and approximate counts. */
export const RANKING_AGGREGATES: readonly AggregateDefinition[] = [
  aggregate({
    name: 'median',
    doc: 'The value in the middle, or the mean of the two in the middle; exact for INTEGER and DECIMAL.',
    examples: [
      example('median(x)', BIGINT, [5, 1, null, 2], '2'),
      example('median(x)', BIGINT, [5, 1, 2, 9], '3.5'),
      example('median(x)', DOUBLE, [], 'NULL'),
    ],
    retractable: true,
    resolve: unary('a number', (type) => quantileType(type)),
    create: (call, context) => new Frequencies(call, context, median(call.argTypes[0]!)),
  }),
  aggregate({
    name: 'percentile_cont',
    withinGroup: 'argument',
    aliases: ['quantile_cont'],
    doc: 'The value that a part of the rows lies below, between two values if need be; exact for INTEGER and DECIMAL.',
    examples: [
      example('percentile_cont(x, 0.25)', BIGINT, [10, 20, 30, 40], '17.5'),
      example('percentile_cont(x, 0.9)', DOUBLE, [1, 2, null, 3], '2.8'),
    ],
    retractable: true,
    resolve: resolveContinuous,
    create: (call, context) => new Frequencies(call, context, continuousQuantile(call.argTypes[0]!)),
  }),
  aggregate({
    name: 'percentile_disc',
    withinGroup: 'argument',
    aliases: ['quantile_disc'],
    doc: 'The first value that a part of the rows does not exceed; always one of the values.',
    examples: [
      example('percentile_disc(x, 0.25)', BIGINT, [10, 20, 30, 40], '10'),
      example('percentile_disc(x, 0.5)', TEXT, ['c', 'a', 'b'], 'b'),
    ],
    retractable: true,
    resolve: resolveDiscrete,
    create: (call, context) => new Frequencies(call, context, discreteQuantile(call.argTypes[0]!)),
  }),
  aggregate({
    name: 'approx_percentile_cont',
    withinGroup: 'argument',
    aliases: ['approx_quantile'],
    doc: 'As percentile_cont of DOUBLE, in bounded memory: exact up to 1,024 values, most exact at both ends beyond.',
    examples: [example('approx_percentile_cont(x, 0.9)', BIGINT, [10, 20, 30], '28')],
    retractable: true,
    resolve: doubles(2, `a number and ${FRACTION}`),
    create: approximateQuantile({ weight: null, fraction: 1 }),
  }),
  aggregate({
    name: 'approx_percentile_cont_with_weight',
    withinGroup: 'argument',
    doc: 'As approx_percentile_cont, with the weight of each value as second argument.',
    examples: [example('approx_percentile_cont_with_weight(x, x, 0.5)', BIGINT, [1, 2, 7], '7')],
    resolve: doubles(3, `a number, its weight and ${FRACTION}`),
    create: () => new ApproximateQuantile({ weight: 1, fraction: 2 }),
  }),
  aggregate({
    name: 'approx_median',
    doc: 'As approx_percentile_cont with 0.5.',
    examples: [example('approx_median(x)', BIGINT, [1, 9, 5], '5')],
    retractable: true,
    resolve: doubles(1, 'a number'),
    create: approximateQuantile({ weight: null, fraction: null }),
  }),
  aggregate({
    name: 'approx_distinct',
    aliases: ['approx_count_distinct'],
    doc: 'How many different values there are, in bounded memory: exact up to 256, with a standard error of 1.6 % beyond.',
    examples: [example('approx_distinct(x)', TEXT, ['a', 'b', null, 'a'], '2')],
    retractable: true,
    resolve: unary('one argument', (type) => [type, BIGINT]),
    create: (call, context) =>
      context.updating ? new Distinct(call, context, new Count()) : new ApproximateDistinct(call.argTypes[0]!),
  }),
  aggregate({
    name: 'mode',
    withinGroup: 'argument',
    doc: 'The most frequent value; of equally frequent ones the smallest.',
    examples: [example('mode(x)', TEXT, ['b', 'c', 'a', 'c', 'b', null, null, null], 'b')],
    retractable: true,
    resolve: unary('one argument of an ordered type', (type) => (isOrdered(type) ? [type, type] : undefined)),
    create: (call, context) => new Frequencies(call, context, mode(call.argTypes[0]!)),
  }),
  frequent('topk', 'The k most frequent values, the most frequent first: topk(x, k). Without k, one.', -1, 'b,c'),
  frequent(
    'bottomk',
    'The k least frequent values, the least frequent first: bottomk(x, k). Without k, one.',
    1,
    'a,c',
  ),
  best('maxk', 'The k largest values, the largest first: maxk(x, k). Without k, one.', 'largest', false, '7,7,4'),
  best('maxk_unique', 'As maxk, each value once.', 'largest', true, '7,4,1'),
  best('mink', 'The k smallest values, the smallest first: mink(x, k). Without k, one.', 'smallest', false, '1,4,7'),
  best('mink_unique', 'As mink, each value once.', 'smallest', true, '1,4,7'),
  best('collect', 'The first n values by arrival, without NULLs: collect(x, n).', 'earliest', false, '4,7,7'),
  best('collect_unique', 'As collect, each value once.', 'earliest', true, '4,7,1'),
]
