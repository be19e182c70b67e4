import {
  BIGINT,
  BOOLEAN,
  DECIMAL,
  type DataType,
  type Decimal,
  decimalFromNumber,
  decimalToNumber,
  DOUBLE,
  type Int,
  isNumeric,
  multiplyDecimal,
  multiplyInt,
  negateDecimal,
  negateInt,
  normalizeInt,
  roundDecimal,
  truncateDecimal,
} from '../../kernel/index.ts'
import type { Resolution } from '../../plan/index.ts'
import {
  example,
  type FunctionExample,
  type Implementation,
  rowError,
  scalar,
  type ScalarFunction,
} from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { sameNumber } from './number-types.ts'
import { mismatch, overloads, signature } from './signature.ts'

interface ByType {
  readonly integer: (value: Int) => Int
  readonly decimal: (value: Decimal) => Decimal
  readonly double: (value: number) => number
}

function implementByType(by: ByType): (args: readonly DataType[], returns: DataType) => Implementation {
  return ([type], returns) => {
    switch (type!.kind) {
      case 'INTEGER': {
        const check = rangeCheck(returns)
        return ([a]) => check(by.integer(a as Int))
      }
      case 'DECIMAL':
        return ([a]) => by.decimal(a as Decimal)
      case 'REAL':
        return ([a]) => Math.fround(by.double(a as number))
      default:
        return ([a]) => by.double(a as number)
    }
  }
}

function isDouble(type: DataType | undefined): boolean {
  return type?.kind === 'DOUBLE'
}

/** Toward -infinity (`up` false) or +infinity. */
function directed(value: Decimal, up: boolean): Decimal {
  const cut = truncateDecimal(value, 0)
  const exact = value.scale === 0 || BigInt(value.unscaled) === BigInt(cut.unscaled) * 10n ** BigInt(value.scale)
  if (exact || value.unscaled < 0 === up) return cut
  return { unscaled: normalizeInt(BigInt(cut.unscaled) + (up ? 1n : -1n)), scale: 0 }
}

/** A number, and digits to keep after the point (negative: before it). */
function resolveRounding(args: readonly DataType[]): Resolution {
  const [value, digits] = args
  if (value === undefined || args.length > 2) return mismatch('a number and the digits to keep', args)
  const own = sameNumber([value])
  if (own.kind === 'error' || digits === undefined) return own
  if (digits.kind !== 'INTEGER' && digits.kind !== 'NULL') return mismatch('a number and the digits to keep', args)
  return { kind: 'ok', args: [...own.args, BIGINT], returns: own.returns }
}

type Rounding = (value: Decimal, scale: number) => Decimal

const MAX_ROUND_DIGITS = 1000

function rounding(apply: Rounding, whole: (value: number) => number): ScalarFunction['implement'] {
  return ([type], returns) => {
    const check = type!.kind === 'INTEGER' ? rangeCheck(returns) : undefined
    return (args) => {
      const digits = Math.max(-MAX_ROUND_DIGITS, Math.min(MAX_ROUND_DIGITS, Number((args[1] as Int | undefined) ?? 0)))
      switch (type!.kind) {
        case 'INTEGER': {
          const value = args[0] as Int
          return digits >= 0 ? value : check!(apply({ unscaled: value, scale: 0 }, digits).unscaled)
        }
        case 'DECIMAL': {
          const value = args[0] as Decimal
          return digits >= value.scale ? value : apply(value, digits)
        }
        default: {
          const rounded = roundDouble(args[0] as number, digits, apply, whole)
          return type!.kind === 'REAL' ? Math.fround(rounded) : rounded
        }
      }
    }
  }
}

/** Digits of a double are those of its shortest decimal form. */
function roundDouble(value: number, digits: number, apply: Rounding, whole: (value: number) => number): number {
  if (digits === 0) return whole(value)
  const exact = decimalFromNumber(value)
  return exact === undefined || digits >= exact.scale ? value : decimalToNumber(apply(exact, digits))
}

/** Half away from zero. */
function roundWhole(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value)
}

