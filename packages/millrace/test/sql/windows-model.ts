/**
 * Windowed aggregation computed anew from its definition, row by row and window by window: what docs/sql.md says and nothing of how the
 * engine does it. Times are microseconds.
 */

export interface ModelRow {
  readonly table: number
  readonly k: string | null
  readonly v: bigint | null
  readonly ts: number | null
}

export type ModelWindow =
  | { readonly kind: 'tumble'; readonly size: number }
  | { readonly kind: 'hop'; readonly slide: number; readonly size: number }
  | { readonly kind: 'session'; readonly gap: number }

export interface ModelQuery {
  readonly window: ModelWindow
  /** By table: how far the watermark is behind. */
  readonly delays: readonly number[]
  readonly lateness: number
  /** Latest event time that is taken seriously. */
  readonly latest: number
  readonly keyed: boolean
  readonly where: (row: ModelRow) => boolean
}

export interface ModelGroup {
  readonly k: string | null
  start: number
  end: number
  /** In order of arrival. */
  rows: ModelRow[]
}

export interface ModelResult {
  /** Every window with rows; `closed` says whether it closes without the end of the input. */
  readonly groups: readonly (ModelGroup & { readonly closed: boolean })[]
  readonly late: number
  readonly withoutTime: number
  readonly future: number
}

export function modelWindows(rows: readonly ModelRow[], query: ModelQuery): ModelResult {
  const { window, delays, lateness } = query
  const largest = delays.map(() => Number.NEGATIVE_INFINITY)
  const watermark = () => Math.min(...largest.map((time, table) => time - delays[table]!))
  const groups: ModelGroup[] = []
  let late = 0
  let withoutTime = 0
  let future = 0
  for (const row of rows) {
    const before = watermark()
    const time = row.ts !== null && row.ts <= query.latest ? row.ts : null
    if (row.ts !== null && time === null) future++
    if (time !== null) largest[row.table] = Math.max(largest[row.table]!, time)
    if (!query.where(row)) continue
    if (time === null) {
      withoutTime++
      continue
    }
    const isOpen = (end: number) => end + lateness > before
    const key = query.keyed ? row.k : null
    if (window.kind === 'session') {
      if (!isOpen(time + window.gap)) late++
      else addToSessions(groups, key, row, time, window.gap, isOpen)
      continue
    }
    const open = windowsOf(window, time).filter(([, end]) => isOpen(end))
    if (open.length === 0) late++
    for (const [start, end] of open) {
      const group = groups.find((g) => g.k === key && g.start === start)
      if (group === undefined) groups.push({ k: key, start, end, rows: [row] })
      else group.rows.push(row)
    }
  }
  const last = watermark()
  return { groups: groups.map((g) => ({ ...g, closed: g.end + lateness <= last })), late, withoutTime, future }
}

function windowsOf(window: Exclude<ModelWindow, { kind: 'session' }>, time: number): [start: number, end: number][] {
  const slide = window.kind === 'tumble' ? window.size : window.slide
  const windows: [number, number][] = []
  for (let start = Math.floor(time / slide) * slide; start + window.size > time; start -= slide)
    windows.push([start, start + window.size])
  return windows
}

/** A session is [first, last + gap); a row joins every open one that it stands less than the gap away from. */
function addToSessions(
  groups: ModelGroup[],
  k: string | null,
  row: ModelRow,
  time: number,
  gap: number,
  isOpen: (end: number) => boolean,
): void {
  const joined = groups.filter((g) => g.k === k && isOpen(g.end) && time < g.end && g.start < time + gap)
  for (const session of joined) groups.splice(groups.indexOf(session), 1)
  const all = [...joined.flatMap((g) => g.rows), row]
  groups.push({
    k,
    start: Math.min(time, ...joined.map((g) => g.start)),
    end: Math.max(time + gap, ...joined.map((g) => g.end)),
    rows: all,
  })
}
