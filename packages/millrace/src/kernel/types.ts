/**
 * SQL types as plain data. Physical forms (see column.ts):
 * INTEGER, DATE (days), TIME and TIMESTAMP (microseconds, UTC) and DECIMAL are exact numbers; DOUBLE and REAL are IEEE;
 * JSON is its text, verbatim.
 */
export type DataType =
  | { readonly kind: 'BOOLEAN' }
  | { readonly kind: 'INTEGER'; readonly bits: 8 | 16 | 32 | 64; readonly unsigned: boolean }
  | { readonly kind: 'REAL' }
  | { readonly kind: 'DOUBLE' }
  /** Without precision and scale: unconstrained. */
  | { readonly kind: 'DECIMAL'; readonly precision?: number; readonly scale?: number }
  | { readonly kind: 'TEXT' }
  | { readonly kind: 'BYTEA' }
  | { readonly kind: 'TIMESTAMP' }
  | { readonly kind: 'DATE' }
  | { readonly kind: 'TIME' }
  | { readonly kind: 'INTERVAL' }
  | { readonly kind: 'JSON' }
  | { readonly kind: 'ARRAY'; readonly element: DataType }
  | { readonly kind: 'STRUCT'; readonly fields: readonly Field[] }
  /** The type of a bare NULL: coerces to anything. */
  | { readonly kind: 'NULL' }

export interface Field {
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
}

export const BOOLEAN: DataType = { kind: 'BOOLEAN' }
export const TINYINT: DataType = { kind: 'INTEGER', bits: 8, unsigned: false }
export const SMALLINT: DataType = { kind: 'INTEGER', bits: 16, unsigned: false }
export const INT: DataType = { kind: 'INTEGER', bits: 32, unsigned: false }
export const BIGINT: DataType = { kind: 'INTEGER', bits: 64, unsigned: false }
export const UBIGINT: DataType = { kind: 'INTEGER', bits: 64, unsigned: true }
export const REAL: DataType = { kind: 'REAL' }
export const DOUBLE: DataType = { kind: 'DOUBLE' }
export const DECIMAL: DataType = { kind: 'DECIMAL' }
export const TEXT: DataType = { kind: 'TEXT' }
export const BYTEA: DataType = { kind: 'BYTEA' }
export const TIMESTAMP: DataType = { kind: 'TIMESTAMP' }
export const DATE: DataType = { kind: 'DATE' }
export const TIME: DataType = { kind: 'TIME' }
export const INTERVAL: DataType = { kind: 'INTERVAL' }
export const JSON_TYPE: DataType = { kind: 'JSON' }
export const NULL_TYPE: DataType = { kind: 'NULL' }

export function arrayOf(element: DataType): DataType {
  return { kind: 'ARRAY', element }
}

export function structOf(fields: readonly Field[]): DataType {
  return { kind: 'STRUCT', fields }
}

/** STRUCT<start TIMESTAMP, end TIMESTAMP>: what TUMBLE, HOP and SESSION give. */
export const WINDOW: DataType = structOf([
  { name: 'start', type: TIMESTAMP, nullable: false },
  { name: 'end', type: TIMESTAMP, nullable: false },
])

export function sameType(a: DataType, b: DataType): boolean {
  if (a.kind !== b.kind) return false
  switch (a.kind) {
    case 'INTEGER':
      return a.bits === (b as typeof a).bits && a.unsigned === (b as typeof a).unsigned
    case 'DECIMAL':
      return a.precision === (b as typeof a).precision && a.scale === (b as typeof a).scale
    case 'ARRAY':
      return sameType(a.element, (b as typeof a).element)
    case 'STRUCT': {
      const other = (b as typeof a).fields
      return (
        a.fields.length === other.length &&
        a.fields.every((f, i) => f.name === other[i]!.name && sameType(f.type, other[i]!.type))
      )
    }
    default:
      return true
  }
}

export function isNumeric(type: DataType): boolean {
  return type.kind === 'INTEGER' || type.kind === 'DECIMAL' || type.kind === 'DOUBLE' || type.kind === 'REAL'
}

/** Canonical SQL spelling; parses back to the same type. */
export function typeName(type: DataType): string {
  switch (type.kind) {
    case 'INTEGER': {
      const base = { 8: 'TINYINT', 16: 'SMALLINT', 32: 'INT', 64: 'BIGINT' }[type.bits]
      return type.unsigned ? `${base} UNSIGNED` : base
    }
    case 'DECIMAL':
      return type.precision === undefined ? 'DECIMAL' : `DECIMAL(${type.precision}, ${type.scale ?? 0})`
    case 'ARRAY':
      return `${typeName(type.element)}[]`
    case 'STRUCT':
      return `STRUCT<${type.fields.map((f) => `${quoteName(f.name)} ${typeName(f.type)}${f.nullable ? '' : ' NOT NULL'}`).join(', ')}>`
    default:
      return type.kind
  }
}

function quoteName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** The inclusive range of an INTEGER type. */
export function integerRange(type: Extract<DataType, { kind: 'INTEGER' }>): { readonly min: bigint; readonly max: bigint } {
  const bits = BigInt(type.bits)
  return type.unsigned
    ? { min: 0n, max: (1n << bits) - 1n }
    : { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }
}
