import {
  addInt,
  BIGINT,
  type DataType,
  DATE,
  DOUBLE,
  type Int,
  INTERVAL,
  type Interval,
  isNumeric,
  MICROS_PER_DAY,
  multiplyInt,
  subtractInt,
  TIME,
  TIMESTAMP,
} from '../../kernel/index.ts'
import { type Implementation, rowError } from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { addIntervals, addToTimestamp, negateInterval, scaleInterval, timestampDifference } from './interval-math.ts'

/** The date and time forms of one arithmetic operator. Undefined: these operands are none of its business. */
export interface TimeArithmetic {
  resolve(a: DataType, b: DataType): TimeRule | undefined
  /** By the types `resolve` has chosen. */
  implement(a: DataType, b: DataType): Implementation | undefined
}

export interface TimeRule {
  readonly args: readonly [DataType, DataType]
  readonly returns: DataType
  readonly implementation: Implementation
}

const timestampRange = rangeCheck(TIMESTAMP)
const dateRange = rangeCheck(DATE)

function rules(...list: readonly TimeRule[]): TimeArithmetic {
  const find = (a: DataType, b: DataType, fits: (arg: DataType, parameter: DataType) => boolean) =>
    list.find((r) => fits(a, r.args[0]) && fits(b, r.args[1]))
  return {
    resolve: (a, b) => (a.kind === 'NULL' && b.kind === 'NULL' ? undefined : find(a, b, accepts)),
    implement: (a, b) => find(a, b, (arg, parameter) => arg.kind === parameter.kind)?.implementation,
  }
}

function accepts(arg: DataType, parameter: DataType): boolean {
  if (arg.kind === parameter.kind) return true
  if (parameter.kind === 'DOUBLE') return isNumeric(arg)
  // A bare NULL is taken for the interval or the number of a rule, never for its point in time.
  return arg.kind === 'NULL' && (parameter.kind === 'INTERVAL' || parameter.kind === 'INTEGER')
}

function rule(a: DataType, b: DataType, returns: DataType, implementation: Implementation): TimeRule {
  return { args: [a, b], returns, implementation }
}

function flipped({ args: [a, b], returns, implementation }: TimeRule): TimeRule {
  return rule(b, a, returns, ([x, y], step) => implementation([y!, x!], step))
}

function dateMicros(days: number): Int {
  return multiplyInt(days, MICROS_PER_DAY)
}

function wrapDay(micros: number): number {
  return ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY
}

const timestampPlus = rule(TIMESTAMP, INTERVAL, TIMESTAMP, ([a, b]) =>
  timestampRange(addToTimestamp(a as Int, b as Interval)),
)
const datePlus = rule(DATE, INTERVAL, TIMESTAMP, ([a, b]) =>
  timestampRange(addToTimestamp(dateMicros(a as number), b as Interval)),
)
const dateDays = rule(DATE, BIGINT, DATE, ([a, b]) => dateRange(addInt(a as Int, b as Int)))
const timePlus = rule(TIME, INTERVAL, TIME, ([a, b]) =>
  wrapDay((a as number) + ((b as Interval).micros % MICROS_PER_DAY)),
)
const dateTime = rule(DATE, TIME, TIMESTAMP, ([a, b]) => timestampRange(addInt(dateMicros(a as number), b as Int)))

export const addTime = rules(
  timestampPlus,
  flipped(timestampPlus),
  datePlus,
  flipped(datePlus),
  dateDays,
  flipped(dateDays),
  timePlus,
  flipped(timePlus),
  dateTime,
  flipped(dateTime),
  rule(INTERVAL, INTERVAL, INTERVAL, ([a, b]) => addIntervals(a as Interval, b as Interval)),
)

export const subtractTime = rules(
  rule(TIMESTAMP, TIMESTAMP, INTERVAL, ([a, b]) => timestampDifference(a as Int, b as Int)),
  rule(TIMESTAMP, DATE, INTERVAL, ([a, b]) => timestampDifference(a as Int, dateMicros(b as number))),
  rule(DATE, TIMESTAMP, INTERVAL, ([a, b]) => timestampDifference(dateMicros(a as number), b as Int)),
  rule(DATE, DATE, BIGINT, ([a, b]) => subtractInt(a as Int, b as Int)),
  rule(TIME, TIME, INTERVAL, ([a, b]) => ({ months: 0, days: 0, micros: (a as number) - (b as number) })),
  rule(TIMESTAMP, INTERVAL, TIMESTAMP, ([a, b]) =>
    timestampRange(addToTimestamp(a as Int, negateInterval(b as Interval))),
  ),
  rule(DATE, INTERVAL, TIMESTAMP, ([a, b]) =>
    timestampRange(addToTimestamp(dateMicros(a as number), negateInterval(b as Interval))),
  ),
  rule(DATE, BIGINT, DATE, ([a, b]) => dateRange(subtractInt(a as Int, b as Int))),
  rule(TIME, INTERVAL, TIME, ([a, b]) => wrapDay((a as number) - ((b as Interval).micros % MICROS_PER_DAY))),
  rule(INTERVAL, INTERVAL, INTERVAL, ([a, b]) => addIntervals(a as Interval, negateInterval(b as Interval))),
)

const times = rule(INTERVAL, DOUBLE, INTERVAL, ([a, b]) => scaleInterval(a as Interval, b as number))
export const multiplyTime = rules(times, flipped(times))

export const divideTime = rules(
  rule(INTERVAL, DOUBLE, INTERVAL, ([a, b]) => {
    if (b === 0) throw rowError('division by zero')
    return scaleInterval(a as Interval, 1 / (b as number))
  }),
)

export const negateTime: Implementation = ([a]) => negateInterval(a as Interval)
