import { addInt, divideInt, multiplyInt, normalizeInt, type Int } from './int.ts'
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from './interval.ts'

/** TIMESTAMP: microseconds since 1970-01-01T00:00:00Z. DATE: days since then. TIME: microseconds since midnight. */

export interface CivilDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
}

/** Days since the epoch of a date of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible date algorithms"). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The inverse of `daysFromCivil`; same source. */
export function civilFromDays(days: number): CivilDate {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  }
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

const TIMESTAMP_TEXT =
  /^\s*([+-]?\d{4,6})-(\d{1,2})-(\d{1,2})(?:[T\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?\s*(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?)?\s*$/

/**
 * RFC 3339 and the looser forms people write: a space for the T, no seconds, no zone (UTC then), a date alone. Digits beyond
 * microseconds are cut. Undefined if the text is none of these or names no real instant.
 */
export function parseTimestamp(text: string): Int | undefined {
  const match = TIMESTAMP_TEXT.exec(text)
  if (match === null) return undefined
  const days = validDays(match)
  if (days === undefined) return undefined
  const hour = Number(match[4] ?? 0)
  const minute = Number(match[5] ?? 0)
  const second = Number(match[6] ?? 0)
  if (hour > 24 || minute > 59 || second > 60 || (hour === 24 && (minute > 0 || second > 0))) return undefined
  const micros = Number((match[7] ?? '').slice(0, 6).padEnd(6, '0'))
  const offset = zoneOffsetMicros(match[8])
  if (offset === undefined) return undefined
  const ofDay = hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + micros - offset
  return addInt(multiplyInt(days, MICROS_PER_DAY), ofDay)
}

/** `YYYY-MM-DD`, or a timestamp's date part; days since the epoch. */
export function parseDate(text: string): number | undefined {
  const match = TIMESTAMP_TEXT.exec(text)
  return match === null ? undefined : validDays(match)
}

/** `HH:MM[:SS[.ffffff]]`; microseconds since midnight. */
export function parseTime(text: string): number | undefined {
  const match = /^\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*$/.exec(text)
  if (match === null) return undefined
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const micros = Number((match[4] ?? '').slice(0, 6).padEnd(6, '0'))
  return hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + micros
}

function validDays(match: RegExpExecArray): number | undefined {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  return daysFromCivil(year, month, day)
}

function zoneOffsetMicros(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z' || zone === 'UTC') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || 0)
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * MICROS_PER_HOUR + minutes * MICROS_PER_MINUTE)
}

/** RFC 3339 in UTC with `Z`: `2024-08-08T23:54:00Z`, with 3 or 6 digits of fraction when it is not zero. */
export function formatTimestamp(micros: Int): string {
  const [days, ofDay] = splitDay(micros)
  return `${formatDate(days)}T${formatTime(ofDay)}Z`
}

export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days)
  const shown = year < 0 || year > 9999 ? `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}` : String(year).padStart(4, '0')
  return `${shown}-${two(month)}-${two(day)}`
}

export function formatTime(microsOfDay: number): string {
  const seconds = Math.floor(microsOfDay / MICROS_PER_SECOND)
  const fraction = microsOfDay - seconds * MICROS_PER_SECOND
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  if (fraction === 0) return text
  return fraction % 1000 === 0
    ? `${text}.${String(fraction / 1000).padStart(3, '0')}`
    : `${text}.${String(fraction).padStart(6, '0')}`
}

/** Days since the epoch and microseconds of that day. */
export function splitDay(micros: Int): [days: number, microsOfDay: number] {
  if (typeof micros === 'number') {
    const days = Math.floor(micros / MICROS_PER_DAY)
    return [days, micros - days * MICROS_PER_DAY]
  }
  const perDay = BigInt(MICROS_PER_DAY)
  let days = micros / perDay
  if (micros % perDay < 0n) days -= 1n
  return [Number(days), Number(micros - days * perDay)]
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n)
}

/** How an integer becomes a TIMESTAMP. `auto` reads the magnitude: seconds, milliseconds, microseconds or nanoseconds. */
export type TimestampUnit = 'auto' | 'seconds' | 'millis' | 'micros' | 'nanos'

/**
 * Microseconds from an integer. `auto` takes |v| < 10^11 as seconds (to the year 5138), < 10^14 as milliseconds, < 10^17 as
 * microseconds, larger as nanoseconds. Digits below the microsecond are cut toward zero.
 */
export function timestampFromInteger(value: Int, unit: TimestampUnit): Int {
  switch (unit === 'auto' ? unitByMagnitude(value) : unit) {
    case 'seconds':
      return multiplyInt(value, MICROS_PER_SECOND)
    case 'millis':
      return multiplyInt(value, 1000)
    case 'micros':
      return value
    case 'nanos':
      return typeof value === 'number' ? divideInt(value, 1000) : normalizeInt(value / 1000n)
  }
}

/** What `auto` reads an integer as. */
export function unitByMagnitude(value: Int): Exclude<TimestampUnit, 'auto'> {
  const magnitude = Math.abs(Number(value))
  return magnitude < 1e11 ? 'seconds' : magnitude < 1e14 ? 'millis' : magnitude < 1e17 ? 'micros' : 'nanos'
}
