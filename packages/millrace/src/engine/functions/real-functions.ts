import { DOUBLE } from '../../kernel/index.ts'
import { example, type FunctionExample, rowError, scalar, type ScalarFunction } from './definition.ts'
import { overloads, signature } from './signature.ts'

const one = signature([DOUBLE], DOUBLE)

/** A function of one double by one of JavaScript's; `domain` says what it takes, anything else has no result. */
function real(
  name: string,
  code: string,
  apply: (x: number) => number,
  doc: string,
  examples: readonly FunctionExample[],
  domain?: { readonly test: (x: number) => boolean; readonly message: string },
  aliases: readonly string[] = [],
): ScalarFunction {
  const entry = { aliases, doc, examples, resolve: one }
  if (domain === undefined) {
    return scalar(name, {
      ...entry,
      implement:
        () =>
        ([x]) =>
          apply(x as number),
      inline: ([x]) => `${code}(${x})`,
    })
  }
  return scalar(name, {
    ...entry,
    implement:
      () =>
      ([x]) => {
        if (!domain.test(x as number)) throw rowError(domain.message)
        return apply(x as number)
      },
  })
}

const positive = { test: (x: number) => !(x <= 0), message: 'cannot take the logarithm of zero or a negative number' }
const notNegative = { test: (x: number) => !(x < 0), message: 'cannot take the square root of a negative number' }
const withinOne = { test: (x: number) => !(x < -1 || x > 1), message: 'the argument is not between -1 and 1' }

/** Roots, exponentials, logarithms and trigonometry: arguments and results are DOUBLE. */
export const REAL_FUNCTIONS: readonly ScalarFunction[] = [
  real(
    'sqrt',
    'Math.sqrt',
    Math.sqrt,
    'The square root.',
    [example('sqrt(2.25)', '1.5'), example('sqrt(-1)', 'error')],
    notNegative,
  ),
  real('cbrt', 'Math.cbrt', Math.cbrt, 'The cube root.', [example('cbrt(-27)', '-3')]),
  real('exp', 'Math.exp', Math.exp, 'The number e to the power of the argument.', [example('exp(0)', '1')]),
  real(
    'ln',
    'Math.log',
    Math.log,
    'The natural logarithm.',
    [example('ln(1)', '0'), example('ln(0)', 'error')],
    positive,
  ),
  real('log2', 'Math.log2', Math.log2, 'The logarithm to base 2.', [example('log2(8)', '3')], positive),
  real('log10', 'Math.log10', Math.log10, 'The logarithm to base 10.', [example('log10(1000)', '3')], positive),
  scalar('log', {
    doc: 'The logarithm to base 10, or with two arguments to the base given first.',
    examples: [example('log(100)', '2'), example('log(2, 8)', '3')],
    resolve: overloads({ args: [DOUBLE, DOUBLE], optional: 1, returns: DOUBLE }),
    implement: () => (args) => {
      if (!args.every((x) => positive.test(x as number))) throw rowError(positive.message)
      if (args.length === 1) return Math.log10(args[0] as number)
      if (args[0] === 1) throw rowError('there is no logarithm to base 1')
      return args[0] === 2 ? Math.log2(args[1] as number) : Math.log(args[1] as number) / Math.log(args[0] as number)
    },
  }),
  real('sin', 'Math.sin', Math.sin, 'Sine of an angle in radians.', [example('sin(0)', '0')]),
  real('cos', 'Math.cos', Math.cos, 'Cosine of an angle in radians.', [example('cos(0)', '1')]),
  real('tan', 'Math.tan', Math.tan, 'Tangent of an angle in radians.', [example('tan(0)', '0')]),
  real(
    'cot',
    'cot',
    (x) => 1 / Math.tan(x),
    'Cotangent of an angle in radians.',
    [example('round(cot(1), 6)', '0.642093')],
    {
      test: (x) => x !== 0,
      message: 'division by zero',
    },
  ),
  real('asin', 'Math.asin', Math.asin, 'Arc sine in radians.', [example('asin(0)', '0')], withinOne),
  real('acos', 'Math.acos', Math.acos, 'Arc cosine in radians.', [example('acos(1)', '0')], withinOne),
  real('atan', 'Math.atan', Math.atan, 'Arc tangent in radians.', [example('atan(0)', '0')]),
  scalar('atan2', {
    doc: 'The angle of the point (x, y), given as atan2(y, x), in radians.',
    examples: [example('round(atan2(1, 1), 6)', '0.785398')],
    resolve: signature([DOUBLE, DOUBLE], DOUBLE),
    implement:
      () =>
      ([y, x]) =>
        Math.atan2(y as number, x as number),
    inline: ([y, x]) => `Math.atan2(${y}, ${x})`,
  }),
  real('sinh', 'Math.sinh', Math.sinh, 'Hyperbolic sine.', [example('sinh(0)', '0')]),
  real('cosh', 'Math.cosh', Math.cosh, 'Hyperbolic cosine.', [example('cosh(0)', '1')]),
  real('tanh', 'Math.tanh', Math.tanh, 'Hyperbolic tangent.', [example('tanh(0)', '0')]),
  real('asinh', 'Math.asinh', Math.asinh, 'Inverse hyperbolic sine.', [example('asinh(0)', '0')]),
  real('acosh', 'Math.acosh', Math.acosh, 'Inverse hyperbolic cosine.', [example('acosh(1)', '0')], {
    test: (x) => !(x < 1),
    message: 'the argument is less than 1',
  }),
  real('atanh', 'Math.atanh', Math.atanh, 'Inverse hyperbolic tangent.', [example('atanh(0)', '0')], withinOne),
  scalar('degrees', {
    doc: 'Radians as degrees.',
    examples: [example('degrees(pi())', '180')],
    resolve: one,
    implement:
      () =>
      ([x]) =>
        (x as number) * (180 / Math.PI),
    inline: ([x]) => `(${x}) * ${180 / Math.PI}`,
  }),
  scalar('radians', {
    doc: 'Degrees as radians.',
    examples: [example('round(radians(180), 6)', '3.141593')],
    resolve: one,
    implement:
      () =>
      ([x]) =>
        (x as number) * (Math.PI / 180),
    inline: ([x]) => `(${x}) * ${Math.PI / 180}`,
  }),
  scalar('pi', {
    doc: "The ratio of a circle's circumference to its diameter.",
    examples: [example('pi()', '3.141592653589793')],
    resolve: signature([], DOUBLE),
    implement: () => () => Math.PI,
  }),
]
