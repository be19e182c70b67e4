import { MillraceError } from '../kernel/index.ts'

/** The value of a variable, or undefined when it is not set or not allowed here. */
export type VariableLookup = (name: string) => string | undefined

const TEMPLATE = /\{\{\s*(\w+)\s*\}\}/g

/**
 * Fills `{{ NAME }}` in connector options. Values go to the connector and nowhere else: every value handed out is remembered, so that
 * `redact` can take it out of any text that is about to be shown.
 */
export class Templates {
  readonly #lookup: VariableLookup
  readonly #handedOut = new Map<string, string>()

  constructor(lookup: VariableLookup) {
    this.#lookup = lookup
  }

  /** Throws CONFIG_VARIABLE_MISSING naming every missing variable. `escape` is applied to each value, not to the text around it. */
  resolve(text: string, escape: (value: string) => string = (value) => value): string {
    const missing = templateNames(text).filter((name) => this.#lookup(name) === undefined)
    if (missing.length > 0) throw missingVariables(missing)
    return text.replace(TEMPLATE, (_, name: string) => {
      const value = this.#lookup(name)!
      if (value !== '') {
        this.#handedOut.set(value, name)
        this.#handedOut.set(escape(value), name)
      }
      return escape(value)
    })
  }

  /** The text with every value handed out replaced by its template. */
  redact(text: string): string {
    let shown = text
    const longestFirst = [...this.#handedOut].sort((a, b) => b[0].length - a[0].length)
    for (const [value, name] of longestFirst) {
      shown = shown.replaceAll(value, `{{ ${name} }}`)
      const encoded = encodeURIComponent(value)
      if (encoded !== value) shown = shown.replaceAll(encoded, `{{ ${name} }}`)
    }
    return shown
  }

  redactError(error: MillraceError): MillraceError {
    const redact = (text: string | undefined) => (text === undefined ? undefined : this.redact(text))
    const message = this.redact(error.message)
    const detail = redact(error.detail)
    const hint = redact(error.hint)
    if (message === error.message && detail === error.detail && hint === error.hint) return error
    return new MillraceError(error.code, message, { detail, hint, span: error.span })
  }
}

export function templateNames(text: string): string[] {
  return [...new Set([...text.matchAll(TEMPLATE)].map((m) => m[1]!))]
}

export function missingVariables(names: readonly string[]): MillraceError {
  const list = names.map((name) => `"${name}"`).join(', ')
  return new MillraceError('CONFIG_VARIABLE_MISSING', `environment variable ${list} is not set`, {
    hint: `Set it before starting, e.g. ${names[0]}=... millrace run FILE.sql`,
  })
}
