import type { Column, MillraceError, RecordBatch, Schema } from '../../kernel/index.ts'
import type { Expr } from '../../plan/index.ts'
import type { StepContext } from '../operator.ts'

/**
 * Rows without result: division by zero, overflow, impossible casts. `rows` ascends; `errors[i]` belongs to `rows[i]`.
 */
export interface RowErrors {
  readonly rows: readonly number[]
  readonly errors: readonly MillraceError[]
}

export interface Evaluated {
  /** One per expression, each of the batch's length. At a row with an error the values are unspecified. */
  readonly columns: readonly Column[]
  /** Null: every row has a result. A row is listed once, with its first error. */
  readonly errors: RowErrors | null
}

export interface Selected {
  /** Ascending indexes of rows whose predicate is true: rows[0..count). Valid until the next call. */
  readonly rows: Int32Array
  readonly count: number
  readonly errors: RowErrors | null
}

export interface CompileOptions {
  readonly codegen: boolean
}

/**
 * Several expressions over one batch. Implemented by compile.ts; interpreter and generated code give equal results and
 * errors.
 */
export interface Projection {
  evaluate(batch: RecordBatch, step: StepContext): Evaluated
}
export interface Predicate {
  select(batch: RecordBatch, step: StepContext): Selected
}
export type CompileProjection = (exprs: readonly Expr[], input: Schema, options: CompileOptions) => Projection
export type CompilePredicate = (predicate: Expr, input: Schema, options: CompileOptions) => Predicate
