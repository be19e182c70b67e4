import { MillraceError } from '../../kernel/index.ts'
import type { BinaryOperator, ComparisonOperator, Expression } from '../ast/index.ts'
import type { Cursor } from './cursor.ts'
import { parseLabel } from './names.ts'
import { BINARY_PRECEDENCE, PRECEDENCE, binaryOperator } from './precedence.ts'
import { parsePrefix } from './primary.ts'
import { parseParenthesizedContent } from './subqueries.ts'
import { parseType } from './types.ts'

/**
 * Precedence climbing: an expression whose operators bind at least as tightly as `floor`. Chains of AND and of OR
 * become one node each.
 */
export function parseExpression(c: Cursor, floor = 0): Expression {
  const outer = c.enter()
  const { start } = c
  const first = parsePrefix(c)
  c.grow()
  const result = parseOperators(c, first, start, floor)
  c.leave(outer)
  return result
}

/** Goes on after a first operand that began at `start`. */
export function parseOperators(c: Cursor, first: Expression, start: number, floor: number): Expression {
  let left = first
  for (;;) {
    const next = c.is('symbol') ? parseSymbolOperator(c, left, start, floor) : parseWordOperator(c, left, start, floor)
    if (next === undefined) return left
    left = next
    c.grow()
  }
}

function parseSymbolOperator(c: Cursor, left: Expression, start: number, floor: number): Expression | undefined {
  switch (c.token.text) {
    case '.': {
      c.advance()
      const field = parseLabel(c, 'the name of a field')
      return { kind: 'field', span: c.spanFrom(start), operand: left, field }
    }
    case '[':
      return parseSubscript(c, left, start)
    case '::': {
      if (floor > PRECEDENCE.CAST) return undefined
      c.advance()
      const type = parseType(c)
      return { kind: 'cast', span: c.spanFrom(start), operand: left, type, safe: false }
    }
    default:
      return parseBinary(c, left, start, floor)
  }
}

function parseBinary(c: Cursor, left: Expression, start: number, floor: number): Expression | undefined {
  const first = c.token
  const second = c.peek(1)
  const shift = first.text === '>' && second.text === '>' && second.type === 'symbol' && second.start === first.end
  const operator = shift ? '>>' : binaryOperator(first.text)
  if (operator === undefined || BINARY_PRECEDENCE[operator] < floor) return undefined
  c.advance()
  if (shift) c.advance()
  const operatorSpan = { start: first.start, end: shift ? second.end : first.end }
  if (BINARY_PRECEDENCE[operator] === PRECEDENCE.COMPARISON && c.isSymbol('(', 1)) {
    const word = c.acceptOneOf('ANY', 'SOME', 'ALL')
    if (word !== undefined) {
      const content = parseParenthesizedContent(c)
      const right = 'kind' in content ? content : single(content)
      const quantifier = word === 'ALL' ? 'ALL' : 'ANY'
      return {
        kind: 'quantified',
        span: c.spanFrom(start),
        operator: operator as ComparisonOperator,
        operatorSpan,
        quantifier,
        left,
        right,
      }
    }
  }
  const right = parseNegativeIndex(c, operator) ?? parseExpression(c, BINARY_PRECEDENCE[operator] + 1)
  return { kind: 'binary', span: c.spanFrom(start), operator, operatorSpan, left, right }
}

/** The `-1` of `j -> -1 ->> 'k'`: here the minus belongs to the number, which has no keys. */
function parseNegativeIndex(c: Cursor, operator: BinaryOperator): Expression | undefined {
  if (BINARY_PRECEDENCE[operator] !== PRECEDENCE.ARROW || !c.isSymbol('-') || c.peek(1).type !== 'number')
    return undefined
  const { start } = c
  c.advance()
  const operand = parsePrefix(c)
  return { kind: 'unary', span: c.spanFrom(start), operator: '-', operand }
}

/** `a[1]`, `a[1:2]`, `a[:2]`, `a[1:]`. A colon after the bracket is that of a slice, not of a parameter. */
function parseSubscript(c: Cursor, operand: Expression, start: number): Expression {
  c.expectSymbol('[')
  const from = c.isSymbol(':') ? null : parseExpression(c)
  if (!c.acceptSymbol(':')) {
    if (!c.acceptSymbol(']')) c.fail('":" or "]"')
    return { kind: 'subscript', span: c.spanFrom(start), operand, index: from ?? c.fail('an expression') }
  }
  const to = c.isSymbol(']') ? null : parseExpression(c)
  c.expectSymbol(']')
  return { kind: 'slice', span: c.spanFrom(start), operand, from, to }
}

