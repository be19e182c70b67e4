import {
  addInt,
  civilFromDays,
  daysFromCivil,
  daysInMonth,
  type Int,
  type Interval,
  MICROS_PER_DAY,
  multiplyInt,
  splitDay,
  subtractInt,
} from '../../kernel/index.ts'
import { rowError } from './definition.ts'

/** An interval of whole, safe parts; throws where a part is too large to be kept exactly. */
export function interval(months: number, days: number, micros: number): Interval {
  if (!Number.isSafeInteger(months) || !Number.isSafeInteger(days) || !Number.isSafeInteger(micros)) {
    throw rowError('interval out of range')
  }
  return { months: months + 0, days: days + 0, micros: micros + 0 }
}

export function addIntervals(a: Interval, b: Interval): Interval {
  return interval(a.months + b.months, a.days + b.days, a.micros + b.micros)
}

export function negateInterval(a: Interval): Interval {
  return interval(-a.months, -a.days, -a.micros)
}

/** Fractions of months carry down to days (30 to a month), fractions of days to microseconds, as PostgreSQL does. */
export function scaleInterval(a: Interval, factor: number): Interval {
  if (!Number.isFinite(factor)) throw rowError('interval out of range')
  const months = a.months * factor
  const wholeMonths = Math.trunc(months)
  const days = a.days * factor + roundTiny((months - wholeMonths) * 30)
  const wholeDays = Math.trunc(days)
  return interval(wholeMonths, wholeDays, Math.round(a.micros * factor + (days - wholeDays) * MICROS_PER_DAY))
}

/** Removes the noise of a product with a fraction such as 0.1. */
function roundTiny(days: number): number {
  return Math.round(days * 1e9) / 1e9
}

/**
 * A TIMESTAMP moved by an interval: months first (the day is held back to the month's last: Jan 31 + 1 month = Feb 28),
 * then days, then microseconds.
 */
export function addToTimestamp(micros: Int, by: Interval): Int {
  let moved = micros
  if (by.months !== 0) {
    const [days, ofDay] = splitDay(micros)
    moved = addInt(multiplyInt(addMonths(days, by.months), MICROS_PER_DAY), ofDay)
  }
  if (by.days !== 0) moved = addInt(moved, multiplyInt(by.days, MICROS_PER_DAY))
  return addInt(moved, by.micros)
}

export function addMonths(days: number, months: number): number {
  const date = civilFromDays(days)
  const total = date.year * 12 + (date.month - 1) + months
  const year = Math.floor(total / 12)
  if (Math.abs(year) > 300_000) throw rowError('date out of range')
  const month = total - year * 12 + 1
  return daysFromCivil(year, month, Math.min(date.day, daysInMonth(year, month)))
}

/** Days and the rest, as PostgreSQL subtracts timestamps. */
export function timestampDifference(a: Int, b: Int): Interval {
  const [days, rest] = splitDay(subtractInt(a, b))
  // Both parts carry the sign of the whole.
  return days < 0 && rest > 0 ? interval(0, days + 1, rest - MICROS_PER_DAY) : interval(0, days, rest)
}
