import { MillraceError } from '../kernel/index.ts'
import { readHolds, readTopics, type TopicRecord } from './catalog.ts'
import type { Hold, Topic } from './log.ts'
import { Partition } from './partition.ts'
import { unknownTopic } from './reader.ts'
import type { Store } from './store/store.ts'
import { corrupt } from './store/store-errors.ts'
import { checkTopicName, topicConfig, type TopicConfig, type TopicSettings } from './topic-config.ts'

interface OpenTopic {
  record: TopicRecord
  /** Opened when first used. */
  readonly partitions: (Partition | undefined)[]
}

/** The topics of a log, their partitions, and what is held of them: what the catalogue has, as of the last durable commit. */
export class TopicRegistry {
  readonly #store: Store
  readonly #topics = new Map<string, OpenTopic>()
  readonly #holds = new Map<number, Map<string, Hold>>()
  /** Topics that are deleted but for their blocks. */
  readonly purging = new Set<TopicRecord>()
  #nextTopicId = 1
  #nextPartitionId = 1

  /** @throws MillraceError LOG_CORRUPT. */
  constructor(store: Store) {
    this.#store = store
    // A topic that is lost would leave its partitions to the next one.
    const fault = store.treeFault('catalog')
    if (fault !== null) throw corrupt(store.directory, `Table "catalog": ${fault}.`)
    for (const record of readTopics(store)) {
      this.#nextTopicId = Math.max(this.#nextTopicId, record.id + 1)
      this.#nextPartitionId = Math.max(this.#nextPartitionId, ...record.partitionIds.map((id) => id + 1))
      if (record.deleted) this.purging.add(record)
      else this.set(record)
    }
    for (const hold of readHolds(store)) {
      const id = this.#topics.get(hold.topic)?.record.partitionIds[hold.partition]
      if (id !== undefined) this.setHold(hold, id)
    }
  }

  names(): string[] {
    return [...this.#topics.keys()]
  }

  find(name: string): Topic | undefined {
    return this.#topics.get(name)?.record
  }

  /** Of a new topic. @throws MillraceError LOG_TOPIC_EXISTS, LOG_INVALID. */
  created(name: string, settings: TopicSettings): TopicRecord {
    checkTopicName(name)
    const config = topicConfig(name, settings)
    if (this.#topics.has(name)) {
      throw new MillraceError('LOG_TOPIC_EXISTS', `the log has a topic "${name}" already`)
    }
    const partitionIds = this.#newPartitionIds(config.partitions)
    return { id: this.#nextTopicId++, name, config, partitionIds, deleted: false }
  }

  /** @throws MillraceError LOG_UNKNOWN_TOPIC, LOG_INVALID. */
  altered(name: string, settings: TopicSettings): TopicRecord {
    const { record } = this.#open(name)
    const config = topicConfig(name, settings, record.config)
    const added = this.#newPartitionIds(config.partitions - record.config.partitions)
    return { ...record, config, partitionIds: [...record.partitionIds, ...added] }
  }

  /** @throws MillraceError LOG_UNKNOWN_TOPIC. */
  deleted(name: string): TopicRecord {
    return { ...this.#open(name).record, deleted: true }
  }

  /** A record that is durable now. */
  set(record: TopicRecord): void {
    const open = this.#topics.get(record.name)
    if (record.deleted) {
      this.#topics.delete(record.name)
      for (const id of record.partitionIds) this.#holds.delete(id)
      for (const partition of open?.partitions ?? []) partition?.markDeleted()
      this.purging.add(record)
    } else if (open === undefined) {
      this.#topics.set(record.name, { record, partitions: [] })
    } else {
      open.record = record
    }
  }

  /** Undefined once the topic is deleted. */
  configOf(partition: Partition): TopicConfig | undefined {
    return partition.deleted ? undefined : this.#topics.get(partition.topic)?.record.config
  }

  /** @throws MillraceError LOG_UNKNOWN_TOPIC. */
  partition(topic: string, index: number): Partition {
    const { record, partitions } = this.#open(topic)
    const id = record.partitionIds[index]
    if (id === undefined) {
      throw new MillraceError('LOG_UNKNOWN_TOPIC', `topic "${topic}" has no partition ${index}`, {
        detail: `It has ${record.partitionIds.length}, counted from 0.`,
      })
    }
    return (partitions[index] ??= new Partition(this.#store, topic, index, id))
  }

  /** @throws MillraceError LOG_UNKNOWN_TOPIC. */
  partitions(topic: string): Partition[] {
    return this.#open(topic).record.partitionIds.map((_, index) => this.partition(topic, index))
  }

  /** Those that have been used. */
  *openPartitions(): Iterable<Partition> {
    for (const { partitions } of this.#topics.values()) {
      for (const partition of partitions) if (partition !== undefined) yield partition
    }
  }

  holds(): readonly Hold[] {
    return [...this.#holds.values()].flatMap((byOwner) => [...byOwner.values()])
  }

  setHold(hold: Hold, partitionId: number): void {
    const byOwner = this.#holds.get(partitionId) ?? new Map<string, Hold>()
    this.#holds.set(partitionId, byOwner)
    if (hold.offset === null) byOwner.delete(hold.owner)
    else byOwner.set(hold.owner, hold)
  }

  /** The lowest offset that somebody holds; infinite when nobody does. */
  holdFrom(partition: Partition): number {
    let from = Number.POSITIVE_INFINITY
    for (const { offset } of this.#holds.get(partition.id)?.values() ?? []) from = Math.min(from, offset ?? from)
    return from
  }

  #open(name: string): OpenTopic {
    const open = this.#topics.get(name)
    if (open === undefined) throw unknownTopic(name)
    return open
  }

  #newPartitionIds(count: number): number[] {
    return Array.from({ length: count }, () => this.#nextPartitionId++)
  }
}