function parseWordOperator(c: Cursor, left: Expression, start: number, floor: number): Expression | undefined {
  if (!c.is('word')) return undefined
  switch (c.token.upper) {
    case 'AND':
      return floor > PRECEDENCE.AND ? undefined : parseLogical(c, 'AND', left, start, PRECEDENCE.AND)
    case 'OR':
      return floor > PRECEDENCE.OR ? undefined : parseLogical(c, 'OR', left, start, PRECEDENCE.OR)
    case 'IS':
      return floor > PRECEDENCE.IS ? undefined : parseIs(c, left, start)
    case 'AT': {
      if (floor > PRECEDENCE.AT_TIME_ZONE || !c.acceptWords('AT', 'TIME', 'ZONE')) return undefined
      const zone = parseExpression(c, PRECEDENCE.AT_TIME_ZONE + 1)
      return { kind: 'at-time-zone', span: c.spanFrom(start), operand: left, zone }
    }
    default:
      return floor > PRECEDENCE.PREDICATE ? undefined : parsePredicate(c, left, start)
  }
}

function parseLogical(
  c: Cursor,
  operator: 'AND' | 'OR',
  first: Expression,
  start: number,
  precedence: number,
): Expression {
  const operands = [first]
  while (c.acceptWords(operator)) operands.push(parseExpression(c, precedence + 1))
  return { kind: 'logical', span: c.spanFrom(start), operator, operands }
}

function parseIs(c: Cursor, operand: Expression, start: number): Expression {
  c.expectWords('IS')
  const negated = c.acceptWords('NOT')
  if (c.acceptWords('DISTINCT', 'FROM')) {
    const right = parseExpression(c, PRECEDENCE.IS + 1)
    return { kind: 'is-distinct', span: c.spanFrom(start), left: operand, right, negated }
  }
  const word = c.acceptOneOf('NULL', 'TRUE', 'FALSE', 'UNKNOWN')
  if (word === undefined)
    c.fail('NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM', ['NULL', 'TRUE', 'FALSE', 'UNKNOWN', 'DISTINCT'])
  const span = c.spanFrom(start)
  return word === 'NULL'
    ? { kind: 'is-null', span, operand, negated }
    : { kind: 'is-truth', span, operand, value: word, negated }
}

const PREDICATES: readonly string[] = ['IN', 'BETWEEN', 'LIKE', 'ILIKE', 'SIMILAR']

/** IN, BETWEEN, LIKE and kin, each with or without NOT. */
function parsePredicate(c: Cursor, operand: Expression, start: number): Expression | undefined {
  const negated = c.isWord('NOT')
  const next = c.peek(negated ? 1 : 0)
  if (next.type !== 'word' || !PREDICATES.includes(next.upper)) {
    if (negated && !c.isWord('NULL', 1)) {
      c.advance()
      c.fail('IN, BETWEEN, LIKE, ILIKE or SIMILAR TO', PREDICATES)
    }
    return undefined
  }
  if (next.upper === 'SIMILAR' && !c.isWord('TO', negated ? 2 : 1)) return undefined
  if (negated) c.advance()
  c.advance()
  switch (next.upper) {
    case 'IN': {
      const content = parseParenthesizedContent(c)
      const span = c.spanFrom(start)
      return 'kind' in content
        ? { kind: 'in-query', span, operand, query: content, negated }
        : { kind: 'in-list', span, operand, list: content, negated }
    }
    case 'BETWEEN': {
      const symmetric = !c.isWord('AND', 1) && c.acceptWords('SYMMETRIC')
      const low = parseExpression(c, PRECEDENCE.PREDICATE + 1)
      c.expectWords('AND')
      const high = parseExpression(c, PRECEDENCE.PREDICATE + 1)
      return { kind: 'between', span: c.spanFrom(start), operand, low, high, symmetric, negated }
    }
    default: {
      if (next.upper === 'SIMILAR') c.expectWords('TO')
      const operator = next.upper === 'SIMILAR' ? 'SIMILAR TO' : next.upper === 'LIKE' ? 'LIKE' : 'ILIKE'
      const pattern = parseExpression(c, PRECEDENCE.PREDICATE + 1)
      const escape = c.acceptWords('ESCAPE') ? parseExpression(c, PRECEDENCE.PREDICATE + 1) : null
      return { kind: 'like', span: c.spanFrom(start), operator, operand, pattern, escape, negated }
    }
  }
}

function single(list: readonly Expression[]): Expression {
  if (list.length === 1) return list[0]!
  throw new MillraceError('SQL_SYNTAX', 'ANY and ALL take one array or one query', { span: list[1]!.span })
}
