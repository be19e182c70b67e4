import type { Clock, MillraceError } from '../kernel/index.ts'
import type { Log } from '../log/index.ts'
import type { Instance, Queries, TopicFeeds, TopicWriter } from '../runtime/index.ts'
import type { WorkBudget } from './request-body.ts'

/** Plain fields, read when metrics are. */
export interface ServerCounters {
  readonly requests: Map<string, number>
  ingestedMessages: number
  ingestedBytes: number
  ackedMessages: number
  /** Clients the server closed, by reason. */
  readonly dropped: Record<DropReason, number>
}

export const DROP_REASONS = ['keep_alive', 'error', 'stopping'] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** What routes and sockets share. */
export interface ServerContext {
  readonly log: Log
  readonly clock: Clock
  readonly writer: TopicWriter
  readonly feeds: TopicFeeds
  readonly queries: Queries
  readonly budget: WorkBudget
  readonly counters: ServerCounters
  /** On their way to one subscriber. */
  readonly queueBytes: number
  readonly maxBodyBytes: number
  readonly maxRecordBytes: number
  /** Seconds from asking the log to its answer. */
  observeAppend(seconds: number): void
  /** Null: there is only the log. */
  readonly instance: Instance | null
  /** Tells the operator of errors that are nobody's outside. */
  report(error: MillraceError): void
  readonly state: 'starting' | 'running' | 'stopping'
}
