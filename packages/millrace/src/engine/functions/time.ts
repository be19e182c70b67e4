import {
  addInt,
  BIGINT,
  DATE,
  DECIMAL,
  type Decimal,
  daysFromCivil,
  daysInMonth,
  DOUBLE,
  type Int,
  INTERVAL,
  type Interval,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  multiplyInt,
  normalizeInt,
  parseDate,
  parseInt64,
  parseTimestamp,
  splitDay,
  TEXT,
  TIMESTAMP,
  type TimestampUnit,
  timestampFromInteger,
  type Value,
} from '../../kernel/index.ts'
import { finite, timestampOfSeconds } from '../expressions/casts/times.ts'
import { dateBin } from './date-bin.ts'
import { dateField, FIELD_NAMES, fieldName, truncation } from './date-fields.ts'
import { example, type Implementation, rowError, scalar, type ScalarFunction, shown } from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { remembered } from './remembered.ts'
import { overloads, signature } from './signature.ts'
import { timeFormat } from './time-format.ts'

const timestampRange = rangeCheck(TIMESTAMP)
const bigintRange = rangeCheck(BIGINT)

function textTimestamp(text: string): Int {
  const value = parseTimestamp(text)
  if (value === undefined) throw rowError(`${shown(text)} is not a TIMESTAMP`)
  return timestampRange(value)
}

/** `to_timestamp_millis(x)`: an integer in a unit, a text or a timestamp. */
function fromUnit(name: string, unit: Exclude<TimestampUnit, 'auto'>, what: string, sample: string): ScalarFunction {
  return scalar(name, {
    doc: `The TIMESTAMP so many ${what} after 1970-01-01 UTC; also of such a number or a timestamp as text.`,
    examples: [example(`${name}(${sample})`, '2024-08-08T23:54:00Z')],
    resolve: overloads(
      { args: [BIGINT], returns: TIMESTAMP },
      { args: [TIMESTAMP], returns: TIMESTAMP },
      { args: [TEXT], returns: TIMESTAMP },
    ),
    implement: ([type]): Implementation => {
      if (type!.kind === 'TIMESTAMP') return ([a]) => a!
      const ofInteger = (value: Int) => timestampRange(timestampFromInteger(value, unit))
      if (type!.kind === 'INTEGER') return ([a]) => ofInteger(a as Int)
      return ([a]) => {
        const digits = parseInt64(a as string)
        return digits === undefined ? textTimestamp(a as string) : ofInteger(digits)
      }
    },
    inline: ([a], [type]) => (type!.kind === 'INTEGER' ? inlineUnit(a!, unit) : undefined),
  })
}

function inlineUnit(a: string, unit: Exclude<TimestampUnit, 'auto'>): string | undefined {
  return unit === 'seconds' ? `${a} * 1000000` : unit === 'millis' ? `${a} * 1000` : unit === 'micros' ? a : undefined
}

/**
 * `to_unix_millis(ts)`: whole units of `divisor` microseconds since the epoch, rounded down; without one, nanoseconds.
 */
function toUnit(
  name: string,
  aliases: readonly string[],
  what: string,
  divisor: number | undefined,
  result: string,
): ScalarFunction {
  const convert =
    divisor === undefined ? (micros: Int) => multiplyInt(micros, 1000) : (micros: Int) => floorDivide(micros, divisor)
  return scalar(name, {
    aliases,
    doc: `Whole ${what} from 1970-01-01 UTC to a TIMESTAMP.`,
    examples: [example(`${name}(TIMESTAMP '2024-08-08 23:54:00')`, result)],
    resolve: signature([TIMESTAMP], BIGINT),
    implement:
      () =>
      ([a]) =>
        bigintRange(convert(a as Int)),
    inline: ([a]) => (divisor === undefined ? undefined : `Math.floor(${a} / ${divisor})`),
  })
}

/** Rounded toward -infinity. */
function floorDivide(a: Int, b: number): Int {
  if (typeof a === 'number') return Math.floor(a / b)
  const divisor = BigInt(b)
  const quotient = a / divisor
  return normalizeInt(a % divisor < 0n ? quotient - 1n : quotient)
}

/** One field as an integer: `year(ts)`. */
function fieldFunction(name: string, sample: string): ScalarFunction {
  const field = dateField(name)!
  return scalar(name, {
    doc: `The ${name} of a TIMESTAMP or DATE, as a whole number.`,
    examples: [example(`${name}(TIMESTAMP '2024-08-09 23:54:05.5')`, sample)],
    resolve: signature([TIMESTAMP], BIGINT),
    implement:
      () =>
      ([a]) => {
        const { unscaled, scale } = field(a as Int)
        return scale === 0 ? unscaled : Math.floor(Number(unscaled) / 10 ** scale)
      },
  })
}

function partOf(name: string): (micros: Int) => Decimal {
  const field = dateField(fieldName(name))
  if (field === undefined)
    throw rowError(`there is no date field ${shown(name)}`, `Fields are ${FIELD_NAMES.join(', ')}.`)
  return field
}

