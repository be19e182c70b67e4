import {
  addDecimal,
  compareDecimal,
  compareDoubles,
  compareValues,
  type DataType,
  type Decimal,
  type Int,
  multiplyDecimal,
  normalizeDecimal,
  subtractDecimal,
  truncateDecimal,
  type Value,
} from '../../kernel/index.ts'
import { rowError } from '../functions/definition.ts'
import { noResultSize, resultSize } from './result-size.ts'
import type { Frequency, Summary } from './frequencies.ts'

/** The quantile that lies between two values if need be: DOUBLE of doubles, exact of other numbers. `fixed`: instead of the argument. */
export function continuousQuantile(type: DataType, fixed?: Decimal): Summary {
  if (type.kind === 'DOUBLE') {
    const half = fixed === undefined ? undefined : 0.5
    return (values, fraction) => quantileOfDoubles(values, half ?? (fraction as number | null))
  }
  return (values, fraction) => quantileOfDecimals(type, values, fixed ?? (fraction as Decimal | null))
}

const HALF: Decimal = { unscaled: 5, scale: 1 }

export function median(type: DataType): Summary {
  return continuousQuantile(type, HALF)
}

function quantileOfDoubles(values: readonly Frequency[], fraction: number | null): Value {
  if (fraction === null || values.length === 0) return null
  checkFraction(fraction >= 0 && fraction <= 1)
  const sorted = [...values].sort((a, b) => compareDoubles(a.value as number, b.value as number))
  const place = fraction * (countOf(sorted) - 1)
  const [low, high] = neighbours(sorted, Math.floor(place))
  return between(low as number, high as number, place - Math.floor(place))
}

/** Infinity times 0 and Infinity less itself are no numbers, but either neighbour is. */
export function between(low: number, high: number, fraction: number): number {
  return fraction === 0 || low === high ? low : low + (high - low) * fraction
}

function quantileOfDecimals(type: DataType, values: readonly Frequency[], fraction: Decimal | null): Value {
  if (fraction === null || values.length === 0) return null
  checkFraction(isFraction(fraction))
  const sorted = [...values].sort((a, b) => compareValues(type, a.value, b.value))
  const place = multiplyDecimal(fraction, { unscaled: countOf(sorted) - 1, scale: 0 })
  const whole = truncateDecimal(place, 0)
  const [low, high] = neighbours(sorted, Number(whole.unscaled)).map((value) => asDecimal(type, value))
  const step = multiplyDecimal(subtractDecimal(high!, low!), subtractDecimal(place, whole))
  return normalizeDecimal(addDecimal(low!, step))
}

function asDecimal(type: DataType, value: Value): Decimal {
  return type.kind === 'INTEGER' ? { unscaled: value as Int, scale: 0 } : (value as Decimal)
}

/** The first value that so large a part of the rows do not exceed: always one of the group's. */
export function discreteQuantile(type: DataType): Summary {
  return (values, parameter) => {
    if (parameter === null || values.length === 0) return null
    const fraction = parameter as Decimal
    checkFraction(isFraction(fraction))
    const sorted = [...values].sort((a, b) => compareValues(type, a.value, b.value))
    const rows = multiplyDecimal(fraction, { unscaled: countOf(sorted), scale: 0 })
    let seen = 0
    for (const { value, count } of sorted) {
      seen += count
      if (compareDecimal({ unscaled: seen, scale: 0 }, rows) >= 0) return value
    }
    return sorted.at(-1)!.value
  }
}

/** The most frequent value; of equally frequent ones the smallest. */
export function mode(type: DataType): Summary {
  const ranked = byFrequency(type, -1)
  return (values) => [...values].sort(ranked)[0]?.value ?? null
}

/** The most (`direction` -1) or least (1) frequent values, as many as the parameter says (default 1), ties by value. */
export function mostFrequent(type: DataType, direction: 1 | -1): Summary {
  const ranked = byFrequency(type, direction)
  return (values, parameter) => {
    const size = resultSize(parameter)
    if (size === undefined) throw noResultSize()
    if (values.length === 0) return null
    return [...values]
      .sort(ranked)
      .slice(0, size)
      .map(({ value }) => value)
  }
}

function byFrequency(type: DataType, direction: 1 | -1): (a: Frequency, b: Frequency) => number {
  return (a, b) => (a.count - b.count) * direction || compareValues(type, a.value, b.value)
}

function countOf(values: readonly Frequency[]): number {
  return values.reduce((sum, { count }) => sum + count, 0)
}

/** The values at places `at` and `at` + 1 of all rows in order, counted from 0; the last one has itself for a neighbour. */
function neighbours(sorted: readonly Frequency[], at: number): readonly [Value, Value] {
  let before = 0
  for (const [i, { value, count }] of sorted.entries()) {
    before += count
    if (at < before) return [value, at + 1 < before ? value : (sorted[i + 1]?.value ?? value)]
  }
  const last = sorted.at(-1)!.value
  return [last, last]
}

function isFraction(value: Decimal): boolean {
  return value.unscaled >= 0 && compareDecimal(value, { unscaled: 1, scale: 0 }) <= 0
}

function checkFraction(fits: boolean): void {
  if (!fits) throw rowError('the part of the rows that a quantile asks for lies between 0 and 1')
}
