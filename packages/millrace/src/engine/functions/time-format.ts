import {
  addInt,
  civilFromDays,
  type Int,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  splitDay,
} from '../../kernel/index.ts'
import { dayOfYear, isoWeek, isoWeekday } from './date-fields.ts'
import { type TimeZone, timeZone } from './time-zone.ts'

export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
export const DAYS: readonly string[] = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** What clocks of a zone show at an instant. */
export interface Instant {
  readonly days: number
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly micros: number
  readonly epochSeconds: number
  /** Microseconds east of UTC. */
  readonly offset: number
  readonly zone: string
}

export function instant(timestamp: Int, zone: TimeZone = timeZone('UTC')): Instant {
  const offset = zone.offsetAt(timestamp)
  const [days, time] = splitDay(addInt(timestamp, offset))
  return {
    days,
    ...civilFromDays(days),
    hour: Math.floor(time / MICROS_PER_HOUR),
    minute: Math.floor(time / MICROS_PER_MINUTE) % 60,
    second: Math.floor(time / MICROS_PER_SECOND) % 60,
    micros: time % MICROS_PER_SECOND,
    epochSeconds: days * 86_400 + Math.floor((time - offset) / MICROS_PER_SECOND),
    offset,
    zone: zone.name,
  }
}

export type Piece = (at: Instant) => string

export const padded = (value: number, width: number) =>
  `${value < 0 ? '-' : ''}${String(Math.abs(value)).padStart(width, '0')}`
export const hour12 = (at: Instant) => (at.hour % 12 === 0 ? 12 : at.hour % 12)
export const monthName = (at: Instant) => MONTHS[at.month - 1]!
export const dayName = (at: Instant) => DAYS[isoWeekday(at.days) - 1]!
const upper =
  (piece: Piece): Piece =>
  (at) =>
    piece(at).toUpperCase()
const lower =
  (piece: Piece): Piece =>
  (at) =>
    piece(at).toLowerCase()
export const dayOfYearOf = (at: Instant) => dayOfYear(at.days)
export const halfOf = (at: Instant) => (at.hour < 12 ? 'AM' : 'PM')

/** +02 (form 1), +0200 (form 2) or +02:00 (form 3); with seconds where there are some, as before 1900. */
export function offsetText({ offset }: Instant, form: number): string {
  const seconds = Math.abs(offset) / MICROS_PER_SECOND
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((n) => padded(n, 2))
  const needed = parts[2] !== '00' ? 3 : form > 1 || parts[1] !== '00' ? 2 : 1
  return (offset < 0 ? '-' : '+') + parts.slice(0, needed).join(form === 3 ? ':' : '')
}

/** The letters of `to_char` as PostgreSQL has them; longer ones first. */
const TEMPLATE: readonly (readonly [string, Piece])[] = [
  ['YYYY', (at) => padded(at.year, 4)],
  ['IYYY', (at) => padded(isoWeek(at.days).year, 4)],
  ['MONTH', upper(monthName)],
  ['Month', monthName],
  ['month', lower(monthName)],
  ['HH24', (at) => padded(at.hour, 2)],
  ['HH12', (at) => padded(hour12(at), 2)],
  ['DDD', (at) => padded(dayOfYear(at.days), 3)],
  ['DAY', upper(dayName)],
  ['Day', dayName],
  ['day', lower(dayName)],
  ['MON', (at) => monthName(at).slice(0, 3).toUpperCase()],
  ['Mon', (at) => monthName(at).slice(0, 3)],
  ['mon', (at) => monthName(at).slice(0, 3).toLowerCase()],
  ['YY', (at) => padded(at.year % 100, 2)],
  ['IW', (at) => padded(isoWeek(at.days).week, 2)],
  ['MM', (at) => padded(at.month, 2)],
  ['DD', (at) => padded(at.day, 2)],
  ['DY', (at) => dayName(at).slice(0, 3).toUpperCase()],
  ['Dy', (at) => dayName(at).slice(0, 3)],
  ['dy', (at) => dayName(at).slice(0, 3).toLowerCase()],
  ['HH', (at) => padded(hour12(at), 2)],
  ['MI', (at) => padded(at.minute, 2)],
  ['MS', (at) => padded(Math.floor(at.micros / 1000), 3)],
  ['SS', (at) => padded(at.second, 2)],
  ['US', (at) => padded(at.micros, 6)],
  ['ID', (at) => String(isoWeekday(at.days))],
  ['AM', halfOf],
  ['PM', halfOf],
  ['am', lower(halfOf)],
  ['pm', lower(halfOf)],
  ['TZ', (at) => at.zone],
  ['OF', (at) => offsetText(at, 1)],
  ['Q', (at) => String(Math.ceil(at.month / 3))],
  ['D', (at) => String((isoWeekday(at.days) % 7) + 1)],
]

const fraction = (at: Instant) =>
  at.micros === 0 ? '' : at.micros % 1000 === 0 ? padded(at.micros / 1000, 3) : padded(at.micros, 6)

