import { MillraceError } from '../../kernel/index.ts'
import type { StructTypeField, TypeModifier, TypeName } from '../ast/index.ts'
import type { Cursor } from './cursor.ts'
import { isName, parseLabel } from './names.ts'

/** Type names of two words. */
const TWO_WORDS: Readonly<Record<string, string>> = { DOUBLE: 'PRECISION', CHARACTER: 'VARYING', CHAR: 'VARYING' }

/** A type as written: `DECIMAL(10, 2)`, `DOUBLE PRECISION`, `STRUCT<a INT, b TEXT[]>`. */
export function parseType(c: Cursor): TypeName {
  const { start } = c
  const outer = c.enter()
  let type = parseElementType(c)
  c.grow()
  while (c.isSymbol('[') && c.isSymbol(']', 1)) {
    c.advance()
    c.advance()
    type = { kind: 'array-type', span: c.spanFrom(start), element: type }
    c.grow()
  }
  c.leave(outer)
  return type
}

function parseElementType(c: Cursor): TypeName {
  const { start } = c
  if (!c.is('word') || !isName(c)) c.fail('a type')
  const word = c.advance().upper
  if (word === 'ARRAY' && c.acceptSymbol('<')) {
    const element = parseType(c)
    c.closeList('>')
    return { kind: 'array-type', span: c.spanFrom(start), element }
  }
  if ((word === 'STRUCT' || word === 'ROW') && (c.isSymbol('<') || c.isSymbol('('))) {
    const close = c.advance().text === '<' ? '>' : ')'
    const fields = c.list(parseField)
    c.closeList(close)
    return { kind: 'struct-type', span: c.spanFrom(start), fields }
  }
  if (word === 'MAP' && c.acceptSymbol('<')) {
    const key = parseType(c)
    c.expectSymbol(',')
    const value = parseType(c)
    c.expectSymbol('>')
    return { kind: 'map-type', span: c.spanFrom(start), key, value }
  }
  const second = TWO_WORDS[word]
  const name = second !== undefined && c.acceptWords(second) ? `${word} ${second}` : word
  const parameters = c.isSymbol('(') ? c.parenthesized(parseParameter) : []
  const modifier = parseModifier(c, word)
  return { kind: 'scalar-type', span: c.spanFrom(start), name, parameters, modifier }
}

/** `name TYPE`, `name: TYPE`, each with or without NOT NULL. */
function parseField(c: Cursor): StructTypeField {
  const { start } = c
  const name = parseLabel(c, 'the name of a field')
  c.acceptSymbol(':')
  const type = parseType(c)
  const notNull = c.acceptWords('NOT', 'NULL')
  if (!notNull) c.acceptWords('NULL')
  return { kind: 'struct-type-field', span: c.spanFrom(start), name, type, notNull }
}

function parseParameter(c: Cursor): number {
  const token = c.expect('number', 'a whole number')
  if (/^\d{1,9}$/.test(token.text)) return Number(token.text)
  throw new MillraceError('SQL_SYNTAX', `expected a whole number, found the number ${token.text}`, {
    span: { start: token.start, end: token.end },
  })
}

function parseModifier(c: Cursor, word: string): TypeModifier | null {
  if (c.acceptWords('UNSIGNED')) return 'UNSIGNED'
  if (word !== 'TIMESTAMP' && word !== 'TIME') return null
  if (c.acceptWords('WITH', 'TIME', 'ZONE') || c.acceptWords('WITH', 'LOCAL', 'TIME', 'ZONE')) return 'WITH TIME ZONE'
  return c.acceptWords('WITHOUT', 'TIME', 'ZONE') ? 'WITHOUT TIME ZONE' : null
}
