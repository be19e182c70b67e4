import { TEMPLATE, templateNames } from '../connectors/index.ts'
import { MillraceError } from '../kernel/index.ts'
import { redact } from './redact.ts'

/** The value of a variable, or undefined when it is not set or not allowed here. */
export type VariableLookup = (name: string) => string | undefined

/**
 * Fills `{{ NAME }}` in connector options. Values go to the connector and nowhere else: every value handed out is remembered, so that
 * `redact` can take it out of any text that is about to be shown.
 */
export class Templates {
  readonly #lookup: VariableLookup
  /** Value to template. */
  readonly #handedOut = new Map<string, string>()

  constructor(lookup: VariableLookup) {
    this.#lookup = lookup
  }

  has(name: string): boolean {
    return this.#lookup(name) !== undefined
  }

  /** Throws CONFIG_VARIABLE_MISSING naming every missing variable. `escape` is applied to each value, not to the text around it. */
  resolve(text: string, escape: (value: string) => string = (value) => value): string {
    const missing = templateNames(text).filter((name) => !this.has(name))
    if (missing.length > 0) throw variablesMissing(missing)
    return text.replace(TEMPLATE, (_, name: string) => {
      const value = this.#lookup(name)!
      this.#handedOut.set(value, `{{ ${name} }}`)
      return escape(value)
    })
  }

  /** The text with every value handed out replaced by its template. */
  redact(text: string): string {
    return redact(text, this.#handedOut)
  }

  redactError(error: MillraceError): MillraceError {
    const shown = (text: string | undefined) => (text === undefined ? undefined : this.redact(text))
    const message = this.redact(error.message)
    const detail = shown(error.detail)
    const hint = shown(error.hint)
    if (message === error.message && detail === error.detail && hint === error.hint) return error
    return new MillraceError(error.code, message, { detail, hint, span: error.span })
  }
}

export function variablesMissing(names: readonly string[]): MillraceError {
  const list = names.map((name) => `"${name}"`).join(', ')
  const what = names.length === 1 ? `environment variable ${list} is` : `environment variables ${list} are`
  return new MillraceError('CONFIG_VARIABLE_MISSING', `${what} not set`, {
    hint: `Set ${names.length === 1 ? 'it' : 'them'} before starting, like ${names[0]}=... millrace run FILE.sql`,
  })
}
