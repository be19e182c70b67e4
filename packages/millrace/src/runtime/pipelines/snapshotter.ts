import type { Clock } from '../../kernel/index.ts'
import type { Append, Log, Put, StateStore } from '../../log/index.ts'
import type { Executor } from '../executor/executor.ts'
import { type Checkpoint, checkpointHolds, checkpointPut, releasedHolds, type StoredPipeline } from './checkpoint.ts'
import { type PipelineDefinition, pipelineOwner } from './pipeline-definition.ts'
import type { Place } from './place.ts'

export interface SnapshotPolicy {
  /** Milliseconds between two snapshots while there is something new. */
  readonly everyMs: number
  /** Bytes of input after which one is due earlier; 0: after every step. */
  readonly everyBytes: number
}

export const DEFAULT_SNAPSHOTS: SnapshotPolicy = { everyMs: 10_000, everyBytes: 256 * 1024 * 1024 }

export interface SnapshotStatistics {
  /** In the state store; null: there is no state. */
  readonly id: number | null
  /** Microseconds. */
  readonly at: number
  /** Of what had changed since the one before. */
  readonly bytes: number
  /** Microseconds from taking it to naming it, while steps went on. */
  readonly micros: number
}

export interface SnapshotterOptions {
  readonly log: Log
  readonly state: StateStore
  readonly clock: Clock
  readonly policy: SnapshotPolicy
}

/** What goes into the commit that names a snapshot, besides. */
export interface Naming {
  readonly appends?: readonly Append[]
  readonly puts?: readonly Put[]
  /** Nothing is held any more. */
  readonly release?: boolean
}

/** Takes snapshots between steps and saves them beside those that follow, one at a time. */
export class Snapshotter {
  last: SnapshotStatistics | null = null
  readonly #options: SnapshotterOptions
  readonly #definition: PipelineDefinition
  #checkpoint: Checkpoint
  #takenAt = performance.now()
  #bytes = 0
  #isDirty = false
  #saving: Promise<void> | null = null

  constructor({ definition, checkpoint }: StoredPipeline, options: SnapshotterOptions) {
    this.#definition = definition
    this.#checkpoint = checkpoint
    this.#options = options
  }

  /** A step was made that is worth a snapshot, with so many bytes of input. */
  note(bytes: number): void {
    this.#bytes += bytes
    this.#isDirty = true
  }

  get isDue(): boolean {
    if (!this.#isDirty || this.#saving !== null) return false
    const { everyMs, everyBytes } = this.#options.policy
    return this.#bytes >= everyBytes || performance.now() - this.#takenAt >= everyMs
  }

  /**
   * Takes what has changed. Only between two steps, and when all of them are with the log. `durable` resolves when the log has them. The
   * answer resolves with what saves it, which rejects as the store and the log do.
   */
  async take(
    executor: Executor,
    place: Place,
    durable: Promise<void>,
    naming: Naming = {},
  ): Promise<{ readonly saved: Promise<void> }> {
    const startedAt = performance.now()
    // Whoever waits for it below hears of it; until then nobody does.
    durable.catch(() => undefined)
    const entries = await executor.snapshot()
    const { step, now, journal, positions, ended } = place
    const at = this.#options.clock.now()
    const behind = { ...this.#checkpoint, step, now, journal, positions, ended: [...ended], at }
    this.#takenAt = startedAt
    this.#bytes = 0
    this.#isDirty = false
    const saved = this.#save(entries, behind, durable, naming, startedAt).finally(() => {
      this.#saving = null
    })
    this.#saving = saved.catch(() => undefined)
    return { saved }
  }

  /** As of the last snapshot that was named. */
  get stored(): StoredPipeline {
    return { definition: this.#definition, checkpoint: this.#checkpoint }
  }

  /** Resolves when none is being saved, whatever became of it. */
  async settled(): Promise<void> {
    await this.#saving
  }

  async #save(
    entries: Awaited<ReturnType<Executor['snapshot']>>,
    behind: Checkpoint,
    durable: Promise<void>,
    { appends = [], puts = [], release = false }: Naming,
    startedAt: number,
  ): Promise<void> {
    const { log, state } = this.#options
    const { name } = this.#definition
    const owner = pipelineOwner(name)
    const id = entries.length === 0 ? behind.snapshot : await state.save(owner, entries)
    await durable
    const checkpoint: Checkpoint = { ...behind, snapshot: id }
    await log.commit({
      appends,
      puts: [checkpointPut(name, checkpoint), ...puts],
      holds: release ? releasedHolds(log, name) : checkpointHolds(log, this.#definition, checkpoint),
    })
    this.#checkpoint = checkpoint
    if (entries.length > 0) await state.settle(owner, id)
    let bytes = 0
    for (const { key, value } of entries) bytes += key.length + (value?.length ?? 0)
    this.last = { id, at: checkpoint.at, bytes, micros: Math.round((performance.now() - startedAt) * 1000) }
  }
}
