import {
  addInt,
  type Int,
  type Interval,
  intervalMicros,
  MICROS_PER_DAY,
  multiplyInt,
  remainderInt,
  splitDay,
  subtractInt,
  TIMESTAMP,
} from '../../kernel/index.ts'
import { rowError } from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { addMonths } from './interval-math.ts'

const timestampRange = rangeCheck(TIMESTAMP)

/** The start of the bin of width `stride` that an instant lies in; bins are counted from `origin`. */
export function dateBin(stride: Interval, at: Int, origin: Int): Int {
  const micros = intervalMicros(stride)
  if (micros === undefined) return monthBin(stride, at, origin)
  if (micros <= 0) throw rowError('date_bin takes a positive interval')
  const distance = subtractInt(at, origin)
  const rest = remainderInt(distance, micros)
  return timestampRange(subtractInt(at, rest < 0 ? addInt(rest, micros) : rest))
}

/** Bins of whole months from the origin. */
function monthBin(stride: Interval, at: Int, origin: Int): Int {
  if (stride.days !== 0 || stride.micros !== 0 || stride.months <= 0) {
    throw rowError('date_bin takes an interval of months or of days and time, not of both')
  }
  const [originDays, originTime] = splitDay(origin)
  const start = (bin: number) =>
    addInt(multiplyInt(addMonths(originDays, bin * stride.months), MICROS_PER_DAY), originTime)
  const [days] = splitDay(at)
  let bin = Math.floor((days - originDays) / (stride.months * 30.436875))
  while (start(bin) > at) bin--
  while (start(bin + 1) <= at) bin++
  return timestampRange(start(bin))
}
