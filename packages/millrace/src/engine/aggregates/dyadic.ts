/** A double or a sum of doubles without loss: mantissa * 2^exponent. */
export interface Dyadic {
  readonly mantissa: bigint
  readonly exponent: number
}

export const ZERO: Dyadic = { mantissa: 0n, exponent: 0 }

const bits = new DataView(new ArrayBuffer(8))
const HIGH_FRACTION_BITS = 20
const HIDDEN_BIT = 2 ** HIGH_FRACTION_BITS
const EXPONENT_MASK = 0x7ff
/** Of the last place of the smallest normal double. */
const LEAST_EXPONENT = -1074

/** `value` must be finite. */
export function dyadicOf(value: number): Dyadic {
  if (Number.isSafeInteger(value)) return { mantissa: BigInt(value), exponent: 0 }
  bits.setFloat64(0, value)
  const high = bits.getUint32(0)
  const low = bits.getUint32(4)
  const biased = (high >>> HIGH_FRACTION_BITS) & EXPONENT_MASK
  const hidden = biased === 0 ? 0 : HIDDEN_BIT
  const magnitude = (BigInt((high & (HIDDEN_BIT - 1)) + hidden) << 32n) + BigInt(low)
  const exponent = LEAST_EXPONENT + Math.max(0, biased - 1)
  return { mantissa: value < 0 ? -magnitude : magnitude, exponent }
}

export function addDyadic(a: Dyadic, b: Dyadic): Dyadic {
  if (a.mantissa === 0n) return b
  if (b.mantissa === 0n) return a
  if (a.exponent === b.exponent) return orZero(a.mantissa + b.mantissa, a.exponent)
  if (a.exponent < b.exponent) return orZero(a.mantissa + (b.mantissa << BigInt(b.exponent - a.exponent)), a.exponent)
  return orZero((a.mantissa << BigInt(a.exponent - b.exponent)) + b.mantissa, b.exponent)
}

function orZero(mantissa: bigint, exponent: number): Dyadic {
  return mantissa === 0n ? ZERO : { mantissa, exponent }
}

export function multiplyDyadic(a: Dyadic, b: Dyadic): Dyadic {
  return orZero(a.mantissa * b.mantissa, a.exponent + b.exponent)
}

export function timesDyadic(a: Dyadic, factor: number): Dyadic {
  return orZero(a.mantissa * BigInt(factor), a.exponent)
}

/** A quotient to about 60 bits, as a double. The divisor must not be 0. */
export function divideDyadic(a: Dyadic, divisor: number): number {
  if (a.mantissa === 0n) return 0
  const shift = Math.max(0, 64 + String(divisor).length * 4 - bitLength(a.mantissa))
  return toDouble((a.mantissa << BigInt(shift)) / BigInt(divisor), a.exponent - shift)
}

function bitLength(value: bigint): number {
  return value.toString(16).length * 4
}

/** Cut to 64 bits first, so that neither factor overflows where their product does not. */
function toDouble(mantissa: bigint, exponent: number): number {
  const excess = Math.max(0, bitLength(mantissa) - 64)
  let scale = exponent + excess
  let value = Number(mantissa >> BigInt(excess))
  for (; scale > 1000; scale -= 1000) value *= 2 ** 1000
  for (; scale < -1000; scale += 1000) value *= 2 ** -1000
  return value * 2 ** scale
}
