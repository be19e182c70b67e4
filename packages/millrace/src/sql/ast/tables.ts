import type { Span } from '../../kernel/index.ts'
import type { Call } from './calls.ts'
import type { Expression } from './expressions.ts'
import type { IntervalLiteral } from './literals.ts'
import type { Identifier, ObjectName } from './names.ts'
import type { Option } from './options.ts'
import type { Query } from './queries.ts'

/** What stands in FROM. */
export type TableExpression = TableReference | DerivedTable | TableFunction | Join

export interface TableReference {
  readonly kind: 'table'
  readonly span: Span
  readonly name: ObjectName
  /** `t FROM EARLIEST`: where reading starts. */
  readonly from: ReadPosition | null
  /** `t AS OF LATEST`: where reading ends; what stands there is not read. Never EARLIEST. */
  readonly to: ReadPosition | null
  /** `FOR SYSTEM_TIME AS OF x`. */
  readonly asOf: Expression | null
  /** `FROM t WITH (key = value)`. */
  readonly options: readonly Option[]
  readonly alias: TableAlias | null
}

/** A place in a topic: `EARLIEST`, `LATEST` (also `NOW()`), `OFFSET n`, `TIMESTAMP 'text'`. */
export interface ReadPosition {
  readonly kind: 'read-position'
  readonly span: Span
  readonly place: 'EARLIEST' | 'LATEST' | 'OFFSET' | 'TIMESTAMP'
  /** The digits of the offset, the text of the timestamp; else null. */
  readonly value: string | null
}

/** `(SELECT ...) AS t`, or VALUES in parentheses; the alias may be missing. */
export interface DerivedTable {
  readonly kind: 'derived-table'
  readonly span: Span
  readonly lateral: boolean
  readonly query: Query
  readonly alias: TableAlias | null
}

/**
 * `UNNEST(a) AS x`, `LATERAL f(x)`, `TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE))`: TABLE(...) is not
 * kept.
 */
export interface TableFunction {
  readonly kind: 'table-function'
  readonly span: Span
  readonly lateral: boolean
  readonly call: Call
  readonly withOrdinality: boolean
  readonly alias: TableAlias | null
}

export interface TableAlias {
  readonly kind: 'table-alias'
  readonly span: Span
  readonly name: Identifier
  readonly columns: readonly Identifier[]
}

export interface Join {
  readonly kind: 'join'
  readonly span: Span
  readonly type: JoinType
  /** From the first to the last join keyword, for messages. */
  readonly operatorSpan: Span
  readonly natural: boolean
  readonly asof: AsofDirection | null
  readonly left: TableExpression
  readonly right: TableExpression
  /** Null for CROSS, NATURAL, and where it was left out after a lateral right side. */
  readonly condition: JoinOn | JoinUsing | null
  /** `WITHIN INTERVAL '1' MINUTE`: how far apart in time matching rows may be. */
  readonly within: IntervalLiteral | null
}

export type JoinType = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS' | 'SEMI' | 'ANTI'

/** `ASOF JOIN` leaves the direction to the inequality of its condition: UNSPECIFIED. */
export type AsofDirection = 'UNSPECIFIED' | 'BACKWARD' | 'FORWARD' | 'NEAREST'

export interface JoinOn {
  readonly kind: 'join-on'
  readonly span: Span
  readonly expression: Expression
}

export interface JoinUsing {
  readonly kind: 'join-using'
  readonly span: Span
  readonly columns: readonly Identifier[]
}
