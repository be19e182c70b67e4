import { MillraceError, systemClock, type Clock } from '../kernel/index.ts'
import { holdWrite, topicWrite, type TopicRecord } from './catalog.ts'
import { checkAppend, checkHold, checkPutKey } from './checks.ts'
import { Committer, type Appending, type SmallWrite } from './committer.ts'
import { findTimestamp } from './find-timestamp.ts'
import type {
  Append,
  Appended,
  Commit,
  CompactionProgress,
  Hold,
  Log,
  LogReader,
  LogStatistics,
  OffsetRange,
  PartitionReport,
  PartitionStatistics,
  Put,
  ReadOptions,
  StartPosition,
  Topic,
} from './log.ts'
import { Maintenance } from './maintenance.ts'
import type { Partition } from './partition.ts'
import { PartitionReader } from './reader.ts'
import { migrate } from './store/migrations.ts'
import { unwrapValue, wrapValue } from './store/checked-value.ts'
import { LOG_FORMAT, Store, TABLES } from './store/store.ts'
import type { TopicSettings } from './topic-config.ts'
import { TopicRegistry } from './topic-registry.ts'
import { verifyPartition } from './verify.ts'

export interface OpenLogOptions {
  readonly directory: string
  readonly clock?: Clock
  /** Milliseconds between two rounds of retention and compaction; 0: only when `maintain` is called. Default 10,000. */
  readonly maintainEveryMs?: number
}

const MAINTAIN_EVERY_MS = 10_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Opens the log of a data directory, which is made if need be and belongs to this process until `close`.
 *
 * @throws MillraceError LOG_LOCKED, LOG_DIRECTORY, LOG_VERSION, LOG_CORRUPT, LOG_FULL.
 */
