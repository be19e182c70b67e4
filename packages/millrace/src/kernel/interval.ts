/** A span of time as SQL keeps it: months and days have no fixed length, the rest is microseconds. */
export interface Interval {
  readonly months: number
  readonly days: number
  readonly micros: number
}

export const MICROS_PER_SECOND = 1_000_000
export const MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND
export const MICROS_PER_HOUR = 60 * MICROS_PER_MINUTE
export const MICROS_PER_DAY = 24 * MICROS_PER_HOUR

interface Unit {
  readonly months?: number
  readonly days?: number
  readonly micros?: number
}

const UNITS: ReadonlyMap<string, Unit> = new Map<string, Unit>([
  ...names({ micros: 0.001 }, 'nanosecond', 'nanoseconds', 'ns'),
  ...names({ micros: 1 }, 'microsecond', 'microseconds', 'us', 'usec', 'usecs'),
  ...names({ micros: 1000 }, 'millisecond', 'milliseconds', 'ms', 'msec', 'msecs'),
  ...names({ micros: MICROS_PER_SECOND }, 'second', 'seconds', 's', 'sec', 'secs'),
  ...names({ micros: MICROS_PER_MINUTE }, 'minute', 'minutes', 'm', 'min', 'mins'),
  ...names({ micros: MICROS_PER_HOUR }, 'hour', 'hours', 'h', 'hr', 'hrs'),
  ...names({ days: 1 }, 'day', 'days', 'd'),
  ...names({ days: 7 }, 'week', 'weeks', 'w'),
  ...names({ months: 1 }, 'month', 'months', 'mon', 'mons'),
  ...names({ months: 3 }, 'quarter', 'quarters'),
  ...names({ months: 12 }, 'year', 'years', 'y', 'yr', 'yrs'),
])

function names(unit: Unit, ...spellings: readonly string[]): (readonly [string, Unit])[] {
  return spellings.map((s) => [s, unit] as const)
}

/** The names `parseInterval` understands, for messages. */
export function isIntervalUnit(word: string): boolean {
  return UNITS.has(word.toLowerCase())
}

/**
 * Reads `1 minute`, `1 hour 30 minutes`, `-2 days`, `1.5 hours`, `01:30:00`, `1 day 02:00`, and with a `unit` a bare number
 * (`INTERVAL '5' SECOND`). Undefined if the text is none of these. Fractions of days and months carry down (1.5 days = 36 h).
 */
export function parseInterval(text: string, unit?: string): Interval | undefined {
  const trimmed = text.trim()
  if (unit !== undefined) {
    if (!/^[+-]?\d+(\.\d+)?$/.test(trimmed)) return parseInterval(trimmed)
    return addUnit(ZERO_INTERVAL, Number(trimmed), unit.toLowerCase())
  }
  let total: Interval | undefined
  const pattern = /\s*(?:([+-]?)(\d+):(\d{2})(?::(\d{2}(?:\.\d{1,6})?))?|([+-]?\d+(?:\.\d+)?)\s*([A-Za-z]+))\s*,?/y
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed)
    if (match === null) return undefined
    const sum: Interval | undefined = total ?? ZERO_INTERVAL
    if (match[2] !== undefined) {
      const micros = Math.round(
        Number(match[2]) * MICROS_PER_HOUR + Number(match[3]) * MICROS_PER_MINUTE + Number(match[4] ?? 0) * MICROS_PER_SECOND,
      )
      total = { ...sum, micros: sum.micros + (match[1] === '-' ? -micros : micros) }
    } else {
      total = addUnit(sum, Number(match[5]), match[6]!.toLowerCase())
      if (total === undefined) return undefined
    }
  }
  return total
}

export const ZERO_INTERVAL: Interval = { months: 0, days: 0, micros: 0 }

function addUnit(to: Interval, count: number, name: string): Interval | undefined {
  const unit = UNITS.get(name)
  if (unit === undefined) return undefined
  const months = count * (unit.months ?? 0)
  const wholeMonths = Math.trunc(months)
  const days = count * (unit.days ?? 0) + (months - wholeMonths) * 30
  const wholeDays = Math.trunc(days)
  const micros = count * (unit.micros ?? 0) + (days - wholeDays) * MICROS_PER_DAY
  return { months: to.months + wholeMonths, days: to.days + wholeDays, micros: to.micros + Math.round(micros) }
}

/** Microseconds of an interval without months (a day is 24 hours); undefined if it has months. */
export function intervalMicros(interval: Interval): number | undefined {
  return interval.months === 0 ? interval.days * MICROS_PER_DAY + interval.micros : undefined
}

/** Microseconds with a month of 30 days and a day of 24 hours, as PostgreSQL compares: what order and equality go by. */
export function nominalMicros(interval: Interval): bigint {
  return BigInt(interval.months * 30 + interval.days) * BigInt(MICROS_PER_DAY) + BigInt(interval.micros)
}

export function compareInterval(a: Interval, b: Interval): number {
  const x = nominalMicros(a)
  const y = nominalMicros(b)
  return x < y ? -1 : x > y ? 1 : 0
}

/** Reads back with `parseInterval`: `1 month 2 days 03:04:05.5`. */
export function formatInterval(interval: Interval): string {
  const parts: string[] = []
  if (interval.months !== 0) parts.push(`${interval.months} ${Math.abs(interval.months) === 1 ? 'month' : 'months'}`)
  if (interval.days !== 0) parts.push(`${interval.days} ${Math.abs(interval.days) === 1 ? 'day' : 'days'}`)
  if (interval.micros !== 0 || parts.length === 0) {
    const sign = interval.micros < 0 ? '-' : ''
    const total = Math.abs(interval.micros)
    const two = (n: number) => String(n).padStart(2, '0')
    const hours = Math.floor(total / MICROS_PER_HOUR)
    const minutes = Math.floor(total / MICROS_PER_MINUTE) % 60
    const seconds = Math.floor(total / MICROS_PER_SECOND) % 60
    const fraction = String(total % MICROS_PER_SECOND).padStart(6, '0').replace(/0+$/, '')
    parts.push(`${sign}${two(hours)}:${two(minutes)}:${two(seconds)}${fraction === '' ? '' : `.${fraction}`}`)
  }
  return parts.join(' ')
}

/** `5s`, `500 ms`, `1 minute`: a duration option in microseconds; undefined if it is no duration. A bare number is refused. */
export function parseDuration(text: string): number | undefined {
  const interval = parseInterval(text)
  return interval === undefined ? undefined : intervalMicros(interval)
}
