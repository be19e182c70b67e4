import { type ErrorCode, type ErrorFields, MillraceError, type Span } from '../../kernel/index.ts'

/** Something a script may do but probably did not mean. Message law as for errors. */
export interface PlanWarning {
  readonly message: string
  readonly hint?: string | undefined
  readonly span: Span
}

/** Collects what is wrong with a script, so that all of it can be said at once. */
export class Report {
  readonly #errors: MillraceError[] = []
  readonly #warnings: PlanWarning[] = []

  /** Returns undefined: what could not be bound, and is silent from here on. */
  error(code: ErrorCode, message: string, span: Span, fields: Omit<ErrorFields, 'span'> = {}): undefined {
    this.#errors.push(new MillraceError(code, message, { ...fields, span }))
  }

  unsupported(construct: string, span: Span, instead: string): undefined {
    this.error('SQL_UNSUPPORTED', `${construct} not supported yet`, span, { hint: instead })
  }

  add(errors: readonly MillraceError[]): void {
    this.#errors.push(...errors)
  }

  warn(message: string, span: Span, hint?: string): void {
    this.#warnings.push({ message, span, hint })
  }

  get failed(): boolean {
    return this.#errors.length > 0
  }

  /** In the order of the text; what is reported twice for one place appears once. */
  get errors(): MillraceError[] {
    const seen = new Set<string>()
    return this.#errors
      .filter((e) => {
        const key = `${e.code}:${e.message}:${e.span?.start ?? ''}`
        return !seen.has(key) && seen.add(key)
      })
      .sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0))
  }

  get warnings(): PlanWarning[] {
    return [...this.#warnings].sort((a, b) => a.span.start - b.span.start)
  }
}
