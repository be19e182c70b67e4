import {
  type DataType,
  type Decimal,
  decimalFromNumber,
  decimalToNumber,
  type Int,
  integerDigits,
  normalizeInt,
  roundDecimal,
  typeName,
  type Value,
} from '../../../kernel/index.ts'
import { rowError } from '../../functions/definition.ts'
import { rangeCheck } from '../../functions/integer-range.ts'
import { doubleText } from './to-text.ts'

/** Of a value that is not NULL. */
export type Cast = (value: Exclude<Value, null>) => Value

/** Casts between numbers, and between numbers and BOOLEAN. */
export function castNumber(from: DataType, to: DataType): Cast | undefined {
  switch (to.kind) {
    case 'INTEGER':
      return toInteger(from, to)
    case 'DECIMAL':
      return toDecimal(from, to)
    case 'DOUBLE':
    case 'REAL':
      return toDouble(from, to)
    case 'BOOLEAN':
      return from.kind === 'INTEGER' ? (value) => value !== 0 : undefined
    default:
      return undefined
  }
}

function toInteger(from: DataType, to: DataType): Cast | undefined {
  const check = rangeCheck(to)
  switch (from.kind) {
    case 'BOOLEAN':
      return (value) => (value === true ? 1 : 0)
    case 'INTEGER':
      return (value) => check(value as Int)
    case 'DECIMAL':
      return (value) => check(roundDecimal(value as Decimal, 0).unscaled)
    case 'DOUBLE':
    case 'REAL':
      return (value) => check(integerFromDouble(value as number, to))
    default:
      return undefined
  }
}

function integerFromDouble(value: number, to: DataType): Int {
  if (!Number.isFinite(value)) throw rowError(`${doubleText(value)} is out of range for ${typeName(to)}`)
  const rounded = roundHalfEven(value)
  return Number.isSafeInteger(rounded) ? rounded : normalizeInt(BigInt(rounded))
}

/** To the nearest integer, ties to even, as IEEE and PostgreSQL round doubles. Never -0. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  const rounded = rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1
  return rounded + 0
}

function toDecimal(from: DataType, to: Extract<DataType, { kind: 'DECIMAL' }>): Cast | undefined {
  const fit = decimalFit(to)
  switch (from.kind) {
    case 'INTEGER':
      return (value) => fit({ unscaled: value as Int, scale: 0 })
    case 'DECIMAL':
      return (value) => fit(value as Decimal)
    case 'DOUBLE':
    case 'REAL':
      return (value) => {
        const exact = decimalFromNumber(value as number)
        if (exact === undefined) throw rowError(`${doubleText(value as number)} is not a DECIMAL`)
        return fit(exact)
      }
    default:
      return undefined
  }
}

/** Rounds to the scale of DECIMAL(p, s) and refuses what has more than p - s digits before the point. */
export function decimalFit(to: Extract<DataType, { kind: 'DECIMAL' }>): (value: Decimal) => Decimal {
  const { precision } = to
  if (precision === undefined) return (value) => value
  const scale = to.scale ?? 0
  return (value) => {
    const rounded = roundDecimal(value, scale)
    if (integerDigits(rounded) > precision - scale) throw rowError(`a number is out of range for ${typeName(to)}`)
    return rounded
  }
}

function toDouble(from: DataType, to: DataType): Cast | undefined {
  const narrow = to.kind === 'REAL' ? Math.fround : (value: number) => value
  switch (from.kind) {
    case 'INTEGER':
      return (value) => narrow(Number(value))
    case 'DECIMAL':
      return (value) => narrow(decimalToNumber(value as Decimal))
    case 'DOUBLE':
    case 'REAL':
      return (value) => narrow(value as number)
    default:
      return undefined
  }
}
