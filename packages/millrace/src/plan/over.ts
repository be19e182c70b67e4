import type { DataType } from '../kernel/index.ts'
import type { AggregateCall, SortKey } from './nodes.ts'

/**
 * A frame of rows around the current one, both ends included, by offsets from it: negative ones precede it, 0 is the row itself (`range`:
 * with its peers), null is unbounded. `rows`: a number of rows; `range`: microseconds of the order's time. Only partitions of one time
 * have frames without end.
 */
export interface OverFrame {
  readonly unit: 'rows' | 'range'
  readonly start: number | null
  readonly end: number | null
}

/**
 * `event_time`: rows are answered in order of $rowtime once the watermark has passed them and what their frames reach ahead; rows of
 * equal time are ordered by `ties`, then by arrival. `once`: all rows of a partition have one time, so that it is complete when it is
 * answered, and over then. `arrival`: every row is answered as it comes, by what has come before it; `column`
 * is the time that rows are ordered by. Its watermark is, for each partition, the largest such time so far.
 */
export type OverOrder =
  | { readonly kind: 'event_time'; readonly ties: readonly SortKey[]; readonly once: boolean }
  | { readonly kind: 'arrival'; readonly column: number }

/** What depends on a row's place alone. The last two go by the size of the partition, which is complete. */
export type OverNumber = 'row_number' | 'rank' | 'dense_rank' | 'percent_rank' | 'cume_dist'

/** One result column. Columns are of the node's input. */
export type OverCall =
  | { readonly kind: 'aggregate'; readonly call: AggregateCall; readonly frame: OverFrame }
  | { readonly kind: OverNumber; readonly type: DataType }
  | { readonly kind: 'ntile'; readonly buckets: number; readonly type: DataType }
  /** The value `offset` rows away, LAG before (negative) or LEAD behind; `otherwise`, a column, where there is no such row. */
  | {
      readonly kind: 'shift'
      readonly column: number
      readonly offset: number
      readonly otherwise: number | null
      readonly type: DataType
    }
  /** The n-th row of the frame from 1, or its last one: -1. */
  | {
      readonly kind: 'nth'
      readonly column: number
      readonly n: number
      readonly frame: OverFrame
      readonly type: DataType
    }

export function overCallType(call: OverCall): DataType {
  return call.kind === 'aggregate' ? call.call.type : call.type
}

/** How EXPLAIN and derived names call it. */
export function overCallName(call: OverCall): string {
  switch (call.kind) {
    case 'aggregate':
      return call.call.name
    case 'shift':
      return call.offset > 0 ? 'lead' : 'lag'
    case 'nth':
      return call.n === 1 ? 'first_value' : call.n === -1 ? 'last_value' : 'nth_value'
    default:
      return call.kind
  }
}

/** Input columns that a call reads. */
export function overCallColumns(call: OverCall): readonly number[] {
  switch (call.kind) {
    case 'aggregate': {
      const { args, filter, orderBy } = call.call
      return [...args, ...(filter === null ? [] : [filter]), ...orderBy.map((o) => o.column)]
    }
    case 'shift':
      return call.otherwise === null ? [call.column] : [call.column, call.otherwise]
    case 'nth':
      return [call.column]
    default:
      return []
  }
}

/** The call with its columns elsewhere. */
export function mapOverCall(call: OverCall, at: (column: number) => number): OverCall {
  switch (call.kind) {
    case 'aggregate': {
      const { args, filter, orderBy } = call.call
      const moved = {
        args: args.map(at),
        filter: filter === null ? null : at(filter),
        orderBy: orderBy.map((o) => ({ ...o, column: at(o.column) })),
      }
      return { ...call, call: { ...call.call, ...moved } }
    }
    case 'shift':
      return { ...call, column: at(call.column), otherwise: call.otherwise === null ? null : at(call.otherwise) }
    case 'nth':
      return { ...call, column: at(call.column) }
    default:
      return call
  }
}

/** How many microseconds after a row the call still needs it; null: as long as its partition lives, as rows are counted or numbered. */
export function overReach(call: OverCall): number | null {
  if (call.kind !== 'aggregate' && call.kind !== 'nth') return null
  const { unit, start } = call.frame
  return unit === 'range' && start !== null ? Math.max(0, -start) : null
}

/** What answering a row of a partition that is never complete waits for beyond the watermark: so many microseconds, or so many more rows of its partition. */
export interface OverWait {
  readonly range: number
  readonly rows: number
}

export function overWait(calls: readonly OverCall[]): OverWait {
  let range = 0
  let rows = 0
  for (const call of calls) {
    if (call.kind === 'shift') rows = Math.max(rows, call.offset)
    else if ('frame' in call && call.frame.unit === 'rows') rows = Math.max(rows, call.frame.end ?? 0)
    else if ('frame' in call) range = Math.max(range, call.frame.end ?? 0)
  }
  return { range, rows }
}
