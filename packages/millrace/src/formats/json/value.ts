import {
  type DataType,
  type Decimal,
  type Field,
  type Int,
  integerDigits,
  integerRange,
  parseDate,
  parseDecimal,
  parseInterval,
  parseTime,
  parseTimestamp,
  roundDecimal,
  timestampFromInteger,
  type TimestampUnit,
  truncateDecimal,
  unitByMagnitude,
  unreachable,
  type Value,
} from '../../kernel/index.ts'
import { sliceText, stringText } from '../text.ts'
import { eachElement, eachMember } from './walk.ts'

/** A value does not fit its type. */
export const MISFIT: unique symbol = Symbol('misfit')
/** A NOT NULL field inside a STRUCT has no value. */
export const MISSING: unique symbol = Symbol('missing')
export type Reading = Value | typeof MISFIT | typeof MISSING

/**
 * The value of type `type` that the JSON value in [start, end) stands for; the text was accepted by the scanner.
 * Conversions are lenient: numbers may come as strings, anything may become TEXT (its JSON text), and exact types never
 * pass through a double.
 */
export function readJson(type: DataType, bytes: Uint8Array, start: number, end: number, unit: TimestampUnit): Reading {
  const first = bytes[start]!
  if (first === 0x6e) return null
  switch (type.kind) {
    case 'NULL':
      return null
    case 'JSON':
      return sliceText(bytes, start, end)
    case 'TEXT':
      return first === 0x22 ? stringText(bytes, start, end) : sliceText(bytes, start, end)
    case 'ARRAY':
      return first === 0x5b ? readArray(type.element, bytes, start, end, unit) : MISFIT
    case 'STRUCT':
      return first === 0x7b ? readStruct(type.fields, bytes, start, end, unit) : MISFIT
    default: {
      if (first === 0x7b || first === 0x5b) return MISFIT
      const quoted = first === 0x22
      return (
        readScalar(type, quoted ? stringText(bytes, start, end) : sliceText(bytes, start, end), quoted, unit) ?? MISFIT
      )
    }
  }
}

type ScalarType = Exclude<DataType, { kind: 'NULL' | 'JSON' | 'TEXT' | 'ARRAY' | 'STRUCT' }>

/** `text` is a string's content if `quoted`, otherwise a number, `true` or `false`. Undefined: does not fit. */
function readScalar(type: ScalarType, text: string, quoted: boolean, unit: TimestampUnit): Value | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'INTEGER':
      return readInteger(type, text)
    case 'DOUBLE':
      return readDouble(text, Number.MAX_VALUE)
    case 'REAL': {
      const value = readDouble(text, MAX_REAL)
      return value === undefined ? undefined : Math.fround(value)
    }
    case 'DECIMAL':
      return readDecimal(type, text)
    case 'TIMESTAMP':
      return readTimestamp(text, quoted, unit)
    case 'DATE':
      return quoted ? parseDate(text) : wholeNumber(text, MAX_DAYS)
    case 'TIME':
      return quoted ? parseTime(text) : wholeNumber(text, MICROS_OF_DAY, 0)
    case 'INTERVAL':
      return quoted ? parseInterval(text) : undefined
    case 'BYTEA':
      return quoted ? readBase64(text) : undefined
    default:
      return unreachable(type)
  }
}

/** Beyond this the digits an exponent asks for are refused rather than written out. */
const MAX_EXPONENT = 1000

/** The exact value of a JSON number or of a string that holds one. */
export function readNumber(text: string): Decimal | undefined {
  const exponent = /[eE]([+-]?\d+)$/.exec(text)
  if (exponent !== null && Math.abs(Number(exponent[1])) > MAX_EXPONENT) return undefined
  return parseDecimal(text)
}

export function readInteger(type: Extract<DataType, { kind: 'INTEGER' }>, text: string): Int | undefined {
  const value = wholeNumber(text)
  if (value === undefined) return undefined
  const { min, max } = integerRange(type)
  return value >= min && value <= max ? value : undefined
}

