import { MillraceError } from '../../kernel/index.ts'
import type { Case, CaseBranch, Expression, StructField, TypedLiteral, UnaryOperator } from '../ast/index.ts'
import { parseCall, parseSpecialCall } from './calls.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './expressions.ts'
import { parseIntervalLiteral, startsInterval } from './intervals.ts'
import { parseLabel, parseName } from './names.ts'
import { PRECEDENCE } from './precedence.ts'
import { parseQuery } from './queries.ts'
import { parseParenthesizedContent } from './subqueries.ts'
import { parseType } from './types.ts'

/** An operand: a literal, a name, a call, something in parentheses, or a prefix operator with its operand. */
export function parsePrefix(c: Cursor): Expression {
  const { start, token } = c
  switch (token.type) {
    case 'word':
      return parseWord(c, start)
    case 'quoted':
      return parseColumnOrCall(c, start)
    case 'number':
      return parseNumber(c, start)
    case 'string':
      c.advance()
      return { kind: 'string', span: c.spanFrom(start), value: token.text }
    case 'parameter':
      return parseIndexedParameter(c, start)
    case 'symbol':
      return parseSymbol(c, start)
    default:
      return c.fail('an expression')
  }
}

function parseNumber(c: Cursor, start: number): Expression {
  const { text, end } = c.advance()
  const next = c.token
  if ((next.type === 'word' || next.type === 'number') && next.start === end) {
    throw new MillraceError('SQL_SYNTAX', `the number ${text} runs into "${next.text}"`, {
      span: { start, end: next.end },
      hint: 'Put a blank between them, or quote it if it is a name.',
    })
  }
  return { kind: 'number', span: c.spanFrom(start), text }
}

function parseIndexedParameter(c: Cursor, start: number): Expression {
  const { text } = c.advance()
  const span = c.spanFrom(start)
  if (!/^[1-9]\d{0,4}$/.test(text))
    throw new MillraceError('SQL_SYNTAX', `there is no parameter $${text.slice(0, 40)}`, { span })
  return { kind: 'parameter', span, index: Number(text), name: null }
}

function parseSymbol(c: Cursor, start: number): Expression {
  switch (c.token.text) {
    case '(': {
      const content = parseParenthesizedContent(c)
      const span = c.spanFrom(start)
      if ('kind' in content) return { kind: 'subquery', span, query: content }
      return content.length === 1 ? content[0]! : { kind: 'row', span, elements: content }
    }
    case '[':
      return parseArray(c, start)
    case '-':
    case '+':
    case '~': {
      const operator = c.advance().text as UnaryOperator
      const operand = parseExpression(c, PRECEDENCE.UNARY)
      return { kind: 'unary', span: c.spanFrom(start), operator, operand }
    }
    case ':':
      if (c.is('word', 1) && c.peek(1).start === c.token.end) {
        c.advance()
        const name = c.advance().text
        return { kind: 'parameter', span: c.spanFrom(start), index: null, name }
      }
      return c.fail('an expression')
    default:
      return c.fail('an expression')
  }
}

function parseWord(c: Cursor, start: number): Expression {
  const word = c.token.upper
  const called = c.isSymbol('(', 1)
  switch (word) {
    case 'NULL':
      c.advance()
      return { kind: 'null', span: c.spanFrom(start) }
    case 'TRUE':
    case 'FALSE':
      c.advance()
      return { kind: 'boolean', span: c.spanFrom(start), value: word === 'TRUE' }
    case 'NOT': {
      c.advance()
      const operand = parseExpression(c, PRECEDENCE.NOT)
      return { kind: 'unary', span: c.spanFrom(start), operator: 'NOT', operand }
    }
    case 'CASE':
      return parseCase(c, start)
    case 'CAST':
    case 'TRY_CAST':
      return called ? parseCast(c, start) : parseColumnOrCall(c, start)
    case 'EXISTS': {
      if (!called) return parseColumnOrCall(c, start)
      c.advance()
      c.expectSymbol('(')
      const query = parseQuery(c)
      c.expectSymbol(')')
      return { kind: 'exists', span: c.spanFrom(start), query }
    }
    case 'ARRAY':
      if (!c.isSymbol('[', 1)) return parseColumnOrCall(c, start)
      c.advance()
      return parseArray(c, start)
    case 'ROW': {
      if (!called) return parseColumnOrCall(c, start)
      c.advance()
      const elements = c.parenthesized(parseElement)
      return { kind: 'row', span: c.spanFrom(start), elements }
    }
    case 'STRUCT': {
      if (!called) return parseColumnOrCall(c, start)
      c.advance()
      const fields = c.parenthesized(parseStructField)
      return { kind: 'struct', span: c.spanFrom(start), fields }
    }
    case 'INTERVAL':
      return startsInterval(c) ? parseIntervalLiteral(c) : parseColumnOrCall(c, start)
    case 'TIMESTAMP':
    case 'DATE':
    case 'TIME':
    case 'JSON':
      return c.is('string', 1) ? parseTypedLiteral(c, start, word) : parseColumnOrCall(c, start)
    case 'CURRENT_TIMESTAMP':
    case 'CURRENT_DATE':
    case 'CURRENT_TIME':
    case 'LOCALTIMESTAMP':
      return called ? parseColumnOrCall(c, start) : parseNiladic(c, start)
    default:
      return (called ? parseSpecialCall(c, start) : undefined) ?? parseColumnOrCall(c, start)
  }
}

