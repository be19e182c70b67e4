import type { BadDataPolicy, DataType, DeliveryGuarantee, OptionValue, Schema } from '../kernel/index.ts'
import type { Expr } from './expression.ts'
import type { AssignWindowsNode, JoinNode, UnnestNode } from './join.ts'
import type { OverCall, OverOrder } from './over.ts'

export type NodeId = string

/** An output port of another node. Port 0 unless the node has more (late_filter: 1 = late rows). */
export interface Input {
  readonly node: NodeId
  readonly port: number
}

interface NodeBase {
  /** Stable: depends on the script's text only. */
  readonly id: NodeId
  /** Rows this node emits on port 0. */
  readonly schema: Schema
}

export type PlanNode =
  | SourceNode
  | WatermarkNode
  | UpsertNode
  | FilterNode
  | ProjectNode
  | UnionNode
  | LateFilterNode
  | WindowAggregateNode
  | AggregateNode
  | OverNode
  | JoinNode
  | UnnestNode
  | AssignWindowsNode
  | SinkNode
  | OutputNode

/** Options by flat key, as the user wrote them (templates unresolved, so no secret is ever part of a plan). */
export type Options = Readonly<Record<string, OptionValue>>

/**
 * A column the source delivers. Physical ones come from the payload by `path` (object keys from the record's root);
 * metadata ones from the delivery.
 */
export type SourceColumn =
  | { readonly from: 'payload'; readonly path: readonly string[]; readonly type: DataType; readonly nullable: boolean }
  | { readonly from: 'metadata'; readonly key: string; readonly type: DataType }

/**
 * Decodes a table's payloads: the only columns in `schema` are those the dataflow reads, parallel to `columns`.
 * One per table, however many queries read it.
 */
export interface SourceNode extends NodeBase {
  readonly kind: 'source'
  readonly table: string
  readonly options: Options
  readonly columns: readonly SourceColumn[]
  readonly badData: BadDataPolicy
  /** Whether the whole payload is one column `value`: `json.unstructured` and raw formats. */
  readonly wholePayload: boolean
  /** How its records say what they take back. Absent: every record is an appended row. */
  readonly changelog?: SourceChangelog
  /** Which records of its topic are read. Absent: where the reader starts by default, without end. */
  readonly from?: TopicPosition
  /** Exclusive: the input ends there. `latest`: at the end as it was when reading started. */
  readonly to?: TopicPosition
}

/**
 * `weights`: a record's header `weight` says how many times its row is inserted (+) or taken back (-). `upsert`: a record replaces the row
 * with its key, a tombstone deletes it; then the source's rows have weight +1 or, with the columns of the key alone, -1, and an upsert
 * node follows.
 */
export type SourceChangelog = 'weights' | 'upsert'

/** A timestamp (microseconds) stands for the first record that is not older, in every partition; an offset needs a topic of one. */
export type TopicPosition =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'timestamp'; readonly timestamp: number }

/**
 * Gives rows their event time and the watermark before them: appends $rowtime and $watermark (schema.ts).
 * `rowtime` and `mark` are columns of the input: the event time, and the watermark candidate (event time minus delay).
 */
export interface WatermarkNode extends NodeBase {
  readonly kind: 'watermark'
  readonly input: Input
  /** Whose rows these are, for counters. */
  readonly table: string
  readonly rowtime: number
  readonly mark: number
  /** Arrival time column, for `maxFutureSkew`; null when skew is off. */
  readonly arrival: number | null
  /** Column naming the partition; null: one partition. */
  readonly partition: number | null
  /** Microseconds of processing time without rows after which a partition holds nobody back; null: never idle. */
  readonly idleTimeout: number | null
  /** Microseconds; rows further in the future of their arrival lose their event time. */
  readonly maxFutureSkew: number | null
}

/**
 * Turns rows of an upsert source into a changelog: a row of weight +1 replaces the one with the same key, which is taken back as it was;
 * one of weight -1 deletes it. What changes nothing emits nothing.
 */
export interface UpsertNode extends NodeBase {
  readonly kind: 'upsert'
  readonly input: Input
  readonly keys: readonly number[]
}

export interface FilterNode extends NodeBase {
  readonly kind: 'filter'
  readonly input: Input
  readonly predicate: Expr
}

export interface ProjectNode extends NodeBase {
  readonly kind: 'project'
  readonly input: Input
  /** One per field of `schema`, hidden ones included. */
  readonly exprs: readonly Expr[]
}

