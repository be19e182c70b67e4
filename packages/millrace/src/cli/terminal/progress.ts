import { formatTimestamp } from '../../kernel/index.ts'
import type { JobStatistics } from '../../runtime/index.ts'
import { lossesOf } from '../session/report.ts'

export interface Sample {
  /** Microseconds. */
  readonly at: number
  readonly rowsIn: number
}

/**
 * One line on how a job is doing: rows per second since `previous`, rows in all, how far event time lies behind `now` (the least watermark
 * of the sources), and what went wrong so far, each only when there is something to say. `feeds`: source nodes that never end by
 * themselves, with their tables' names.
 */
export function progressLine(
  statistics: JobStatistics,
  previous: Sample,
  now: number,
  feeds: ReadonlyMap<string, string>,
): string {
  const seconds = Math.max(1, now - previous.at) / 1e6
  const parts = [`${count((statistics.rowsIn - previous.rowsIn) / seconds)} rows/s`, `${count(statistics.rowsIn)} rows`]
  const watermarks = Object.values(statistics.sources).map((s) => s.watermark)
  const least = watermarks.reduce(
    (a, b) => (a === null || b === null ? null : Math.min(a, b)),
    Number.POSITIVE_INFINITY,
  )
  if (least !== null && Number.isFinite(least)) {
    parts.push(`lag ${duration(now - least)}`, `watermark ${formatTimestamp(Math.floor(least / 1000) * 1000)}`)
  }
  const losses = lossesOf(statistics)
  for (const name of ['late', 'bad', 'gaps'] as const)
    if (losses[name] > 0) parts.push(`${name} ${count(losses[name])}`)
  for (const [node, table] of feeds) if (statistics.connected[node] === false) parts.push(`${table} not connected`)
  return parts.join(' · ')
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Microseconds in the two largest units that matter. */
function duration(micros: number): string {
  const seconds = Math.abs(micros) / 1e6
  const sign = micros < 0 ? '-' : ''
  if (seconds < 10) return `${sign}${seconds.toFixed(1)} s`
  if (seconds < 120) return `${sign}${Math.round(seconds)} s`
  if (seconds < 7200) return `${sign}${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
  if (seconds < 172_800) return `${sign}${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
  return `${sign}${Math.floor(seconds / 86_400)} d`
}
