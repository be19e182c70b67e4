import { type Interval, MillraceError, parseInterval } from '../../kernel/index.ts'
import type { IntervalLiteral } from '../ast/index.ts'
import type { Cursor } from './cursor.ts'

/** Units in the order of their size; the time units of `a TO b` are a stretch of it. */
const UNITS: readonly string[] = [
  'YEAR',
  'QUARTER',
  'MONTH',
  'WEEK',
  'DAY',
  'HOUR',
  'MINUTE',
  'SECOND',
  'MILLISECOND',
  'MICROSECOND',
  'NANOSECOND',
]

const UNIT_NAMES: ReadonlyMap<string, string> = new Map(
  UNITS.flatMap((unit) => [
    [unit, unit],
    [`${unit}S`, unit],
  ]),
)

/** Whether INTERVAL at the cursor starts a literal; otherwise it is a name, as in `interval - 5`. */
export function startsInterval(c: Cursor): boolean {
  if (!c.isWord('INTERVAL')) return false
  if (c.is('number', 1) || c.is('string', 1)) return true
  return (
    (c.isSymbol('-', 1) || c.isSymbol('+', 1)) &&
    c.is('number', 2) &&
    c.is('word', 3) &&
    UNIT_NAMES.has(c.peek(3).upper)
  )
}

/** `INTERVAL '1 hour 30 minutes'`, `INTERVAL '5' MINUTE`, `INTERVAL 5 MINUTES`, `INTERVAL '1-2' YEAR TO MONTH`. */
export function parseIntervalLiteral(c: Cursor): IntervalLiteral {
  const { start } = c
  c.expectWords('INTERVAL')
  return parseAmount(c, start)
}

/** A duration in a clause that takes nothing else: INTERVAL may be left out, `EVERY '5 seconds'`, `EVERY 5 SECONDS`. */
export function parseDurationClause(c: Cursor): IntervalLiteral {
  const { start } = c
  if (!c.acceptWords('INTERVAL') && !c.is('string') && !c.is('number')) c.fail('an interval')
  return parseAmount(c, start)
}

function parseAmount(c: Cursor, start: number): IntervalLiteral {
  if (c.is('string')) {
    const text = c.advance().text
    const whole = parseInterval(text)
    // in `INTERVAL '1 hour' hour` the text is complete and the word an alias
    if (whole !== undefined && !(c.is('word') && UNIT_NAMES.has(c.token.upper) && c.isWord('TO', 1)))
      return literal(c, start, text, null, whole)
    const unit = parseUnit(c)
    if (unit !== undefined && c.acceptWords('TO')) {
      const last = parseUnit(c) ?? c.fail('a unit of time', UNITS)
      const spelled = spellOut(text, unit, last)
      return literal(c, start, spelled ?? text, null, spelled === undefined ? undefined : parseInterval(spelled))
    }
    return literal(c, start, text, unit ?? null, unit === undefined ? undefined : parseInterval(text, unit))
  }
  const sign = c.acceptSymbol('-') ? '-' : ''
  if (sign === '') c.acceptSymbol('+')
  const text = sign + c.expect('number', 'an amount of time').text
  const unit = parseUnit(c) ?? c.fail('a unit of time', UNITS)
  return literal(c, start, text, unit, parseInterval(text, unit))
}

function parseUnit(c: Cursor): string | undefined {
  const unit = c.is('word') ? UNIT_NAMES.get(c.token.upper) : undefined
  if (unit !== undefined) c.advance()
  return unit
}

function literal(
  c: Cursor,
  start: number,
  text: string,
  unit: string | null,
  value: Interval | undefined,
): IntervalLiteral {
  const span = c.spanFrom(start)
  if (value === undefined || ![value.months, value.days, value.micros].every(Number.isSafeInteger)) {
    const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text
    throw new MillraceError('SQL_SYNTAX', `"${shown}"${unit === null ? '' : ` ${unit}`} is not an interval`, {
      span,
      hint: "Write an amount and a unit, such as INTERVAL '5 minutes' or INTERVAL '5' MINUTE.",
    })
  }
  return { kind: 'interval', span, text, unit, value }
}

/**
 * `1-2` YEAR TO MONTH as `1 year 2 month`, `1 02:03` DAY TO MINUTE as `1 day 02 hour 03 minute`; undefined if the parts
 * do not match.
 */
function spellOut(text: string, from: string, to: string): string | undefined {
  const match = /^\s*([+-]?)([\d.:\s-]+)$/.exec(text)
  const units = UNITS.slice(UNITS.indexOf(from), UNITS.indexOf(to) + 1).filter(
    (unit) => unit !== 'QUARTER' && unit !== 'WEEK',
  )
  const amounts = match?.[2]!.trim().split(/[-:\s]+/) ?? []
  if (amounts.length !== units.length) return undefined
  return amounts.map((amount, i) => `${match![1]}${amount} ${units[i]!.toLowerCase()}`).join(' ')
}
