import { BOOLEAN, TEXT } from '../../kernel/index.ts'
import { example, type Implementation, rowError, scalar, type ScalarFunction } from './definition.ts'
import { overloads } from './signature.ts'

export type TextTest = (text: string) => boolean

/** A character of a pattern: a code point, or null for any one (`_`). */
type Part = readonly (string | null)[]

/**
 * A LIKE pattern as a test: `%` stands for any text, `_` for one character, the escape character makes the next one
 * plain. The parts between `%` are searched one after the other, each as far left as it goes, so nothing is ever tried
 * twice.
 */
export function likeTest(pattern: string, escape = '\\'): TextTest {
  const parts = splitPattern(pattern, escape)
  const plain = parts.every((part) => !part.includes(null))
  return plain ? plainTest(parts.map((part) => part.join(''))) : characterTest(parts)
}

function splitPattern(pattern: string, escape: string): readonly Part[] {
  const parts: (string | null)[][] = [[]]
  const points = [...pattern]
  for (let i = 0; i < points.length; i++) {
    const c = points[i]!
    const part = parts.at(-1)!
    if (c === escape) {
      const next = points[++i]
      if (next === undefined) throw rowError('a LIKE pattern must not end with its escape character')
      part.push(next)
    } else if (c === '%') parts.push([])
    else part.push(c === '_' ? null : c)
  }
  return parts
}

/** Literal text of the pattern's parts, when it has no `_`. */
function plainTest(parts: readonly string[]): TextTest {
  const first = parts[0]!
  if (parts.length === 1) return (text) => text === first
  const last = parts.at(-1)!
  const middle = parts.slice(1, -1).filter((part) => part !== '')
  if (middle.length === 0 && last === '') return (text) => text.startsWith(first)
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const part of middle) {
      const found = text.indexOf(part, at)
      if (found === -1) return false
      at = found + part.length
    }
    return at <= text.length - last.length
  }
}

function characterTest(parts: readonly Part[]): TextTest {
  const first = parts[0]!
  const last = parts.at(-1)!
  const middle = parts.slice(1, -1)
  return (text) => {
    const points = [...text]
    if (parts.length === 1) return points.length === first.length && matchesAt(points, first, 0)
    if (points.length < first.length + last.length) return false
    if (!matchesAt(points, first, 0) || !matchesAt(points, last, points.length - last.length)) return false
    let at = first.length
    const end = points.length - last.length
    for (const part of middle) {
      while (at + part.length <= end && !matchesAt(points, part, at)) at++
      if (at + part.length > end) return false
      at += part.length
    }
    return true
  }
}

function matchesAt(points: readonly string[], part: Part, at: number): boolean {
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== null && part[i] !== points[at + i]) return false
  }
  return true
}

/** Remembers the pattern of the last row: patterns are nearly always literals. */
function like(fold: (text: string) => string): () => Implementation {
  return () => {
    let pattern: string | undefined
    let escape: string | undefined
    let test: TextTest = () => false
    return (args) => {
      const givenEscape = args[2] as string | undefined
      if (args[1] !== pattern || givenEscape !== escape) {
        if (givenEscape !== undefined && [...givenEscape].length > 1) throw rowError('ESCAPE takes one character')
        test = likeTest(fold(args[1] as string), givenEscape)
        pattern = args[1] as string
        escape = givenEscape
      }
      return test(fold(args[0] as string))
    }
  }
}

const likeSignature = overloads({ args: [TEXT, TEXT, TEXT], optional: 1, returns: BOOLEAN })

/** A test of the text against a literal pattern, as code, where it comes to a built-in; undefined otherwise. */
export function inlineLike(text: string, pattern: string): string | undefined {
  const parts = splitPattern(pattern, '\\')
  if (parts.some((part) => part.includes(null))) return undefined
  const words = parts.map((part) => JSON.stringify(part.join('')))
  if (words.length === 1) return `${text} === ${words[0]}`
  if (words.length === 2 && words[1] === '""') return `${text}.startsWith(${words[0]})`
  if (words.length === 2 && words[0] === '""') return `${text}.endsWith(${words[1]})`
  return words.length === 3 && words[0] === '""' && words[2] === '""' ? `${text}.includes(${words[1]})` : undefined
}

export const LIKE: readonly ScalarFunction[] = [
  scalar('like', {
    doc: 'Whether a text fits a pattern: % stands for any text, _ for one character, \\ makes the next character plain.',
    examples: [
      example("'BTC-USD' LIKE 'BTC-%'", 'true'),
      example("'BTC-USD' LIKE '___-USD'", 'true'),
      example("'100%' LIKE '100\\%'", 'true'),
    ],
    resolve: likeSignature,
    implement: like((t) => t),
    inline: ([a, b]) =>
      b?.startsWith('"') === true && !b.endsWith('\\\\"') ? inlineLike(a!, JSON.parse(b) as string) : undefined,
  }),
  scalar('ilike', {
    doc: 'As LIKE, without regard to case.',
    examples: [example("'BTC-USD' ILIKE 'btc%'", 'true')],
    resolve: likeSignature,
    implement: like((t) => t.toLowerCase()),
  }),
]
