import {
  addInt,
  daysFromCivil,
  daysInMonth,
  type Int,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  multiplyInt,
} from '../../kernel/index.ts'
import { DAYS, MONTHS } from './time-format.ts'
import { instantOf, timeZone } from './time-zone.ts'

export type NumberField =
  | 'year'
  | 'year_of_century'
  | 'month'
  | 'day'
  | 'day_of_year'
  | 'hour'
  | 'half_hour'
  | 'minute'
  | 'second'
  | 'epoch'

/** A piece of a date pattern, as it is read. */
export type PatternPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** Any white space, or none. */
  | { readonly kind: 'space' }
  | { readonly kind: 'number'; readonly field: NumberField; readonly least: number; readonly most: number }
  /** Digits after the point of a second; `most` 0: a point and as many as there are, or neither. */
  | { readonly kind: 'fraction'; readonly least: number; readonly most: number }
  | { readonly kind: 'month_name' }
  | { readonly kind: 'day_name' }
  | { readonly kind: 'half' }
  | { readonly kind: 'offset' }
  | { readonly kind: 'zone' }

interface Reading {
  readonly numbers: Partial<Record<NumberField, number>>
  micros: number
  afternoon: boolean | undefined
  zone: string
}

/**
 * Reads a text by a pattern: the instant it says, in UTC where it names no zone, and with what it does not say taken from midnight of
 * 1970-01-01. Undefined: the text does not fit, or there is no such date.
 */
export function readDate(text: string, pieces: readonly PatternPiece[]): Int | undefined {
  const reading: Reading = { numbers: {}, micros: 0, afternoon: undefined, zone: 'UTC' }
  let at = 0
  for (const piece of pieces) {
    const end = readPiece(text, at, piece, reading)
    if (end === undefined) return undefined
    at = end
  }
  return at === text.length ? instantIn(reading) : undefined
}

/** Where the piece ends in the text. */
function readPiece(text: string, at: number, piece: PatternPiece, into: Reading): number | undefined {
  switch (piece.kind) {
    case 'text':
      return text.startsWith(piece.text, at) ? at + piece.text.length : undefined
    case 'space':
      return at + /^\s*/.exec(text.slice(at, at + 64))![0].length
    case 'number': {
      const digits = digitsAt(text, at, piece.least, piece.most, piece.field === 'epoch' || piece.field === 'year')
      if (digits === undefined) return undefined
      into.numbers[piece.field] = Number(digits)
      return at + digits.length
    }
    case 'fraction':
      return readFraction(text, at, piece.least, piece.most, into)
    case 'month_name': {
      const [month, length] = nameAt(text, at, MONTHS)
      into.numbers.month = month
      return length === 0 ? undefined : at + length
    }
    case 'day_name': {
      const [, length] = nameAt(text, at, DAYS)
      return length === 0 ? undefined : at + length
    }
    case 'half': {
      const half = text.slice(at, at + 2).toLowerCase()
      if (half !== 'am' && half !== 'pm') return undefined
      into.afternoon = half === 'pm'
      return at + 2
    }
    case 'offset':
    case 'zone': {
      const pattern =
        piece.kind === 'offset' ? /^(?:Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)/i : /^[A-Za-z][\w/+-]*|^[+-][\d:]+/
      const found = pattern.exec(text.slice(at, at + 64))
      if (found === null) return undefined
      into.zone = found[0]
      return at + found[0].length
    }
  }
}

function digitsAt(text: string, at: number, least: number, most: number, signed: boolean): string | undefined {
  const found = /^-?\d+/.exec(text.slice(at, at + most + 1))?.[0]
  if (found === undefined) return undefined
  const sign = found.startsWith('-') ? 1 : 0
  if (sign === 1 && !signed) return undefined
  const digits = found.slice(0, most + sign)
  return digits.length - sign < least ? undefined : digits
}

function readFraction(text: string, at: number, least: number, most: number, into: Reading): number | undefined {
  const free = most === 0
  if (free && text[at] !== '.') return at
  const start = free ? at + 1 : at
  const digits = /^\d+/.exec(text.slice(start, start + (free ? 9 : most)))?.[0] ?? ''
  if (digits.length < Math.max(1, least)) return undefined
  into.micros = Number(digits.padEnd(6, '0').slice(0, 6))
  return start + digits.length
}

/** Which of the names (counted from 1), or of their first three letters, stands there in any case, and its length. */
function nameAt(text: string, at: number, names: readonly string[]): readonly [number, number] {
  const there = text.slice(at, at + 9).toLowerCase()
  for (const length of [Number.POSITIVE_INFINITY, 3]) {
    const found = names.findIndex((name) => there.startsWith(name.slice(0, length).toLowerCase()))
    if (found !== -1) return [found + 1, Math.min(length, names[found]!.length)]
  }
  return [0, 0]
}

function instantIn({ numbers, micros, afternoon, zone }: Reading): Int | undefined {
  const { epoch, minute = 0, second = 0 } = numbers
  if (epoch !== undefined) return addInt(multiplyInt(epoch, MICROS_PER_SECOND), micros)
  const days = dayIn(numbers)
  const hour = hourIn(numbers, afternoon)
  if (days === undefined || hour === undefined || minute > 59 || second > 59) return undefined
  const time = hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + micros
  return instantOf(addInt(multiplyInt(days, MICROS_PER_DAY), time), timeZone(zone))
}

/** Years of two digits lie between 1969 and 2068. */
function dayIn(numbers: Reading['numbers']): number | undefined {
  const { year_of_century: short, month = 1, day = 1, day_of_year: ofYear } = numbers
  const year = numbers.year ?? (short === undefined ? 1970 : short < 69 ? 2000 + short : 1900 + short)
  if (ofYear !== undefined) {
    const first = daysFromCivil(year, 1, 1)
    return ofYear >= 1 && ofYear <= daysFromCivil(year + 1, 1, 1) - first ? first + ofYear - 1 : undefined
  }
  if (Math.abs(year) > 250_000 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  return daysFromCivil(year, month, day)
}

function hourIn({ hour, half_hour: ofHalf }: Reading['numbers'], afternoon: boolean | undefined): number | undefined {
  if (ofHalf === undefined) return (hour ?? 0) > 23 ? undefined : (hour ?? 0)
  if (ofHalf < 1 || ofHalf > 12) return undefined
  return (ofHalf % 12) + (afternoon === true ? 12 : 0)
}
