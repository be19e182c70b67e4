import {
  BIGINT,
  BOOLEAN,
  type DataType,
  DATE,
  DECIMAL,
  DOUBLE,
  INT,
  integerRange,
  INTERVAL,
  isNumeric,
  JSON_TYPE,
  NULL_TYPE,
  parseBoolean,
  parseDate,
  parseDecimal,
  parseDouble,
  parseInt64,
  parseInterval,
  parseTime,
  parseTimestamp,
  TEXT,
  TIME,
  TIMESTAMP,
  validateJson,
  type Value,
} from '../../kernel/index.ts'
import { type Literal, literal } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import type { Report } from './report.ts'

/** A literal of the text as a value of a plan; a faulty one is reported. */
export function bindLiteral(node: ast.Literal, report: Report): Literal | undefined {
  switch (node.kind) {
    case 'null':
      return literal(NULL_TYPE, null)
    case 'boolean':
      return literal(BOOLEAN, node.value)
    case 'string':
      return literal(TEXT, node.value)
    case 'number':
      return numberLiteral(node.text) ?? report.error('SQL_INVALID', `number "${node.text}" has no value`, node.span)
    case 'interval':
      return literal(INTERVAL, node.value)
    case 'typed-literal': {
      const type = { TIMESTAMP, DATE, TIME, JSON: JSON_TYPE }[node.type]
      return (
        textAs(node.text, type) ??
        report.error('SQL_INVALID', `'${node.text}' is no ${node.type}`, node.span, { hint: EXAMPLES[node.type] })
      )
    }
  }
}

const EXAMPLES: Readonly<Partial<Record<DataType['kind'], string>>> = {
  TIMESTAMP: "Write it as TIMESTAMP '2024-08-08 23:54:00'.",
  DATE: "Write it as DATE '2024-08-08'.",
  TIME: "Write it as TIME '23:54:00'.",
  INTERVAL: "Write it as INTERVAL '90 seconds'.",
  JSON: 'Write it as JSON \'{"a": 1}\'.',
  BOOLEAN: 'Write true or false.',
}

/** How a literal of the type is written, as a hint. */
export function literalExample(type: DataType): string | undefined {
  return EXAMPLES[type.kind]
}

/** Integers are INT or BIGINT by size and DECIMAL beyond; with a point DECIMAL, with an exponent DOUBLE. `text` may start with a minus. */
export function numberLiteral(text: string): Literal | undefined {
  const hex = /^(-?)(0[xXoObB][0-9a-fA-F]+)$/.exec(text)
  if (hex !== null) {
    const value = BigInt(hex[2]!)
    return integerLiteral(hex[1] === '-' ? -value : value)
  }
  if (/[eE]/.test(text)) {
    const value = Number(text)
    return Number.isFinite(value) ? literal(DOUBLE, value) : undefined
  }
  if (text.includes('.')) {
    const value = parseDecimal(text)
    return value === undefined ? undefined : literal(DECIMAL, value)
  }
  return /^-?\d+$/.test(text) ? integerLiteral(BigInt(text)) : undefined
}

function integerLiteral(value: bigint): Literal {
  const fits = (type: DataType) => {
    const { min, max } = integerRange(type as Extract<DataType, { kind: 'INTEGER' }>)
    return value >= min && value <= max
  }
  const type = fits(INT) ? INT : fits(BIGINT) ? BIGINT : DECIMAL
  return { kind: 'literal', type, text: String(value) }
}

/** The value a text denotes as `type`; undefined: none. For DECIMAL(p, s), ARRAY, STRUCT and BYTEA a cast says more. */
export function textAs(text: string, type: DataType): Literal | undefined {
  const value = parseAs(text, type)
  return value === undefined ? undefined : literal(type, value)
}

function parseAs(text: string, type: DataType): Value | undefined {
  switch (type.kind) {
    case 'TEXT':
      return text
    case 'BOOLEAN':
      return parseBoolean(text)
    case 'INTEGER': {
      const value = parseInt64(text.trim())
      if (value === undefined) return undefined
      const { min, max } = integerRange(type)
      return value >= min && value <= max ? value : undefined
    }
    case 'DECIMAL':
      return type.precision === undefined ? parseDecimal(text.trim()) : undefined
    case 'DOUBLE':
      return parseDouble(text)
    case 'REAL': {
      const value = parseDouble(text)
      return value === undefined ? undefined : Math.fround(value)
    }
    case 'TIMESTAMP':
      return parseTimestamp(text)
    case 'DATE':
      return parseDate(text)
    case 'TIME':
      return parseTime(text)
    case 'INTERVAL':
      return parseInterval(text)
    case 'JSON':
      return validateJson(new TextEncoder().encode(text)) ? text : undefined
    default:
      return undefined
  }
}

/**
 * A text literal where a value of `type` is wanted: a number literal of its own form for numeric types (so that 5.5 against an INT column
 * stays 5.5), otherwise the value of that type.
 */
export function textLiteralFor(text: string, type: DataType): Literal | undefined {
  return isNumeric(type) ? numberLiteral(text.trim()) : textAs(text, type)
}

/** The literal as `to` where that is exact and always possible; undefined leaves it to a cast at run time. */
export function foldCast(from: Literal, to: DataType): Literal | undefined {
  if (from.text === null) return { ...from, type: to }
  switch (from.type.kind) {
    case 'INTEGER':
      return foldInteger(from.text, to)
    case 'DECIMAL':
      if (to.kind === 'DOUBLE') return literal(to, Number(from.text))
      if (to.kind === 'REAL') return literal(to, Math.fround(Number(from.text)))
      return to.kind === 'DECIMAL' && to.precision === undefined ? { ...from, type: to } : undefined
    case 'TEXT':
      return textAs(from.text, to)
    default:
      return undefined
  }
}

function foldInteger(text: string, to: DataType): Literal | undefined {
  switch (to.kind) {
    case 'INTEGER': {
      const { min, max } = integerRange(to)
      const value = BigInt(text)
      return value >= min && value <= max ? { kind: 'literal', type: to, text } : undefined
    }
    case 'DECIMAL':
      return to.precision === undefined ? { kind: 'literal', type: to, text } : undefined
    case 'DOUBLE':
      return literal(to, Number(text))
    case 'REAL':
      return literal(to, Math.fround(Number(text)))
    case 'TEXT':
      return { kind: 'literal', type: to, text }
    default:
      return undefined
  }
}
