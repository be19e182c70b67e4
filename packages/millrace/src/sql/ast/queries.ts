import type { Span } from '../../kernel/index.ts'
import type { OrderItem, WindowSpecification } from './calls.ts'
import type { Expression } from './expressions.ts'
import type { IntervalLiteral } from './literals.ts'
import type { Identifier, ObjectName } from './names.ts'
import type { TableExpression } from './tables.ts'

/** A query is also a statement. ORDER BY, LIMIT, OFFSET and EMIT belong to the whole body. */
export interface Query {
  readonly kind: 'query'
  readonly span: Span
  readonly with: With | null
  readonly body: QueryBody
  readonly orderBy: readonly OrderItem[]
  readonly limit: Expression | null
  readonly offset: Expression | null
  readonly emit: Emit | null
}

/** A Query as body is one in parentheses that has clauses of its own. */
export type QueryBody = Select | SetOperation | Values | Query

export interface With {
  readonly kind: 'with'
  readonly span: Span
  readonly recursive: boolean
  /** Never empty. */
  readonly tables: readonly CommonTable[]
}

export interface CommonTable {
  readonly kind: 'common-table'
  readonly span: Span
  readonly name: Identifier
  readonly columns: readonly Identifier[]
  readonly query: Query
}

export interface Select {
  readonly kind: 'select'
  readonly span: Span
  readonly distinct: Distinct | null
  /** Never empty. */
  readonly items: readonly SelectItem[]
  /** Comma-separated items of FROM; empty without FROM. */
  readonly from: readonly TableExpression[]
  readonly where: Expression | null
  readonly groupBy: readonly GroupingItem[]
  readonly having: Expression | null
  readonly windows: readonly NamedWindow[]
  readonly qualify: Expression | null
}

export interface Distinct {
  readonly kind: 'distinct'
  readonly span: Span
  /** `DISTINCT ON (a, b)`; empty for plain DISTINCT. */
  readonly on: readonly Expression[]
}

export type SelectItem = SelectExpression | Star

export interface SelectExpression {
  readonly kind: 'select-expression'
  readonly span: Span
  readonly expression: Expression
  readonly alias: Identifier | null
}

/** `*` or `t.*`, with `EXCEPT (a, b)` (also spelt EXCLUDE) and `REPLACE (x AS a)`. */
export interface Star {
  readonly kind: 'star'
  readonly span: Span
  readonly qualifier: ObjectName | null
  readonly except: readonly Identifier[]
  /** Each has an alias. */
  readonly replace: readonly SelectExpression[]
}

/** An ordinal (`GROUP BY 1`) is a plain number here. */
export type GroupingItem = GroupingExpression | GroupingSets

export interface GroupingExpression {
  readonly kind: 'grouping-expression'
  readonly span: Span
  readonly expression: Expression
}

export interface GroupingSets {
  readonly kind: 'grouping-sets'
  readonly span: Span
  readonly form: 'GROUPING SETS' | 'ROLLUP' | 'CUBE'
  readonly sets: readonly (readonly Expression[])[]
}

export interface NamedWindow {
  readonly kind: 'named-window'
  readonly span: Span
  readonly name: Identifier
  readonly specification: WindowSpecification
}

/** Chains associate to the left; INTERSECT binds closer than UNION and EXCEPT. */
export interface SetOperation {
  readonly kind: 'set-operation'
  readonly span: Span
  readonly operator: 'UNION' | 'INTERSECT' | 'EXCEPT'
  /** The operator and ALL, for messages. */
  readonly operatorSpan: Span
  readonly all: boolean
  readonly left: QueryBody
  readonly right: QueryBody
}

export interface Values {
  readonly kind: 'values'
  readonly span: Span
  /** Neither the list nor a row is ever empty; rows may differ in length. */
  readonly rows: readonly (readonly Expression[])[]
}

/**
 * When results of windows and changelogs leave: `EMIT ON WINDOW CLOSE`, `EMIT CHANGES [EVERY i]`, `EMIT FINAL`, `EMIT
 * EVERY i`.
 */
export interface Emit {
  readonly kind: 'emit'
  readonly span: Span
  readonly mode: 'ON WINDOW CLOSE' | 'CHANGES' | 'FINAL' | 'EVERY'
  /** Always set for EVERY, possibly for CHANGES. */
  readonly every: IntervalLiteral | null
}
