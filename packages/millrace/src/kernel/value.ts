import type { Value } from './column.ts'
import { compareDecimal, type Decimal, formatDecimal, normalizeDecimal } from './decimal.ts'
import { compareInt, type Int } from './int.ts'
import { compareInterval, formatInterval, type Interval, nominalMicros } from './interval.ts'
import type { DataType } from './types.ts'

/**
 * Total order of two non-null values of one type, as SQL sorts: false < true, NaN above all doubles, text by code point,
 * bytes and arrays lexicographically with NULL elements last, intervals by their nominal length.
 */
export function compareValues(type: DataType, a: Value, b: Value): number {
  switch (type.kind) {
    case 'BOOLEAN':
      return Number(a) - Number(b)
    case 'DOUBLE':
    case 'REAL':
      return compareDoubles(a as number, b as number)
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return compareInt(a as Int, b as Int)
    case 'DECIMAL':
      return compareDecimal(a as Decimal, b as Decimal)
    case 'TEXT':
    case 'JSON':
      return compareText(a as string, b as string)
    case 'BYTEA':
      return compareBytes(a as Uint8Array, b as Uint8Array)
    case 'INTERVAL':
      return compareInterval(a as Interval, b as Interval)
    case 'ARRAY': {
      const element = type.element
      return compareLists(a as readonly Value[], b as readonly Value[], () => element)
    }
    case 'STRUCT': {
      const fields = type.fields
      return compareLists(a as readonly Value[], b as readonly Value[], (i) => fields[i]!.type)
    }
    case 'NULL':
      return 0
  }
}

export function compareDoubles(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  const aNaN = Number.isNaN(a)
  return aNaN === Number.isNaN(b) ? 0 : aNaN ? 1 : -1
}

/** By code point, not by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) {
      // Surrogates stand for code points above every other unit.
      const xHigh = x >= 0xd800 && x <= 0xdfff
      const yHigh = y >= 0xd800 && y <= 0xdfff
      return xHigh === yHigh ? x - y : xHigh ? 1 : -1
    }
  }
  return a.length - b.length
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!
  }
  return a.length - b.length
}

function compareLists(a: readonly Value[], b: readonly Value[], typeAt: (i: number) => DataType): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a[i]!
    const y = b[i]!
    if (x === null || y === null) {
      if (x !== y) return x === null ? 1 : -1
      continue
    }
    const order = compareValues(typeAt(i), x, y)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/**
 * A string that two values of one type share exactly when they are equal as keys (grouping, DISTINCT, joins): NULL equals NULL,
 * NaN equals NaN, 0 equals -0, 1.5 equals 1.50, 1 day equals 24 hours.
 */
export function keyOf(type: DataType, value: Value): string {
  if (value === null) return 'n'
  switch (type.kind) {
    case 'TEXT':
    case 'JSON':
      return `s${value as string}`
    case 'DECIMAL': {
      const { unscaled, scale } = normalizeDecimal(value as Decimal)
      return scale === 0 ? `v${unscaled}` : `v${unscaled}e${scale}`
    }
    case 'DOUBLE':
    case 'REAL':
      return value === 0 ? 'v0' : `v${value as number}`
    case 'BYTEA':
      return `b${Buffer.from(value as Uint8Array).toString('latin1')}`
    case 'INTERVAL':
      return `v${nominalMicros(value as Interval)}`
    case 'ARRAY': {
      const element = type.element
      return `a${joinKeys((value as readonly Value[]).map((v) => keyOf(element, v)))}`
    }
    case 'STRUCT': {
      const fields = type.fields
      return `a${joinKeys((value as readonly Value[]).map((v, i) => keyOf(fields[i]!.type, v)))}`
    }
    default:
      return `v${String(value)}`
  }
}

/** Parts of a key as one string, injectively: each part is preceded by its length. */
export function joinKeys(parts: readonly string[]): string {
  let joined = ''
  for (const part of parts) joined += `${part.length}:${part}`
  return joined
}

/** For messages and tests; JSON output is the codec's. */
export function displayValue(type: DataType, value: Value): string {
  if (value === null) return 'NULL'
  switch (type.kind) {
    case 'DECIMAL':
      return formatDecimal(value as Decimal)
    case 'INTERVAL':
      return formatInterval(value as Interval)
    default:
      return String(value)
  }
}
