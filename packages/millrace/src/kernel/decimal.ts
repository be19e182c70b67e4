import { addInt, compareInt, multiplyInt, negateInt, normalizeInt, subtractInt, type Int } from './int.ts'

/**
 * An exact decimal: value = unscaled / 10^scale, scale >= 0. The scale says how many digits are kept, not which number it is:
 * compare with `compareDecimal`, key with `normalizeDecimal`. Results follow PostgreSQL's numeric: sums keep the larger scale,
 * products add scales, quotients keep at least 16 significant digits.
 */
export interface Decimal {
  readonly unscaled: Int
  readonly scale: number
}

/** More digits than this are refused rather than computed with. */
export const MAX_DECIMAL_DIGITS = 131_072
const MAX_SCALE = 16_383

export function decimal(unscaled: Int, scale: number): Decimal {
  return { unscaled, scale }
}

const SMALL_POWERS = Array.from({ length: 16 }, (_, i) => 10 ** i)
const BIG_POWERS: bigint[] = []

export function bigPowerOfTen(exponent: number): bigint {
  if (exponent < 256) return (BIG_POWERS[exponent] ??= 10n ** BigInt(exponent))
  return 10n ** BigInt(exponent)
}

function powerOfTen(exponent: number): Int {
  return exponent < 16 ? SMALL_POWERS[exponent]! : bigPowerOfTen(exponent)
}

/** The unscaled value at a larger or equal scale. */
export function rescaleUp(unscaled: Int, from: number, to: number): Int {
  return from === to ? unscaled : multiplyInt(unscaled, powerOfTen(to - from))
}

export function addDecimal(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { unscaled: addInt(rescaleUp(a.unscaled, a.scale, scale), rescaleUp(b.unscaled, b.scale, scale)), scale }
}

export function subtractDecimal(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { unscaled: subtractInt(rescaleUp(a.unscaled, a.scale, scale), rescaleUp(b.unscaled, b.scale, scale)), scale }
}

export function multiplyDecimal(a: Decimal, b: Decimal): Decimal {
  return { unscaled: multiplyInt(a.unscaled, b.unscaled), scale: a.scale + b.scale }
}

export function negateDecimal(a: Decimal): Decimal {
  return { unscaled: negateInt(a.unscaled), scale: a.scale }
}

export function compareDecimal(a: Decimal, b: Decimal): number {
  if (a.scale === b.scale) return compareInt(a.unscaled, b.unscaled)
  const scale = Math.max(a.scale, b.scale)
  return compareInt(rescaleUp(a.unscaled, a.scale, scale), rescaleUp(b.unscaled, b.scale, scale))
}

/** Without trailing zeros in the fraction: one form per number. */
export function normalizeDecimal(value: Decimal): Decimal {
  let { unscaled, scale } = value
  if (scale === 0) return value
  if (unscaled === 0) return { unscaled: 0, scale: 0 }
  if (typeof unscaled === 'number') {
    while (scale > 0 && unscaled % 10 === 0) {
      unscaled /= 10
      scale--
    }
    return scale === value.scale ? value : { unscaled, scale }
  }
  const digits = unscaled.toString()
  let zeros = 0
  while (zeros < scale && digits.charCodeAt(digits.length - 1 - zeros) === 48) zeros++
  return zeros === 0 ? value : { unscaled: normalizeInt(unscaled / bigPowerOfTen(zeros)), scale: scale - zeros }
}

/** Half away from zero, as numeric rounds. Negative `scale` rounds left of the point. */
export function roundDecimal(value: Decimal, scale: number): Decimal {
  if (scale >= value.scale) {
    return { unscaled: rescaleUp(value.unscaled, value.scale, scale), scale }
  }
  const divisor = bigPowerOfTen(value.scale - scale)
  const big = BigInt(value.unscaled)
  const half = divisor / 2n
  const rounded = big >= 0n ? (big + half) / divisor : (big - half) / divisor
  if (scale >= 0) return { unscaled: normalizeInt(rounded), scale }
  return { unscaled: normalizeInt(rounded * bigPowerOfTen(-scale)), scale: 0 }
}

/** Toward zero. */
export function truncateDecimal(value: Decimal, scale: number): Decimal {
  if (scale >= value.scale) return value
  const quotient = BigInt(value.unscaled) / bigPowerOfTen(value.scale - scale)
  if (scale >= 0) return { unscaled: normalizeInt(quotient), scale }
  return { unscaled: normalizeInt(quotient * bigPowerOfTen(-scale)), scale: 0 }
}

/**
 * Quotient at the scale PostgreSQL's `select_div_scale` picks: at least 16 significant digits, at least either operand's scale.
 * Operands are normalised first, so equal numbers give equal quotients. The divisor must not be zero.
 */
