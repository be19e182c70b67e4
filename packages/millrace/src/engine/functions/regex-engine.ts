import { createRequire } from 'node:module'
import type { RE2 } from 're2-wasm'
import { codePointIndex, codePointSlice, isPlain } from './code-points.ts'
import { rowError, shown } from './definition.ts'

export interface RegexMatch {
  /** UTF-16 offsets in the text. */
  readonly start: number
  readonly end: number
  /** The whole match, then the groups; undefined where a group took no part. */
  readonly groups: readonly (string | undefined)[]
}

export interface Regex {
  readonly groupCount: number
  test(text: string): boolean
  /** The first match that starts at `from` or later. */
  match(text: string, from: number): RegexMatch | undefined
}

/**
 * What all matches in one text may cost together, in characters looked at: each search is linear in the length of the
 * text.
 */
const MAX_WORK = 200_000_000

/** Every match that does not overlap the one before, from the left. */
export function* matches(regex: Regex, text: string): Generator<RegexMatch> {
  let work = 0
  for (let from = 0; from <= text.length; ) {
    work += text.length
    if (work > MAX_WORK) throw rowError('the text is too long for so many matches of a regular expression')
    const found = regex.match(text, from)
    if (found === undefined) return
    yield found
    from = found.end > found.start ? found.end : found.end + ((text.codePointAt(found.end) ?? 0) > 0xffff ? 2 : 1)
  }
}

/** Compiled expressions kept for the next call site or row that has the same one. */
const KEPT = 256

const kept = new Map<string, Regex>()

/**
 * A regular expression in RE2 syntax, which has no form that needs backtracking: time is linear in the text. Flags: i
 * (any case), m (^ and $ at lines), s (. takes newlines). Throws a row error for a faulty pattern.
 */
export function compileRegex(pattern: string, flags: string): Regex {
  const key = `${flags}/${pattern}`
  const regex = kept.get(key) ?? new CompiledRegex(pattern, flags)
  kept.delete(key)
  kept.set(key, regex)
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!)
  return regex
}

type Engine = new (pattern: string, flags: string) => RE2

let engine: Engine | undefined

/** Loaded when the first regular expression is met: most queries have none. */
function loadEngine(): Engine {
  engine ??= (createRequire(import.meta.url)('re2-wasm') as { readonly RE2: Engine }).RE2
  return engine
}

class CompiledRegex implements Regex {
  readonly #re2: RE2
  readonly groupCount: number

  constructor(pattern: string, flags: string) {
    try {
      const RE2 = loadEngine()
      this.#re2 = new RE2(pattern, `${flags}gu`)
      unreachableEngines.register(this, this.#re2)
      const counting = new RE2(`${pattern}|`, `${flags}u`)
      this.groupCount = (counting.exec('')?.length ?? 1) - 1
      release(counting)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      const reason = error.message.slice(error.message.lastIndexOf('u: ') + 3)
      throw rowError(
        `${shown(pattern)} is not a regular expression: ${reason}`,
        'The syntax is RE2: no lookaround and no backreferences.',
      )
    }
  }

  test(text: string): boolean {
    this.#re2.lastIndex = 0
    return this.#re2.test(wellFormed(text))
  }

  match(text: string, from: number): RegexMatch | undefined {
    const plain = isPlain(text)
    // The engine counts in code points.
    this.#re2.lastIndex = plain ? from : codePointIndex(text, from)
    const found = this.#re2.exec(plain ? text : wellFormed(text))
    if (found === null) return undefined
    const start = plain ? found.index : codePointSlice(text, 0, found.index).length
    return { start, end: start + found[0]!.length, groups: [...found] }
  }
}

/** The engine's objects live outside the JavaScript heap and must be freed by hand. */
const unreachableEngines = new FinalizationRegistry<RE2>(release)

function release(regex: RE2): void {
  const { wrapper } = regex as unknown as { readonly wrapper: { delete(): void } }
  wrapper.delete()
}

/** Halves of surrogate pairs become U+FFFD, which is as long. */
function wellFormed(text: string): string {
  return isPlain(text) ? text : Buffer.from(text).toString()
}
