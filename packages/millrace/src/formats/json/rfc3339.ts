import { daysFromCivil, daysInMonth, MICROS_PER_DAY } from '../../kernel/index.ts'

/** Where `parseRfc3339` stopped: behind the closing quote. */
export const RFC3339_END = new Int32Array(1)

let cachedDate = -1
let cachedMicros = 0

/**
 * Microseconds of `YYYY-MM-DDThh:mm:ss[.fraction]Z` followed by a quote, beginning at `i`; NaN for any other text (it
 * may still be a timestamp of a rarer form) and where no double holds the microseconds. Agrees with the kernel's
 * `parseTimestamp`.
 */
export function parseRfc3339(bytes: Uint8Array, i: number): number {
  const year = two(bytes, i) * 100 + two(bytes, i + 2)
  const date = (year * 100 + two(bytes, i + 5)) * 100 + two(bytes, i + 8)
  const separator = bytes[i + 10]
  const hour = two(bytes, i + 11)
  const minute = two(bytes, i + 14)
  const second = two(bytes, i + 17)
  // A pair that is no digits is NaN, and NaN fails the comparisons.
  if (
    bytes[i + 4] !== 0x2d ||
    bytes[i + 7] !== 0x2d ||
    (separator !== 0x54 && separator !== 0x20) ||
    bytes[i + 13] !== 0x3a ||
    bytes[i + 16] !== 0x3a ||
    !(hour <= 23 && minute <= 59 && second <= 59)
  ) {
    return Number.NaN
  }
  let micros = ((hour * 60 + minute) * 60 + second) * 1e6
  i += 19
  let c = bytes[i]!
  if (c === 0x2e) {
    c = bytes[++i]!
    const first = i
    for (let unit = 1e5; c >= 0x30 && c <= 0x39; unit /= 10) {
      if (unit >= 1) micros += (c - 0x30) * unit
      c = bytes[++i]!
    }
    if (i === first || i > first + 12) return Number.NaN
  }
  if (c !== 0x5a || bytes[i + 1] !== 0x22) return Number.NaN
  if (date !== cachedDate) {
    const month = Math.floor(date / 100) % 100
    const day = date % 100
    if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return Number.NaN
    cachedMicros = daysFromCivil(year, month, day) * MICROS_PER_DAY
    cachedDate = date
  }
  RFC3339_END[0] = i + 2
  const total = cachedMicros + micros
  return Number.isSafeInteger(total) ? total : Number.NaN
}

function two(bytes: Uint8Array, i: number): number {
  const tens = bytes[i]! - 0x30
  const ones = bytes[i + 1]! - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}
