import type {
  CommonTable,
  Distinct,
  Emit,
  Expression,
  GroupingItem,
  NamedWindow,
  Query,
  QueryBody,
  Select,
  SelectExpression,
  SelectItem,
  SetOperation,
  Star,
  Values,
  With,
} from '../ast/index.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './expressions.ts'
import { parseDurationClause } from './intervals.ts'
import { isName, parseLabel, parseName } from './names.ts'
import { parseTableExpression } from './tables.ts'
import { parseNamedWindow, parseOrderBy } from './windows.ts'
import { startsClause, startsQuery } from './words.ts'

/** A whole query: WITH, SELECT or VALUES, set operations, ORDER BY, LIMIT, OFFSET, EMIT. */
export function parseQuery(c: Cursor): Query {
  const outer = c.enter()
  const { start } = c
  const clause = c.isWord('WITH') ? parseWith(c) : null
  const body = parseSetOperations(c, parseOperand(c), start, 0)
  const query = finishQuery(c, start, clause, body)
  c.grow()
  c.leave(outer)
  return query
}

/** Whether what follows a query in parentheses makes it the first operand of a larger query. */
export function continuesQuery(c: Cursor): boolean {
  switch (c.token.upper) {
    case 'UNION':
    case 'INTERSECT':
    case 'EXCEPT':
    case 'ORDER':
    case 'LIMIT':
      return c.is('word')
    case 'OFFSET':
    case 'FETCH':
    case 'EMIT':
      return c.is('word') && startsClause(c)
    default:
      return false
  }
}

/** The query whose first operand, in parentheses from `start` on, has been read. */
export function continueQuery(c: Cursor, first: Query, start: number): Query {
  return finishQuery(c, start, null, parseSetOperations(c, asBody(first), start, 0))
}

/** Parentheses around a query without clauses of its own are not kept. */
function asBody(query: Query): QueryBody {
  const bare =
    query.with === null &&
    query.orderBy.length === 0 &&
    query.limit === null &&
    query.offset === null &&
    query.emit === null
  return bare ? query.body : query
}

function parseOperand(c: Cursor): QueryBody {
  if (c.isWord('SELECT')) return parseSelect(c)
  if (c.isWord('VALUES')) return parseValues(c)
  if (!c.acceptSymbol('(')) c.fail('SELECT, VALUES or a query in parentheses', ['SELECT', 'VALUES', 'WITH'])
  const query = parseQuery(c)
  c.expectSymbol(')')
  return asBody(query)
}

const SET_PRECEDENCE: Readonly<Record<SetOperation['operator'], number>> = { UNION: 1, EXCEPT: 1, INTERSECT: 2 }

function parseSetOperations(c: Cursor, first: QueryBody, start: number, floor: number): QueryBody {
  let left = first
  for (;;) {
    const operator = c.isWord('UNION')
      ? 'UNION'
      : c.isWord('INTERSECT')
        ? 'INTERSECT'
        : c.isWord('EXCEPT')
          ? 'EXCEPT'
          : undefined
    if (operator === undefined || SET_PRECEDENCE[operator] < floor) return left
    const operatorStart = c.start
    c.advance()
    const all = c.acceptWords('ALL')
    if (!all) c.acceptWords('DISTINCT')
    const operatorSpan = c.spanFrom(operatorStart)
    const rightStart = c.start
    const right = parseSetOperations(c, parseOperand(c), rightStart, SET_PRECEDENCE[operator] + 1)
    left = { kind: 'set-operation', span: c.spanFrom(start), operator, operatorSpan, all, left, right }
    c.grow()
  }
}

