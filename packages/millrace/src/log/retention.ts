import { blockFault, readHeader, storedBytes } from './block/layout.ts'
import type { Expired, Partition } from './partition.ts'
import { blockKey, type Store, type Write } from './store/store.ts'
import type { TopicConfig } from './topic-config.ts'

/** So that no transaction of retention delays appends for long. */
const BLOCKS_AT_ONCE = 32

/**
 * Deletes sealed blocks from the front: those over the limit of bytes or older than the limit of time, whichever comes first. Never
 * the newest one, the tail, or anything at or behind `holdFrom`. Age is counted from when a block was written, by the log's clock, so
 * that old data imported today stays. Null: there is nothing to delete.
 *
 * The system's clock, as the kernel reads it, goes on steadily from when the process began: setting the machine's clock ages nothing while
 * the log is open. After a restart a clock that is behind expires nothing until it has caught up, and one that is ahead cannot be told
 * from time that has passed.
 */
export function expire(
  store: Store,
  partition: Partition,
  config: TopicConfig,
  holdFrom: number,
  now: number,
): Expired | null {
  let state = partition.state
  const writes: Write[] = []
  while (writes.length < BLOCKS_AT_ONCE && state.sealedBlocks > 1) {
    const overBytes = config.retentionBytes !== null && state.sealedBytes > config.retentionBytes
    if (!overBytes && config.retentionMs === null) break
    const [first, second] = store.blocks('sealed', partition.id, state.start, 2)
    if (first === undefined || second === undefined) break
    const next = readHeader(second)
    const sound = blockFault(first) === null
    const tooOld = sound && config.retentionMs !== null && readHeader(first).logTime < now - config.retentionMs * 1000
    if (!overBytes && !tooOld) break
    if (next.base > holdFrom) break
    writes.push({ table: 'sealed', key: blockKey(partition.id, state.start), value: null })
    state = {
      ...state,
      start: next.base,
      firstLink: next.previous,
      sealedBlocks: state.sealedBlocks - 1,
      sealedBytes: state.sealedBytes - storedBytes(first.length),
      compactedBlocks: Math.max(0, state.compactedBlocks - 1),
      seams: state.seams.filter((s) => s.at > next.base),
    }
  }
  return writes.length === 0 ? null : { writes, state }
}
