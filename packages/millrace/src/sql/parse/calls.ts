import type {
  Argument,
  Call,
  Descriptor,
  Expression,
  Identifier,
  ObjectName,
  TableArgument,
  Trim,
} from '../ast/index.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression, parseOperators } from './expressions.ts'
import { isName, parseLabel, parseName, parseTableName } from './names.ts'
import { PRECEDENCE } from './precedence.ts'
import { parseQuery } from './queries.ts'
import { parseOrderBy, parseOrderItems, parseOver } from './windows.ts'
import { startsQuery } from './words.ts'

/** `(arguments)` and all that may follow a call: WITHIN GROUP, FILTER, IGNORE NULLS, OVER. */
export function parseCall(c: Cursor, name: ObjectName, start: number): Call {
  c.expectSymbol('(')
  const distinct = c.acceptWords('DISTINCT')
  if (!distinct && startsAll(c)) c.advance()
  const list = c.isSymbol(')') && !distinct ? [] : c.list(parseArgument)
  const orderBy = parseOrderBy(c)
  c.closeList()
  return finishCall(c, { name, arguments: list, distinct, orderBy }, start)
}

/** `count(ALL x)` as opposed to a column of that name. */
function startsAll(c: Cursor): boolean {
  return c.isWord('ALL') && (!c.is('symbol', 1) || c.isSymbol('(', 1) || c.isSymbol(':', 1))
}

function finishCall(c: Cursor, head: Pick<Call, 'name' | 'arguments' | 'distinct' | 'orderBy'>, start: number): Call {
  let withinGroup: Call['withinGroup'] = []
  if (c.isWord('WITHIN') && c.isWord('GROUP', 1)) {
    c.expectWords('WITHIN', 'GROUP')
    c.expectSymbol('(')
    c.expectWords('ORDER', 'BY')
    withinGroup = parseOrderItems(c)
    c.closeList()
  }
  let filter: Expression | null = null
  if (c.isWord('FILTER') && c.isSymbol('(', 1)) {
    c.advance()
    c.expectSymbol('(')
    c.expectWords('WHERE')
    filter = parseExpression(c)
    c.expectSymbol(')')
  }
  const nulls = c.acceptWords('IGNORE', 'NULLS') ? 'IGNORE' : c.acceptWords('RESPECT', 'NULLS') ? 'RESPECT' : null
  const over = c.isWord('OVER') && (c.isSymbol('(', 1) || isName(c, 1)) ? parseOver(c) : null
  return { kind: 'call', span: c.spanFrom(start), ...head, withinGroup, filter, nulls, over }
}

function parseArgument(c: Cursor): Argument {
  const { start } = c
  let name: Identifier | null = null
  if ((c.is('word') || c.is('quoted')) && c.isSymbol('=>', 1)) {
    name = parseLabel(c)
    c.expectSymbol('=>')
  }
  const value = parseArgumentValue(c)
  return { kind: 'argument', span: c.spanFrom(start), name, value }
}

function parseArgumentValue(c: Cursor): Argument['value'] {
  const { start } = c
  if (c.acceptSymbol('*')) return { kind: 'star-argument', span: c.spanFrom(start) }
  if (c.isWord('TABLE') && (isName(c, 1) || (c.isSymbol('(', 1) && (startsQuery(c, 2) || c.isSymbol('(', 2)))))
    return parseTableArgument(c)
  if (c.isWord('DESCRIPTOR') && c.isSymbol('(', 1)) return parseDescriptor(c)
  return parseExpression(c)
}

function parseTableArgument(c: Cursor): TableArgument {
  const { start } = c
  c.expectWords('TABLE')
  if (!c.acceptSymbol('(')) {
    const source = parseTableName(c)
    return { kind: 'table-argument', span: c.spanFrom(start), source }
  }
  const source = parseQuery(c)
  c.expectSymbol(')')
  return { kind: 'table-argument', span: c.spanFrom(start), source }
}

function parseDescriptor(c: Cursor): Descriptor {
  const { start } = c
  c.expectWords('DESCRIPTOR')
  const columns = c.parenthesized((cursor) => parseLabel(cursor, 'the name of a column'))
  return { kind: 'descriptor', span: c.spanFrom(start), columns }
}

