import type { Expression, Query } from '../ast/index.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './expressions.ts'
import { continueQuery, continuesQuery, parseQuery } from './queries.ts'
import { startsQuery } from './words.ts'

/**
 * `(query)` or `(a, b, c)`, where a parenthesis may open either: `((SELECT 1) UNION SELECT 2)` is a query, `((SELECT 1)
 * + 2)` an expression. Decided without reading twice. An array is a list of expressions, never empty.
 */
export function parseParenthesizedContent(c: Cursor): Query | Expression[] {
  c.expectSymbol('(')
  if (startsQuery(c)) {
    const query = parseQuery(c)
    c.expectSymbol(')')
    return query
  }
  const { start } = c
  const first = parseExpression(c)
  if (first.kind === 'subquery' && continuesQuery(c)) {
    const query = continueQuery(c, first.query, start)
    c.expectSymbol(')')
    return query
  }
  const list = [first]
  while (c.acceptSymbol(',')) list.push(parseExpression(c))
  c.closeList()
  return list
}
