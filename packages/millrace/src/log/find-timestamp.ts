import type { Partition } from './partition.ts'

/**
 * Offset of the first record with a timestamp at or after `timestamp` (microseconds), the end offset if there is none. Timestamps may
 * come in any order; the greatest one up to each block does not fall, so the first block that reaches `timestamp` is found by
 * bisection.
 *
 * @throws MillraceError LOG_CORRUPT.
 */
export function findTimestamp(partition: Partition, timestamp: number): number {
  const { end } = partition
  let low = partition.start
  let high = end
  while (low < high) {
    const header = partition.headerAt(Math.floor((low + high) / 2))
    if (header.maxTimestampSoFar >= timestamp) high = Math.max(low, header.base)
    else low = header.next
  }
  // The greatest one may belong to a block that retention has deleted; then blocks without a match follow.
  while (low < end) {
    const block = partition.read(low)
    for (let i = 0; i < block.count; i++) {
      if (block.timestamps[i]! >= timestamp) return Math.max(low, block.offset(i))
    }
    low = block.nextOffset
  }
  return end
}
