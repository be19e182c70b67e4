import type { NumberField, PatternPiece } from './date-pattern.ts'
import {
  dayName,
  dayOfYearOf,
  halfOf,
  hour12,
  type Instant,
  monthName,
  offsetText,
  padded,
  type Piece,
} from './time-format.ts'

/** A pattern in the letters of Java's DateTimeFormatter: what prints a date, and what reads one. */
export interface JavaDateFormat {
  readonly print: readonly Piece[]
  readonly read: readonly PatternPiece[]
}

type Field = readonly [name: NumberField, most: number, value: (at: Instant) => number]

const NUMBERS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['M', ['month', 2, (at) => at.month]],
  ['L', ['month', 2, (at) => at.month]],
  ['d', ['day', 2, (at) => at.day]],
  ['D', ['day_of_year', 3, dayOfYearOf]],
  ['H', ['hour', 2, (at) => at.hour]],
  ['h', ['half_hour', 2, hour12]],
  ['m', ['minute', 2, (at) => at.minute]],
  ['s', ['second', 2, (at) => at.second]],
])

const LETTERS = /''|'((?:[^']|'')+)'|([A-Za-z])\2*|[^A-Za-z']+/g

/** A string says what is wrong with the pattern. */
export function javaDateFormat(pattern: string): JavaDateFormat | string {
  const print: Piece[] = []
  const read: PatternPiece[] = []
  let at = 0
  for (const found of pattern.matchAll(LETTERS)) {
    if (found.index !== at) break
    at += found[0].length
    const [whole, quoted, letter] = found
    const next =
      letter === undefined
        ? text(quoted === undefined && whole === "''" ? "'" : (quoted ?? whole))
        : field(letter, whole.length)
    if (next === undefined) return `the date pattern has an unknown field "${whole}"`
    print.push(next[0])
    read.push(next[1])
  }
  return at === pattern.length ? { print, read } : "the date pattern has a ' without another"
}

function text(value: string): readonly [Piece, PatternPiece] {
  const plain = value === "'" ? value : value.replaceAll("''", "'")
  return [() => plain, { kind: 'text', text: plain }]
}

function field(letter: string, count: number): readonly [Piece, PatternPiece] | undefined {
  const number = NUMBERS.get(letter)
  if (number !== undefined && count <= number[1]) {
    const [name, most, value] = number
    return [
      (at) => padded(value(at), count),
      { kind: 'number', field: name, least: count, most: count === 1 ? most : count },
    ]
  }
  switch (letter) {
    case 'y':
    case 'u':
      return count === 2
        ? [(at) => padded(at.year % 100, 2), { kind: 'number', field: 'year_of_century', least: 2, most: 2 }]
        : [(at) => padded(at.year, count), { kind: 'number', field: 'year', least: count, most: Math.max(4, count) }]
    case 'M':
    case 'L':
      return count === 3 || count === 4 ? [named(monthName, count), { kind: 'month_name' }] : undefined
    case 'E':
      return count <= 4 ? [named(dayName, count), { kind: 'day_name' }] : undefined
    case 'a':
      return count === 1 ? [halfOf, { kind: 'half' }] : undefined
    case 'S':
      return count <= 9
        ? [(at) => padded(at.micros * 1000, 9).slice(0, count), { kind: 'fraction', least: count, most: count }]
        : undefined
    case 'X':
    case 'x':
    case 'Z': {
      const form = letter === 'Z' ? 2 : count
      if (count > 3) return undefined
      return [(at) => (letter === 'X' && at.offset === 0 ? 'Z' : offsetText(at, form)), { kind: 'offset' }]
    }
    case 'V':
    case 'z':
      return [(at) => at.zone, { kind: 'zone' }]
    default:
      return undefined
  }
}

function named(name: Piece, count: number): Piece {
  return count === 4 ? name : (at) => name(at).slice(0, 3)
}