/** ORDER BY, then LIMIT, OFFSET (or FETCH) and EMIT in any order. */
function finishQuery(c: Cursor, start: number, clause: With | null, body: QueryBody): Query {
  const orderBy = parseOrderBy(c)
  let limit: Expression | null = null
  let offset: Expression | null = null
  let emit: Emit | null = null
  for (;;) {
    if (limit === null && c.acceptWords('LIMIT')) {
      if (!c.acceptWords('ALL')) limit = parseExpression(c)
    } else if (limit === null && c.isWord('FETCH') && startsClause(c)) {
      limit = parseFetch(c)
    } else if (offset === null && c.isWord('OFFSET') && startsClause(c)) {
      c.advance()
      offset = parseExpression(c)
      if (!c.acceptWords('ROWS')) c.acceptWords('ROW')
    } else if (emit === null && c.isWord('EMIT') && startsClause(c)) {
      emit = parseEmit(c)
    } else {
      break
    }
  }
  const span = c.spanFrom(start)
  const bare = clause === null && orderBy.length === 0 && limit === null && offset === null && emit === null
  return bare && body.kind === 'query'
    ? { ...body, span }
    : { kind: 'query', span, with: clause, body, orderBy, limit, offset, emit }
}

function parseFetch(c: Cursor): Expression {
  c.expectWords('FETCH')
  c.expectOneOf('FIRST', 'NEXT')
  const limit = parseExpression(c)
  c.expectOneOf('ROWS', 'ROW')
  c.expectWords('ONLY')
  return limit
}

function parseEmit(c: Cursor): Emit {
  const { start } = c
  c.expectWords('EMIT')
  const mode = c.expectOneOf('ON', 'CHANGES', 'FINAL', 'EVERY')
  if (mode === 'ON') c.expectWords('WINDOW', 'CLOSE')
  const every = mode === 'EVERY' || (mode === 'CHANGES' && c.acceptWords('EVERY')) ? parseDurationClause(c) : null
  return { kind: 'emit', span: c.spanFrom(start), mode: mode === 'ON' ? 'ON WINDOW CLOSE' : mode, every }
}

function parseWith(c: Cursor): With {
  const { start } = c
  c.expectWords('WITH')
  const recursive = c.isWord('RECURSIVE') && isName(c, 1) && c.acceptWords('RECURSIVE')
  const tables = c.list(parseCommonTable)
  return { kind: 'with', span: c.spanFrom(start), recursive, tables }
}

function parseCommonTable(c: Cursor): CommonTable {
  const { start } = c
  const name = parseName(c, 'the name of a common table expression')
  const columns = c.isSymbol('(') ? c.parenthesized((cursor) => parseLabel(cursor, 'the name of a column')) : []
  c.expectWords('AS')
  c.expectSymbol('(')
  const query = parseQuery(c)
  c.expectSymbol(')')
  return { kind: 'common-table', span: c.spanFrom(start), name, columns, query }
}

function parseValues(c: Cursor): Values {
  const { start } = c
  c.expectWords('VALUES')
  const rows = c.list((cursor) => cursor.parenthesized((item) => parseExpression(item)))
  return { kind: 'values', span: c.spanFrom(start), rows }
}

function parseSelect(c: Cursor): Select {
  const { start } = c
  c.expectWords('SELECT')
  const distinct = c.isWord('DISTINCT') ? parseDistinct(c) : null
  const items = c.list(parseSelectItem)
  const from = c.acceptWords('FROM') ? c.list(parseTableExpression) : []
  const where = c.acceptWords('WHERE') ? parseExpression(c) : null
  const groupBy = c.isWord('GROUP') ? parseGroupBy(c) : []
  const having = c.acceptWords('HAVING') ? parseExpression(c) : null
  let windows: NamedWindow[] = []
  let qualify: Expression | null = null
  for (;;) {
    if (windows.length === 0 && c.isWord('WINDOW') && startsClause(c)) {
      c.advance()
      windows = c.list(parseNamedWindow)
    } else if (qualify === null && c.acceptWords('QUALIFY')) {
      qualify = parseExpression(c)
    } else {
      break
    }
  }
  return { kind: 'select', span: c.spanFrom(start), distinct, items, from, where, groupBy, having, windows, qualify }
}

