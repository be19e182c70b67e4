import type { Option, OptionKey, OptionValue } from '../ast/index.ts'
import type { Token } from '../lex/index.ts'
import type { Cursor } from './cursor.ts'
import { parseIntervalLiteral, startsInterval } from './intervals.ts'

/** `(key = value, ...)`, at least one. */
export function parseOptions(c: Cursor): Option[] {
  return c.parenthesized((cursor) => parseOption(cursor))
}

export function parseOption(c: Cursor, separators: readonly string[] = []): Option {
  const { start } = c
  const key = parseOptionKey(c)
  if (!separators.some((word) => c.acceptWords(word)) && !c.acceptSymbol('==')) c.expectSymbol('=')
  const value = parseOptionValue(c)
  return { kind: 'option', span: c.spanFrom(start), key, value }
}

/** `format`, `json.timestamp_format`, `subscription_messages.0`, or any text in quotes. */
export function parseOptionKey(c: Cursor): OptionKey {
  const { start } = c
  if (c.is('string') || c.is('quoted')) {
    const { text } = c.advance()
    return { kind: 'option-key', span: c.spanFrom(start), text }
  }
  if (!c.is('word')) c.fail('the name of an option')
  const text = parseTouching(c)
  return { kind: 'option-key', span: c.spanFrom(start), text }
}

function parseOptionValue(c: Cursor): OptionValue {
  const { start, token } = c
  if (token.type === 'string') {
    const value = c.advance().text
    return { kind: 'string', span: c.spanFrom(start), value }
  }
  if (token.type === 'quoted') {
    const { text } = c.advance()
    return { kind: 'option-word', span: c.spanFrom(start), text }
  }
  if (startsInterval(c)) return parseIntervalLiteral(c)
  if (c.isSymbol('[') || (c.isWord('ARRAY') && c.isSymbol('[', 1))) return parseOptionList(c)
  const signed = c.isSymbol('-') || c.isSymbol('+') ? 1 : 0
  const next = c.peek(signed)
  if (next.type === 'number' && !(signed === 0 && touches(next, c.peek(1)))) {
    const sign = signed === 1 && c.advance().text === '-' ? '-' : ''
    const text = sign + c.advance().text
    return { kind: 'number', span: c.spanFrom(start), text }
  }
  if (token.type !== 'word' && token.type !== 'number') c.fail('the value of an option')
  const text = parseTouching(c)
  const span = c.spanFrom(start)
  const upper = text.toUpperCase()
  if (upper === 'TRUE' || upper === 'FALSE') return { kind: 'boolean', span, value: upper === 'TRUE' }
  return { kind: 'option-word', span, text }
}

function parseOptionList(c: Cursor): OptionValue {
  const { start } = c
  const outer = c.enter()
  c.acceptWords('ARRAY')
  c.expectSymbol('[')
  const values = c.isSymbol(']') ? [] : c.list(parseOptionValue)
  c.closeList(']')
  c.leave(outer)
  return { kind: 'option-list', span: c.spanFrom(start), values }
}

/**
 * The text of a word or number and of the words, numbers, dots and dashes that follow without blanks: `json.format`,
 * `30s`, `at-least-once`.
 */
function parseTouching(c: Cursor): string {
  const { start } = c
  let last = c.advance()
  while (touches(last, c.token)) last = c.advance()
  return c.slice({ start, end: last.end })
}

function touches(last: Token, next: Token): boolean {
  if (next.start !== last.end) return false
  return (
    next.type === 'word' ||
    next.type === 'number' ||
    (next.type === 'symbol' && (next.text === '.' || next.text === '-'))
  )
}
