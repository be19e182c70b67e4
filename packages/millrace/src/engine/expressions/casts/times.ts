import {
  type DataType,
  type Decimal,
  decimalFromNumber,
  type Int,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  multiplyDecimal,
  multiplyInt,
  splitDay,
  timestampFromInteger,
  TIMESTAMP,
  truncateDecimal,
} from '../../../kernel/index.ts'
import { rowError } from '../../functions/definition.ts'
import { rangeCheck } from '../../functions/integer-range.ts'
import type { Cast } from './numbers.ts'
import { doubleText } from './to-text.ts'

const timestampRange = rangeCheck(TIMESTAMP)

/**
 * Casts among TIMESTAMP, DATE and TIME, and of numbers to TIMESTAMP by magnitude (seconds, milliseconds, microseconds,
 * nanoseconds).
 */
export function castTime(from: DataType, to: DataType): Cast | undefined {
  switch (to.kind) {
    case 'TIMESTAMP':
      return toTimestamp(from)
    case 'DATE':
      return from.kind === 'TIMESTAMP' ? (value) => splitDay(value as Int)[0] : undefined
    case 'TIME':
      return from.kind === 'TIMESTAMP' ? (value) => splitDay(value as Int)[1] : undefined
    default:
      return undefined
  }
}

function toTimestamp(from: DataType): Cast | undefined {
  switch (from.kind) {
    case 'DATE':
      return (value) => timestampRange(multiplyInt(value as Int, MICROS_PER_DAY))
    case 'INTEGER':
      return (value) => timestampRange(timestampFromInteger(value as Int, 'auto'))
    case 'DECIMAL':
      return (value) => timestampFromDecimal(value as Decimal)
    case 'DOUBLE':
    case 'REAL':
      return (value) => timestampFromDouble(value as number)
    default:
      return undefined
  }
}

/** By the magnitude of the whole part, keeping the fraction: 1616663618.25 is a quarter past a second. */
export function timestampFromDecimal(value: Decimal): Int {
  const whole = truncateDecimal(value, 0).unscaled
  const scaled = timestampFromInteger(whole, 'auto')
  if (scaled === multiplyInt(whole, MICROS_PER_SECOND)) return timestampOfSeconds(value)
  if (scaled === multiplyInt(whole, 1000)) return cut(value, 1000)
  return timestampRange(scaled)
}

/** Seconds since the epoch, cut to the microsecond. */
export function timestampOfSeconds(value: Decimal): Int {
  return cut(value, MICROS_PER_SECOND)
}

function cut(value: Decimal, factor: number): Int {
  return timestampRange(truncateDecimal(multiplyDecimal(value, { unscaled: factor, scale: 0 }), 0).unscaled)
}

export function timestampFromDouble(value: number): Int {
  return timestampFromDecimal(finite(value))
}

export function finite(value: number): Decimal {
  const exact = decimalFromNumber(value)
  if (exact === undefined) throw rowError(`${doubleText(value)} is not a TIMESTAMP`)
  return exact
}