function parseDistinct(c: Cursor): Distinct {
  const { start } = c
  c.expectWords('DISTINCT')
  const on = c.acceptWords('ON') ? c.parenthesized((cursor) => parseExpression(cursor)) : []
  return { kind: 'distinct', span: c.spanFrom(start), on }
}

function parseSelectItem(c: Cursor): SelectItem {
  return atStar(c) ? parseStar(c) : parseSelectExpression(c)
}

/** `*` or `a.b.*`. */
function atStar(c: Cursor): boolean {
  let ahead = 0
  while ((c.is('word', ahead) || c.is('quoted', ahead)) && c.isSymbol('.', ahead + 1)) ahead += 2
  return c.isSymbol('*', ahead)
}

function parseStar(c: Cursor): Star {
  const { start } = c
  const parts = []
  while (!c.acceptSymbol('*')) {
    parts.push(parts.length === 0 ? parseName(c) : parseLabel(c))
    c.expectSymbol('.')
  }
  const qualifier =
    parts.length === 0 ? null : ({ kind: 'object-name', span: { start, end: parts.at(-1)!.span.end }, parts } as const)
  let except: Star['except'] = []
  let replace: Star['replace'] = []
  const listed = c.isSymbol('(', 1) && (!startsQuery(c, 2) || c.isSymbol(',', 3) || c.isSymbol(')', 3))
  if (listed && (c.isWord('EXCEPT') || c.isWord('EXCLUDE'))) {
    c.advance()
    except = c.parenthesized((cursor) => parseLabel(cursor, 'the name of a column'))
  }
  if (c.isWord('REPLACE') && c.isSymbol('(', 1)) {
    c.advance()
    replace = c.parenthesized(parseReplacement)
  }
  return { kind: 'star', span: c.spanFrom(start), qualifier, except, replace }
}

function parseReplacement(c: Cursor): SelectExpression {
  const { start } = c
  const expression = parseExpression(c)
  c.expectWords('AS')
  const alias = parseLabel(c, 'the name of a column')
  return { kind: 'select-expression', span: c.spanFrom(start), expression, alias }
}

function parseSelectExpression(c: Cursor): SelectExpression {
  const { start } = c
  const expression = parseExpression(c)
  let alias = null
  if (c.acceptWords('AS')) {
    alias = parseLabel(c, 'an alias')
  } else if (c.is('quoted') || (c.is('word') && !startsClause(c))) {
    alias = parseName(c)
    c.noteBareAlias()
  }
  return { kind: 'select-expression', span: c.spanFrom(start), expression, alias }
}

function parseGroupBy(c: Cursor): GroupingItem[] {
  c.expectWords('GROUP', 'BY')
  return c.list(parseGroupingItem)
}

function parseGroupingItem(c: Cursor): GroupingItem {
  const { start } = c
  const called = c.isSymbol('(', 1)
  const form =
    called && c.acceptWords('ROLLUP')
      ? 'ROLLUP'
      : called && c.acceptWords('CUBE')
        ? 'CUBE'
        : c.isSymbol('(', 2) && c.acceptWords('GROUPING', 'SETS')
          ? 'GROUPING SETS'
          : undefined
  if (form !== undefined) {
    const sets = c.parenthesized(parseGroupingSet)
    return { kind: 'grouping-sets', span: c.spanFrom(start), form, sets }
  }
  const expression = parseExpression(c)
  return { kind: 'grouping-expression', span: c.spanFrom(start), expression }
}

/** `a`, `(a, b)` or `()`. */
function parseGroupingSet(c: Cursor): readonly Expression[] {
  if (c.isSymbol('(') && c.isSymbol(')', 1)) {
    c.advance()
    c.advance()
    return []
  }
  const expression = parseExpression(c)
  return expression.kind === 'row' ? expression.elements : [expression]
}
