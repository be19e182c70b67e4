import { BIGINT, type DataType, DOUBLE } from '../../kernel/index.ts'
import { coercesTo, type Resolution } from '../../plan/index.ts'
import type { AggregateDefinition } from './aggregate.ts'
import { aggregate, example, refuse, unary } from './define.ts'
import { ExactMoments } from './exact-moments.ts'
import {
  CORRELATION,
  COVARIANCE_POPULATION,
  COVARIANCE_SAMPLE,
  INTERCEPT,
  JointMoments,
  type JointStatistic,
  R_SQUARED,
  SLOPE,
} from './joint-moments.ts'
import { Moments, type MomentsForm, momentsStatistic } from './moments.ts'

const asDouble = unary('a number', (type) => (coercesTo(type, DOUBLE) ? [DOUBLE, DOUBLE] : undefined))

function moments(
  name: string,
  aliases: readonly string[],
  form: MomentsForm,
  doc: string,
  result: string,
): AggregateDefinition {
  return aggregate({
    name,
    aliases,
    doc,
    examples: [
      example(`${name}(x)`, DOUBLE, [2, 4, 4, 4, 5, 5, 7, 9], result),
      example(`${name}(x)`, DOUBLE, [], 'NULL'),
    ],
    retractable: true,
    resolve: asDouble,
    create: (_, { updating }) => (updating ? new ExactMoments(momentsStatistic(form)) : new Moments(form)),
  })
}

function jointMoments(statistic: JointStatistic, empty: number | null = null): AggregateDefinition['create'] {
  return (_, { updating }) => (updating ? new ExactMoments(statistic, empty) : new JointMoments(statistic, empty))
}

function twoNumbers(returns: DataType): (args: readonly DataType[]) => Resolution {
  return (args) =>
    args.length === 2 && args.every((a) => coercesTo(a, DOUBLE))
      ? { kind: 'ok', args: [DOUBLE, DOUBLE], returns }
      : refuse('two numbers', args)
}

/** Of (y, x); rows where one of them is NULL do not count. */
function joint(
  name: string,
  aliases: readonly string[],
  doc: string,
  statistic: JointStatistic,
  [call, result]: readonly [string, string],
): AggregateDefinition {
  return aggregate({
    name,
    aliases,
    doc,
    examples: [
      example(`${name}(${call})`, DOUBLE, [1, 2, 3, null], result),
      example(`${name}(x, x)`, DOUBLE, [], 'NULL'),
    ],
    retractable: true,
    resolve: twoNumbers(DOUBLE),
    create: jointMoments(statistic),
  })
}

/** Variances, covariances, correlation and linear regression, all of DOUBLE. */
export const MOMENTS_AGGREGATES: readonly AggregateDefinition[] = [
  moments(
    'stddev',
    ['stddev_samp'],
    { sample: true, root: true },
    'Sample standard deviation; NULL below two values.',
    '2.138089935299395',
  ),
  moments('stddev_pop', [], { sample: false, root: true }, 'Population standard deviation.', '2'),
  moments(
    'variance',
    ['var', 'var_samp', 'var_sample'],
    { sample: true, root: false },
    'Sample variance; NULL below two values.',
    '4.571428571428571',
  ),
  moments('var_pop', ['var_population'], { sample: false, root: false }, 'Population variance.', '4'),
  joint(
    'covar_samp',
    ['covar'],
    'Sample covariance of two numbers; NULL below two rows where both are there.',
    COVARIANCE_SAMPLE,
    ['2 * x + 1, x', '2'],
  ),
  joint('covar_pop', [], 'Population covariance of two numbers.', COVARIANCE_POPULATION, ['3 * x, x', '2']),
  joint(
    'corr',
    [],
    "Pearson's correlation of two numbers, from -1 to 1; NULL if one of them never changes.",
    CORRELATION,
    ['5 - x, x', '-1'],
  ),
  joint('regr_slope', [], 'Slope of the line through the points (x, y) by least squares: regr_slope(y, x).', SLOPE, [
    '2 * x + 1, x',
    '2',
  ]),
  joint(
    'regr_intercept',
    [],
    'Where the line through the points (x, y) by least squares has x = 0: regr_intercept(y, x).',
    INTERCEPT,
    ['2 * x + 1, x', '1'],
  ),
  joint('regr_r2', [], 'How much of the change of y the line explains, from 0 to 1: regr_r2(y, x).', R_SQUARED, [
    '2 * x + 1, x',
    '1',
  ]),
  joint('regr_avgx', [], 'Mean of x where both are there: regr_avgx(y, x).', ({ meanX }) => meanX, ['2 * x, x', '2']),
  joint('regr_avgy', [], 'Mean of y where both are there: regr_avgy(y, x).', ({ meanY }) => meanY, ['2 * x, x', '4']),
  joint('regr_sxx', [], 'Sum of squared differences of x from its mean: regr_sxx(y, x).', ({ sxx }) => sxx, [
    '2 * x, x',
    '2',
  ]),
  joint('regr_syy', [], 'Sum of squared differences of y from its mean: regr_syy(y, x).', ({ syy }) => syy, [
    '2 * x, x',
    '8',
  ]),
  joint(
    'regr_sxy',
    [],
    'Sum of the products of the differences of y and x from their means: regr_sxy(y, x).',
    ({ sxy }) => sxy,
    ['2 * x, x', '4'],
  ),
  aggregate({
    name: 'regr_count',
    doc: 'Rows where both numbers are there: regr_count(y, x).',
    examples: [
      example('regr_count(2 * x, x)', DOUBLE, [1, null, 3], '2'),
      example('regr_count(x, x)', DOUBLE, [], '0'),
    ],
    retractable: true,
    resolve: twoNumbers(BIGINT),
    create: jointMoments(({ count }) => count, 0),
  }),
]
