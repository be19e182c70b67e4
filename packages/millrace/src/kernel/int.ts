/**
 * An exact integer: a number while it is safe (|v| <= 2^53 - 1), a bigint otherwise. One form per value, so `===` compares
 * two Ints of the same form and arithmetic stays in doubles until it must not.
 */
export type Int = number | bigint

const MAX = Number.MAX_SAFE_INTEGER
const MAX_BIG = BigInt(MAX)

export function normalizeInt(value: bigint): Int {
  return value <= MAX_BIG && value >= -MAX_BIG ? Number(value) : value
}

export function addInt(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (sum <= MAX && sum >= -MAX) return sum
  }
  return normalizeInt(BigInt(a) + BigInt(b))
}

export function subtractInt(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    if (difference <= MAX && difference >= -MAX) return difference
  }
  return normalizeInt(BigInt(a) - BigInt(b))
}

export function multiplyInt(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    if (product <= MAX && product >= -MAX) return product === 0 ? 0 : product
  }
  return normalizeInt(BigInt(a) * BigInt(b))
}

export function negateInt(a: Int): Int {
  return typeof a === 'number' ? (a === 0 ? 0 : -a) : normalizeInt(-a)
}

/** Truncates toward zero, as SQL does. The divisor must not be zero. */
export function divideInt(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    // Exact: |a| < 2^53, so the remainder is exact and the quotient of the difference is an integer.
    const quotient = (a - (a % b)) / b
    return quotient === 0 ? 0 : quotient
  }
  return normalizeInt(BigInt(a) / BigInt(b))
}

/** The sign follows the dividend, as SQL does. The divisor must not be zero. */
export function remainderInt(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const remainder = a % b
    return remainder === 0 ? 0 : remainder
  }
  return normalizeInt(BigInt(a) % BigInt(b))
}

export function compareInt(a: Int, b: Int): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Digits with an optional sign, or undefined if the text is anything else. */
export function parseInt64(text: string): Int | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  if (text.length <= 15) {
    const value = Number(text)
    return value === 0 ? 0 : value
  }
  return normalizeInt(BigInt(text.startsWith('+') ? text.slice(1) : text))
}

/** An integer in whatever form it is stored, in its one form. */
export function intOf(stored: number | bigint): Int {
  return typeof stored === 'number' ? stored : normalizeInt(stored)
}
