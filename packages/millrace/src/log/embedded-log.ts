import { MillraceError, systemClock, type Clock } from '../kernel/index.ts'
import { holdWrite, readHolds, readTopics, topicWrite, type TopicRecord } from './catalog.ts'
import { checkAppend, checkHold, checkPutKey } from './checks.ts'
import { Committer, type Appending, type SmallWrite } from './committer.ts'
import { findTimestamp } from './find-timestamp.ts'
import type {
  Append,
  Appended,
  Commit,
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
import { Partition } from './partition.ts'
import { PartitionReader, unknownTopic } from './reader.ts'
import { migrate } from './store/migrations.ts'
import { Store, unwrapValue, wrapValue, type Write } from './store/store.ts'
import { checkTopicName, topicConfig, type TopicSettings } from './topic-config.ts'
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

interface OpenTopic {
  record: TopicRecord
  /** Opened when first used. */
  readonly partitions: (Partition | undefined)[]
}

/**
 * Opens the log of a data directory, which is made if need be and belongs to this process until `close`.
 *
 * @throws MillraceError LOG_LOCKED, LOG_DIRECTORY, LOG_VERSION, LOG_CORRUPT, LOG_FULL.
 */
export async function openLog(options: OpenLogOptions): Promise<Log> {
  const store = Store.open(options.directory)
  try {
    await migrate(store, options.directory)
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
  readonly #topics = new Map<string, OpenTopic>()
  /** Names of topics that are being made or deleted. */
  readonly #busyNames = new Set<string>()
  /** Topics that are deleted but for their blocks. */
  readonly #purging = new Set<TopicRecord>()
  readonly #holds = new Map<number, Map<string, Hold>>()
  readonly #maintenance: Maintenance
  readonly #timer: NodeJS.Timeout | null
  #nextTopicId = 1
  #nextPartitionId = 1
  #maintaining: Promise<void> | null = null
  #closing: Promise<void> | null = null

  constructor(store: Store, { clock = systemClock, maintainEveryMs = MAINTAIN_EVERY_MS }: OpenLogOptions) {
    this.#store = store
    this.#clock = clock
    this.#committer = new Committer(
      store,
      () => this.#clock.now(),
      () => this.#interruptReaders(),
      (partition) => this.#maintenance.whileWriting(partition),
    )
    this.#maintenance = new Maintenance(store, this.#committer, () => this.#clock.now(), {
      configOf: (partition) => (partition.deleted ? undefined : this.#topics.get(partition.topic)?.record.config),
      holdFrom: (partition) => this.#holdFrom(partition),
      partitions: () => [...this.#topics.keys()].flatMap((name) => this.#partitions(name)),
      purging: this.#purging,
    })
    for (const record of readTopics(store)) {
      this.#nextTopicId = Math.max(this.#nextTopicId, record.id + 1)
      this.#nextPartitionId = Math.max(this.#nextPartitionId, ...record.partitionIds.map((id) => id + 1))
      if (record.deleted) this.#purging.add(record)
      else this.#topics.set(record.name, { record, partitions: [] })
    }
    for (const hold of readHolds(store)) {
      const id = this.#topics.get(hold.topic)?.record.partitionIds[hold.partition]
      if (id !== undefined) this.#setHold(hold, id)
    }
    this.#timer = maintainEveryMs === 0 ? null : setInterval(() => this.#maintainQuietly(), maintainEveryMs).unref()
  }

  topics(): readonly Topic[] {
    return [...this.#topics.values()].map(({ record }) => shown(record))
  }

  topic(name: string): Topic | undefined {
    const open = this.#topics.get(name)
    return open === undefined ? undefined : shown(open.record)
  }

  async createTopic(name: string, settings: TopicSettings = {}): Promise<Topic> {
    this.#assertUsable()
    checkTopicName(name)
    const config = topicConfig(name, settings)
    if (this.#topics.has(name) || this.#busyNames.has(name)) {
      throw new MillraceError('LOG_TOPIC_EXISTS', `the log has a topic "${name}" already`)
    }
    const partitionIds = this.#newPartitionIds(config.partitions)
    const record: TopicRecord = { id: this.#nextTopicId++, name, config, partitionIds, deleted: false }
    await this.#exclusively(name, topicWrite(record), () => this.#topics.set(name, { record, partitions: [] }))
    return shown(record)
  }

  async alterTopic(name: string, settings: TopicSettings): Promise<Topic> {
    this.#assertUsable()
    const open = this.#openTopic(name)
    const config = topicConfig(name, settings, open.record.config)
    const added = this.#newPartitionIds(config.partitions - open.record.config.partitions)
    const record: TopicRecord = { ...open.record, config, partitionIds: [...open.record.partitionIds, ...added] }
    await this.#exclusively(name, topicWrite(record), () => {
      open.record = record
    })
    return shown(record)
  }

  async deleteTopic(name: string): Promise<void> {
    this.#assertUsable()
    const open = this.#openTopic(name)
    const record: TopicRecord = { ...open.record, deleted: true }
    await this.#exclusively(name, topicWrite(record), () => {
      this.#topics.delete(name)
      for (const partition of open.partitions) partition?.markDeleted()
      this.#purging.add(record)
    })
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
    const partition = this.#partition(topic, options.partition ?? 0)
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
    return this.#partitions(topic).map(({ index, start, end }) => ({ partition: index, start, end }))
  }

  async offsetAt(topic: string, partition: number, timestamp: number): Promise<number> {
    this.#assertUsable()
    const found = this.#partition(topic, partition)
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
    return [...this.#holds.values()].flatMap((byOwner) => [...byOwner.values()])
  }

  maintain(): Promise<void> {
    this.#maintaining ??= this.#maintenance.run().finally(() => {
      this.#maintaining = null
    })
    return this.#maintaining
  }

  async verify(topic?: string): Promise<readonly PartitionReport[]> {
    this.#assertUsable()
    const names = topic === undefined ? [...this.#topics.keys()] : [topic]
    const reports: PartitionReport[] = []
    for (const partition of names.flatMap((name) => this.#partitions(name))) {
      reports.push(await verifyPartition(this.#store, partition, (step) => this.#committer.between(step)))
      this.#assertUsable()
    }
    return reports
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
    const partitions = this.#partitions(topic)
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

  #openTopic(name: string): OpenTopic {
    const open = this.#topics.get(name)
    if (open === undefined) throw unknownTopic(name)
    return open
  }

  #partition(topic: string, index: number): Partition {
    const { record, partitions } = this.#openTopic(topic)
    const id = record.partitionIds[index]
    if (id === undefined) {
      throw new MillraceError('LOG_UNKNOWN_TOPIC', `topic "${topic}" has no partition ${index}`, {
        detail: `It has ${record.partitionIds.length}, counted from 0.`,
      })
    }
    return (partitions[index] ??= new Partition(this.#store, topic, index, id))
  }

  #partitions(topic: string): Partition[] {
    return this.#openTopic(topic).record.partitionIds.map((_, index) => this.#partition(topic, index))
  }

  #newPartitionIds(count: number): number[] {
    return Array.from({ length: count }, () => this.#nextPartitionId++)
  }

  /** Writes to the catalogue while nothing else may happen to the topic's name. */
  async #exclusively(name: string, write: Write, apply: () => void): Promise<void> {
    if (this.#busyNames.has(name)) {
      throw new MillraceError('LOG_INVALID', `topic "${name}" is being changed already`)
    }
    this.#busyNames.add(name)
    try {
      await this.#committer.submit([], [{ write, apply }])
    } finally {
      this.#busyNames.delete(name)
    }
  }

  #appending(append: Append): Appending {
    const partition = this.#partition(append.topic, append.partition ?? 0)
    if (partition.damage !== null) throw partition.damage
    return { partition, append, ...checkAppend(append, this.#openTopic(append.topic).record.config) }
  }

  #holdWrite(hold: Hold): SmallWrite {
    checkHold(hold)
    const partition = this.#partition(hold.topic, hold.partition)
    return { write: holdWrite(hold, partition.id), apply: () => this.#setHold(hold, partition.id) }
  }

  #setHold(hold: Hold, partitionId: number): void {
    const byOwner = this.#holds.get(partitionId) ?? new Map<string, Hold>()
    this.#holds.set(partitionId, byOwner)
    if (hold.offset === null) byOwner.delete(hold.owner)
    else byOwner.set(hold.owner, hold)
  }

  #holdFrom(partition: Partition): number {
    let from = Number.POSITIVE_INFINITY
    for (const { offset } of this.#holds.get(partition.id)?.values() ?? []) from = Math.min(from, offset ?? from)
    return from
  }

  #interruptReaders(): void {
    for (const { partitions } of this.#topics.values()) for (const partition of partitions) partition?.interrupt()
  }
}

function shown({ name, config }: TopicRecord): Topic {
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
