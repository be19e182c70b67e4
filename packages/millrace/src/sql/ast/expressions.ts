import type { Span } from '../../kernel/index.ts'
import type { Call } from './calls.ts'
import type { Literal } from './literals.ts'
import type { Identifier } from './names.ts'
import type { Query } from './queries.ts'
import type { TypeName } from './types.ts'

export type Expression =
  | Literal
  | Parameter
  | ColumnReference
  | FieldAccess
  | Subscript
  | Slice
  | Unary
  | Binary
  | Logical
  | IsNull
  | IsTruth
  | IsDistinct
  | InList
  | InQuery
  | Between
  | Like
  | Quantified
  | Case
  | Cast
  | AtTimeZone
  | Extract
  | Position
  | Trim
  | ArrayConstructor
  | RowConstructor
  | StructConstructor
  | Call
  | Exists
  | ScalarSubquery

/** `$1` has index 1 and no name, `:name` has a name and no index. */
export interface Parameter {
  readonly kind: 'parameter'
  readonly span: Span
  readonly index: number | null
  readonly name: string | null
}

/**
 * A dotted chain of names: `price`, `t.price`, `window.start`, `payload.data.items`. Which parts name a table, which
 * the column and which fields inside it, is the binder's question. `path` is never empty.
 */
export interface ColumnReference {
  readonly kind: 'column'
  readonly span: Span
  readonly path: readonly Identifier[]
}

/** `.field` after anything but a chain of names: `(row).a`, `f(x).b`, `items[1].price`. */
export interface FieldAccess {
  readonly kind: 'field'
  readonly span: Span
  readonly operand: Expression
  readonly field: Identifier
}

export interface Subscript {
  readonly kind: 'subscript'
  readonly span: Span
  readonly operand: Expression
  readonly index: Expression
}

/** `a[from:to]`, both ends included, either may be missing. */
export interface Slice {
  readonly kind: 'slice'
  readonly span: Span
  readonly operand: Expression
  readonly from: Expression | null
  readonly to: Expression | null
}

export type UnaryOperator = 'NOT' | '-' | '+' | '~'

export interface Unary {
  readonly kind: 'unary'
  readonly span: Span
  readonly operator: UnaryOperator
  readonly operand: Expression
}

/** `!=` is kept as `<>`, `==` as `=`. `->`, `->>` and `?` take a JSON value at the left. */
export type BinaryOperator =
  | ComparisonOperator
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '||'
  | '&'
  | '|'
  | '#'
  | '<<'
  | '>>'
  | '->'
  | '->>'
  | '?'
  | '~'
  | '~*'
  | '!~'
  | '!~*'

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>='

export interface Binary {
  readonly kind: 'binary'
  readonly span: Span
  readonly operator: BinaryOperator
  /** Where the operator stands, for messages about its operands. */
  readonly operatorSpan: Span
  readonly left: Expression
  readonly right: Expression
}

/** A whole chain of AND or of OR, at least two operands: long conditions are flat, not deep. */
export interface Logical {
  readonly kind: 'logical'
  readonly span: Span
  readonly operator: 'AND' | 'OR'
  readonly operands: readonly Expression[]
}

export interface IsNull {
  readonly kind: 'is-null'
  readonly span: Span
  readonly operand: Expression
  readonly negated: boolean
}

export interface IsTruth {
  readonly kind: 'is-truth'
  readonly span: Span
  readonly operand: Expression
  readonly value: 'TRUE' | 'FALSE' | 'UNKNOWN'
  readonly negated: boolean
}

/** `a IS [NOT] DISTINCT FROM b`; `negated` means NOT. */
export interface IsDistinct {
  readonly kind: 'is-distinct'
  readonly span: Span
  readonly left: Expression
  readonly right: Expression
  readonly negated: boolean
}

export interface InList {
  readonly kind: 'in-list'
  readonly span: Span
  readonly operand: Expression
  /** Never empty. */
  readonly list: readonly Expression[]
  readonly negated: boolean
}

