import { type DataType, sameType, typeName, type Value } from '../../../kernel/index.ts'
import { rowError, shown } from '../../functions/definition.ts'
import { isJson } from '../json-text.ts'
import { castFromJson } from './from-json.ts'
import { castFromText } from './from-text.ts'
import { type Cast, castNumber } from './numbers.ts'
import { castTime } from './times.ts'
import { jsonOf, textOf } from './to-text.ts'

export type { Cast } from './numbers.ts'

/**
 * The cast of non-null values of `from` to `to`; it throws a row error for values that have none. Undefined: these
 * types do not convert.
 */
export function castOf(from: DataType, to: DataType): Cast | undefined {
  if (sameType(from, to)) return (value) => value
  if (from.kind === 'NULL') return () => null
  if (to.kind === 'NULL') return undefined
  if (to.kind === 'TEXT') return (value) => textOf(from, value)
  if (from.kind === 'TEXT') return to.kind === 'JSON' ? textToJson : castFromText(to)
  if (from.kind === 'JSON') return castFromJson(to)
  if (to.kind === 'JSON') return (value) => jsonOf(from, value)
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') return arrayCast(from.element, to.element)
  if (from.kind === 'STRUCT' && to.kind === 'STRUCT') return structCast(from, to)
  return castNumber(from, to) ?? castTime(from, to)
}

/** Whether CAST(x AS `to`) exists for `from`. */
export function canCast(from: DataType, to: DataType): boolean {
  return castOf(from, to) !== undefined
}

export function noCast(from: DataType, to: DataType): string {
  return `cannot cast ${typeName(from)} to ${typeName(to)}`
}

function textToJson(value: Value): Value {
  const text = value as string
  if (!isJson(text)) throw rowError(`${shown(text)} is not JSON`, 'to_json(x) makes a JSON string of any text.')
  return text
}

function arrayCast(from: DataType, to: DataType): Cast | undefined {
  const element = castOf(from, to)
  return element && ((value) => (value as readonly Value[]).map((v) => (v === null ? null : element(v))))
}

/** Field by field, in order. */
function structCast(
  from: Extract<DataType, { kind: 'STRUCT' }>,
  to: Extract<DataType, { kind: 'STRUCT' }>,
): Cast | undefined {
  if (from.fields.length !== to.fields.length) return undefined
  const casts: Cast[] = []
  for (const [i, field] of from.fields.entries()) {
    const cast = castOf(field.type, to.fields[i]!.type)
    if (cast === undefined) return undefined
    casts.push(cast)
  }
  return (value) => (value as readonly Value[]).map((v, i) => (v === null ? null : casts[i]!(v)))
}
