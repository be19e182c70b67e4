import type { DataType } from '../kernel/index.ts'

/**
 * What the binder asks about functions. The registry implements it; the binder knows no function by itself.
 * Operators are functions too: `+ - * / % || = <> < <= > >= -> ->> ? LIKE ILIKE ~` and unary minus are looked up as `add subtract
 * multiply divide modulo || eq ne lt le gt ge json_get json_as_text json_contains like ilike regexp_like negate`.
 */
export interface FunctionCatalog {
  /** By any of its names, case-insensitively. */
  scalar(name: string): ScalarSignature | undefined
  aggregate(name: string): AggregateSignature | undefined
  /** Every name and alias, for suggestions. */
  names(): Iterable<string>
}

export type Resolution =
  /** Arguments are cast to `args` (same length as given), the result has type `returns`. */
  | { readonly kind: 'ok'; readonly args: readonly DataType[]; readonly returns: DataType }
  /** A sentence fragment: `takes TEXT, not BIGINT`; the binder names the function and the place. */
  | { readonly kind: 'error'; readonly message: string; readonly hint?: string }

export interface ScalarSignature {
  readonly name: string
  /** A result that depends on the step (now(), random()) and must not be folded at plan time. */
  readonly volatile: boolean
  resolve(args: readonly DataType[]): Resolution
}

export interface AggregateSignature {
  readonly name: string
  /** Whether `ORDER BY` inside the call changes the result. */
  readonly ordered: boolean
  /** What WITHIN GROUP (ORDER BY x) says: the first argument, or in which order rows count. Absent: it has no meaning. */
  readonly withinGroup?: 'argument' | 'order'
  /** Whether rows can be taken back, as a changelog does. Absent: no. */
  readonly retractable?: boolean
  resolve(args: readonly DataType[]): Resolution
}