export async function openLog(options: OpenLogOptions): Promise<Log> {
  const store = Store.open(options.directory)
  try {
    await migrate(store, LOG_FORMAT)
    return new EmbeddedLog(store, options)
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The log in an LMDB environment of this process. */
class EmbeddedLog implements Log {
  readonly #store: Store
  readonly #clock: Clock
  readonly #committer: Committer
  readonly #topics: TopicRegistry
  /** Names of topics that are being made, changed or deleted. */
  readonly #busyNames = new Set<string>()
  readonly #maintenance: Maintenance
  readonly #timer: NodeJS.Timeout | null
  #maintaining: Promise<void> | null = null
  #closing: Promise<void> | null = null

  constructor(store: Store, { clock = systemClock, maintainEveryMs = MAINTAIN_EVERY_MS }: OpenLogOptions) {
    this.#store = store
    this.#clock = clock
    this.#topics = new TopicRegistry(store)
    this.#committer = new Committer(
      store,
      () => this.#clock.now(),
      () => this.#interruptReaders(),
      (partition) => this.#maintenance.whileWriting(partition),
    )
    this.#maintenance = new Maintenance(store, this.#committer, () => this.#clock.now(), this.#topics)
    this.#timer = maintainEveryMs === 0 ? null : setInterval(() => this.#maintainQuietly(), maintainEveryMs).unref()
  }

  topics(): readonly Topic[] {
    return this.#topics.names().map((name) => shown(this.#topics.find(name)!))
  }

  topic(name: string): Topic | undefined {
    const topic = this.#topics.find(name)
    return topic === undefined ? undefined : shown(topic)
  }

  async createTopic(name: string, settings: TopicSettings = {}): Promise<Topic> {
    this.#assertUsable()
    if (this.#busyNames.has(name)) {
      throw new MillraceError('LOG_TOPIC_EXISTS', `topic "${name}" is being made or changed already`)
    }
    return this.#exclusively(this.#topics.created(name, settings))
  }

  async alterTopic(name: string, settings: TopicSettings): Promise<Topic> {
    this.#assertUsable()
    return this.#exclusively(this.#topics.altered(name, settings))
  }

  async deleteTopic(name: string): Promise<void> {
    this.#assertUsable()
    await this.#exclusively(this.#topics.deleted(name))
    this.#maintainQuietly()
  }

  async append(append: Append): Promise<Appended> {
    const [appended] = await this.commit({ appends: [append] })
    return appended!
  }

  async commit({ appends = [], puts = [], holds = [] }: Commit): Promise<readonly Appended[]> {
    this.#assertUsable()
    const appendings = appends.map((append) => this.#appending(append))
    const small = [...puts.map(putWrite), ...holds.map((hold) => this.#holdWrite(hold))]
    return this.#committer.submit(appendings, small)
  }

  async reader(topic: string, options: ReadOptions = {}): Promise<LogReader> {
    this.#assertUsable()
    const partition = this.#topics.partition(topic, options.partition ?? 0)
    const to = options.to ?? (options.follow === true ? Number.POSITIVE_INFINITY : partition.end)
    const from = await this.#startOffset(partition, options.from ?? 'earliest')
    return new PartitionReader(
      partition,
      from,
      to,
      () => this.#assertUsable(),
      (look) => this.#committer.between(look),
    )
  }

  async offsets(topic: string): Promise<readonly OffsetRange[]> {
    this.#assertUsable()
    return this.#topics.partitions(topic).map(({ index, start, end }) => ({ partition: index, start, end }))
  }

  async offsetAt(topic: string, partition: number, timestamp: number): Promise<number> {
    this.#assertUsable()
    const found = this.#topics.partition(topic, partition)
    return this.#committer.between(() => findTimestamp(found, timestamp))
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    this.#assertUsable()
    const key = checkPutKey(name)
    const stored = this.#store.get('values', key)
    return stored === undefined ? undefined : soundValue(key, stored)
  }

  async entries(prefix: string): Promise<readonly (readonly [key: string, value: Uint8Array])[]> {
    this.#assertUsable()
    const entries = this.#store.entries('values', encoder.encode(prefix))
    return entries.map(([key, stored]) => [decoder.decode(key), soundValue(key, stored)] as const)
  }

  holds(): readonly Hold[] {
    return this.#topics.holds()
  }

  maintain(): Promise<void> {
    this.#maintaining ??= this.#maintenance.run().finally(() => {
      this.#maintaining = null
    })
    return this.#maintaining
  }

  async compact(topic?: string, onProgress?: (progress: CompactionProgress) => void): Promise<void> {
    this.#assertUsable()
    await this.maintain()
    const names = topic === undefined ? this.#topics.names() : [topic]
    for (const partition of names.flatMap((name) => this.#topics.partitions(name))) {
      await this.#maintenance.compactAll(partition, onProgress)
    }
  }

  async verify(topic?: string): Promise<readonly PartitionReport[]> {
    this.#assertUsable()
    const names = topic === undefined ? this.#topics.names() : [topic]
    const reports: PartitionReport[] = []
    for (const partition of names.flatMap((name) => this.#topics.partitions(name))) {
      reports.push(await verifyPartition(this.#store, partition, (step) => this.#committer.between(step)))
      this.#assertUsable()
    }
    return reports
  }

  async verifyStore(): Promise<readonly string[]> {
    this.#assertUsable()
    return this.#committer.between(() => {
      const faults = TABLES.flatMap((table) => {
        const fault = this.#store.treeFault(table)
        return fault === null ? [] : [`table "${table}": ${fault}`]
      })
      if (faults.length > 0) return faults
      return this.#store
        .entries('values', new Uint8Array())
        .filter(([key, stored]) => unwrapValue(key, stored) === undefined)
        .map(([key]) => `value "${decoder.decode(key)}": its checksum is wrong`)
    })
  }

  statistics(): LogStatistics {
    const { commits, records, bytes, refused } = this.#committer.counters
    return {
      commits,
      records,
      bytes,
      expiredBlocks: this.#maintenance.expiredBlocks,
      compactedRecords: this.#maintenance.compactedRecords,
      refusedCommits: refused,
      pendingBytes: this.#committer.pendingBytes,
      fileBytes: this.#store.usedBytes(),
    }
  }

  async partitionStatistics(topic: string): Promise<readonly PartitionStatistics[]> {
    this.#assertUsable()
    const partitions = this.#topics.partitions(topic)
    return this.#committer.between(() => partitions.map(partitionStatistics))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#interruptReaders()
    await this.#committer.drain()
    await this.#store.close()
  }

  /** Errors come back at the next append; those of a log that is closing are none. */
  #maintainQuietly(): void {
    this.maintain().catch(() => undefined)
  }

  #assertUsable(): void {
    if (this.#committer.failed !== null) throw this.#committer.failed
    if (this.#closing !== null) throw new MillraceError('LOG_CLOSED', 'the log is closed')
  }

  async #startOffset(partition: Partition, from: StartPosition): Promise<number> {
    if (from === 'earliest') return partition.start
    if (from === 'latest') return partition.end
    return 'offset' in from ? from.offset : this.#committer.between(() => findTimestamp(partition, from.timestamp))
  }

  /** Writes to the catalogue while nothing else may happen to the topic's name. */
  async #exclusively(record: TopicRecord): Promise<Topic> {
    const { name } = record
    if (this.#busyNames.has(name)) {
      throw new MillraceError('LOG_INVALID', `topic "${name}" is being changed already`)
    }
    this.#busyNames.add(name)
    try {
      await this.#committer.submit([], [{ write: topicWrite(record), apply: () => this.#topics.set(record) }])
    } finally {
      this.#busyNames.delete(name)
    }
    return shown(record)
  }

  #appending(append: Append): Appending {
    const partition = this.#topics.partition(append.topic, append.partition ?? 0)
    if (partition.damage !== null) throw partition.damage
    return { partition, append, ...checkAppend(append, this.#topics.find(append.topic)!.config) }
  }

  #holdWrite(hold: Hold): SmallWrite {
    checkHold(hold)
    const partition = this.#topics.partition(hold.topic, hold.partition)
    return { write: holdWrite(hold, partition.id), apply: () => this.#topics.setHold(hold, partition.id) }
  }

  #interruptReaders(): void {
    for (const partition of this.#topics.openPartitions()) partition.interrupt()
  }
}

function shown({ name, config }: Topic): Topic {
  return { name, config }
}

function putWrite({ key: name, value }: Put): SmallWrite {
  const key = checkPutKey(name)
  return { write: { table: 'values', key, value: value === null ? null : wrapValue(key, value) } }
}

/** @throws MillraceError LOG_CORRUPT. */
function soundValue(key: Uint8Array, stored: Uint8Array): Uint8Array {
  const value = unwrapValue(key, stored)
  if (value !== undefined) return value
  throw new MillraceError('LOG_CORRUPT', `value "${decoder.decode(key)}" is damaged`, {
    detail: 'Its checksum is wrong.',
  })
}

function partitionStatistics(partition: Partition): PartitionStatistics {
  const { index, start, end, state, storedBytes, tailChunks } = partition
  const oldest = start < end ? partition.headerAt(start).logTime : null
  return { partition: index, start, end, bytes: storedBytes, sealedBlocks: state.sealedBlocks, tailChunks, oldest }
}
