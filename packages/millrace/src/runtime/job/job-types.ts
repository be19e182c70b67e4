import type { MillraceError, RecordBatch } from '../../kernel/index.ts'
import type { NodeId } from '../../plan/index.ts'
import type { DeadLetter, ExecutorStatistics } from '../executor/executor.ts'

/** Where the truth about a feed is missing: a connection that was down. Times in microseconds. */
export interface Gap {
  readonly table: string
  /** Arrival of the last payload of the connection that was lost, or when that was made if there was none. */
  readonly from: number
  /** When the feed was back; null when it never came back. */
  readonly to: number | null
  readonly reason: string
  /** Payloads known to be missing; null: unknown, as with a plain WebSocket. */
  readonly count: number | null
}

export interface JobEvents {
  /** Rows of an output node (bare SELECT or last view), in order. Backpressure: the job waits for the promise. */
  output(node: NodeId, batch: RecordBatch): void | Promise<void>
  gap?(gap: Gap): void
  deadLetter?(letter: DeadLetter): void
  /** Something the operator should see; `key` identifies the message for rate limits. */
  notice?(message: string): void
  /** A sink serves at this address. */
  listening?(table: string, url: string): void
}

export interface JobStatistics extends ExecutorStatistics {
  readonly startedAt: number
  readonly rowsIn: number
  readonly gaps: number
  /** Attempts to connect again, successful or not. */
  readonly reconnects: number
  /** Rows handed to each sink or output node. */
  readonly rowsOut: Readonly<Record<NodeId, number>>
  readonly connected: Readonly<Record<string, boolean>>
}

export type JobEnd =
  /** Every input ended and everything is flushed. */
  | { readonly kind: 'finished' }
  /** `stop` was called: rows in hand were processed, open windows stay open. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: MillraceError }

/** A running dataflow with its connections. */
export interface Job {
  /** Settles once, never rejects. */
  readonly ended: Promise<JobEnd>
  statistics(): Promise<JobStatistics>
  /** Stops reading, drains what was read, flushes and closes sinks. Windows stay open. */
  stop(): Promise<JobEnd>
}