/** The conversions of strftime, after the `%`. */
const CONVERSIONS: ReadonlyMap<string, Piece> = new Map<string, Piece>([
  ['Y', (at) => padded(at.year, 4)],
  ['y', (at) => padded(at.year % 100, 2)],
  ['C', (at) => padded(Math.floor(at.year / 100), 2)],
  ['m', (at) => padded(at.month, 2)],
  ['B', monthName],
  ['b', (at) => monthName(at).slice(0, 3)],
  ['h', (at) => monthName(at).slice(0, 3)],
  ['d', (at) => padded(at.day, 2)],
  ['e', (at) => String(at.day).padStart(2, ' ')],
  ['j', (at) => padded(dayOfYear(at.days), 3)],
  ['A', dayName],
  ['a', (at) => dayName(at).slice(0, 3)],
  ['u', (at) => String(isoWeekday(at.days))],
  ['w', (at) => String(isoWeekday(at.days) % 7)],
  ['G', (at) => padded(isoWeek(at.days).year, 4)],
  ['V', (at) => padded(isoWeek(at.days).week, 2)],
  ['H', (at) => padded(at.hour, 2)],
  ['I', (at) => padded(hour12(at), 2)],
  ['k', (at) => String(at.hour).padStart(2, ' ')],
  ['l', (at) => String(hour12(at)).padStart(2, ' ')],
  ['M', (at) => padded(at.minute, 2)],
  ['S', (at) => padded(at.second, 2)],
  ['f', (at) => padded(at.micros * 1000, 9)],
  ['.f', (at) => (fraction(at) === '' ? '' : `.${fraction(at)}`)],
  ['3f', (at) => padded(Math.floor(at.micros / 1000), 3)],
  ['.3f', (at) => `.${padded(Math.floor(at.micros / 1000), 3)}`],
  ['6f', (at) => padded(at.micros, 6)],
  ['.6f', (at) => `.${padded(at.micros, 6)}`],
  ['p', halfOf],
  ['P', lower(halfOf)],
  ['s', (at) => String(at.epochSeconds)],
  ['z', (at) => offsetText(at, 2)],
  [':z', (at) => offsetText(at, 3)],
  ['Z', (at) => at.zone],
  ['F', (at) => `${padded(at.year, 4)}-${padded(at.month, 2)}-${padded(at.day, 2)}`],
  ['T', (at) => `${padded(at.hour, 2)}:${padded(at.minute, 2)}:${padded(at.second, 2)}`],
  ['D', (at) => `${padded(at.month, 2)}/${padded(at.day, 2)}/${padded(at.year % 100, 2)}`],
  ['R', (at) => `${padded(at.hour, 2)}:${padded(at.minute, 2)}`],
  ['n', () => '\n'],
  ['t', () => '\t'],
  ['%', () => '%'],
])

/**
 * A compiled date format: strftime when it contains a `%` (`%Y-%m-%d %H:%M:%S`), else PostgreSQL's letters (`YYYY-MM-DD
 * HH24:MI:SS`, with "quoted text" as it stands). A string says what is wrong with the format.
 */
export function timeFormat(format: string): readonly Piece[] | string {
  return format.includes('%') ? strftime(format) : template(format)
}

export function printed(pieces: readonly Piece[], at: Instant): string {
  return pieces.map((piece) => piece(at)).join('')
}

/** Conversions with their names, and what stands between them. */
export const STRFTIME = /%(\.?[36]?f|:z|-?.)|[^%]+|%$/gsu

function strftime(format: string): Piece[] | string {
  const pieces: Piece[] = []
  for (const [whole, name] of format.matchAll(STRFTIME)) {
    if (name === undefined) {
      if (whole === '%') return 'the date format ends in the middle of a conversion'
      pieces.push(() => whole)
      continue
    }
    const piece = CONVERSIONS.get(name) ?? unpadded(name)
    if (piece === undefined) return `the date format has an unknown conversion "%${name}"`
    pieces.push(piece)
  }
  return pieces
}

/** `%-d`: the number without leading zeros or spaces. */
function unpadded(name: string): Piece | undefined {
  const piece = name.startsWith('-') ? CONVERSIONS.get(name.slice(1)) : undefined
  return piece && ((at) => piece(at).replace(/^[0 ]+(?=.)/, ''))
}

function template(format: string): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at < format.length; ) {
    if (format[at] === '"') {
      const close = format.indexOf('"', at + 1)
      const end = close === -1 ? format.length : close
      const quoted = format.slice(at + 1, end)
      pieces.push(() => quoted)
      at = end + 1
      continue
    }
    const found = TEMPLATE.find(([letters]) => format.startsWith(letters, at))
    const length = found === undefined ? 1 : found[0].length
    const plain = format.slice(at, at + length)
    pieces.push(found === undefined ? () => plain : found[1])
    at += length
  }
  return pieces
}