/** 12, 12.0 and 1.2e1 are whole. */
function wholeNumber(text: string, max = Number.POSITIVE_INFINITY, min = -max): Int | undefined {
  const number = readNumber(text)
  if (number === undefined) return undefined
  const whole = truncateDecimal(number, 0)
  if (number.scale > 0 && roundsAway(number, whole)) return undefined
  return whole.unscaled >= min && whole.unscaled <= max ? whole.unscaled : undefined
}

function roundsAway(number: Decimal, whole: Decimal): boolean {
  return roundDecimal(whole, number.scale).unscaled !== number.unscaled
}

const MAX_REAL = 3.4028235677973366e38
const DECIMAL_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Finite texts beyond the range do not fit; the words NaN and Infinity do. */
export function readDouble(text: string, max: number): number | undefined {
  if (!DECIMAL_TEXT.test(text))
    return text === 'NaN' || text === 'Infinity' || text === '-Infinity' ? Number(text) : undefined
  const value = Number(text)
  return Math.abs(value) <= max ? value : undefined
}

/** DECIMAL(p, s) rounds half away from zero to s digits; more than p - s digits before the point do not fit. */
export function readDecimal(type: Extract<DataType, { kind: 'DECIMAL' }>, text: string): Decimal | undefined {
  const number = readNumber(text)
  if (number === undefined || type.precision === undefined) return number
  const scale = type.scale ?? 0
  const rounded = roundDecimal(number, scale)
  return integerDigits(rounded) <= type.precision - scale ? rounded : undefined
}

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n
const MICROS_PER_UNIT = { seconds: 6, millis: 3, micros: 0, nanos: -3 } as const
const MAX_DAYS = 106_751_991
const MICROS_OF_DAY = 86_399_999_999

/**
 * A number, or a string of one, counts `unit`s since the epoch, digits below the microsecond cut; other strings are RFC
 * 3339 or its looser forms.
 */
export function readTimestamp(text: string, quoted: boolean, unit: TimestampUnit): Int | undefined {
  const number = readNumber(text)
  const micros = number === undefined ? (quoted ? parseTimestamp(text) : undefined) : timestampFromNumber(number, unit)
  return micros !== undefined && micros >= MIN_INT64 && micros <= MAX_INT64 ? micros : undefined
}

function timestampFromNumber(number: Decimal, unit: TimestampUnit): Int {
  if (number.scale === 0) return timestampFromInteger(number.unscaled, unit)
  const exact = unit === 'auto' ? unitByMagnitude(truncateDecimal(number, 0).unscaled) : unit
  const shifted = number.scale - MICROS_PER_UNIT[exact]
  return shifted <= 0
    ? roundDecimal({ unscaled: number.unscaled, scale: 0 }, -shifted).unscaled
    : truncateDecimal({ unscaled: number.unscaled, scale: shifted }, 0).unscaled
}

/** Standard and URL alphabets, padding optional. */
function readBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) return undefined
  return new Uint8Array(Buffer.from(text, 'base64'))
}

function readArray(element: DataType, bytes: Uint8Array, start: number, end: number, unit: TimestampUnit): Reading {
  const values: Value[] = []
  let failure: typeof MISFIT | typeof MISSING | undefined
  eachElement(bytes, start, end, (from, to) => {
    if (failure !== undefined) return
    const value = readJson(element, bytes, from, to, unit)
    if (isFailure(value)) failure = value
    else values.push(value)
  })
  return failure ?? values
}

function readStruct(
  fields: readonly Field[],
  bytes: Uint8Array,
  start: number,
  end: number,
  unit: TimestampUnit,
): Reading {
  const index = new Map(fields.map((f, i) => [f.name, i]))
  const ranges = new Array<readonly [number, number] | undefined>(fields.length)
  eachMember(bytes, start, end, (keyStart, keyEnd, from, to) => {
    const field = index.get(stringText(bytes, keyStart, keyEnd))
    if (field !== undefined) ranges[field] = [from, to]
  })
  const values: Value[] = []
  for (const [i, field] of fields.entries()) {
    const range = ranges[i]
    const value = range === undefined ? null : readJson(field.type, bytes, range[0], range[1], unit)
    if (isFailure(value)) return value
    if (value === null && !field.nullable) return MISSING
    values.push(value)
  }
  return values
}

export function isFailure(value: Reading): value is typeof MISFIT | typeof MISSING {
  return typeof value === 'symbol'
}
