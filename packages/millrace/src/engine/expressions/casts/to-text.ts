import {
  type DataType,
  type Decimal,
  formatDate,
  formatDecimal,
  formatInterval,
  formatTime,
  formatTimestamp,
  type Int,
  type Interval,
  normalizeDecimal,
  roundDecimal,
  type Value,
} from '../../../kernel/index.ts'
import { rowError } from '../../functions/definition.ts'
import { sliceText, kindAt, stringAt, wholeValue } from '../json-text.ts'

/**
 * The text of a value, as CAST to TEXT gives it: exact numbers in digits, timestamps in RFC 3339, BYTEA read as UTF-8,
 * arrays and structs as JSON. An unconstrained DECIMAL shows no trailing zeros, since its scale is the batch's and no
 * part of the number; DECIMAL(p, s) shows s digits. Null: the value has no text (JSON null).
 */
export function textOf(type: DataType, value: Exclude<Value, null>): string | null {
  switch (type.kind) {
    case 'TEXT':
      return value as string
    case 'DECIMAL':
      return decimalText(type, value as Decimal)
    case 'DOUBLE':
    case 'REAL':
      return doubleText(value as number)
    case 'TIMESTAMP':
      return formatTimestamp(value as Int)
    case 'DATE':
      return formatDate(value as number)
    case 'TIME':
      return formatTime(value as number)
    case 'INTERVAL':
      return formatInterval(value as Interval)
    case 'BYTEA':
      return decodeUtf8(value as Uint8Array)
    case 'JSON':
      return jsonScalarText(value as string)
    case 'ARRAY':
    case 'STRUCT':
      return jsonOf(type, value)
    default:
      return String(value)
  }
}

function decimalText(type: Extract<DataType, { kind: 'DECIMAL' }>, value: Decimal): string {
  if (type.precision === undefined) return formatDecimal(normalizeDecimal(value))
  const scale = type.scale ?? 0
  return value.scale === scale ? formatDecimal(value) : formatDecimal(roundDecimal(value, scale))
}

/** Shortest digits that read back as the double; `Infinity`, `-Infinity`, `NaN`. */
export function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw rowError('the bytes are not UTF-8 text', "encode(x, 'hex') shows any bytes as text.")
  }
}

/** What ->> gives: a string without its quotes, NULL for null, anything else as it stands. */
export function jsonScalarText(text: string): string | null {
  const slice = wholeValue(text)
  switch (kindAt(text, slice.start)) {
    case 'string':
      return stringAt(text, slice)
    case 'null':
      return null
    default:
      return sliceText(text, slice)
  }
}

/** The value as JSON: exact numbers unquoted, NaN and infinities refused, timestamps as strings, bytes in base64. */
export function jsonOf(type: DataType, value: Value): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'JSON':
      return value as string
    case 'BOOLEAN':
    case 'INTEGER':
      return String(value)
    case 'DECIMAL':
      return decimalText(type, value as Decimal)
    case 'DOUBLE':
    case 'REAL':
      if (!Number.isFinite(value)) throw rowError(`${String(value)} is not a JSON number`)
      return doubleText(value as number)
    case 'BYTEA':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('base64'))
    case 'ARRAY': {
      const { element } = type
      return `[${(value as readonly Value[]).map((v) => jsonOf(element, v)).join(',')}]`
    }
    case 'STRUCT': {
      const { fields } = type
      const members = (value as readonly Value[]).map(
        (v, i) => `${JSON.stringify(fields[i]!.name)}:${jsonOf(fields[i]!.type, v)}`,
      )
      return `{${members.join(',')}}`
    }
    default:
      return JSON.stringify(textOf(type, value))
  }
}
