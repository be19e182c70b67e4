import { NO_LINK, type Link } from '../block/layout.ts'

/** Where rewritten blocks meet older ones: the block at `at` still names `previous`, which was replaced by `now`. */
export interface Seam {
  readonly at: number
  readonly previous: Link
  readonly now: Link
}

/** What is stored of a partition beside its blocks. It changes only when its sealed blocks do. */
export interface PartitionState {
  /** Base offset of the first sealed block; `sealedEnd` while there is none. */
  readonly start: number
  /** What the first block has as its previous one: the last that was deleted. */
  readonly firstLink: Link
  /** Offsets from here on are in the tail. */
  readonly sealedEnd: number
  readonly lastSealed: Link
  readonly sealedBlocks: number
  readonly sealedBytes: number
  /** Microseconds: the greatest of all records up to `sealedEnd`; null before the first. */
  readonly maxTimestamp: number | null
  /** Microseconds: when the last block was sealed. */
  readonly logTime: number
  /** Compaction has rewritten what is below; no key occurs twice there. */
  readonly compactedTo: number
  /** Sealed blocks below `compactedTo`. */
  readonly compactedBlocks: number
  /** One after a compaction, two while one goes on. */
  readonly seams: readonly Seam[]
}

export const EMPTY_PARTITION: PartitionState = {
  start: 0,
  firstLink: NO_LINK,
  sealedEnd: 0,
  lastSealed: NO_LINK,
  sealedBlocks: 0,
  sealedBytes: 0,
  maxTimestamp: null,
  logTime: 0,
  compactedTo: 0,
  compactedBlocks: 0,
  seams: [],
}
