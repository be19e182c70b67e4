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
  isNumeric,
  normalizeDecimal,
  sameType,
  unreachable,
  type Value,
  WINDOW,
} from '../../kernel/index.ts'
import { singleLine } from './display-width.ts'

/** A value as one line for people. NULL is empty. */
export function cellText(type: DataType, value: Value): string {
  if (value === null) return ''
  switch (type.kind) {
    case 'NULL':
      return ''
    case 'BOOLEAN':
      return value === true ? 'true' : 'false'
    case 'INTEGER':
      return (value as Int).toString()
    case 'DOUBLE':
    case 'REAL':
      return Object.is(value, -0) ? '-0' : (value as number).toString()
    case 'DECIMAL':
      // Without a declared scale, a column's zeros at the end come from its other values.
      return formatDecimal(type.scale === undefined ? normalizeDecimal(value as Decimal) : (value as Decimal))
    case 'TEXT':
    case 'JSON':
      return singleLine(value as string)
    case 'BYTEA':
      return `\\x${Buffer.from(value as Uint8Array).toString('hex')}`
    case 'TIMESTAMP':
      return formatTimestamp(value as Int)
    case 'DATE':
      return formatDate(Number(value))
    case 'TIME':
      return formatTime(Number(value))
    case 'INTERVAL':
      return formatInterval(value as Interval)
    case 'ARRAY': {
      const { element } = type
      return `[${(value as readonly Value[]).map((v) => innerText(element, v)).join(', ')}]`
    }
    case 'STRUCT': {
      const values = value as readonly Value[]
      if (sameType(type, WINDOW)) return windowText(values)
      return `{${type.fields.map((f, i) => `${singleLine(f.name)}: ${innerText(f.type, values[i] ?? null)}`).join(', ')}}`
    }
    default:
      return unreachable(type)
  }
}

export function cellAlign(type: DataType): 'left' | 'right' {
  return isNumeric(type) || type.kind === 'INTERVAL' ? 'right' : 'left'
}

/** Where NULL would leave no trace. */
function innerText(type: DataType, value: Value): string {
  return value === null ? 'NULL' : cellText(type, value)
}

/** `2024-08-08T23:54:00Z to 23:55:00Z`: the date once, when both ends share it. */
function windowText([start, end]: readonly Value[]): string {
  const [from, to] = [formatTimestamp(start as Int), formatTimestamp(end as Int)]
  const dateLength = from.indexOf('T') + 1
  return `${from} to ${from.slice(0, dateLength) === to.slice(0, dateLength) ? to.slice(dateLength) : to}`
}