function exponentBySquaring(base: Decimal, exponent: number): Decimal {
  let result: Decimal = { unscaled: 1, scale: 0 }
  let power = base
  for (let n = exponent; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = bounded(multiplyDecimal(result, power))
    if (n > 1) power = bounded(multiplyDecimal(power, power))
  }
  return result
}

const MAX_POWER_BITS = 65_536

function bounded(value: Decimal): Decimal {
  if (typeof value.unscaled === 'bigint' && value.unscaled.toString(16).length * 4 > MAX_POWER_BITS)
    throw rowError('DECIMAL overflow')
  return value
}

/** DECIMAL (or an integer) to a whole, non-negative power is exact; everything else is DOUBLE. */
function resolvePower(args: readonly DataType[]): Resolution {
  const [base, exponent] = args
  if (base === undefined || exponent === undefined || args.length !== 2) return mismatch('two numbers', args)
  if (!isNumberOrNull(base) || !isNumberOrNull(exponent)) return mismatch('two numbers', args)
  if (base.kind === 'DECIMAL' && exponent.kind === 'INTEGER')
    return { kind: 'ok', args: [base, BIGINT], returns: DECIMAL }
  return { kind: 'ok', args: [DOUBLE, DOUBLE], returns: DOUBLE }
}

function isNumberOrNull(type: DataType): boolean {
  return type.kind === 'NULL' || isNumeric(type)
}

function decimalPower(base: Decimal, exponent: number): Decimal {
  if (exponent < 0) throw rowError('a DECIMAL has no exact negative power', 'Cast to DOUBLE first.')
  return exponentBySquaring(base, exponent)
}

function gcd(a: Int, b: Int): Int {
  let [x, y] = [BigInt(a), BigInt(b)]
  while (y !== 0n) [x, y] = [y, x % y]
  return normalizeInt(x < 0n ? -x : x)
}

function lcm(a: Int, b: Int): Int {
  if (a === 0 || b === 0) return 0
  const product = multiplyInt(normalizeInt(BigInt(a) / BigInt(gcd(a, b))), b)
  return product < 0 ? negateInt(product) : product
}

function factorial(n: number): Int {
  if (n < 0 || n > 20) throw rowError(`the factorial of ${n} is out of range for BIGINT`)
  let result = 1n
  for (let i = 2n; i <= BigInt(n); i++) result *= i
  return normalizeInt(result)
}

const twoIntegers = signature([BIGINT, BIGINT], BIGINT)
const integerRange = rangeCheck(BIGINT)

function sign(value: Int): number {
  return value < 0 ? -1 : value > 0 ? 1 : 0
}

function rounder(
  name: string,
  doc: string,
  by: ByType,
  code: string,
  examples: readonly FunctionExample[],
  aliases: readonly string[] = [],
) {
  return scalar(name, {
    aliases,
    doc,
    examples,
    resolve: sameNumber,
    implement: implementByType(by),
    inline: ([a], [type]) => (isDouble(type) ? `${code}(${a})` : undefined),
  })
}

/** Of numbers: TRUNC. */
export const TRUNCATION: Pick<ScalarFunction, 'resolve' | 'implement'> = {
  resolve: resolveRounding,
  implement: rounding(truncateDecimal, Math.trunc),
}

