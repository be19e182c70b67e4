import { ERROR_CODES, type ErrorCode, type ErrorCodeEntry } from './error-codes.ts'
import { lineColumn, type Span } from './span.ts'

export interface ErrorFields {
  /** Sentences: more about what happened. */
  readonly detail?: string | undefined
  /** A sentence: what to do about it. */
  readonly hint?: string | undefined
  readonly span?: Span | undefined
  readonly cause?: unknown
}

const BRAND: unique symbol = Symbol.for('millrace.error')

/**
 * The one error class. `message` is the primary line: lower case, no full stop, names the object concerned.
 * Secrets never enter any field.
 */
export class MillraceError extends Error {
  readonly [BRAND] = true
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly hint: string | undefined
  readonly span: Span | undefined

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.name = 'MillraceError'
    this.code = code
    this.detail = fields.detail
    this.hint = fields.hint
    this.span = fields.span
  }

  get entry(): ErrorCodeEntry {
    return ERROR_CODES[this.code]
  }

  /** The same error at a place in the source text; one that has a place keeps it. */
  at(span: Span | undefined): MillraceError {
    if (span === undefined || this.span !== undefined) return this
    const { code, message, detail, hint, cause } = this
    return new MillraceError(code, message, { detail, hint, cause, span })
  }

  static is(error: unknown): error is MillraceError {
    return typeof error === 'object' && error !== null && BRAND in error
  }

  /** Any thrown value as a MillraceError; foreign ones become INTERNAL. */
  static from(error: unknown): MillraceError {
    if (MillraceError.is(error)) return error
    const message = error instanceof Error ? error.message : String(error)
    return new MillraceError('INTERNAL', message, { cause: error })
  }
}

/** Several errors found in one pass, e.g. by `check`. `errors` is never empty. */
export class MillraceErrors extends AggregateError {
  declare readonly errors: MillraceError[]

  constructor(errors: readonly MillraceError[]) {
    super(errors, errors.map((e) => e.message).join('\n'))
    this.name = 'MillraceErrors'
  }
}

export function errorList(error: unknown): readonly MillraceError[] {
  return error instanceof MillraceErrors ? error.errors : [MillraceError.from(error)]
}

/** Programmer errors only: no input of a user may reach a failing assertion. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MillraceError('INTERNAL', message)
}

export function unreachable(value: never): never {
  throw new MillraceError('INTERNAL', `unreachable value ${JSON.stringify(value)}`)
}

/** `file:line:column: error CODE: message`, the source line, a caret, detail and hint. */
export function formatError(error: MillraceError, source?: { readonly name: string; readonly text: string }): string {
  const lines: string[] = []
  if (source !== undefined && error.span !== undefined) {
    const at = lineColumn(source.text, error.span.start)
    lines.push(`${source.name}:${at.line}:${at.column}: error: ${error.message} [${error.code}]`)
    const text = source.text.split('\n')[at.line - 1]?.replace(/\r$/, '') ?? ''
    const marked = source.text.slice(error.span.start, error.span.end).split(/\r?\n/)[0] ?? ''
    const shown = window(text, at.column - 1, Math.max(1, [...marked].length))
    const gutter = String(at.line)
    lines.push(` ${gutter} | ${shown.text}`)
    lines.push(` ${' '.repeat(gutter.length)} | ${' '.repeat(shown.caret)}${'^'.repeat(shown.width)}`)
  } else {
    lines.push(`${source === undefined ? '' : `${source.name}: `}error: ${error.message} [${error.code}]`)
  }
  if (error.detail !== undefined) lines.push(`detail: ${error.detail}`)
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`)
  return lines.join('\n')
}

const SHOWN_COLUMNS = 120

function window(line: string, column: number, width: number): { text: string; caret: number; width: number } {
  const points = [...line.replaceAll('\t', ' ')]
  const from = points.length <= SHOWN_COLUMNS ? 0 : Math.max(0, Math.min(column - 40, points.length - SHOWN_COLUMNS))
  const text = points.slice(from, from + SHOWN_COLUMNS).join('')
  return { text, caret: column - from, width: Math.max(1, Math.min(width, SHOWN_COLUMNS - (column - from))) }
}