/** Calls with keywords between their arguments; undefined if this is none, then nothing has been read. */
export function parseSpecialCall(c: Cursor, start: number): Expression | undefined {
  switch (c.token.upper) {
    case 'EXTRACT':
      return (c.is('word', 2) || c.is('string', 2) || c.is('quoted', 2)) && c.isWord('FROM', 3)
        ? parseExtract(c, start)
        : undefined
    case 'POSITION':
      return parsePosition(c, start)
    case 'SUBSTRING':
      return parseKeywordArguments(c, start, 'FROM', 'FOR')
    case 'OVERLAY':
      return parseKeywordArguments(c, start, 'PLACING', 'FROM', 'FOR')
    case 'TRIM':
      return parseTrim(c, start)
    default:
      return undefined
  }
}

function parseExtract(c: Cursor, start: number): Expression {
  c.advance()
  c.expectSymbol('(')
  const { text, type, start: fieldStart } = c.advance()
  const field: Identifier = { kind: 'identifier', span: c.spanFrom(fieldStart), name: text, quoted: type !== 'word' }
  c.expectWords('FROM')
  const source = parseExpression(c)
  c.expectSymbol(')')
  return { kind: 'extract', span: c.spanFrom(start), field, source }
}

function parsePosition(c: Cursor, start: number): Expression {
  const name = callName(c)
  c.expectSymbol('(')
  if (c.isSymbol(')')) return finishCall(c, plainArguments(c, name, []), start)
  const firstStart = c.start
  const needle = parseExpression(c, PRECEDENCE.PREDICATE + 1)
  if (c.acceptWords('IN')) {
    const haystack = parseExpression(c)
    c.expectSymbol(')')
    return { kind: 'position', span: c.spanFrom(start), needle, haystack }
  }
  const first = parseOperators(c, needle, firstStart, 0)
  return finishCall(c, plainArguments(c, name, [first]), start)
}

/** `SUBSTRING(a FROM b FOR c)` as `SUBSTRING(a, b, c)`. Without FROM, FOR counts from 1. */
function parseKeywordArguments(c: Cursor, start: number, ...words: readonly string[]): Expression {
  const name = callName(c)
  c.expectSymbol('(')
  if (c.isSymbol(')')) return finishCall(c, plainArguments(c, name, []), start)
  const values = [parseExpression(c)]
  for (const word of words) {
    if (word === 'FROM' && c.isWord('FOR'))
      values.push({ kind: 'number', span: { start: c.start, end: c.start }, text: '1' })
    else if (c.acceptWords(word)) values.push(parseExpression(c))
    else break
  }
  return finishCall(c, plainArguments(c, name, values), start)
}

function parseTrim(c: Cursor, start: number): Expression {
  const name = callName(c)
  c.expectSymbol('(')
  // `trim(both)` and `trim(both || 'x')` are about a column of that name
  const isColumn = [')', ',', '.', '||', '::', '->', '->>'].some((symbol) => c.isSymbol(symbol, 1))
  const side = isColumn ? undefined : c.acceptOneOf('BOTH', 'LEADING', 'TRAILING')
  if (c.isSymbol(')')) return finishCall(c, plainArguments(c, name, []), start)
  if (side !== undefined && c.acceptWords('FROM')) return finishTrim(c, start, side, null)
  const first = parseExpression(c)
  if (c.acceptWords('FROM')) return finishTrim(c, start, side ?? 'BOTH', first)
  if (side === undefined) return finishCall(c, plainArguments(c, name, [first]), start)
  c.expectSymbol(')')
  return { kind: 'trim', span: c.spanFrom(start), side, characters: null, operand: first }
}

function finishTrim(c: Cursor, start: number, side: Trim['side'], characters: Expression | null): Trim {
  const operand = parseExpression(c)
  c.expectSymbol(')')
  return { kind: 'trim', span: c.spanFrom(start), side, characters, operand }
}

function callName(c: Cursor): ObjectName {
  const name = parseName(c)
  return { kind: 'object-name', span: name.span, parts: [name] }
}

/** The head of a call whose first arguments were read; reads the others and the closing parenthesis. */
function plainArguments(
  c: Cursor,
  name: ObjectName,
  values: readonly Expression[],
): Pick<Call, 'name' | 'arguments' | 'distinct' | 'orderBy'> {
  const list = values.map((value): Argument => ({ kind: 'argument', span: value.span, name: null, value }))
  while (list.length > 0 && c.acceptSymbol(',')) list.push(parseArgument(c))
  c.closeList()
  return { name, arguments: list, distinct: false, orderBy: [] }
}
