import {
  civilFromDays,
  daysFromCivil,
  type Decimal,
  type Int,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  multiplyInt,
  addInt,
  normalizeDecimal,
  splitDay,
} from '../../kernel/index.ts'

/** Days since 1970-01-01 (a Thursday) as Monday 1 to Sunday 7. */
export function isoWeekday(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1
}

/** ISO 8601 week and the year it belongs to. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days - isoWeekday(days) + 4
  const { year } = civilFromDays(thursday)
  return { year, week: Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1 }
}

export function dayOfYear(days: number): number {
  return days - daysFromCivil(civilFromDays(days).year, 1, 1) + 1
}

type DateField = (days: number, microsOfDay: number) => number

const floorTo = (value: number, size: number) => Math.floor(value / size)

const FIELDS: ReadonlyMap<string, DateField> = new Map<string, DateField>([
  ['millennium', (d) => Math.ceil(civilFromDays(d).year / 1000)],
  ['century', (d) => Math.ceil(civilFromDays(d).year / 100)],
  ['decade', (d) => Math.floor(civilFromDays(d).year / 10)],
  ['year', (d) => civilFromDays(d).year],
  ['isoyear', (d) => isoWeek(d).year],
  ['quarter', (d) => Math.ceil(civilFromDays(d).month / 3)],
  ['month', (d) => civilFromDays(d).month],
  ['week', (d) => isoWeek(d).week],
  ['day', (d) => civilFromDays(d).day],
  ['dow', (d) => isoWeekday(d) % 7],
  ['isodow', isoWeekday],
  ['doy', dayOfYear],
  ['hour', (_, t) => floorTo(t, MICROS_PER_HOUR)],
  ['minute', (_, t) => floorTo(t, MICROS_PER_MINUTE) % 60],
])

const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['years', 'year'],
  ['quarters', 'quarter'],
  ['months', 'month'],
  ['weeks', 'week'],
  ['days', 'day'],
  ['hours', 'hour'],
  ['minutes', 'minute'],
  ['seconds', 'second'],
  ['milliseconds', 'millisecond'],
  ['microseconds', 'microsecond'],
  ['nanoseconds', 'nanosecond'],
  ['dayofweek', 'dow'],
  ['dayofyear', 'doy'],
  ['y', 'year'],
  ['h', 'hour'],
  ['s', 'second'],
  ['ms', 'millisecond'],
  ['us', 'microsecond'],
  ['ns', 'nanosecond'],
  ['decades', 'decade'],
  ['centuries', 'century'],
])

export function fieldName(text: string): string {
  const name = text.trim().toLowerCase()
  return SYNONYMS.get(name) ?? name
}

export const FIELD_NAMES: readonly string[] = [
  ...FIELDS.keys(),
  'second',
  'millisecond',
  'microsecond',
  'nanosecond',
  'epoch',
]

/**
 * A field of an instant. `second` has its fraction, `millisecond` and below count from the minute; undefined: no such
 * field.
 */
export function dateField(name: string): ((micros: Int) => Decimal) | undefined {
  const whole = FIELDS.get(name)
  if (whole !== undefined) return (micros) => ({ unscaled: whole(...splitDay(micros)) + 0, scale: 0 })
  const ofMinute = (micros: Int) => splitDay(micros)[1] % MICROS_PER_MINUTE
  switch (name) {
    case 'second':
      return (micros) => normalizeDecimal({ unscaled: ofMinute(micros), scale: 6 })
    case 'millisecond':
      return (micros) => normalizeDecimal({ unscaled: ofMinute(micros), scale: 3 })
    case 'microsecond':
      return (micros) => ({ unscaled: ofMinute(micros), scale: 0 })
    case 'nanosecond':
      return (micros) => ({ unscaled: ofMinute(micros) * 1000, scale: 0 })
    case 'epoch':
      return (micros) => normalizeDecimal({ unscaled: micros, scale: 6 })
    default:
      return undefined
  }
}

/** The start of the unit an instant lies in (weeks start on Monday); undefined: no such unit. */
export function truncation(unit: string): ((micros: Int) => Int) | undefined {
  switch (unit) {
    case 'microsecond':
      return (micros) => micros
    case 'millisecond':
      return ofDay(1000)
    case 'second':
      return ofDay(MICROS_PER_SECOND)
    case 'minute':
      return ofDay(MICROS_PER_MINUTE)
    case 'hour':
      return ofDay(MICROS_PER_HOUR)
    case 'day':
      return ofDate((days) => days)
    case 'week':
      return ofDate((days) => days - isoWeekday(days) + 1)
    case 'month':
      return ofDate((days) => days - civilFromDays(days).day + 1)
    case 'quarter':
      return ofDate((days) => {
        const { year, month } = civilFromDays(days)
        return daysFromCivil(year, month - ((month - 1) % 3), 1)
      })
    case 'year':
      return ofYears(1, 0)
    case 'decade':
      return ofYears(10, 0)
    case 'century':
      return ofYears(100, 1)
    case 'millennium':
      return ofYears(1000, 1)
    default:
      return undefined
  }
}

function ofDay(size: number): (micros: Int) => Int {
  return (micros) => {
    const [days, time] = splitDay(micros)
    return addInt(multiplyInt(days, MICROS_PER_DAY), time - (time % size))
  }
}

function ofDate(start: (days: number) => number): (micros: Int) => Int {
  return (micros) => multiplyInt(start(splitDay(micros)[0]), MICROS_PER_DAY)
}

/** Spans of years; centuries and millennia start in years that end in 1. */
function ofYears(size: number, first: number): (micros: Int) => Int {
  return ofDate((days) => {
    const { year } = civilFromDays(days)
    return daysFromCivil(Math.floor((year - first) / size) * size + first, 1, 1)
  })
}
