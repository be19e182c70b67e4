/** Window functions by definition: every result computed anew from all rows there have been. Times in seconds. */

export const HOUR = 3600

export interface ModelRow {
  readonly id: number
  readonly k: string | null
  readonly v: bigint | null
  readonly ts: number | null
  /** When it came. */
  readonly arrival: number
}

type TimedRow = ModelRow & { readonly ts: number }

export interface ModelCall {
  readonly name: string
  readonly frame?: { readonly unit: 'rows' | 'range'; readonly start: number | null; readonly end: number }
  /** Of LAG, whose default is -77. */
  readonly rows?: number
}

export interface ModelResult {
  readonly id: number
  readonly results: readonly (string | null)[]
}

function aggregate(name: string, frame: readonly TimedRow[]): string | null {
  const values = frame.flatMap((r) => (r.v === null ? [] : [r.v]))
  const text = (v: bigint | null | undefined) => (v === null || v === undefined ? null : String(v))
  switch (name) {
    case 'count':
      return String(frame.length)
    case 'sum':
      return values.length === 0 ? null : String(values.reduce((a, b) => a + b))
    case 'min':
      return text(values.reduce<bigint | null>((a, b) => (a === null || b < a ? b : a), null))
    case 'max':
      return text(values.reduce<bigint | null>((a, b) => (a === null || b > a ? b : a), null))
    case 'first_value':
      return text(frame[0]?.v)
    case 'last_value':
      return text(frame.at(-1)?.v)
    case 'array_agg':
      return frame.length === 0 ? null : `[${frame.map((r) => String(r.v)).join(',')}]`
    default:
      throw new Error(name)
  }
}

/** Every row over all rows of its partition, in order of time, ties by arrival; rows behind a watermark of `delay` seconds are late. */
export function overByEventTime(input: readonly ModelRow[], calls: readonly ModelCall[], delay: number) {
  let watermark = Number.NEGATIVE_INFINITY
  let late = 0
  let withoutTime = 0
  const kept: TimedRow[] = []
  for (const row of input) {
    if (row.ts === null) withoutTime++
    else if (row.ts < watermark) late++
    else kept.push(row as TimedRow)
    if (row.ts !== null) watermark = Math.max(watermark, row.ts - delay)
  }
  kept.sort((a, b) => a.ts - b.ts || a.id - b.id)
  const rows = kept.map((row): ModelResult => {
    const all = kept.filter((r) => r.k === row.k)
    const at = all.indexOf(row)
    return { id: row.id, results: calls.map((call) => onTime(call, all, at)) }
  })
  return { rows, late, withoutTime }
}

function onTime(call: ModelCall, all: readonly TimedRow[], at: number): string | null {
  const { ts } = all[at]!
  const before = all.filter((r) => r.ts < ts)
  switch (call.name) {
    case 'row_number':
      return String(at + 1)
    case 'rank':
      return String(before.length + 1)
    case 'dense_rank':
      return String(new Set(before.map((r) => r.ts)).size + 1)
    case 'lag':
      return lag(call, all, at)
  }
  const { unit, start, end } = call.frame!
  const inFrame = (r: TimedRow, i: number) => {
    const distance = unit === 'rows' ? i - at : r.ts - ts
    return (start === null || distance >= start) && distance <= end
  }
  return aggregate(call.name, all.filter(inFrame))
}

function lag({ rows }: ModelCall, all: readonly TimedRow[], at: number): string | null {
  const row = all[at - rows!]
  if (row === undefined) return '-77'
  return row.v === null ? null : String(row.v)
}

interface Partition {
  readonly rows: TimedRow[]
  /** By call whose frame has no start: its rows. */
  readonly entered: Map<ModelCall, TimedRow[]>
  last: number
  seen: number
  rank: number
  dense: number
}

function newPartition(): Partition {
  return {
    rows: [],
    entered: new Map(),
    last: Number.NEGATIVE_INFINITY,
    seen: Number.NEGATIVE_INFINITY,
    rank: 0,
    dense: 0,
  }
}

/**
 * Every row as it comes. Calls of RANGE frames that begin somewhere forget a partition that had no row for the longest of them and an hour,
 * by the watermark of arrival.
 */
export function overByArrival(input: readonly ModelRow[], calls: readonly ModelCall[]) {
  const forgets = ({ frame }: ModelCall) => frame?.unit === 'range' && frame.start !== null
  const reach = Math.max(...calls.filter(forgets).map((c) => -c.frame!.start!))
  const forgetting = new Map<string | null, Partition>()
  const lasting = new Map<string | null, Partition>()
  const rows: ModelResult[] = []
  let withoutTime = 0
  let watermark = Number.NEGATIVE_INFINITY
  for (const row of input) {
    // A quiet feed's watermark goes on with the clock.
    const before = row.arrival - watermark > HOUR ? row.arrival - 1 : watermark
    watermark = Math.max(watermark, row.arrival - 1)
    if (row.ts === null) {
      withoutTime++
      continue
    }
    const known = forgetting.get(row.k)
    const isOver = known === undefined || before > known.seen + reach + HOUR
    const [brief, long] = [isOver ? newPartition() : known, lasting.get(row.k) ?? newPartition()]
    forgetting.set(row.k, brief)
    lasting.set(row.k, long)
    for (const partition of [brief, long]) enter(partition, row as TimedRow)
    brief.seen = Math.max(brief.seen, row.arrival)
    rows.push({
      id: row.id,
      results: calls.map((call) => resultOf(call, forgets(call) ? brief : long, row as TimedRow)),
    })
  }
  return { rows, withoutTime }
}

function enter(partition: Partition, row: TimedRow): void {
  const { rows } = partition
  if (row.ts > partition.last) {
    partition.rank = rows.length + 1
    partition.dense++
    partition.last = row.ts
  }
  const behind = rows.findIndex((r) => r.ts > row.ts)
  rows.splice(behind === -1 ? rows.length : behind, 0, row)
}

function resultOf(call: ModelCall, partition: Partition, row: TimedRow): string | null {
  const { rows, last, rank, dense } = partition
  const at = rows.indexOf(row)
  switch (call.name) {
    case 'row_number':
      return String(rows.length)
    case 'rank':
      return String(rank)
    case 'dense_rank':
      return String(dense)
    case 'lag':
      return row.ts < last ? '-77' : lag(call, rows, at)
  }
  const { frame } = call
  return aggregate(
    call.name,
    frame!.start === null ? runningFrame(call, partition) : frameOf(frame!, partition, row, at),
  )
}

/** Where nothing leaves, a late row counts as one at the latest time, and rows stand in the order in which they entered. */
function runningFrame(call: ModelCall, { rows, last, entered }: Partition): TimedRow[] {
  const { unit, end } = call.frame!
  const frame =
    unit === 'range' ? rows.filter((r) => r.ts <= last + end) : rows.slice(0, Math.max(0, rows.length + end))
  const before = entered.get(call) ?? []
  const now = [...before, ...frame.filter((r) => !before.includes(r))]
  entered.set(call, now)
  return now
}

/** Of the row's frame, what the frame of the latest row still reaches, and the row itself. */
function frameOf(
  { unit, start: from, end }: NonNullable<ModelCall['frame']>,
  { rows, last }: Partition,
  row: TimedRow,
  at: number,
): TimedRow[] {
  const start = from!
  if (unit === 'range') {
    return rows.filter((r) => (r.ts >= last + start && r.ts <= row.ts + end) || (r === row && end === 0))
  }
  const kept = Math.max(0, -start - (rows.length - 1 - at))
  return rows.slice(at - Math.min(at, kept), Math.max(0, at + end + 1))
}
