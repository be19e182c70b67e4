import type { RecordBatch } from '../../kernel/index.ts'
import type { NodeId } from '../../plan/index.ts'
import type { DeadLetter, ExecutorOptions, ExecutorStatistics, StateEntry, Step } from './executor.ts'

/** What the main thread says to a worker, and what it hears. `call` pairs an answer with its question. */
export type ToWorker =
  | { readonly kind: 'step'; readonly call: number; readonly step: Step }
  | { readonly kind: 'snapshot'; readonly call: number }
  | { readonly kind: 'statistics'; readonly call: number }
  /** One output batch has been consumed. */
  | { readonly kind: 'credit' }
  | { readonly kind: 'cancel' }

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'output'; readonly node: NodeId; readonly batch: RecordBatch }
  | { readonly kind: 'dead_letter'; readonly letter: DeadLetter }
  | { readonly kind: 'answer'; readonly call: number; readonly value: undefined | readonly StateEntry[] | ExecutorStatistics }
  | { readonly kind: 'failed'; readonly call: number | null; readonly error: SerializedError }

export interface WorkerSetup {
  readonly plan: string
  readonly options: ExecutorOptions
  readonly restore: readonly StateEntry[]
}

/** A MillraceError in a form that survives the way between threads. */
export interface SerializedError {
  readonly code: string
  readonly message: string
  readonly detail: string | undefined
  readonly hint: string | undefined
}

/** Batches on their way before the worker waits for credit. */
export const OUTPUT_BATCHES_IN_FLIGHT = 8
