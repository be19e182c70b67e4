import { type DataType, type Decimal, parseDecimal, parseInt64, typeName, type Value } from '../../../kernel/index.ts'
import { rowError, shown } from '../../functions/definition.ts'
import { distinctMembers, elementsOf, kindAt, sliceText, stringAt, wholeValue } from '../json-text.ts'
import { castFromText } from './from-text.ts'
import { type Cast, castNumber } from './numbers.ts'
import { castTime, timestampFromDecimal } from './times.ts'
import { textOf } from './to-text.ts'

/**
 * JSON to any other type: null gives NULL, a string is read as text is, a number keeps all its digits, arrays become
 * ARRAYs and objects STRUCTs by the names of their fields (a missing key is NULL).
 */
export function castFromJson(to: DataType): Cast | undefined {
  if (to.kind === 'TEXT') return (value) => textOf({ kind: 'JSON' }, value)
  if (to.kind === 'JSON') return (value) => value
  if (to.kind === 'ARRAY') return arrayFromJson(to)
  if (to.kind === 'STRUCT') return structFromJson(to)
  const fromText = castFromText(to)
  if (fromText === undefined) return undefined
  const fromNumber = numberCast(to)
  const name = typeName(to)
  return (value) => {
    const text = value as string
    const slice = wholeValue(text)
    const kind = kindAt(text, slice.start)
    if (kind === 'null') return null
    if (kind === 'string') return fromText(stringAt(text, slice))
    if (kind === 'number' && fromNumber !== undefined) return fromNumber(sliceText(text, slice))
    if (kind === 'boolean' && to.kind === 'BOOLEAN') return text.charCodeAt(slice.start) === 0x74
    throw rowError(`JSON ${kind} ${shown(sliceText(text, slice))} is not a ${name}`)
  }
}

function numberCast(to: DataType): ((digits: string) => Value) | undefined {
  switch (to.kind) {
    case 'INTEGER': {
      const fromInteger = castNumber(to, to)!
      const fromDecimal = castNumber({ kind: 'DECIMAL' }, to)!
      return (digits) => {
        const int = parseInt64(digits)
        return int === undefined ? fromDecimal(exactNumber(digits)) : fromInteger(int)
      }
    }
    case 'DECIMAL': {
      const fit = castNumber({ kind: 'DECIMAL' }, to)!
      return (digits) => fit(exactNumber(digits))
    }
    case 'DOUBLE':
      return doubleNumber
    case 'REAL':
      return (digits) => Math.fround(doubleNumber(digits))
    case 'TIMESTAMP': {
      const fromInteger = castTime({ kind: 'INTEGER', bits: 64, unsigned: false }, to)!
      return (digits) => {
        const int = parseInt64(digits)
        return int === undefined ? timestampFromDecimal(exactNumber(digits)) : fromInteger(int)
      }
    }
    default:
      return undefined
  }
}

function doubleNumber(digits: string): number {
  const value = Number(digits)
  if (!Number.isFinite(value)) throw rowError(`JSON number ${shown(digits)} is out of range for DOUBLE`)
  return value
}

function exactNumber(digits: string): Decimal {
  const value = parseDecimal(digits)
  if (value === undefined) throw rowError(`JSON number ${shown(digits)} is out of range for DECIMAL`)
  return value
}

function arrayFromJson(to: Extract<DataType, { kind: 'ARRAY' }>): Cast | undefined {
  const element = castFromJson(to.element)
  if (element === undefined) return undefined
  return (value) => {
    const text = value as string
    const slice = wholeValue(text)
    const kind = kindAt(text, slice.start)
    if (kind === 'null') return null
    if (kind !== 'array') throw rowError(`JSON ${kind} ${shown(sliceText(text, slice))} is not a ${typeName(to)}`)
    return elementsOf(text, slice).map((e) => member(element, text.slice(e.start, e.end)))
  }
}

function structFromJson(to: Extract<DataType, { kind: 'STRUCT' }>): Cast | undefined {
  const casts: Cast[] = []
  for (const field of to.fields) {
    const cast = castFromJson(field.type)
    if (cast === undefined) return undefined
    casts.push(cast)
  }
  return (value) => {
    const text = value as string
    const slice = wholeValue(text)
    const kind = kindAt(text, slice.start)
    if (kind === 'null') return null
    if (kind !== 'object') throw rowError(`JSON ${kind} ${shown(sliceText(text, slice))} is not a ${typeName(to)}`)
    const members = distinctMembers(text, slice)
    return to.fields.map((field, i) => {
      const found = members.get(field.name)
      return found === undefined ? null : member(casts[i]!, text.slice(found.start, found.end))
    })
  }
}

/** A null inside is NULL, also where the field itself is JSON. */
function member(cast: Cast, text: string): Value {
  return text === 'null' ? null : cast(text)
}
