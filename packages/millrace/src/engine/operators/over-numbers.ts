import type { OverCall } from '../../plan/index.ts'
import type { OverRows } from './over-rows.ts'

/** Calls that go by a row's place alone. */
export type NumberCall = Exclude<OverCall, { kind: 'aggregate' | 'nth' | 'shift' }>

/** The result for the row at `position` of a partition; shares go by all rows there are. */
export function numberOf(call: NumberCall, rows: OverRows, partition: number, position: number): number {
  const total = rows.sequences.end(partition)
  switch (call.kind) {
    case 'row_number':
      return position + 1
    case 'rank':
      return rows.rankAt(partition, position)
    case 'dense_rank':
      return rows.peersAt(partition, position)
    case 'percent_rank':
      return total === 1 ? 0 : (rows.rankAt(partition, position) - 1) / (total - 1)
    case 'cume_dist':
      return rows.behindPeers(partition, position) / total
    case 'ntile':
      return bucketOf(position, total, call.buckets)
  }
}

/** Of `total` rows in buckets of equal size, the first of them one row larger where that does not divide. */
function bucketOf(position: number, total: number, buckets: number): number {
  const size = Math.floor(total / buckets)
  const larger = total % buckets
  const inLarger = larger * (size + 1)
  if (position < inLarger) return Math.floor(position / (size + 1)) + 1
  return larger + Math.floor((position - inLarger) / size) + 1
}
