import {
  type DataType,
  parseDate,
  parseDecimal,
  parseInt64,
  parseInterval,
  parseTime,
  parseTimestamp,
  typeName,
  type Value,
} from '../../../kernel/index.ts'
import { rowError, shown } from '../../functions/definition.ts'
import { rangeCheck } from '../../functions/integer-range.ts'
import { isJson } from '../json-text.ts'
import { castFromJson } from './from-json.ts'
import { type Cast, decimalFit } from './numbers.ts'

/** TEXT to any other type. Space around the text does not matter; ARRAY and STRUCT are read as JSON. */
export function castFromText(to: DataType): Cast | undefined {
  const parse = parser(to)
  if (parse === undefined) return undefined
  const name = typeName(to)
  return (value) => {
    const text = value as string
    const parsed = parse(text)
    if (parsed === undefined) throw rowError(`${shown(text)} is not a ${name}`)
    return parsed
  }
}

function parser(to: DataType): ((text: string) => Value | undefined) | undefined {
  switch (to.kind) {
    case 'BOOLEAN':
      return parseBoolean
    case 'INTEGER': {
      const check = rangeCheck(to)
      return (text) => {
        const value = parseInt64(text.trim())
        return value === undefined ? undefined : check(value)
      }
    }
    case 'DECIMAL': {
      const fit = decimalFit(to)
      return (text) => {
        const value = parseDecimal(text.trim())
        return value === undefined ? undefined : fit(value)
      }
    }
    case 'DOUBLE':
      return parseDouble
    case 'REAL':
      return (text) => {
        const value = parseDouble(text)
        return value === undefined ? undefined : Math.fround(value)
      }
    case 'TIMESTAMP':
      return parseTimestamp
    case 'DATE':
      return parseDate
    case 'TIME':
      return parseTime
    case 'INTERVAL':
      return (text) => parseInterval(text)
    case 'BYTEA':
      return (text) => new TextEncoder().encode(text)
    case 'ARRAY':
    case 'STRUCT': {
      const cast = castFromJson(to)
      return cast && ((text) => (isJson(text) ? cast(text) : undefined))
    }
    default:
      return undefined
  }
}

const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1'])
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0'])

function parseBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase()
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined
}

/** A decimal number, or NaN, Infinity, -Infinity in any case. A number too large for a double is none. */
export function parseDouble(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) {
    const value = Number(trimmed)
    return Number.isFinite(value) ? value : undefined
  }
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed)
  if (word === null) return undefined
  if (word[2]!.toLowerCase() === 'nan') return Number.NaN
  return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}
