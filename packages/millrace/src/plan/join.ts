import type { Schema } from '../kernel/index.ts'
import { columnsOf, type Expr } from './expression.ts'
import type { Input, NodeId, PlanNode, WindowSpec } from './nodes.ts'

export type JoinNode = IntervalJoinNode | UpdatingJoinNode | AsofJoinNode

/** `semi`: left rows that have a partner, once; `anti`: left rows that have none. Both have columns of the left side only. */
export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

/** One side of a join. Columns are of its input. */
export interface JoinInput {
  readonly input: Input
  readonly rowtime: number
  readonly watermark: number
  /** Microseconds by which its rows may be behind its watermark. */
  readonly lateness: number
  /** Tables the rows come from: where late rows are counted. */
  readonly tables: readonly string[]
}

/** Equal columns, of one type. A NULL equals nothing, or, where `nullsMatch`, another NULL. */
export interface JoinKey {
  readonly left: number
  readonly right: number
  readonly nullsMatch: boolean
}

export type JoinSide = 'left' | 'right'

/** A result column: the column of one side, NULL where a row of the other has no partner. */
export interface JoinColumn {
  readonly side: JoinSide
  readonly column: number
}

interface JoinBase {
  readonly id: NodeId
  /** The columns of `output`, then $rowtime and $watermark. */
  readonly schema: Schema
  readonly left: JoinInput
  readonly right: JoinInput
  readonly keys: readonly JoinKey[]
  readonly output: readonly JoinColumn[]
}

/**
 * Rows of both sides that belong together in time: lower <= right $rowtime - left $rowtime <= upper, microseconds. A row is kept until the
 * other side's watermark says that no partner can come; what has had none then leaves alone, as `type` asks. The event time of a pair
 * is the later of both.
 */
export interface IntervalJoinNode extends JoinBase {
  readonly kind: 'interval_join'
  readonly type: JoinType
  readonly lower: number
  readonly upper: number
  /** The window that both sides are results of and that is the same for partners; null: there is none. For EXPLAIN. */
  readonly window: WindowSpec | null
  /** What a pair must fulfil besides; columns of the left input, then those of the right one. Null for inner joins: a filter follows. */
  readonly residual: Expr | null
}

/**
 * Rows of both sides whenever they come: a changelog, unless both sides only append and the join is inner or semi. Rows are forgotten after
 * `ttl` microseconds of processing time without having changed; what they led to stays.
 */
export interface UpdatingJoinNode extends JoinBase {
  readonly kind: 'join'
  readonly type: JoinType
  readonly ttl: number
  readonly updating: boolean
  readonly residual: Expr | null
}

/**
 * Each row of the left side with the one row of the right side that is nearest in event time: not after it, not before it, or either. Of
 * right rows of the same time the last one counts before, the first one after it. `versions`: a right row of weight -1 ends what was
 * valid from its time on.
 */
export interface AsofJoinNode extends JoinBase {
  readonly kind: 'asof_join'
  readonly type: 'inner' | 'left'
  readonly direction: 'backward' | 'forward' | 'nearest'
  /** Rows of the same time do not match. */
  readonly strict: boolean
  /** Microseconds between partners at most; null: any. */
  readonly tolerance: number | null
  readonly versions: boolean
}

/** A row for each element of an array: input columns `columns`, the element, its position from 1 if `ordinality`, $rowtime and $watermark. */
export interface UnnestNode {
  readonly kind: 'unnest'
  readonly id: NodeId
  readonly schema: Schema
  readonly input: Input
  readonly columns: readonly number[]
  /** ARRAY column of the input. */
  readonly array: number
  /** Whether a row without elements gives one row with NULL for the element. */
  readonly outer: boolean
  readonly ordinality: boolean
}

/**
 * A row for each window it belongs to that has not closed before it: input columns `columns`, window_start, window_end, $rowtime (window
 * end - 1 us) and $watermark. Behind a late filter of the same window.
 */
export interface AssignWindowsNode {
  readonly kind: 'assign_windows'
  readonly id: NodeId
  readonly schema: Schema
  readonly input: Input
  readonly columns: readonly number[]
  readonly window: Exclude<WindowSpec, { kind: 'session' }>
  readonly rowtime: number
  readonly watermark: number
  readonly allowedLateness: number
}

/**
 * Columns that a join reads of one side besides those it passes on: keys and what the residual condition names. `leftColumns`: how many
 * the left input has.
 */
export function joinReads(node: JoinNode, side: JoinSide, leftColumns: number): Set<number> {
  const columns = new Set(node.keys.map((k) => k[side]))
  const residual = residualOf(node)
  for (const column of residual === null ? [] : columnsOf(residual)) {
    if (column < leftColumns === (side === 'left')) columns.add(side === 'left' ? column : column - leftColumns)
  }
  return columns
}

export function residualOf(node: JoinNode): Expr | null {
  return node.kind === 'asof_join' ? null : node.residual
}

export function isJoin(node: PlanNode): node is JoinNode {
  return node.kind === 'interval_join' || node.kind === 'join' || node.kind === 'asof_join'
}

/** Whether rows of a side leave even without a partner, or are all there is to leave: `semi` and `anti` for the left. */
export function preserves(type: JoinType, side: JoinSide): boolean {
  if (type === 'full') return true
  return side === 'left' ? type === 'left' || type === 'anti' : type === 'right'
}
