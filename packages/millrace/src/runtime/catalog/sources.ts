import { MillraceError, type Span } from '../../kernel/index.ts'
import { parseScript, STANDARD, type Statement } from '../../sql/index.ts'
import type { ScriptSource } from '../script.ts'

export interface PlacedError {
  readonly source: ScriptSource
  readonly error: MillraceError
}

/** Between two texts: a statement does not go on from one into the next. */
const SEPARATOR = '\n;\n'

/** Several texts read as one, so that a place says which of them it is in. */
export class SourceTexts {
  readonly text: string
  readonly #sources: readonly ScriptSource[]
  readonly #starts: readonly number[]

  /** Never empty. */
  constructor(sources: readonly ScriptSource[]) {
    this.#sources = sources
    this.text = sources.map(({ text }) => text).join(SEPARATOR)
    let end = 0
    this.#starts = sources.map(({ text }) => {
      const start = end
      end += text.length + SEPARATOR.length
      return start
    })
  }

  parse(): { readonly statements: readonly Statement[]; readonly errors: readonly MillraceError[] } {
    return parseScript(this.text, STANDARD)
  }

  /** The index of the text a place is in. */
  indexOf(span: Span | undefined): number {
    const at = span?.start ?? 0
    return Math.max(0, this.#starts.findLastIndex((start) => start <= at))
  }

  /** Where a text begins. */
  startOf(index: number): number {
    return this.#starts[index] ?? 0
  }

  /** The error at its place in the text it is of; without a place it is of the last text. */
  placed(error: MillraceError): PlacedError {
    if (error.span === undefined) return { source: this.#sources.at(-1)!, error }
    const index = this.indexOf(error.span)
    const shift = this.startOf(index)
    const { code, message, detail, hint, cause } = error
    const span = { start: error.span.start - shift, end: error.span.end - shift }
    return { source: this.#sources[index]!, error: new MillraceError(code, message, { detail, hint, cause, span }) }
  }
}

/** In the order of the text, what is said twice of one place once. */
export function distinctErrors(errors: readonly MillraceError[]): readonly MillraceError[] {
  const seen = new Set<string>()
  return errors
    .filter(({ code, message, span }) => {
      const key = `${code}:${message}:${span?.start ?? ''}`
      return !seen.has(key) && seen.add(key)
    })
    .sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0))
}
