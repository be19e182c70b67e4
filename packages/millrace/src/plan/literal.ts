import {
  type DataType,
  type Decimal,
  decimalToNumber,
  formatDecimal,
  type Int,
  type Interval,
  MillraceError,
  normalizeInt,
  parseDecimal,
  type Value,
} from '../kernel/index.ts'
import type { Literal } from './expression.ts'

/**
 * Canonical text of a literal by type: exact numbers in digits (TIMESTAMP in microseconds, DATE in days, TIME in microseconds),
 * doubles as JavaScript prints them, BOOLEAN `true`/`false`, BYTEA in hex, INTERVAL `months,days,micros`, TEXT and JSON themselves.
 * ARRAY and STRUCT are never literals: they are built by `array` and `struct` expressions.
 */
export function literal(type: DataType, value: Value): Literal {
  return { kind: 'literal', type, text: value === null ? null : literalText(type, value) }
}

function literalText(type: DataType, value: Exclude<Value, null>): string {
  switch (type.kind) {
    case 'DECIMAL':
      return formatDecimal(value as Decimal)
    case 'INTERVAL': {
      const interval = value as Interval
      return `${interval.months},${interval.days},${interval.micros}`
    }
    case 'BYTEA':
      return Buffer.from(value as Uint8Array).toString('hex')
    case 'ARRAY':
    case 'STRUCT':
    case 'NULL':
      throw new MillraceError('INTERNAL', `no literal of type ${type.kind}`)
    default:
      return Object.is(value, -0) ? '-0' : String(value)
  }
}

export function literalValue(expr: Literal): Value {
  const { text, type } = expr
  if (text === null) return null
  switch (type.kind) {
    case 'BOOLEAN':
      return text === 'true'
    case 'DOUBLE':
    case 'REAL':
      return Number(text)
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return normalizeInt(BigInt(text)) satisfies Int
    case 'DECIMAL': {
      const decimal = parseDecimal(text)
      if (decimal === undefined) throw new MillraceError('INTERNAL', `no decimal: ${text}`)
      return decimal
    }
    case 'INTERVAL': {
      const [months, days, micros] = text.split(',').map(Number)
      return { months: months!, days: days!, micros: micros! }
    }
    case 'BYTEA':
      return new Uint8Array(Buffer.from(text, 'hex'))
    case 'TEXT':
    case 'JSON':
      return text
    case 'ARRAY':
    case 'STRUCT':
    case 'NULL':
      throw new MillraceError('INTERNAL', `no literal of type ${type.kind}`)
  }
}

/** The literal as a double, for folding and bounds; undefined if it is no number. */
export function literalNumber(expr: Literal): number | undefined {
  const value = literalValue(expr)
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  return expr.type.kind === 'DECIMAL' && value !== null ? decimalToNumber(value as Decimal) : undefined
}
