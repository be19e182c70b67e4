import type { RecordBatch } from '../../kernel/index.ts'
import type { NodeId } from '../../plan/index.ts'

/** Payloads of one source partition in order. Plain data, which goes into a worker as it is. */
export interface PayloadBlock {
  readonly values: PayloadValues
  /** Microseconds, one per payload. */
  readonly timestamps: Float64Array
  /** Without `offsets`, the log offset of payload i is `firstOffset + i`. */
  readonly firstOffset: number
  readonly partition: number
  /** Of each payload, when there are holes. */
  readonly offsets?: Float64Array | null
  /** +n: the row is inserted n times; -n: taken back. Absent: +1. A payload of weight -1 in an upsert topic is the key of a tombstone. */
  readonly weights?: Int32Array | null
  /** Microseconds: the watermark before each payload; NaN: there was none. */
  readonly watermarks?: Float64Array | null
  /** The key of each payload as text; null: it has none. Absent: none has. */
  readonly keys?: readonly (string | null)[] | null
}

/** `list`: as they came from a connection. `packed`: back to back, payload i is bytes[offsets[i], offsets[i + 1]). */
export type PayloadValues =
  | { readonly kind: 'list'; readonly payloads: readonly Uint8Array[] }
  | { readonly kind: 'packed'; readonly bytes: Uint8Array; readonly offsets: Uint32Array }

/**
 * A unit of work and of replay: which payloads, one clock reading, one seed. The same steps in the same order give the same output,
 * whenever and wherever they run.
 */
export interface Step {
  /** Microseconds since the epoch. */
  readonly now: number
  readonly seed: number
  readonly inputs: readonly { readonly source: NodeId; readonly block: PayloadBlock }[]
  /** Bounded sources whose end comes after these inputs. */
  readonly ended: readonly NodeId[]
}

/** A payload, or one record of it, that is no row. Identity: (table, partition, offset, index, reason). */
export interface DeadLetter {
  readonly table: string
  readonly partition: number
  readonly offset: number
  readonly index: number
  readonly reason: string
  readonly message: string
  readonly payload: Uint8Array
}

export interface ExecutorEvents {
  /** Output of a sink or output node, in order. The step goes on when the promise resolves. */
  output(node: NodeId, batch: RecordBatch): void | Promise<void>
  deadLetter(letter: DeadLetter): void
}

export interface ExecutorStatistics {
  /** Per source node: payloads taken, rows decoded, payloads or records refused. */
  readonly sources: Readonly<Record<NodeId, SourceStatistics>>
  /** `counter` by table or node, e.g. late_rows. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly stateBytes: number
}

export interface SourceStatistics {
  readonly payloads: number
  readonly bytes: number
  readonly rows: number
  readonly bad: number
  /** Microseconds; null while there is none. */
  readonly watermark: number | null
}

export interface ExecutorOptions {
  readonly codegen: boolean
  /** Rows per batch given to the engine, 1 to 4,096. */
  readonly batchRows: number
  /** Bytes of operator state; beyond it the query fails with LIMIT_STATE. */
  readonly stateLimit: number
}

/** Runs one dataflow. Steps are strictly one after the other. A rejected step ends the executor. */
export interface Executor {
  step(step: Step): Promise<void>
  /** Everything that changed since the last snapshot, opaque; concatenated snapshots restore. */
  snapshot(): Promise<readonly StateEntry[]>
  statistics(): Promise<ExecutorStatistics>
  close(): Promise<void>
}

/** `value` null deletes. */
export interface StateEntry {
  readonly node: NodeId
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export type CreateExecutor = (
  plan: string,
  options: ExecutorOptions,
  events: ExecutorEvents,
  restore: readonly StateEntry[],
  signal: AbortSignal,
) => Promise<Executor>
