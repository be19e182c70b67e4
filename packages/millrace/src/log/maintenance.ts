import { setImmediate } from 'node:timers/promises'
import { topicRemoval, type TopicRecord } from './catalog.ts'
import type { Committer } from './committer.ts'
import { compactionStep, needsCompaction, planCompaction } from './compaction.ts'
import type { CompactionProgress } from './log.ts'
import type { Change, Expired, Partition } from './partition.ts'
import { expire } from './retention.ts'
import { blockKey, partitionPrefix, type Store, type Write } from './store/store.ts'
import type { TopicConfig } from './topic-config.ts'
import type { TopicRegistry } from './topic-registry.ts'

/** Microseconds between two looks at the age of a partition's first block while it is written to. */
const AGE_CHECK_MICROS = 1_000_000
/** Blocks deleted in one transaction when a topic is. */
const PURGE_AT_ONCE = 64

/** Retention, compaction and the blocks of deleted topics: in small transactions between those of the appends. */
export class Maintenance {
  readonly #store: Store
  readonly #committer: Committer
  readonly #now: () => number
  readonly #topics: TopicRegistry
  readonly #ageCheckedAt = new WeakMap<Partition, number>()
  expiredBlocks = 0
  compactedRecords = 0

  constructor(store: Store, committer: Committer, now: () => number, topics: TopicRegistry) {
    this.#store = store
    this.#committer = committer
    this.#now = now
    this.#topics = topics
  }

  /** What the next commit to this partition deletes with it, so that a busy topic frees as many blocks as it fills. */
  whileWriting(partition: Partition): Expired | null {
    const config = this.#topics.configOf(partition)
    if (config === undefined) return null
    const { retentionBytes, retentionMs } = config
    const now = this.#now()
    if (retentionBytes === null || partition.state.sealedBytes <= retentionBytes) {
      if (retentionMs === null || now - (this.#ageCheckedAt.get(partition) ?? 0) < AGE_CHECK_MICROS) return null
      this.#ageCheckedAt.set(partition, now)
    }
    return this.#expire(partition, config)
  }

  async run(): Promise<void> {
    for (const topic of this.#topics.purging) await this.#purge(topic)
    for (const partition of this.#topics.names().flatMap((name) => this.#topics.partitions(name))) {
      while (!partition.deleted && (await this.#committer.submitPlan(() => this.#expiry(partition)))) {
        // Until nothing is left to delete.
      }
      if (needsCompaction(partition)) await this.#compact(partition)
      await setImmediate()
    }
  }

  #expire(partition: Partition, config: TopicConfig): Expired | null {
    const expired = expire(this.#store, partition, config, this.#topics.holdFrom(partition), this.#now())
    if (expired !== null) this.expiredBlocks += expired.writes.length
    return expired
  }

  #expiry(partition: Partition): Change | null {
    const config = this.#topics.configOf(partition)
    if (config === undefined || partition.deleted) return null
    const expired = this.#expire(partition, config)
    return expired === null ? null : partition.replaceSealed(expired.writes, expired.state)
  }

  /** Compacts what is sealed and not held, however little there is to be gained. */
  async compactAll(
    partition: Partition,
    onProgress: (progress: CompactionProgress) => void = () => undefined,
  ): Promise<void> {
    const { topic, index } = partition
    let removed = 0
    const report = (offset: number, to: number, gone: number): void => {
      removed += gone
      onProgress({ topic, partition: index, offset, to, removed })
    }
    // One compaction remembers a bounded number of keys.
    let before: number
    do before = partition.state.compactedTo
    while ((await this.#compact(partition, report)) && partition.state.compactedTo > before)
  }

  /** False: there was nothing to do. */
  async #compact(
    partition: Partition,
    report?: (offset: number, to: number, removed: number) => void,
  ): Promise<boolean> {
    const usable = (): boolean => !partition.deleted && partition.damage === null
    const config = this.#topics.configOf(partition)
    if (!usable() || config?.compact !== true) return false
    const tombstonesBefore = this.#now() - config.tombstoneMs * 1000
    const plan = await planCompaction(partition, this.#topics.holdFrom(partition), tombstonesBefore, (step) =>
      this.#committer.between(step),
    )
    if (plan === null) return false
    // Who has come to hold records since then may have read them: they must stay as they are.
    const goesOn = (): boolean => usable() && this.#topics.holdFrom(partition) >= plan.upTo
    let from = partition.start
    while (from < plan.upTo && goesOn()) {
      await this.#committer.submitPlan(() => {
        if (!goesOn()) return null
        const step = compactionStep(this.#store, partition, plan, from)
        from = step.next
        this.compactedRecords += step.removed
        report?.(step.next, plan.upTo, step.removed)
        return step.change
      })
    }
    return true
  }

  async #purge(topic: TopicRecord): Promise<void> {
    for (const id of topic.partitionIds) {
      while (await this.#committer.submitPlan(() => this.#purgeBlocks(id))) {
        // Until no block is left.
      }
    }
    await this.#committer.submitPlan(() => ({
      writes: [topicRemoval(topic), ...topic.partitionIds.flatMap((id) => this.#purgeEntries(id))],
      apply: () => this.#topics.purging.delete(topic),
    }))
  }

  #purgeBlocks(partitionId: number): Change | null {
    const writes = (['sealed', 'tail'] as const).flatMap((table) =>
      this.#store
        .bases(table, partitionId, 0, PURGE_AT_ONCE)
        .map((base): Write => ({ table, key: blockKey(partitionId, base), value: null })),
    )
    return writes.length === 0 ? null : { writes, apply: () => undefined }
  }

  #purgeEntries(partitionId: number): Write[] {
    const holds = this.#store.entries('catalog', new TextEncoder().encode(`hold/${partitionId}/`))
    return [
      { table: 'partitions', key: partitionPrefix(partitionId), value: null },
      ...holds.map(([key]): Write => ({ table: 'catalog', key, value: null })),
    ]
  }
}
