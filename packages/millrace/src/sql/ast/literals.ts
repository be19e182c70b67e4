import type { Interval, Span } from '../../kernel/index.ts'

export type Literal = NullLiteral | BooleanLiteral | NumberLiteral | StringLiteral | TypedLiteral | IntervalLiteral

export interface NullLiteral {
  readonly kind: 'null'
  readonly span: Span
}

export interface BooleanLiteral {
  readonly kind: 'boolean'
  readonly span: Span
  readonly value: boolean
}

/**
 * An unsigned number, its text as written without `_` separators: `12`, `.5`, `1e-3`, `0xFF`. A minus sign before a
 * number in an expression is a unary operator; in an option value it is part of the text.
 */
export interface NumberLiteral {
  readonly kind: 'number'
  readonly span: Span
  readonly text: string
}

/** `value` is the denoted text: doubled quotes, `E'...'` escapes and dollar quotes are resolved. */
export interface StringLiteral {
  readonly kind: 'string'
  readonly span: Span
  readonly value: string
}

/** `TIMESTAMP '2024-01-01 00:00:00'`; the text is not checked here. */
export interface TypedLiteral {
  readonly kind: 'typed-literal'
  readonly span: Span
  readonly type: 'TIMESTAMP' | 'DATE' | 'TIME' | 'JSON'
  readonly text: string
}

/**
 * `INTERVAL '5' MINUTE` has text `5` and unit `MINUTE`; `INTERVAL '1 hour 30 minutes'` has no unit.
 * `INTERVAL '1-2' YEAR TO MONTH` is kept as text `1 year 2 months`.
 */
export interface IntervalLiteral {
  readonly kind: 'interval'
  readonly span: Span
  readonly text: string
  /** Upper case, singular. */
  readonly unit: string | null
  /** What text and unit denote. */
  readonly value: Interval
}
