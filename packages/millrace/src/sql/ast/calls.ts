import type { Span } from '../../kernel/index.ts'
import type { Expression } from './expressions.ts'
import type { Identifier, ObjectName } from './names.ts'
import type { Query } from './queries.ts'

/**
 * A call of a scalar, aggregate, window or table function, with everything SQL hangs on one. `SUBSTRING(a FROM b FOR
 * c)` and `OVERLAY(a PLACING b FROM c FOR d)` are kept as calls with plain arguments.
 */
export interface Call {
  readonly kind: 'call'
  readonly span: Span
  readonly name: ObjectName
  readonly arguments: readonly Argument[]
  /** `count(DISTINCT x)`. */
  readonly distinct: boolean
  /** `array_agg(x ORDER BY y)`. */
  readonly orderBy: readonly OrderItem[]
  /** `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`. */
  readonly withinGroup: readonly OrderItem[]
  readonly filter: Expression | null
  /** `IGNORE NULLS` or `RESPECT NULLS`. */
  readonly nulls: 'IGNORE' | 'RESPECT' | null
  readonly over: WindowSpecification | WindowReference | null
}

export interface Argument {
  readonly kind: 'argument'
  readonly span: Span
  /** `name => value`. */
  readonly name: Identifier | null
  readonly value: Expression | StarArgument | TableArgument | Descriptor
}

/** The `*` of `count(*)`. */
export interface StarArgument {
  readonly kind: 'star-argument'
  readonly span: Span
}

/** `TABLE t` or `TABLE (SELECT ...)` as an argument of a table function. */
export interface TableArgument {
  readonly kind: 'table-argument'
  readonly span: Span
  readonly source: ObjectName | Query
}

/** `DESCRIPTOR(ts)`. */
export interface Descriptor {
  readonly kind: 'descriptor'
  readonly span: Span
  readonly columns: readonly Identifier[]
}

export interface OrderItem {
  readonly kind: 'order-item'
  readonly span: Span
  readonly expression: Expression
  /** As written: null means the default, ascending. */
  readonly direction: 'ASC' | 'DESC' | null
  readonly nulls: 'FIRST' | 'LAST' | null
}

/** `OVER w`. */
export interface WindowReference {
  readonly kind: 'window-reference'
  readonly span: Span
  readonly name: Identifier
}

/** `OVER (base PARTITION BY ... ORDER BY ... frame)`. */
export interface WindowSpecification {
  readonly kind: 'window-specification'
  readonly span: Span
  readonly base: Identifier | null
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly OrderItem[]
  readonly frame: WindowFrame | null
}

export interface WindowFrame {
  readonly kind: 'window-frame'
  readonly span: Span
  readonly unit: 'ROWS' | 'RANGE' | 'GROUPS'
  readonly start: FrameBound
  /** Null in the short form, `RANGE x PRECEDING`: the frame ends at the current row. */
  readonly end: FrameBound | null
  readonly exclude: 'CURRENT ROW' | 'GROUP' | 'TIES' | null
}

export interface FrameBound {
  readonly kind: 'frame-bound'
  readonly span: Span
  readonly bound: 'UNBOUNDED PRECEDING' | 'PRECEDING' | 'CURRENT ROW' | 'FOLLOWING' | 'UNBOUNDED FOLLOWING'
  /** Set for PRECEDING and FOLLOWING, else null. */
  readonly offset: Expression | null
}