/** Fields of an interval: its own parts, not carried over; `epoch` counts a year as 365.25 days, a month as 30. */
function intervalPart(name: string): (value: Interval) => Decimal {
  const whole = (unscaled: number): Decimal => ({ unscaled: unscaled + 0, scale: 0 })
  switch (fieldName(name)) {
    case 'year':
      return (i) => whole(Math.trunc(i.months / 12))
    case 'month':
      return (i) => whole(i.months % 12)
    case 'day':
      return (i) => whole(i.days)
    case 'hour':
      return (i) => whole(Math.trunc(i.micros / 3_600_000_000))
    case 'minute':
      return (i) => whole(Math.trunc(i.micros / 60_000_000) % 60)
    case 'second':
      return (i) => ({ unscaled: (i.micros % 60_000_000) + 0, scale: 6 })
    case 'millisecond':
      return (i) => ({ unscaled: (i.micros % 60_000_000) + 0, scale: 3 })
    case 'microsecond':
      return (i) => whole(i.micros % 60_000_000)
    case 'epoch':
      return (i) => ({ unscaled: intervalEpoch(i), scale: 6 })
    default:
      throw rowError(`an INTERVAL has no field ${shown(name)}`)
  }
}

function intervalEpoch(value: Interval): Int {
  const years = Math.trunc(value.months / 12)
  const days = multiplyInt(years * 365.25 * 4, MICROS_PER_DAY / 4)
  return addInt(addInt(days, multiplyInt((value.months % 12) * 30 + value.days, MICROS_PER_DAY)), value.micros)
}

function makeDate([y, m, d]: readonly Value[]): number {
  const [year, month, day] = [Number(y), Number(m), Number(d)]
  if (Math.abs(year) > 250_000 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    throw rowError(`there is no date ${year}-${month}-${day}`)
  }
  return daysFromCivil(year, month, day)
}

/** Units of one length, all aligned to the epoch. */
const UNIT_MICROS: ReadonlyMap<string, number> = new Map([
  ['millisecond', 1000],
  ['second', MICROS_PER_SECOND],
  ['minute', MICROS_PER_MINUTE],
  ['hour', MICROS_PER_HOUR],
  ['day', MICROS_PER_DAY],
])

