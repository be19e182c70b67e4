import { type Column, TIMESTAMP } from '../../kernel/index.ts'

/**
 * Event times run in doubles: microseconds that are safe integers, from the year 1684 to 2255. What lies beyond counts as no event time.
 * A column of them as plain doubles, with `missing` where there is none. The result may be the column's own storage: read only.
 */
export function timesOf(column: Column, missing: number): Float64Array {
  if (column.kind === 'exact' && column.nulls === null) return column.values
  const times = new Float64Array(column.length)
  if (column.kind !== 'exact' && column.kind !== 'wide') return times.fill(missing)
  const { nulls, values } = column
  for (let i = 0; i < times.length; i++) {
    const time = Number(values[i]!)
    times[i] = (nulls !== null && nulls[i] === 1) || !Number.isSafeInteger(time) ? missing : time
  }
  return times
}

/** A TIMESTAMP column of these times: NULL where a time is NaN or infinite. */
export function timeColumn(times: Float64Array): Column {
  let nulls: Uint8Array | null = null
  let values = times
  for (let i = 0; i < times.length; i++) {
    if (times[i]! - times[i]! === 0) continue
    if (nulls === null) {
      nulls = new Uint8Array(times.length)
      values = times.slice()
    }
    nulls[i] = 1
    values[i] = 0
  }
  return { kind: 'exact', type: TIMESTAMP, length: times.length, nulls, scale: 0, values }
}

/** The same of a watermark, which never goes back: where it is known for the first row, it is known for all. */
export function watermarkColumn(times: Float64Array): Column {
  if (times.length > 0 && times[0] === Number.NEGATIVE_INFINITY) return timeColumn(times)
  return { kind: 'exact', type: TIMESTAMP, length: times.length, nulls: null, scale: 0, values: times }
}

/** The largest multiple of `step` that is <= time; right for negative times. Exact: |time| < 2^53 and integers. */
export function floorTo(time: number, step: number): number {
  return Math.floor(time / step) * step
}
