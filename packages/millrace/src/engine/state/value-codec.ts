import type { DataType, Decimal, Int, Interval, Value } from '../../kernel/index.ts'
import { unreachable } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/** Values as bytes, by type: nothing about the type is written. NULL is one byte. */
export function writeValue(to: ByteWriter, type: DataType, value: Value): void {
  to.byte(value === null ? 0 : 1)
  if (value === null) return
  switch (type.kind) {
    case 'BOOLEAN':
      return to.byte(value === true ? 1 : 0)
    case 'DOUBLE':
    case 'REAL':
      return to.double(value as number)
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return writeInt(to, value as Int)
    case 'DECIMAL':
      to.varint((value as Decimal).scale)
      return writeInt(to, (value as Decimal).unscaled)
    case 'TEXT':
    case 'JSON':
      return to.text(value as string)
    case 'BYTEA':
      return to.bytes(value as Uint8Array)
    case 'INTERVAL': {
      const interval = value as Interval
      to.double(interval.months)
      to.double(interval.days)
      return to.double(interval.micros)
    }
    case 'ARRAY': {
      const items = value as readonly Value[]
      to.varint(items.length)
      for (const item of items) writeValue(to, type.element, item)
      return
    }
    case 'STRUCT':
      for (const [i, field] of type.fields.entries()) writeValue(to, field.type, (value as readonly Value[])[i] ?? null)
      return
    case 'NULL':
      return
    default:
      return unreachable(type)
  }
}

export function readValue(from: ByteReader, type: DataType): Value {
  if (from.byte() === 0) return null
  switch (type.kind) {
    case 'BOOLEAN':
      return from.byte() === 1
    case 'DOUBLE':
    case 'REAL':
      return from.double()
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return readInt(from)
    case 'DECIMAL': {
      const scale = from.varint()
      return { unscaled: readInt(from), scale }
    }
    case 'TEXT':
    case 'JSON':
      return from.text()
    case 'BYTEA':
      return from.bytes()
    case 'INTERVAL':
      return { months: from.double(), days: from.double(), micros: from.double() }
    case 'ARRAY': {
      const items: Value[] = []
      for (let left = from.varint(); left > 0; left--) items.push(readValue(from, type.element))
      return items
    }
    case 'STRUCT':
      return type.fields.map((f) => readValue(from, f.type))
    case 'NULL':
      return null
    default:
      return unreachable(type)
  }
}

export function writeValues(to: ByteWriter, types: readonly DataType[], values: readonly Value[]): void {
  for (const [i, type] of types.entries()) writeValue(to, type, values[i]!)
}

export function readValues(from: ByteReader, types: readonly DataType[]): Value[] {
  return types.map((t) => readValue(from, t))
}

const POSITIVE = 0
const NEGATIVE = 1
const WIDE = 2

function writeInt(to: ByteWriter, value: Int): void {
  if (typeof value === 'bigint') {
    to.byte(WIDE)
    to.bigint(value)
  } else {
    to.byte(value < 0 ? NEGATIVE : POSITIVE)
    to.varint(Math.abs(value))
  }
}

function readInt(from: ByteReader): Int {
  const form = from.byte()
  if (form === WIDE) return from.bigint()
  const magnitude = from.varint()
  return form === NEGATIVE ? -magnitude : magnitude
}
