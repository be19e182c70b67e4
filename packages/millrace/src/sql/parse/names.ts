import { MillraceError } from '../../kernel/index.ts'
import type { Identifier, ObjectName } from '../ast/index.ts'
import type { Token } from '../lex/index.ts'
import type { Cursor } from './cursor.ts'
import { RESERVED } from './words.ts'

function identifier(token: Token): Identifier {
  const { start, end } = token
  return { kind: 'identifier', span: { start, end }, name: token.text, quoted: token.type === 'quoted' }
}

/** Whether a name that is not reserved stands at the cursor. */
export function isName(c: Cursor, ahead = 0): boolean {
  const token = c.peek(ahead)
  return token.type === 'quoted' || (token.type === 'word' && !RESERVED.has(token.upper))
}

/** A name where a keyword could stand too: reserved words need quotes. */
export function parseName(c: Cursor, what = 'a name'): Identifier {
  if (isName(c)) return identifier(c.advance())
  if (!c.is('word')) return c.fail(what)
  const { start, end, text } = c.token
  throw new MillraceError('SQL_SYNTAX', `expected ${what}, found the reserved word "${text}"`, {
    span: { start, end },
    hint: looksLikeName(c)
      ? `Quote it if it is a name: ${quote(text, c)}.`
      : c.follows(',')
        ? 'Remove the comma before it.'
        : undefined,
  })
}

/** Whether the reserved word at the cursor stands where a clause could not. */
function looksLikeName(c: Cursor): boolean {
  const next = c.peek(1)
  return (
    next.type === 'end' ||
    (next.type === 'symbol' && next.text !== '(') ||
    (next.type === 'word' && RESERVED.has(next.upper))
  )
}

function quote(text: string, c: Cursor): string {
  const mark = c.dialect.identifierQuotes[0] ?? ''
  return mark + text + mark
}

/** A name where no keyword can stand: any word will do. */
export function parseLabel(c: Cursor, what = 'a name'): Identifier {
  return c.is('word') || c.is('quoted') ? identifier(c.advance()) : c.fail(what)
}

/** `a.b.c`: a reserved word only after a dot. */
export function parseObjectName(c: Cursor, what = 'a name'): ObjectName {
  const { start } = c
  const parts = [parseName(c, what)]
  while (c.acceptSymbol('.')) parts.push(parseLabel(c))
  return { kind: 'object-name', span: c.spanFrom(start), parts }
}

/** The name of a table, view or topic. Where the dialect has bare dashes, `cc-payments` is one (quoted) name. */
export function parseTableName(c: Cursor, what = 'the name of a table'): ObjectName {
  const { start } = c
  if (!c.dialect.bareDashes) {
    const name = parseObjectName(c, what)
    refuseDash(c, name)
    return name
  }
  const parts = [joinDashes(c, parseName(c, what))]
  while (c.acceptSymbol('.')) parts.push(joinDashes(c, parseLabel(c)))
  return { kind: 'object-name', span: c.spanFrom(start), parts }
}

/** A bare dash in a name is refused with advice where the dialect has none. */
function refuseDash(c: Cursor, name: ObjectName): void {
  const { start, end } = c.token
  const next = c.peek(1)
  if (!c.isSymbol('-') || start !== name.span.end || next.start !== end || next.type !== 'word') return
  const whole = c.slice({ start: name.parts.at(-1)!.span.start, end: next.end })
  throw new MillraceError('SQL_SYNTAX', 'expected a name without "-"', {
    span: { start, end },
    hint: `Quote a name that contains dashes: ${quote(whole, c)}.`,
  })
}

/** Adds the `-word` and `-2` that touch an unquoted name. */
function joinDashes(c: Cursor, first: Identifier): Identifier {
  let end = first.span.end
  while (
    !first.quoted &&
    c.isSymbol('-') &&
    c.start === end &&
    c.peek(1).start === end + 1 &&
    (c.is('word', 1) || c.is('number', 1))
  ) {
    c.advance()
    end = c.advance().end
    // `2-payments` and `2b` are a number and a word to the lexer
    while (c.start === end && (c.is('word') || c.is('number'))) end = c.advance().end
  }
  if (end === first.span.end) return first
  const span = { start: first.span.start, end }
  return { kind: 'identifier', span, name: c.slice(span), quoted: true }
}
