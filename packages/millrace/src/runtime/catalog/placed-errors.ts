import { MillraceError } from '../../kernel/index.ts'
import type { PlacedError } from './sources.ts'

/** All that is wrong with statements, each in its text. The message, code and exit are those of the first. */
export class StatementErrors extends MillraceError {
  readonly errors: readonly PlacedError[]

  /** `errors` is never empty. */
  constructor(errors: readonly PlacedError[]) {
    const { code, message, detail, hint } = errors[0]!.error
    super(code, message, { detail, hint })
    this.errors = errors
  }
}