/** All inputs have the same schema; $watermark is recomputed as the minimum over inputs that are not idle. */
export interface UnionNode extends NodeBase {
  readonly kind: 'union'
  readonly inputs: readonly Input[]
}

export type WindowSpec =
  | { readonly kind: 'tumble'; readonly size: number }
  /** Starts at every multiple of `slide`; `size` need not be a multiple of it. */
  | { readonly kind: 'hop'; readonly slide: number; readonly size: number }
  | { readonly kind: 'session'; readonly gap: number }

/** Where a row stands for itself, as in OVER: it is late as soon as the watermark has passed it. */
export interface Moment {
  readonly kind: 'moment'
}

/**
 * Splits off rows that no window can take any more: those whose last window, with `allowedLateness`, has closed before them, on
 * port 1. Rows without event time are counted and dropped. Everything in microseconds.
 */
export interface LateFilterNode extends NodeBase {
  readonly kind: 'late_filter'
  readonly input: Input
  readonly rowtime: number
  readonly watermark: number
  readonly window: WindowSpec | Moment
  readonly allowedLateness: number
  /** Tables the rows come from: where late rows are counted. */
  readonly tables: readonly string[]
}

export interface AggregateCall {
  readonly name: string
  /** Input columns. Empty for COUNT(*). */
  readonly args: readonly number[]
  readonly argTypes: readonly DataType[]
  readonly type: DataType
  readonly distinct: boolean
  /** BOOLEAN input column: only rows where it is true count; null: all. */
  readonly filter: number | null
  readonly orderBy: readonly SortKey[]
}

export interface SortKey {
  readonly column: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/**
 * One row per window and key, once, when the window closes: `keys` columns, then `window` STRUCT<start, end>, the aggregates,
 * $rowtime (window end - 1 us) and $watermark. No keys: one group.
 */
export interface WindowAggregateNode extends NodeBase {
  readonly kind: 'window_aggregate'
  readonly input: Input
  readonly window: WindowSpec
  readonly rowtime: number
  readonly watermark: number
  readonly allowedLateness: number
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
  /** Absent: each result once, when its window closes. */
  readonly emit?: EarlyEmit
}

/**
 * Results before their window closes, as a changelog: after every batch that changed them, or every so many microseconds of processing
 * time. What is emitted when the window closes is final.
 */
export interface EarlyEmit {
  readonly kind: 'changes'
  readonly every: number | null
}

/** Un-windowed GROUP BY: a changelog of keys, then aggregates, then hidden $rowtime and $watermark (NULL). No keys: one group, from the start. */
export interface AggregateNode extends NodeBase {
  readonly kind: 'aggregate'
  readonly input: Input
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
}

/**
 * Window functions over single rows: each row gets a result for every call and stays as it is: input columns `columns`, the results, then
 * $rowtime and $watermark. Rows of equal `partition` columns see each other. How many rows a partition keeps is up to its frames.
 */
export interface OverNode extends NodeBase {
  readonly kind: 'over'
  readonly input: Input
  readonly columns: readonly number[]
  readonly partition: readonly number[]
  readonly order: OverOrder
  readonly calls: readonly OverCall[]
  readonly rowtime: number
  readonly watermark: number
  readonly allowedLateness: number
  /** Tables the rows come from: where rows without a time to order them by are counted. */
  readonly tables: readonly string[]
}

/** Writes visible columns to a table through its connector and format. */
export interface SinkNode extends NodeBase {
  readonly kind: 'sink'
  readonly input: Input
  readonly table: string
  readonly options: Options
  /** Rows carry weights. */
  readonly updating: boolean
  /** For EXPLAIN: how surely the outside gets each row. */
  readonly delivery?: DeliveryGuarantee
}

/** The result of a bare SELECT: handed to whoever runs the dataflow. `updating`: rows carry weights. */
export interface OutputNode extends NodeBase {
  readonly kind: 'output'
  readonly input: Input
  readonly name: string
  readonly updating: boolean
}

export function inputsOf(node: PlanNode): readonly Input[] {
  switch (node.kind) {
    case 'source':
      return []
    case 'union':
      return node.inputs
    case 'interval_join':
    case 'join':
    case 'asof_join':
      return [node.left.input, node.right.input]
    default:
      return [node.input]
  }
}
