import { type DataType, MillraceError, type Value } from '../../kernel/index.ts'
import type { Resolution } from '../../plan/index.ts'
import type { StepContext } from '../operator.ts'

/**
 * Executed as a test and printed in the reference: `sql` gives a value whose text is `result` (NULL for none, `error`
 * for a row error).
 */
export interface FunctionExample {
  readonly sql: string
  readonly result: string
}

/** Gives the result for one row. Throws MillraceError DATA_EXPRESSION where there is none. */
export type Implementation = (args: readonly Value[], step: StepContext) => Value

/**
 * One function or operator: everything the binder, the interpreter, generated code and the documentation know about it.
 */
export interface ScalarFunction {
  readonly name: string
  readonly aliases: readonly string[]
  /** One line for SHOW FUNCTIONS and the reference page. */
  readonly doc: string
  readonly examples: readonly FunctionExample[]
  /** The result depends on the step; never folded. */
  readonly volatile: boolean
  /** A NULL argument gives NULL, and `implement`'s result never sees one. */
  readonly strict: boolean
  resolve(args: readonly DataType[]): Resolution
  /** Called once per call site with the types `resolve` has chosen. */
  implement(args: readonly DataType[], returns: DataType): Implementation
  /**
   * A JavaScript expression over non-null operands (variables holding doubles, safe integers, strings or booleans; TEXT
   * literals are JSON strings) that equals the implementation wherever it is defined. For exact types an unsafe result
   * is recomputed by the interpreter, so it need not check overflow; it must not throw. Undefined: these types have no
   * generated form.
   */
  readonly inline?: (operands: readonly string[], args: readonly DataType[]) => string | undefined
}

export interface FunctionFamily {
  readonly title: string
  readonly functions: readonly ScalarFunction[]
}

type Optional = 'aliases' | 'volatile' | 'strict'

/** An entry with the usual defaults: no alias, not volatile, strict. */
export function scalar(
  name: string,
  entry: Omit<ScalarFunction, 'name' | Optional> & Partial<Pick<ScalarFunction, Optional>>,
): ScalarFunction {
  return { aliases: [], volatile: false, strict: true, ...entry, name }
}

export function example(sql: string, result: string): FunctionExample {
  return { sql, result }
}

/** The row has no result. Made without a stack trace, which would cost most of it: there may be one for every row. */
export function rowError(message: string, hint?: string): MillraceError {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return new MillraceError('DATA_EXPRESSION', message, { hint })
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Text in a message: quoted and short. */
export function shown(text: string): string {
  return text.length <= 60 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 57))}...`
}
