import type { Clock, MillraceError } from '../../kernel/index.ts'
import type { CaptureStatistics } from '../capture/index.ts'
import type { Origin, StateChoice, StatementResult, TableUse } from '../catalog/index.ts'
import type { Gap } from '../job/job-types.ts'
import type { CreateExecutor, ExecutorOptions } from '../executor/executor.ts'
import type { DeliveryStatistics, PipelineState, PipelineStatistics, SnapshotPolicy } from '../pipelines/index.ts'
import type { ScriptSource } from '../script.ts'

export interface InstanceOptions {
  readonly dataDir: string
  readonly clock?: Clock
  /** Variables that the operator's objects may mention. Those of the network see none. */
  readonly variable: (name: string) => string | undefined
  readonly createExecutor: CreateExecutor
  readonly executor: ExecutorOptions
  /** Of the state of pipelines. */
  readonly snapshots?: SnapshotPolicy
  /** Where sinks print that print. */
  readonly stdout: NodeJS.WritableStream
  readonly events: InstanceEvents
}

export interface InstanceEvents {
  /** Something the operator should see. */
  notice(message: string): void
  /** A captured source was away: durably recorded. */
  gap(gap: Gap): void
  /** Steps of a pipeline's journal that are run again: so many, of so many. */
  recovering(pipeline: string, done: number, total: number): void
  /** What failed, in words, and why; everything else goes on. */
  error(error: MillraceError, what: string | null): void
  /** The log has failed: nothing goes on. Once. */
  fatal(error: MillraceError): void
}

export interface ExecuteOptions {
  readonly origin: Origin
  /** What becomes of the state of what changes; null: nothing may change that has some. */
  readonly changed: StateChoice | null
  /** Whole scripts, as at a start: their INSERTs are known by their order. Default false. */
  readonly script?: boolean
}

export interface Executed {
  readonly statements: readonly StatementResult[]
  readonly warnings: readonly string[]
}

/** `declared`: nothing runs for the table. `retrying`: its sink is away. */
export type TableState = 'declared' | 'starting' | 'running' | 'retrying' | 'stopping' | 'paused' | 'finished' | 'stopped' | 'failed'

export interface TableStatus {
  readonly name: string
  readonly sql: string
  readonly origin: Origin
  readonly use: TableUse['kind'] | null
  readonly topic: string | null
  readonly state: TableState
  readonly error: MillraceError | null
  readonly capture: CaptureStatistics | null
  readonly delivery: DeliveryStatistics | null
}

export interface PipelineStatus {
  readonly name: string
  readonly kind: 'materialized view' | 'pipeline'
  readonly sql: string
  readonly origin: Origin
  readonly state: PipelineState | 'paused'
  readonly error: MillraceError | null
  /** Topic of its results; null: it has no plan. */
  readonly result: string | null
  readonly inputs: readonly PipelineInput[]
  /** Null: it does not run. */
  readonly statistics: PipelineStatistics | null
}

/** One partition of a topic that a pipeline reads. */
export interface PipelineInput {
  /** The node of its plan. */
  readonly source: string
  readonly table: string
  readonly topic: string
  readonly partition: number
  /** Of the record that is read next; null: it does not run. */
  readonly position: number | null
  readonly end: number
}


export type Statements = string | readonly ScriptSource[]
