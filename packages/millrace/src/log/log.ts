import type { LogBlock } from './block/log-block.ts'
import type { TopicConfig, TopicSettings } from './topic-config.ts'

/** Named bytes beside a record. Names may repeat; order is kept. */
export interface RecordHeader {
  readonly name: string
  readonly value: Uint8Array
}

/** What is appended. The log copies the bytes during the call. */
export interface LogRecord {
  /** Null is a tombstone: in a compacted topic it deletes what has the same key. */
  readonly value: Uint8Array | null
  readonly key?: Uint8Array | null | undefined
  readonly headers?: readonly RecordHeader[] | undefined
  /** Microseconds since the epoch. Default: the log's clock, which never goes back within a partition. */
  readonly timestamp?: number | undefined
}

/** Byte strings back to back: string i is bytes[offsets[i], offsets[i + 1]). */
export interface PackedBytes {
  readonly bytes: Uint8Array
  readonly offsets: Uint32Array
}

/** Records column by column: value i is bytes[offsets[i], offsets[i + 1]). Much cheaper to append than records one by one. */
export interface PackedValues extends PackedBytes {
  /** Microseconds, one per record. Default: the log's clock. */
  readonly timestamps?: Float64Array | undefined
  /** One per record. Default: no record has a key. */
  readonly keys?: PackedBytes | undefined
  /** 1: the record is a tombstone, and its value has no bytes. Default: none is. */
  readonly tombstones?: Uint8Array | undefined
  /** Of every record, in this order. */
  readonly headers?: readonly PackedHeader[] | undefined
}

export interface PackedHeader {
  readonly name: string
  /** The same for every record, or one per record; a record for which that is empty does not have the header. */
  readonly value: Uint8Array | PackedBytes
}

export interface Append {
  readonly topic: string
  /** Default 0. */
  readonly partition?: number | undefined
  readonly records: readonly LogRecord[] | PackedValues
  /** True: the values have been validated in full, so a decoder may stop early. Handed back by `LogBlock.checked`. */
  readonly checked?: boolean | undefined
}

export interface Appended {
  readonly topic: string
  readonly partition: number
  /** Record i of the append has offset `firstOffset + i`. */
  readonly firstOffset: number
  readonly count: number
}

/** A small value stored in the transaction of the records. `value` null deletes. */
export interface Put {
  readonly key: string
  readonly value: Uint8Array | null
}

/** Retention and compaction keep every record from `offset` on, as long as the hold stands. `offset` null releases it. */
export interface Hold {
  /** Who holds: one owner has at most one hold per partition. */
  readonly owner: string
  readonly topic: string
  readonly partition: number
  readonly offset: number | null
}

/** Either all of it is durable, or nothing. */
export interface Commit {
  readonly appends?: readonly Append[]
  readonly puts?: readonly Put[]
  readonly holds?: readonly Hold[]
}

export interface Topic {
  readonly name: string
  readonly config: TopicConfig
}

export interface OffsetRange {
  readonly partition: number
  /** Of the first record that is still there. */
  readonly start: number
  /** The next record gets this one. */
  readonly end: number
}

/** Where a reader starts. A timestamp (microseconds): at the first record that is not older. */
export type StartPosition = 'earliest' | 'latest' | { readonly offset: number } | { readonly timestamp: number }

export interface ReadOptions {
  /** Default 0. */
  readonly partition?: number
  /** Default 'earliest'. */
  readonly from?: StartPosition
  /** Exclusive. Default without `follow`: the end when the reader was opened. */
  readonly to?: number
  /** Wait for records to come instead of ending. Default false. */
  readonly follow?: boolean
}

/** Reads one partition in order, a block at a time. Nothing of the store is held between two calls. */
export interface LogReader extends AsyncIterable<LogBlock> {
  /** Of the record that comes next. */
  readonly offset: number
  /**
   * The next records, at least one; null at `to`. The block owns its bytes. One call at a time.
   *
   * @throws MillraceError LOG_OFFSET_OUT_OF_RANGE when retention has overtaken the reader, LOG_CORRUPT at damaged records,
   * LOG_UNKNOWN_TOPIC when the topic was deleted, CANCELLED after an abort.
   */
  next(signal?: AbortSignal): Promise<LogBlock | null>
}