export const TIME_FUNCTIONS: readonly ScalarFunction[] = [
  scalar('now', {
    aliases: ['current_timestamp', 'localtimestamp'],
    doc: 'The time of the step being run: one reading for many rows, the same again when a query is replayed.',
    examples: [example("now() > TIMESTAMP '2020-01-01'", 'true')],
    volatile: true,
    resolve: signature([], TIMESTAMP),
    implement: () => (_, step) => step.now,
  }),
  scalar('current_date', {
    aliases: ['today'],
    doc: 'The date of now(), in UTC.',
    examples: [example("current_date() > DATE '2020-01-01'", 'true')],
    volatile: true,
    resolve: signature([], DATE),
    implement: () => (_, step) => splitDay(step.now)[0],
  }),
  scalar('to_timestamp', {
    doc: 'A TIMESTAMP of a text (RFC 3339 or looser), or of seconds since 1970-01-01 UTC, with a fraction if there is one.',
    examples: [
      example("to_timestamp('2024-08-08 23:54:00')", '2024-08-08T23:54:00Z'),
      example('to_timestamp(1723161240.5)', '2024-08-08T23:54:00.500Z'),
    ],
    resolve: overloads(
      { args: [BIGINT], returns: TIMESTAMP },
      { args: [DECIMAL], returns: TIMESTAMP },
      { args: [DOUBLE], returns: TIMESTAMP },
      { args: [TIMESTAMP], returns: TIMESTAMP },
      { args: [TEXT], returns: TIMESTAMP },
    ),
    implement: ([type]): Implementation => {
      switch (type!.kind) {
        case 'INTEGER':
          return ([a]) => timestampRange(timestampFromInteger(a as Int, 'seconds'))
        case 'DECIMAL':
          return ([a]) => timestampOfSeconds(a as Decimal)
        case 'DOUBLE':
          return ([a]) => timestampOfSeconds(finite(a as number))
        case 'TIMESTAMP':
          return ([a]) => a!
        default:
          return ([a]) => textTimestamp(a as string)
      }
    },
    inline: ([a], [type]) => (type!.kind === 'INTEGER' ? inlineUnit(a!, 'seconds') : undefined),
  }),
  fromUnit('to_timestamp_seconds', 'seconds', 'seconds', '1723161240'),
  fromUnit('to_timestamp_millis', 'millis', 'milliseconds', '1723161240000'),
  fromUnit('to_timestamp_micros', 'micros', 'microseconds', '1723161240000000'),
  fromUnit('to_timestamp_nanos', 'nanos', 'nanoseconds (cut to microseconds)', '1723161240000000000'),
  fromUnit('from_unixtime', 'seconds', 'seconds', '1723161240'),
  toUnit('to_unix_seconds', ['to_unixtime'], 'seconds', MICROS_PER_SECOND, '1723161240'),
  toUnit('to_unix_millis', ['epoch_ms', 'unix_millis'], 'milliseconds', 1000, '1723161240000'),
  toUnit('to_unix_micros', ['epoch_us'], 'microseconds', 1, '1723161240000000'),
  toUnit('to_unix_nanos', ['epoch_ns'], 'nanoseconds', undefined, '1723161240000000000'),
  scalar('to_date', {
    doc: 'A DATE of a text (YYYY-MM-DD, or the date part of a timestamp) or of a TIMESTAMP.',
    examples: [example("to_date('2024-08-08')", '2024-08-08')],
    resolve: overloads(
      { args: [DATE], returns: DATE },
      { args: [TIMESTAMP], returns: DATE },
      { args: [TEXT], returns: DATE },
    ),
    implement: ([type]): Implementation => {
      if (type!.kind === 'DATE') return ([a]) => a!
      if (type!.kind === 'TIMESTAMP') return ([a]) => splitDay(a as Int)[0]
      return ([a]) => {
        const days = parseDate(a as string)
        if (days === undefined) throw rowError(`${shown(a as string)} is not a DATE`)
        return days
      }
    },
  }),
  scalar('date_trunc', {
    doc: 'The start of the unit (microsecond to millennium) that a TIMESTAMP lies in; weeks start on Monday.',
    examples: [
      example("date_trunc('hour', TIMESTAMP '2024-08-08 23:54:12')", '2024-08-08T23:00:00Z'),
      example("date_trunc('week', DATE '2024-08-08')", '2024-08-05T00:00:00Z'),
    ],
    resolve: signature([TEXT, TIMESTAMP], TIMESTAMP),
    implement: () => {
      const unitOf = remembered((name) => {
        const cut = truncation(fieldName(name))
        if (cut === undefined) throw rowError(`date_trunc has no unit ${shown(name)}`)
        return cut
      })
      return ([unit, at]) => timestampRange(unitOf(unit as string)(at as Int))
    },
    inline: ([unit, at]) => {
      const size = unit?.startsWith('"') === true ? UNIT_MICROS.get(fieldName(JSON.parse(unit) as string)) : undefined
      return size === undefined ? undefined : `Math.floor(${at} / ${size}) * ${size}`
    },
  }),
  scalar('date_part', {
    aliases: ['extract', 'datepart'],
    doc: 'A field of a TIMESTAMP, DATE or INTERVAL as an exact number: year, month, week, day, dow, doy, hour, minute, second, epoch ...',
    examples: [
      example("date_part('year', TIMESTAMP '2024-08-08 23:54:00')", '2024'),
      example("date_part('second', TIMESTAMP '2024-08-08 23:54:12.5')", '12.5'),
      example("date_part('epoch', INTERVAL '1 hour')", '3600'),
    ],
    resolve: overloads({ args: [TEXT, INTERVAL], returns: DECIMAL }, { args: [TEXT, TIMESTAMP], returns: DECIMAL }),
    implement: ([, type]) => {
      if (type!.kind === 'INTERVAL') {
        const part = remembered(intervalPart)
        return ([name, value]) => part(name as string)(value as Interval)
      }
      const part = remembered(partOf)
      return ([name, at]) => part(name as string)(at as Int)
    },
  }),
  fieldFunction('year', '2024'),
  fieldFunction('quarter', '3'),
  fieldFunction('month', '8'),
  fieldFunction('week', '32'),
  fieldFunction('day', '9'),
  fieldFunction('hour', '23'),
  fieldFunction('minute', '54'),
  fieldFunction('second', '5'),
  scalar('date_bin', {
    doc: 'The start of the bin of a width that a TIMESTAMP lies in; bins are counted from 1970-01-01 or a given origin.',
    examples: [example("date_bin(INTERVAL '15 minutes', TIMESTAMP '2024-08-08 23:54:00')", '2024-08-08T23:45:00Z')],
    resolve: overloads({ args: [INTERVAL, TIMESTAMP, TIMESTAMP], optional: 1, returns: TIMESTAMP }),
    implement: () => (args) => dateBin(args[0] as Interval, args[1] as Int, (args[2] as Int | undefined) ?? 0),
  }),
  scalar('make_date', {
    doc: 'The DATE of a year, month and day.',
    examples: [example('make_date(2024, 2, 29)', '2024-02-29'), example('make_date(2023, 2, 29)', 'error')],
    resolve: signature([BIGINT, BIGINT, BIGINT], DATE),
    implement: () => makeDate,
  }),
  scalar('to_char', {
    aliases: ['date_format', 'strftime'],
    doc: 'A TIMESTAMP as text by a format: strftime (%Y-%m-%d) or PostgreSQL letters (YYYY-MM-DD HH24:MI:SS).',
    examples: [
      example("to_char(TIMESTAMP '2024-08-08 23:54:00', '%d %b %Y')", '08 Aug 2024'),
      example("to_char(TIMESTAMP '2024-08-08 23:54:00', 'YYYY/MM/DD HH24:MI')", '2024/08/08 23:54'),
    ],
    resolve: signature([TIMESTAMP, TEXT], TEXT),
    implement: () => {
      const compiled = remembered((format) => {
        const made = timeFormat(format)
        if (typeof made === 'string') throw rowError(made)
        return made
      })
      return ([at, format]) => compiled(format as string)(at as Int)
    },
  }),
]