export interface InQuery {
  readonly kind: 'in-query'
  readonly span: Span
  readonly operand: Expression
  readonly query: Query
  readonly negated: boolean
}

export interface Between {
  readonly kind: 'between'
  readonly span: Span
  readonly operand: Expression
  readonly low: Expression
  readonly high: Expression
  readonly symmetric: boolean
  readonly negated: boolean
}

export interface Like {
  readonly kind: 'like'
  readonly span: Span
  readonly operator: 'LIKE' | 'ILIKE' | 'SIMILAR TO'
  readonly operand: Expression
  readonly pattern: Expression
  readonly escape: Expression | null
  readonly negated: boolean
}

/** `x = ANY (array or query)`, `x > ALL (...)`; SOME is kept as ANY. */
export interface Quantified {
  readonly kind: 'quantified'
  readonly span: Span
  readonly operator: ComparisonOperator
  readonly operatorSpan: Span
  readonly quantifier: 'ANY' | 'ALL'
  readonly left: Expression
  readonly right: Expression | Query
}

export interface Case {
  readonly kind: 'case'
  readonly span: Span
  /** `CASE x WHEN 1 ...` has x here; `CASE WHEN x = 1 ...` has none. */
  readonly operand: Expression | null
  /** Never empty. */
  readonly branches: readonly CaseBranch[]
  readonly otherwise: Expression | null
}

export interface CaseBranch {
  readonly kind: 'case-branch'
  readonly span: Span
  readonly when: Expression
  readonly then: Expression
}

/** `CAST(x AS T)`, `x::T` and, with `safe`, `TRY_CAST(x AS T)`: NULL instead of an error. */
export interface Cast {
  readonly kind: 'cast'
  readonly span: Span
  readonly operand: Expression
  readonly type: TypeName
  readonly safe: boolean
}

export interface AtTimeZone {
  readonly kind: 'at-time-zone'
  readonly span: Span
  readonly operand: Expression
  readonly zone: Expression
}

/** `EXTRACT(field FROM source)`; `field` is as written: `year`, `'epoch'`. */
export interface Extract {
  readonly kind: 'extract'
  readonly span: Span
  readonly field: Identifier
  readonly source: Expression
}

/** `POSITION(needle IN haystack)`. */
export interface Position {
  readonly kind: 'position'
  readonly span: Span
  readonly needle: Expression
  readonly haystack: Expression
}

/** `TRIM([BOTH | LEADING | TRAILING] [characters] FROM x)`; `TRIM(x)` is a call. */
export interface Trim {
  readonly kind: 'trim'
  readonly span: Span
  readonly side: 'BOTH' | 'LEADING' | 'TRAILING'
  readonly characters: Expression | null
  readonly operand: Expression
}

/** `ARRAY[a, b]` or `[a, b]`. */
export interface ArrayConstructor {
  readonly kind: 'array'
  readonly span: Span
  readonly elements: readonly Expression[]
}

/** `ROW(a, b)` or `(a, b)`: fields without names. */
export interface RowConstructor {
  readonly kind: 'row'
  readonly span: Span
  readonly elements: readonly Expression[]
}

/** `STRUCT(a, b AS c)`; a field without `name` takes the name of the column it is. */
export interface StructConstructor {
  readonly kind: 'struct'
  readonly span: Span
  readonly fields: readonly StructField[]
}

export interface StructField {
  readonly kind: 'struct-field'
  readonly span: Span
  readonly value: Expression
  readonly name: Identifier | null
}

/** `NOT EXISTS` is NOT around this. */
export interface Exists {
  readonly kind: 'exists'
  readonly span: Span
  readonly query: Query
}

/** A query in parentheses where a value is wanted. */
export interface ScalarSubquery {
  readonly kind: 'subquery'
  readonly span: Span
  readonly query: Query
}