export function divideDecimal(dividend: Decimal, divisor: Decimal): Decimal {
  const a = normalizeDecimal(dividend)
  const b = normalizeDecimal(divisor)
  const scale = divisionScale(a, b)
  // a / b at `scale`: unscaled = a.u * 10^(scale + b.scale - a.scale) / b.u, rounded half away from zero.
  let numerator = BigInt(a.unscaled)
  let denominator = BigInt(b.unscaled)
  const shift = scale + b.scale - a.scale
  if (shift >= 0) numerator *= bigPowerOfTen(shift)
  else denominator *= bigPowerOfTen(-shift)
  if (denominator < 0n) {
    numerator = -numerator
    denominator = -denominator
  }
  const doubled = numerator * 2n
  const rounded =
    numerator >= 0n ? (doubled + denominator) / (denominator * 2n) : (doubled - denominator) / (denominator * 2n)
  return { unscaled: normalizeInt(rounded), scale }
}

/** Truncated quotient's remainder; the sign follows the dividend. The divisor must not be zero. */
export function remainderDecimal(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  const x = BigInt(rescaleUp(a.unscaled, a.scale, scale))
  const y = BigInt(rescaleUp(b.unscaled, b.scale, scale))
  return { unscaled: normalizeInt(x % y), scale }
}

const NUMERIC_MIN_SIGNIFICANT_DIGITS = 16
const DIGITS_PER_GROUP = 4

function divisionScale(a: Decimal, b: Decimal): number {
  const [weightA, firstA] = leadingGroup(a)
  const [weightB, firstB] = leadingGroup(b)
  let quotientWeight = weightA - weightB
  if (firstA <= firstB) quotientWeight--
  const wanted = NUMERIC_MIN_SIGNIFICANT_DIGITS - quotientWeight * DIGITS_PER_GROUP
  return Math.min(Math.max(wanted, a.scale, b.scale, 0), MAX_SCALE)
}

/** Weight and value of the first non-zero group of four digits, counted from the decimal point. */
function leadingGroup(value: Decimal): [weight: number, group: number] {
  const digits = absoluteDigits(value.unscaled)
  if (digits === '0') return [0, 0]
  const integerDigits = digits.length - value.scale
  const weight = Math.ceil(integerDigits / DIGITS_PER_GROUP) - 1
  const first = integerDigits - weight * DIGITS_PER_GROUP
  return [weight, Number(digits.slice(0, first).padEnd(first, '0'))]
}

function absoluteDigits(unscaled: Int): string {
  const text = unscaled.toString()
  return text.startsWith('-') ? text.slice(1) : text
}

export function isZeroDecimal(value: Decimal): boolean {
  return value.unscaled === 0
}

/** `[+-]digits[.digits][e[+-]digits]`, at least one digit; undefined for anything else or beyond MAX_DECIMAL_DIGITS. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return undefined
  const whole = match[2]!
  const fraction = match[3] ?? ''
  if (whole.length + fraction.length === 0) return undefined
  const exponent = match[4] === undefined ? 0 : Number(match[4])
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '')
  if (digits === '0') return { unscaled: 0, scale: Math.min(Math.max(fraction.length - exponent, 0), MAX_SCALE) }
  let scale = fraction.length - exponent
  if (digits.length + Math.abs(scale) > MAX_DECIMAL_DIGITS || scale > MAX_SCALE) return undefined
  const sign = match[1] === '-' ? '-' : ''
  let unscaled: Int = digits.length <= 15 ? Number(sign + digits) : normalizeInt(BigInt(sign + digits))
  if (scale < 0) {
    unscaled = multiplyInt(unscaled, powerOfTen(-scale))
    scale = 0
  }
  return { unscaled, scale }
}

/** Plain digits, exactly `scale` of them after the point; never an exponent. */
export function formatDecimal(value: Decimal): string {
  if (value.scale === 0) return value.unscaled.toString()
  const negative = value.unscaled < 0
  const digits = absoluteDigits(value.unscaled).padStart(value.scale + 1, '0')
  const point = digits.length - value.scale
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** The nearest double. */
export function decimalToNumber(value: Decimal): number {
  if (value.scale === 0) return Number(value.unscaled)
  // Correctly rounded when both parts are exact doubles (Clinger's fast path); otherwise the parser rounds.
  if (typeof value.unscaled === 'number' && value.scale <= 15) return value.unscaled / SMALL_POWERS[value.scale]!
  return Number(formatDecimal(value))
}

/** The shortest decimal that reads back as the double; undefined for NaN and infinities. */
export function decimalFromNumber(value: number): Decimal | undefined {
  if (!Number.isFinite(value)) return undefined
  if (Number.isSafeInteger(value)) return { unscaled: value === 0 ? 0 : value, scale: 0 }
  return parseDecimal(String(value))
}

/** Digits before the point, 0 for |value| < 1: what DECIMAL(p, s) limits to p - s. */
export function integerDigits(value: Decimal): number {
  return value.unscaled === 0 ? 0 : Math.max(0, absoluteDigits(value.unscaled).length - value.scale)
}