function parseElement(c: Cursor): Expression {
  return parseExpression(c)
}

/** A chain of names, called if a parenthesis follows. */
function parseColumnOrCall(c: Cursor, start: number): Expression {
  const path = [parseName(c, 'an expression')]
  while (c.isSymbol('.')) {
    c.advance()
    path.push(parseLabel(c))
  }
  if (c.isSymbol('(')) return parseCall(c, { kind: 'object-name', span: c.spanFrom(start), parts: path }, start)
  return { kind: 'column', span: c.spanFrom(start), path }
}

/** CURRENT_TIMESTAMP and kin are calls without parentheses. */
function parseNiladic(c: Cursor, start: number): Expression {
  const name = parseName(c)
  const span = c.spanFrom(start)
  return {
    kind: 'call',
    span,
    name: { kind: 'object-name', span, parts: [name] },
    arguments: [],
    distinct: false,
    orderBy: [],
    withinGroup: [],
    filter: null,
    nulls: null,
    over: null,
  }
}

function parseTypedLiteral(c: Cursor, start: number, type: TypedLiteral['type']): Expression {
  c.advance()
  const { text } = c.advance()
  return { kind: 'typed-literal', span: c.spanFrom(start), type, text }
}

function parseArray(c: Cursor, start: number): Expression {
  c.expectSymbol('[')
  const elements = c.isSymbol(']') ? [] : c.list(parseElement)
  c.closeList(']')
  return { kind: 'array', span: c.spanFrom(start), elements }
}

function parseStructField(c: Cursor): StructField {
  const { start } = c
  const value = parseExpression(c)
  const name = c.acceptWords('AS') ? parseLabel(c, 'the name of a field') : null
  return { kind: 'struct-field', span: c.spanFrom(start), value, name }
}

function parseCast(c: Cursor, start: number): Expression {
  const safe = c.advance().upper === 'TRY_CAST'
  c.expectSymbol('(')
  const operand = parseExpression(c)
  c.expectWords('AS')
  const type = parseType(c)
  c.expectSymbol(')')
  return { kind: 'cast', span: c.spanFrom(start), operand, type, safe }
}

function parseCase(c: Cursor, start: number): Case {
  c.expectWords('CASE')
  const operand = c.isWord('WHEN') ? null : parseExpression(c)
  if (!c.isWord('WHEN')) c.fail('WHEN', ['WHEN'])
  const branches: CaseBranch[] = []
  while (c.isWord('WHEN')) {
    const branchStart = c.start
    c.advance()
    const when = parseExpression(c)
    c.expectWords('THEN')
    const then = parseExpression(c)
    branches.push({ kind: 'case-branch', span: c.spanFrom(branchStart), when, then })
  }
  const otherwise = c.acceptWords('ELSE') ? parseExpression(c) : null
  if (!c.acceptWords('END')) c.fail(otherwise === null ? 'WHEN, ELSE or END' : 'END', ['WHEN', 'ELSE', 'END'])
  return { kind: 'case', span: c.spanFrom(start), operand, branches, otherwise }
}
