import type { Clock, MillraceError } from '../../kernel/index.ts'
import type { Log, StateStore } from '../../log/index.ts'
import type { CreateExecutor, ExecutorOptions, ExecutorStatistics } from '../executor/executor.ts'
import type { RetryPolicy } from '../../connectors/index.ts'
import type { InputGap, InputPositions } from '../topic-input/index.ts'
import type { PipelineDefinition } from './pipeline-definition.ts'
import type { SnapshotPolicy, SnapshotStatistics } from './snapshotter.ts'
import type { StepPolicy } from './step-runner.ts'

/**
 * `recovering`: its journal is run again, or it waits to try again after an error of the outside. `finished`: every source has come to its
 * end. `failed`: it stays so until somebody acts.
 */
export type PipelineState =
  | 'created'
  | 'starting'
  | 'recovering'
  | 'running'
  | 'stopping'
  | 'stopped'
  | 'finished'
  | 'failed'

export interface PipelineOptions {
  readonly definition: PipelineDefinition
  readonly log: Log
  readonly state: StateStore
  readonly createExecutor: CreateExecutor
  readonly executor: ExecutorOptions
  readonly clock?: Clock
  readonly snapshots?: SnapshotPolicy
  readonly steps?: Partial<StepPolicy>
  readonly retry?: RetryPolicy
  readonly events: PipelineEvents
}

export interface PipelineEvents {
  state?(state: PipelineState): void
  /** Steps of the journal that are run again: so many, of so many. */
  recovering?(done: number, total: number): void
  /** Records that retention deleted before they were read. Durably recorded. */
  gap?(gap: InputGap): void
  /** It failed for good, or is tried again in `retryIn` microseconds. */
  error?(error: MillraceError, retryIn: number | null): void
}

export interface InputLag {
  readonly topic: string
  /** Records in the topic that its results do not contain yet. */
  readonly records: number
}

/** Counts are of this process; steps run again do not count. */
export interface PipelineStatistics extends ExecutorStatistics {
  readonly name: string
  readonly state: PipelineState
  /** Microseconds: since when. */
  readonly since: number
  readonly steps: number
  readonly rowsIn: number
  readonly rowsOut: number
  readonly deadLetters: number
  readonly gaps: number
  readonly restarts: number
  readonly replayedSteps: number
  readonly positions: InputPositions
  readonly lag: number
  /** By source node. */
  readonly inputs: Readonly<Record<string, InputLag>>
  /** Bytes of input and output in commits under way. */
  readonly pendingBytes: number
  readonly snapshot: SnapshotStatistics | null
  /** Why it failed, or is recovering. */
  readonly error: MillraceError | null
}
