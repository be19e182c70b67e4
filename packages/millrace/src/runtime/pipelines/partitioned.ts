import type { PackedValues } from '../../log/index.ts'
import { partitionOfKey } from '../topics/partitioner.ts'
import { selectRecords } from './step-columns.ts'

/** Records by the partition they belong to: that of their key; without keys all to one, which changes with the step. */
export function partitioned(
  records: PackedValues,
  partitions: number,
  step: number,
): readonly (readonly [number, PackedValues])[] {
  if (partitions === 1) return [[0, records]]
  const { keys } = records
  if (keys === undefined) return [[step % partitions, records]]
  const rows = new Map<number, number[]>()
  for (let row = 0; row + 1 < keys.offsets.length; row++) {
    const partition = partitionOfKey(keys.bytes.subarray(keys.offsets[row], keys.offsets[row + 1]), partitions)
    const part = rows.get(partition)
    if (part === undefined) rows.set(partition, [row])
    else part.push(row)
  }
  return [...rows].map(([partition, part]) => [partition, selectRecords(records, part)])
}
