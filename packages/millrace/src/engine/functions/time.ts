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
  parseDate,
  splitDay,
  TEXT,
  TIMESTAMP,
  timestampFromInteger,
  type Value,
} from '../../kernel/index.ts'
import { finite, timestampOfSeconds } from '../expressions/casts/times.ts'
import { dateBin } from './date-bin.ts'
import { dateReader } from './date-reader.ts'
import { dateField, FIELD_NAMES, fieldName, truncation } from './date-fields.ts'
import { example, type Implementation, rowError, scalar, type ScalarFunction, shown } from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { remembered } from './remembered.ts'
import { overloads, signature } from './signature.ts'
import { strptime } from './strptime.ts'
import { instant, printed, timeFormat } from './time-format.ts'
import { instantOf, localTime, timeZone } from './time-zone.ts'
import { inlineUnit, textTimestamp, UNIX_TIME } from './unix-time.ts'

const timestampRange = rangeCheck(TIMESTAMP)

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

/** It counts from an instant, whatever clocks show. */
function isEpoch(name: string): boolean {
  return fieldName(name) === 'epoch'
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
    aliases: ['current_timestamp', 'localtimestamp', 'datetime'],
    doc: 'The time of the step being run: one reading for many rows, the same again when a query is replayed.',
    examples: [example("now() > TIMESTAMP '2020-01-01'", 'true')],
    volatile: true,
    resolve: signature([], TIMESTAMP),
    implement: () => (_, step) => step.now,
  }),
  scalar('yesterday', {
    doc: 'The time of now() less one day.',
    examples: [example("yesterday() = now() - INTERVAL '1 day'", 'true')],
    volatile: true,
    resolve: signature([], TIMESTAMP),
    implement: () => (_, step) => timestampRange(addInt(step.now, -MICROS_PER_DAY)),
  }),
  scalar('tomorrow', {
    doc: 'The time of now() and one day.',
    examples: [example("tomorrow() = now() + INTERVAL '1 day'", 'true')],
    volatile: true,
    resolve: signature([], TIMESTAMP),
    implement: () => (_, step) => timestampRange(addInt(step.now, MICROS_PER_DAY)),
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
    doc: 'A TIMESTAMP of a text (RFC 3339 or looser, or by a strftime format), or of seconds since 1970-01-01 UTC, with a fraction if there is one.',
    examples: [
      example("to_timestamp('08/Aug/2024:23:54:00 +0200', '%d/%b/%Y:%H:%M:%S %z')", '2024-08-08T21:54:00Z'),
      example("to_timestamp('2024-08-08 23:54:00')", '2024-08-08T23:54:00Z'),
      example('to_timestamp(1723161240.5)', '2024-08-08T23:54:00.500Z'),
    ],
    resolve: overloads(
      { args: [BIGINT], returns: TIMESTAMP },
      { args: [DECIMAL], returns: TIMESTAMP },
      { args: [DOUBLE], returns: TIMESTAMP },
      { args: [TIMESTAMP], returns: TIMESTAMP },
      { args: [TEXT, TEXT], optional: 1, returns: TIMESTAMP },
    ),
    implement: ([type, format]): Implementation => {
      if (format !== undefined) return dateReader(strptime, 'TIMESTAMP', timestampRange)
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
  ...UNIX_TIME,
  scalar('to_date', {
    aliases: ['extract_date'],
    doc: 'A DATE of a text (YYYY-MM-DD, the date part of a timestamp, or by a strftime format) or of a TIMESTAMP.',
    examples: [example("to_date('2024-08-08')", '2024-08-08'), example("to_date('8.8.24', '%d.%m.%y')", '2024-08-08')],
    resolve: overloads(
      { args: [DATE], returns: DATE },
      { args: [TIMESTAMP], returns: DATE },
      { args: [TEXT, TEXT], optional: 1, returns: DATE },
    ),
    implement: ([type, format]): Implementation => {
      if (format !== undefined) return dateReader(strptime, 'DATE', (at) => splitDay(at)[0])
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
    doc: 'The start of the unit (microsecond to millennium) that a TIMESTAMP lies in, in UTC or a time zone; weeks start on Monday.',
    examples: [
      example("date_trunc('hour', TIMESTAMP '2024-08-08 23:54:12')", '2024-08-08T23:00:00Z'),
      example("date_trunc('week', DATE '2024-08-08')", '2024-08-05T00:00:00Z'),
      example("date_trunc('day', TIMESTAMP '2024-08-08 23:54:12', 'Europe/Berlin')", '2024-08-08T22:00:00Z'),
    ],
    resolve: overloads({ args: [TEXT, TIMESTAMP, TEXT], optional: 1, returns: TIMESTAMP }),
    implement: () => {
      const unitOf = remembered((name) => {
        const cut = truncation(fieldName(name))
        if (cut === undefined) throw rowError(`date_trunc has no unit ${shown(name)}`)
        return cut
      })
      return ([unit, at, zone]) => {
        const cut = unitOf(unit as string)
        if (zone === undefined) return timestampRange(cut(at as Int))
        const there = timeZone(zone as string)
        return timestampRange(instantOf(cut(localTime(at as Int, there)), there))
      }
    },
    inline: ([unit, at, zone]) => {
      if (zone !== undefined) return undefined
      const size = unit?.startsWith('"') === true ? UNIT_MICROS.get(fieldName(JSON.parse(unit) as string)) : undefined
      return size === undefined ? undefined : `Math.floor(${at} / ${size}) * ${size}`
    },
  }),
  scalar('date_part', {
    aliases: ['extract', 'datepart'],
    doc: 'A field of a TIMESTAMP (in UTC or a time zone), DATE or INTERVAL as an exact number: year, month, week, day, dow, doy, hour, minute, second, epoch ...',
    examples: [
      example("date_part('year', TIMESTAMP '2024-08-08 23:54:00')", '2024'),
      example("date_part('second', TIMESTAMP '2024-08-08 23:54:12.5')", '12.5'),
      example("date_part('epoch', INTERVAL '1 hour')", '3600'),
      example("date_part('hour', TIMESTAMP '2024-08-08 23:54:00', 'Asia/Tokyo')", '8'),
    ],
    resolve: overloads(
      { args: [TEXT, INTERVAL], returns: DECIMAL },
      { args: [TEXT, TIMESTAMP, TEXT], optional: 1, returns: DECIMAL },
    ),
    implement: ([, type]) => {
      if (type!.kind === 'INTERVAL') {
        const part = remembered(intervalPart)
        return ([name, value]) => part(name as string)(value as Interval)
      }
      const part = remembered(partOf)
      return ([name, at, zone]) => {
        const field = part(name as string)
        const local =
          zone === undefined || isEpoch(name as string) ? at : localTime(at as Int, timeZone(zone as string))
        return field(local as Int)
      }
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
    doc: 'A TIMESTAMP, in UTC or a time zone, as text by a format: strftime (%Y-%m-%d) or PostgreSQL letters (YYYY-MM-DD HH24:MI:SS).',
    examples: [
      example("to_char(TIMESTAMP '2024-08-08 23:54:00', '%d %b %Y')", '08 Aug 2024'),
      example("to_char(TIMESTAMP '2024-08-08 23:54:00', 'YYYY/MM/DD HH24:MI')", '2024/08/08 23:54'),
      example("to_char(TIMESTAMP '2024-08-08 23:54:00', '%H:%M %z', 'Asia/Kolkata')", '05:24 +0530'),
    ],
    resolve: overloads({ args: [TIMESTAMP, TEXT, TEXT], optional: 1, returns: TEXT }),
    implement: () => {
      const compiled = remembered((format) => {
        const made = timeFormat(format)
        if (typeof made === 'string') throw rowError(made)
        return made
      })
      return ([at, format, zone]) =>
        printed(
          compiled(format as string),
          instant(at as Int, zone === undefined ? undefined : timeZone(zone as string)),
        )
    },
  }),
]