export interface PartitionStatistics extends OffsetRange {
  /** Bytes of storage, sealed blocks and tail. */
  readonly bytes: number
  readonly sealedBlocks: number
  readonly tailChunks: number
  /** Microseconds: when the oldest block was written; null while there is none. */
  readonly oldest: number | null
}

export interface LogStatistics {
  readonly commits: number
  readonly records: number
  /** Of keys, values and headers. */
  readonly bytes: number
  /** Deleted by retention since the log was opened, like all numbers here. */
  readonly expiredBlocks: number
  /** Removed by compaction. */
  readonly compactedRecords: number
  readonly refusedCommits: number
  /** Bytes appended and not durable yet. */
  readonly pendingBytes: number
  readonly fileBytes: number
}

export interface Damage {
  /** Records before it can be read. */
  readonly offset: number
  readonly reason: string
}

export interface PartitionReport extends OffsetRange {
  readonly topic: string
  readonly blocks: number
  readonly records: number
  /** The first that was found; null: all is well. */
  readonly damage: Damage | null
}

export interface CompactionProgress {
  readonly topic: string
  readonly partition: number
  /** Records below this offset have been looked at. */
  readonly offset: number
  /** Exclusive: how far this compaction goes. */
  readonly to: number
  /** Records of this partition that went, so far. */
  readonly removed: number
}

/**
 * Topics of records in partitions. A record has an offset, a key, a value, headers and a timestamp, as in Kafka. Whatever this
 * interface shows, readers included, is durable.
 */
export interface Log {
  topics(): readonly Topic[]
  topic(name: string): Topic | undefined
  /** @throws MillraceError LOG_TOPIC_EXISTS, LOG_INVALID. */
  createTopic(name: string, settings?: TopicSettings): Promise<Topic>
  /** The number of partitions may only grow. */
  alterTopic(name: string, settings: TopicSettings): Promise<Topic>
  deleteTopic(name: string): Promise<void>

  /**
   * Resolves once the records are durable. Calls made before an append was refused and not answered yet are refused too, so what
   * is kept is always a prefix of what was asked for.
   *
   * @throws MillraceError LOG_FULL when the disk is full: nothing was kept, later appends may succeed; LOG_FAILED when the disk
   * failed: it is unknown what was kept until the log is opened again; LOG_UNKNOWN_TOPIC, LOG_INVALID, LIMIT_MESSAGE_SIZE.
   */
  append(append: Append): Promise<Appended>
  /** Several appends, small values and holds as one. Answers in the order of `appends`. */
  commit(commit: Commit): Promise<readonly Appended[]>

  reader(topic: string, options?: ReadOptions): Promise<LogReader>
  offsets(topic: string): Promise<readonly OffsetRange[]>
  /** Offset of the first record whose timestamp is at or after `timestamp`; the end offset when there is none. */
  offsetAt(topic: string, partition: number, timestamp: number): Promise<number>

  /** A small value as of the last durable commit. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Keys with this prefix and their values, in the order of the keys' bytes in UTF-8. */
  entries(prefix: string): Promise<readonly (readonly [key: string, value: Uint8Array])[]>
  holds(): readonly Hold[]

  /** Deletes what retention no longer keeps and compacts. Runs by itself too; resolves when nothing is left to do. */
  maintain(): Promise<void>
  /**
   * Compacts everything, or everything of one topic, however little there is to be gained, after a `maintain`. Only sealed blocks are
   * compacted, and only below what is held.
   */
  compact(topic?: string, onProgress?: (progress: CompactionProgress) => void): Promise<void>
  /** Reads everything, or everything of one topic, and checks it. */
  verify(topic?: string): Promise<readonly PartitionReport[]>
  /** Checks what is beside the records: small values, and that nothing is lost. Each fault with its place; none: all is well. */
  verifyStore(): Promise<readonly string[]>
  statistics(): LogStatistics
  partitionStatistics(topic: string): Promise<readonly PartitionStatistics[]>
  /** Waits for appends under way. */
  close(): Promise<void>
}
