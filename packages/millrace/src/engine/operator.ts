import type { MillraceError, RecordBatch, Schema } from '../kernel/index.ts'
import type { PlanNode } from '../plan/index.ts'
import type { StateReader, StateWriter } from './state/state-io.ts'

/** 'more': the operator has output left; `more` is called before anything else reaches it. */
export type Progress = 'done' | 'more'

/**
 * Where a stream stands in event time. Later rows have event time >= `time` microseconds, or are late. -Infinity: nothing known yet;
 * +Infinity: the end of a bounded input, and nothing else. `idle`: the input is quiet and holds no other input back.
 */
export interface Watermark {
  readonly time: number
  readonly idle: boolean
}

/** What an operator gives to those behind it, in order. A batch is immutable from then on. */
export interface Output {
  /** At most MAX_BATCH_ROWS rows. `port` is 0 unless the node has several outputs. */
  batch(batch: RecordBatch, port?: number): void
  watermark(watermark: Watermark): void
}

/**
 * A node of a running query: synchronous and deterministic, no I/O, no timers, no wall clock. One call at a time. Collections live in
 * `engine/state` only. Each call emits at most MAX_BATCH_ROWS rows and answers 'more' when there are more.
 */
export interface Operator {
  /** Of port 0. */
  readonly schema: Schema
  push(port: number, batch: RecordBatch, output: Output): Progress
  /** `port` has come to `watermark`; passes on its own through `output`, or holds it. */
  watermark(port: number, watermark: Watermark, output: Output): Progress
  /** Processing time has come to `now` (microseconds): idleness, TTL, periodic emission. Called once a step. */
  tick(now: number, output: Output): Progress
  /** Continues after 'more'. */
  more(output: Output): Progress
  /** Writes what has changed since the last snapshot. Never called while 'more' is due. */
  snapshot(to: StateWriter): void
  restore(from: StateReader): void
  stateBytes(): number
  explain(): ExplainLine
  dispose(): void
}

/** How EXPLAIN shows a node: `tumble(1 minute)`, `keys: symbol; sum(price)`. */
export interface ExplainLine {
  readonly name: string
  readonly detail: string
}

/** The one clock reading and seed of the step being run (design: a pipeline is a pure function of its journal). */
export interface StepContext {
  /** Microseconds since the epoch. */
  readonly now: number
  /** Deterministic by the step's seed; uniform in [0, 1). */
  random(): number
}

/** What a running graph hands to its operators. */
export interface OperatorContext {
  readonly step: StepContext
  /** Generated code on, or the interpreter only. */
  readonly codegen: boolean
  /** A row had no result at `node`; the row is dropped here. Throws when the policy is to fail. */
  rowError(node: string, error: MillraceError): void
  count(counter: Counter, node: string, rows: number, table?: string): void
  /** The state of `node` has grown by `bytes` (shrunk, if negative). Throws LIMIT_STATE when the query's is over its limit. */
  chargeState(node: string, bytes: number): void
}

/**
 * late_rows: refused by every window; null_time_rows: no event time at a window; future_rows: beyond max_future_skew;
 * row_errors: expressions without result.
 */
export type Counter = 'late_rows' | 'null_time_rows' | 'future_rows' | 'row_errors'

/** What arrives at a port. */
export interface InputStream {
  readonly schema: Schema
  /** A changelog: batches may carry weights. */
  readonly updating: boolean
}

export interface OperatorDefinition<Node extends PlanNode = PlanNode> {
  readonly kind: Node['kind']
  build(node: Node, inputs: readonly InputStream[], context: OperatorContext): Operator
}
