import type { StateChange } from '../state-store.ts'
import { hashKey, KeyPositions } from './key-positions.ts'
import type { Segment } from './segment.ts'

/** Fewer segments are left as they are, unless they are large. */
const MIN_SEGMENTS = 8
const LARGE_BYTES = 1024 * 1024
/** What one pass remembers. */
const KEYS_AT_ONCE = 500_000
const KEY_BYTES_AT_ONCE = 32 * 1024 * 1024

/**
 * Where to begin to merge, up to the last segment: so that each segment is at least twice what comes after it, in bytes and in changes
 * (a deletion is small and may make much room). Null: nothing is to be done. A chain so holds no more than a few times its state, and
 * a change is rewritten a few times while the chain grows by a factor of ten.
 */
export function mergeFrom(segments: readonly Segment[]): number | null {
  const behind = { bytes: 0, changes: 0 }
  let from: number | null = null
  for (let i = segments.length - 1; i >= 0; i--) {
    const { bytes, changes } = segments[i]!
    if (behind.changes > 0 && (2 * behind.bytes >= bytes || 2 * behind.changes >= changes)) from = i
    if (i === 0 && behind.bytes > Math.max(LARGE_BYTES, 2 * bytes)) return 0
    behind.bytes += bytes
    behind.changes += changes
  }
  return segments.length >= MIN_SEGMENTS ? from : null
}

/**
 * Gives `keep` the changes that still count, in their order: of each key the last. With `first` nothing is before these segments, and
 * deletions have done their work. Remembers a bounded number of keys at a time, and reads the segments again for the others.
 */
export async function mergeChanges(
  segments: readonly Segment[],
  first: boolean,
  read: (segment: Segment) => AsyncIterable<readonly StateChange[]>,
  keep: (change: StateChange) => Promise<void> | undefined,
): Promise<void> {
  const [oldest, ...newer] = segments
  const sum = (part: (segment: Segment) => number): number => newer.reduce((total, s) => total + part(s), 0)
  const passes = Math.max(
    1,
    Math.ceil(sum((s) => s.changes) / KEYS_AT_ONCE),
    Math.ceil(sum((s) => s.keyBytes) / KEY_BYTES_AT_ONCE),
  )
  for (let pass = 0; pass < passes; pass++) {
    // The upper bits: the lower ones choose the shard.
    const mine = (hash: number): boolean => passes === 1 || (hash >>> 16) % passes === pass
    // Of the newer segments; the oldest one's keys need not be remembered.
    const last = new KeyPositions()
    let position = 0
    for (const segment of newer) {
      for await (const changes of read(segment)) {
        for (const change of changes) {
          const hash = hashKey(change)
          if (mine(hash)) last.set(change, hash, position++)
        }
      }
    }
    position = 0
    for (const segment of segments) {
      for await (const changes of read(segment)) {
        for (const change of changes) {
          const hash = hashKey(change)
          if (!mine(hash)) continue
          const at = last.get(change, hash)
          const current = segment === oldest ? at === undefined : at === position++
          if (!current || (first && change.value === null)) continue
          const room = keep(change)
          if (room !== undefined) await room
        }
      }
    }
  }
}
