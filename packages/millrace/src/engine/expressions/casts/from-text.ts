import {
  type DataType,
  parseBoolean,
  parseDate,
  parseDecimal,
  parseDouble,
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
