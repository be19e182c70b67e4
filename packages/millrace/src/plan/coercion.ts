import { BIGINT, DECIMAL, DOUBLE, type DataType, isNumeric, sameType, structOf, TEXT, arrayOf } from '../kernel/index.ts'

/**
 * The type both sides of a comparison, CASE, UNION ALL or COALESCE are brought to; undefined if there is none.
 * Integers widen; an integer with a DECIMAL gives unconstrained DECIMAL; anything numeric with DOUBLE gives DOUBLE; a NULL takes the
 * other side; DATE with TIMESTAMP gives TIMESTAMP. TEXT meets others only where the binder casts a literal.
 */
export function commonType(a: DataType, b: DataType): DataType | undefined {
  if (sameType(a, b)) return a
  if (a.kind === 'NULL') return b
  if (b.kind === 'NULL') return a
  if (isNumeric(a) && isNumeric(b)) return commonNumeric(a, b)
  if (isTime(a) && isTime(b)) return { kind: 'TIMESTAMP' }
  if ((a.kind === 'JSON' && b.kind === 'TEXT') || (a.kind === 'TEXT' && b.kind === 'JSON')) return TEXT
  if (a.kind === 'ARRAY' && b.kind === 'ARRAY') {
    const element = commonType(a.element, b.element)
    return element === undefined ? undefined : arrayOf(element)
  }
  if (a.kind === 'STRUCT' && b.kind === 'STRUCT' && a.fields.length === b.fields.length) {
    const fields = a.fields.map((f, i) => {
      const type = commonType(f.type, b.fields[i]!.type)
      return type === undefined ? undefined : { name: f.name, type, nullable: f.nullable || b.fields[i]!.nullable }
    })
    return fields.every((f) => f !== undefined) ? structOf(fields) : undefined
  }
  return undefined
}

function isTime(type: DataType): boolean {
  return type.kind === 'DATE' || type.kind === 'TIMESTAMP'
}

function commonNumeric(a: DataType, b: DataType): DataType {
  if (a.kind === 'DOUBLE' || b.kind === 'DOUBLE' || a.kind === 'REAL' || b.kind === 'REAL') {
    return a.kind === 'REAL' && b.kind === 'REAL' ? a : DOUBLE
  }
  if (a.kind === 'DECIMAL' || b.kind === 'DECIMAL') return DECIMAL
  if (a.kind !== 'INTEGER' || b.kind !== 'INTEGER') return DOUBLE
  if (a.unsigned === b.unsigned) return a.bits >= b.bits ? a : b
  const signed = a.unsigned ? b : a
  const unsigned = a.unsigned ? a : b
  if (signed.bits > unsigned.bits) return signed
  return unsigned.bits < 64 ? { kind: 'INTEGER', bits: widen(unsigned.bits), unsigned: false } : DECIMAL
}

function widen(bits: 8 | 16 | 32 | 64): 16 | 32 | 64 {
  return bits === 8 ? 16 : bits === 16 ? 32 : 64
}

/**
 * Whether a value of `from` may be used where `to` is asked for without being written out: every coercion of `commonType` that
 * loses nothing, any number to DOUBLE, NULL to anything.
 */
export function coercesTo(from: DataType, to: DataType): boolean {
  if (sameType(from, to) || from.kind === 'NULL') return true
  if (to.kind === 'DOUBLE') return isNumeric(from)
  if (to.kind === 'DECIMAL' && to.precision === undefined) return from.kind === 'INTEGER' || from.kind === 'DECIMAL'
  const common = commonType(from, to)
  return common !== undefined && sameType(common, to)
}

/** What SUM and AVG and mixed arithmetic of integers come to when no wider integer holds them. */
export const EXACT_SUM: DataType = DECIMAL
export const DEFAULT_INTEGER: DataType = BIGINT
