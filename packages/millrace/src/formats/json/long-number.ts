import { type DataType, integerRange, normalizeInt, type TimestampUnit } from '../../kernel/index.ts'
import { type ColumnStore, DoubleStore, ExactStore } from '../column-store.ts'
import { sliceAscii } from '../text.ts'

/**
 * Stores a number of more digits than the generated code adds up itself: `[-]digits[.digits]` in [start, end),
 * `fraction` digits behind the point. False: not stored, ask the general rule.
 */
export type LongNumber = (bytes: Uint8Array, start: number, end: number, fraction: number, row: number) => boolean

/** Longer texts are for the general rule and its limits. */
const MAX_LENGTH = 300

export function longNumber(type: DataType, store: ColumnStore, unit: TimestampUnit): LongNumber {
  if (store instanceof DoubleStore && type.kind === 'DOUBLE') {
    return (bytes, start, end, _fraction, row) => {
      if (end - start > MAX_LENGTH) return false
      store.values[row] = Number(sliceAscii(bytes, start, end))
      return true
    }
  }
  if (!(store instanceof ExactStore)) return () => false
  if (type.kind === 'DECIMAL' && type.precision === undefined) {
    return (bytes, start, end, fraction, row) => {
      if (end - start > MAX_LENGTH) return false
      const text = sliceAscii(bytes, start, end)
      const digits = fraction === 0 ? text : text.slice(0, -fraction - 1) + text.slice(-fraction)
      store.setScaled(row, normalizeInt(BigInt(digits)), fraction)
      return true
    }
  }
  if (type.kind === 'INTEGER' && type.bits === 64) {
    const { min, max } = integerRange(type)
    return (bytes, start, end, fraction, row) => {
      if (fraction > 0 || end - start > MAX_DIGITS + 1) return false
      const value = integerAt(bytes, start, end)
      if (value < min || value > max) return false
      store.setInt(row, normalizeInt(value))
      return true
    }
  }
  if (type.kind === 'TIMESTAMP' && (unit === 'nanos' || unit === 'auto')) {
    return (bytes, start, end, fraction, row) => {
      const digits = bytes[start] === MINUS ? end - start - 1 : end - start
      // From 18 digits on every unit but the nanosecond is out of the question for `auto`.
      if (fraction > 0 || digits < (unit === 'auto' ? 18 : 4) || digits > MAX_DIGITS) return false
      const micros = Number(integerAt(bytes, start, end - 3))
      if (!Number.isSafeInteger(micros)) return false
      store.setInt(row, micros)
      return true
    }
  }
  return () => false
}

const MINUS = 0x2d
/** What `integerAt` reads exactly. */
const MAX_DIGITS = 20

/** Two exact doubles of at most 11 and 9 digits make the integer. */
function integerAt(bytes: Uint8Array, start: number, end: number): bigint {
  const negative = bytes[start] === MINUS
  const split = end - 9
  const high = digitsAt(bytes, negative ? start + 1 : start, split)
  const value = BigInt(high) * 1_000_000_000n + BigInt(digitsAt(bytes, split, end))
  return negative ? -value : value
}

function digitsAt(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) value = value * 10 + (bytes[i]! - 0x30)
  return value
}