export const MATH: readonly ScalarFunction[] = [
  scalar('abs', {
    doc: 'The absolute value.',
    examples: [example('abs(-1.5)', '1.5'), example('abs(7)', '7')],
    resolve: sameNumber,
    implement: implementByType({
      integer: (v) => (v < 0 ? negateInt(v) : v),
      decimal: (v) => (v.unscaled < 0 ? negateDecimal(v) : v),
      double: Math.abs,
    }),
    inline: ([a], [type]) => (isDouble(type) || type!.kind === 'INTEGER' ? `Math.abs(${a})` : undefined),
  }),
  rounder(
    'ceil',
    'The smallest whole number not below the argument.',
    { integer: (v) => v, decimal: (v) => directed(v, true), double: Math.ceil },
    'Math.ceil',
    [example('ceil(1.2)', '2'), example('ceil(-1.2)', '-1')],
    ['ceiling'],
  ),
  rounder(
    'floor',
    'The largest whole number not above the argument.',
    { integer: (v) => v, decimal: (v) => directed(v, false), double: Math.floor },
    'Math.floor',
    [example('floor(1.8)', '1'), example('floor(-1.2)', '-2')],
  ),
  scalar('round', {
    doc: 'The nearest number with so many digits after the point (default 0). Halves go away from zero.',
    examples: [
      example('round(2.5)', '3'),
      example('round(-1234.567, 2)', '-1234.57'),
      example('round(1250, -2)', '1300'),
    ],
    resolve: resolveRounding,
    implement: rounding(roundDecimal, roundWhole),
  }),
  scalar('trunc', {
    doc: 'The number cut to so many digits after the point (default 0).',
    examples: [example('trunc(-1.78)', '-1'), example('trunc(1.789, 2)', '1.78')],
    ...TRUNCATION,
  }),
  scalar('sign', {
    aliases: ['signum'],
    doc: '-1, 0 or 1 by the sign of the argument.',
    examples: [example('sign(-3)', '-1'), example('sign(0.5)', '1')],
    resolve: sameNumber,
    implement: implementByType({
      integer: sign,
      decimal: (v) => ({ unscaled: sign(v.unscaled), scale: 0 }),
      double: (v) => (Number.isNaN(v) ? v : sign(v)),
    }),
  }),
  scalar('power', {
    aliases: ['pow'],
    doc: 'The first argument to the power of the second. A DECIMAL to a whole power is exact, all else is DOUBLE.',
    examples: [example('power(2, 10)', '1024'), example('power(1.1, 2)', '1.21')],
    resolve: resolvePower,
    implement: (args) =>
      args[0]!.kind === 'DECIMAL'
        ? ([a, b]) => decimalPower(a as Decimal, Number(b))
        : ([a, b]) => (a as number) ** (b as number),
    inline: ([a, b], [type]) => (isDouble(type) ? `(${a}) ** (${b})` : undefined),
  }),
  scalar('gcd', {
    doc: 'The greatest common divisor.',
    examples: [example('gcd(12, 18)', '6')],
    resolve: twoIntegers,
    implement:
      () =>
      ([a, b]) =>
        integerRange(gcd(a as Int, b as Int)),
  }),
  scalar('lcm', {
    doc: 'The least common multiple.',
    examples: [example('lcm(4, 6)', '12')],
    resolve: twoIntegers,
    implement:
      () =>
      ([a, b]) =>
        integerRange(lcm(a as Int, b as Int)),
  }),
  scalar('factorial', {
    doc: 'The product of the whole numbers up to the argument.',
    examples: [example('factorial(5)', '120')],
    resolve: signature([BIGINT], BIGINT),
    implement:
      () =>
      ([a]) =>
        factorial(Number(a)),
  }),
  scalar('isnan', {
    doc: 'Whether a number is NaN.',
    examples: [example('isnan(1.5)', 'false')],
    resolve: signature([DOUBLE], BOOLEAN),
    implement:
      () =>
      ([a]) =>
        Number.isNaN(a),
    inline: ([a]) => `${a} !== ${a}`,
  }),
  scalar('iszero', {
    doc: 'Whether a number is zero.',
    examples: [example('iszero(0.0)', 'true')],
    resolve: overloads({ args: [DECIMAL], returns: BOOLEAN }, { args: [DOUBLE], returns: BOOLEAN }),
    implement: ([type]) => (type!.kind === 'DECIMAL' ? ([a]) => (a as Decimal).unscaled === 0 : ([a]) => a === 0),
  }),
  scalar('nanvl', {
    doc: 'The first argument, or the second if it is NaN.',
    examples: [example('nanvl(1.5, 0)', '1.5')],
    resolve: signature([DOUBLE, DOUBLE], DOUBLE),
    implement:
      () =>
      ([a, b]) =>
        Number.isNaN(a) ? b! : a!,
    inline: ([a, b]) => `(${a} !== ${a} ? ${b} : ${a})`,
  }),
  scalar('random', {
    doc: 'A number in [0, 1), the same again when a query is replayed.',
    examples: [example('random() < 1', 'true')],
    volatile: true,
    resolve: signature([], DOUBLE),
    implement: () => (_, step) => step.random(),
  }),
]
