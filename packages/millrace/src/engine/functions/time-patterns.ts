import { DATE, type DataType, type Int, splitDay, TEXT, TIME, TIMESTAMP, type Value } from '../../kernel/index.ts'
import { dateReader } from './date-reader.ts'
import { example, type Implementation, rowError, scalar, type ScalarFunction, shown } from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { javaDateFormat } from './java-date-format.ts'
import { readDate } from './date-pattern.ts'
import { remembered } from './remembered.ts'
import { overloads, signature } from './signature.ts'
import { instant, MONTHS, printed } from './time-format.ts'

const inRange = rangeCheck(TIMESTAMP)

function javaPattern(pattern: string) {
  const format = javaDateFormat(pattern)
  if (typeof format === 'string') throw rowError(format)
  return format
}

/** What a pattern reads. */
function reading(pattern: string) {
  const format = javaDateFormat(pattern)
  return typeof format === 'string' ? format : format.read
}

/** `parse_date(text, pattern)`. */
function parser(
  name: string,
  aliases: readonly string[],
  type: DataType,
  result: (instant: Int) => Value,
  [sql, value]: readonly [string, string],
): ScalarFunction {
  return scalar(name, {
    aliases,
    doc: `The ${type.kind} that a text says by a pattern in the letters of Java's DateTimeFormatter, in UTC where it names no zone.`,
    examples: [example(sql, value), example(`${name}('x', 'yyyy')`, 'error')],
    resolve: signature([TEXT, TEXT], type),
    implement: () => dateReader(reading, type.kind, result),
  })
}

/** `format_date(date, pattern)`. */
function formatter(
  name: string,
  aliases: readonly string[],
  type: DataType,
  [sql, value]: readonly [string, string],
): ScalarFunction {
  return scalar(name, {
    aliases,
    doc: `A ${type.kind} as text by a pattern in the letters of Java's DateTimeFormatter.`,
    examples: [example(sql, value)],
    resolve: signature([type, TEXT], TEXT),
    implement: (): Implementation => {
      const compiled = remembered(javaPattern)
      return ([at, pattern]) => printed(compiled(pattern as string).print, instant(at as Int))
    },
  })
}

/** What Lenses calls dates and times: patterns are Java's there. */
export const TIME_PATTERNS: readonly ScalarFunction[] = [
  scalar('convert_datetime', {
    doc: "A date and time as text by one pattern, written by another, both in the letters of Java's DateTimeFormatter.",
    examples: [
      example(
        "convert_datetime('08.08.2024 23:54', 'dd.MM.yyyy HH:mm', 'yyyy-MM-dd''T''HH:mm:ss')",
        '2024-08-08T23:54:00',
      ),
      example("convert_datetime('soon', 'yyyy', 'yy')", 'error'),
    ],
    resolve: signature([TEXT, TEXT, TEXT], TEXT),
    implement: () => {
      const from = remembered(javaPattern)
      const to = remembered(javaPattern)
      return ([text, source, target]) => {
        const at = readDate(text as string, from(source as string).read)
        if (at === undefined)
          throw rowError(`${shown(text as string)} is not a TIMESTAMP of the form ${shown(source as string)}`)
        return printed(to(target as string).print, instant(at))
      }
    },
  }),
  parser('parse_timestamp', ['parse_datetime', 'to_datetime'], TIMESTAMP, inRange, [
    "parse_timestamp('2024-08-08T23:54:00.25+02:00', 'yyyy-MM-dd''T''HH:mm:ss.SSXXX')",
    '2024-08-08T21:54:00.250Z',
  ]),
  parser('parse_date', [], DATE, (at) => splitDay(at)[0], ["parse_date('8 Aug 2024', 'd MMM yyyy')", '2024-08-08']),
  parser('parse_time', [], TIME, (at) => splitDay(at)[1], ["parse_time('11:54 PM', 'hh:mm a')", '23:54:00']),
  formatter('format_timestamp', ['format_datetime', 'format_date'], TIMESTAMP, [
    "format_timestamp(TIMESTAMP '2024-08-08 23:54:00', 'EEEE, d MMMM uuuu HH:mm:ss.SSS')",
    'Thursday, 8 August 2024 23:54:00.000',
  ]),
  formatter('format_time', [], TIME, ["format_time(TIME '23:54:00', 'h:mm a')", '11:54 PM']),
  scalar('extract_time', {
    doc: 'The time of day of a TIMESTAMP.',
    examples: [example("extract_time(TIMESTAMP '2024-08-08 23:54:00')", '23:54:00')],
    resolve: signature([TIMESTAMP], TIME),
    implement:
      () =>
      ([at]) =>
        splitDay(at as Int)[1],
  }),
  scalar('month_text', {
    aliases: ['monthname'],
    doc: 'The English name of the month of a TIMESTAMP or DATE.',
    examples: [example("month_text(DATE '2024-08-08')", 'August')],
    resolve: overloads({ args: [TIMESTAMP], returns: TEXT }),
    implement:
      () =>
      ([at]) =>
        MONTHS[instant(at as Int).month - 1]!,
  }),
]
