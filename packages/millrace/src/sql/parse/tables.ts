import { MillraceError } from '../../kernel/index.ts'
import type {
  AsofDirection,
  Call,
  DerivedTable,
  Expression,
  Join,
  JoinType,
  Option,
  Query,
  ReadPosition,
  TableAlias,
  TableExpression,
  TableFunction,
  TableReference,
} from '../ast/index.ts'
import { parseCall } from './calls.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './expressions.ts'
import { parseDurationClause } from './intervals.ts'
import { parseLabel, parseName, parseObjectName, parseTableName } from './names.ts'
import { parseOptions } from './options.ts'
import { continueQuery, continuesQuery, parseQuery } from './queries.ts'
import { startsClause, startsQuery } from './words.ts'

/** One item of FROM with all joins that follow it, associated to the left. */
export function parseTableExpression(c: Cursor): TableExpression {
  const { start } = c
  return parseJoins(c, parseFactor(c), start)
}

function parseJoins(c: Cursor, first: TableExpression, start: number): TableExpression {
  let left = first
  for (;;) {
    const join = c.isWord('LATERAL') && startsClause(c) ? parseLateralArray(c, left, start) : parseJoin(c, left, start)
    if (join === undefined) return left
    left = join
    c.grow()
  }
}

const JOIN_STARTERS: readonly string[] = [
  'JOIN',
  'INNER',
  'LEFT',
  'RIGHT',
  'FULL',
  'CROSS',
  'NATURAL',
  'ASOF',
  'SEMI',
  'ANTI',
]

function parseJoin(c: Cursor, left: TableExpression, start: number): Join | undefined {
  if (!c.is('word') || !JOIN_STARTERS.includes(c.token.upper) || !startsClause(c)) return undefined
  const operatorStart = c.start
  const natural = c.acceptWords('NATURAL')
  let asof = parseAsof(c)
  const type = parseJoinType(c)
  asof ??= parseAsof(c)
  c.expectWords('JOIN')
  const operatorSpan = c.spanFrom(operatorStart)
  const right = parseFactor(c)
  const condition = natural || type === 'CROSS' ? null : parseCondition(c, asof !== null, right)
  const within = c.isWord('WITHIN') && startsClause(c) ? parseWithin(c) : null
  return { kind: 'join', span: c.spanFrom(start), type, operatorSpan, natural, asof, left, right, condition, within }
}

function parseJoinType(c: Cursor): JoinType {
  const word = c.acceptOneOf('INNER', 'LEFT', 'RIGHT', 'FULL', 'CROSS', 'SEMI', 'ANTI') ?? 'INNER'
  if (word === 'LEFT') {
    const half = c.acceptOneOf('SEMI', 'ANTI')
    if (half !== undefined) return half
  }
  if (word === 'LEFT' || word === 'RIGHT' || word === 'FULL') c.acceptWords('OUTER')
  return word
}

function parseAsof(c: Cursor): AsofDirection | null {
  if (!c.acceptWords('ASOF')) return null
  return c.acceptOneOf('BACKWARD', 'FORWARD', 'NEAREST') ?? 'UNSPECIFIED'
}

function parseWithin(c: Cursor): Join['within'] {
  c.expectWords('WITHIN')
  return parseDurationClause(c)
}

/** `MATCH_CONDITION (x)` of an ASOF join is kept as one more conjunct of ON. */
function parseCondition(c: Cursor, asof: boolean, right: TableExpression): Join['condition'] {
  const { start } = c
  const match = asof && c.acceptWords('MATCH_CONDITION') ? c.parenthesized((cursor) => parseExpression(cursor)) : []
  if (match.length === 0 && c.acceptWords('USING')) {
    const columns = c.parenthesized((cursor) => parseLabel(cursor, 'the name of a column'))
    return { kind: 'join-using', span: c.spanFrom(start), columns }
  }
  const operands = c.acceptWords('ON') ? [...match, ...conjuncts(parseExpression(c), match.length > 0)] : match
  if (operands.length === 0) {
    if (isLateral(right)) return null
    c.fail('ON or USING', ['ON', 'USING'])
  }
  const span = c.spanFrom(start)
  const expression: Expression =
    operands.length === 1 ? operands[0]! : { kind: 'logical', span, operator: 'AND', operands }
  return { kind: 'join-on', span, expression }
}

function conjuncts(expression: Expression, flatten: boolean): readonly Expression[] {
  return flatten && expression.kind === 'logical' && expression.operator === 'AND' ? expression.operands : [expression]
}

function isLateral(table: TableExpression): boolean {
  return table.kind === 'table-function' || (table.kind === 'derived-table' && table.lateral)
}

/** `t LATERAL items AS item` as `t CROSS JOIN LATERAL UNNEST(items) AS item`. */
function parseLateralArray(c: Cursor, left: TableExpression, start: number): Join {
  const operatorStart = c.start
  c.expectWords('LATERAL')
  const operatorSpan = c.spanFrom(operatorStart)
  const value = parseExpression(c)
  const name = { kind: 'identifier', span: operatorSpan, name: 'UNNEST', quoted: false } as const
  const call: Call = {
    kind: 'call',
    span: c.spanFrom(operatorStart),
    name: { kind: 'object-name', span: operatorSpan, parts: [name] },
    arguments: [{ kind: 'argument', span: value.span, name: null, value }],
    distinct: false,
    orderBy: [],
    withinGroup: [],
    filter: null,
    nulls: null,
    over: null,
  }
  const right = finishFunction(c, call, operatorStart, true)
  return {
    kind: 'join',
    span: c.spanFrom(start),
    type: 'CROSS',
    operatorSpan,
    natural: false,
    asof: null,
    left,
    right,
    condition: null,
    within: null,
  }
}

function parseFactor(c: Cursor): TableExpression {
  const { start } = c
  const lateral = c.isWord('LATERAL') && !c.isSymbol('.', 1) && c.acceptWords('LATERAL')
  if (c.isSymbol('(')) return lateral ? parseDerived(c, start, true) : parseParenthesizedTable(c)
  if (c.isWord('TABLE') && c.isSymbol('(', 1)) {
    c.advance()
    c.expectSymbol('(')
    const call = parseTableCall(c)
    c.expectSymbol(')')
    return finishFunction(c, call, start, lateral)
  }
  if (lateral) return finishFunction(c, parseTableCall(c), start, true)
  const name = parseTableName(c)
  if (c.isSymbol('(')) return finishFunction(c, parseCall(c, name, start), start, false)
  return finishReference(c, name, start)
}

function parseTableCall(c: Cursor): Call {
  const { start } = c
  const name = parseObjectName(c, 'a table function')
  return parseCall(c, name, start)
}

function finishFunction(c: Cursor, call: Call, start: number, lateral: boolean): TableFunction {
  const withOrdinality = c.acceptWords('WITH', 'ORDINALITY')
  const alias = parseAlias(c)
  return { kind: 'table-function', span: c.spanFrom(start), lateral, call, withOrdinality, alias }
}

function finishReference(c: Cursor, name: TableReference['name'], start: number): TableReference {
  const from = c.acceptWords('FROM') ? parsePosition(c, 'EARLIEST', 'LATEST', 'NOW', 'OFFSET', 'TIMESTAMP') : null
  const to = c.acceptWords('AS', 'OF') ? parsePosition(c, 'LATEST', 'NOW', 'OFFSET', 'TIMESTAMP') : null
  let asOf = parseAsOf(c)
  let options: Option[] = []
  if (c.isWord('WITH') && c.isSymbol('(', 1)) {
    c.advance()
    options = parseOptions(c)
  }
  const alias = parseAlias(c)
  asOf ??= parseAsOf(c)
  refusePosition(c)
  return { kind: 'table', span: c.spanFrom(start), name, from, to, asOf, options, alias }
}

function parsePosition<const W extends ReadPosition['place'] | 'NOW'>(c: Cursor, ...words: readonly W[]): ReadPosition {
  const { start } = c
  const word: ReadPosition['place'] | 'NOW' = c.expectOneOf(...words)
  let value: string | null = null
  switch (word) {
    case 'NOW':
      c.expectSymbol('(')
      c.expectSymbol(')')
      break
    case 'OFFSET':
      if (!c.is('number') || !/^\d+$/.test(c.token.text)) c.fail('an offset, which is a whole number')
      value = c.advance().text
      break
    case 'TIMESTAMP':
      value = c.expect('string', "a time as a string, like '2026-01-31 12:00:00'").text
      break
    case 'EARLIEST':
    case 'LATEST':
  }
  return { kind: 'read-position', span: c.spanFrom(start), place: word === 'NOW' ? 'LATEST' : word, value }
}

/** A position after the alias, or `AS OF` before FROM. */
function refusePosition(c: Cursor): void {
  if (!c.isWord('FROM') && !(c.isWord('AS') && c.isWord('OF', 1))) return
  const { start, end, text } = c.token
  throw new MillraceError('SQL_SYNTAX', `expected the end of the table, found "${text}"`, {
    span: { start, end },
    hint: 'The order is table, FROM position, AS OF position, alias.',
  })
}

function parseAsOf(c: Cursor): Expression | null {
  return c.acceptWords('FOR', 'SYSTEM_TIME', 'AS', 'OF') ? parseExpression(c) : null
}

function parseAlias(c: Cursor): TableAlias | null {
  const { start } = c
  const explicit = c.acceptWords('AS')
  if (!explicit && !c.is('quoted') && (!c.is('word') || startsClause(c))) return null
  const name = explicit ? parseLabel(c, 'an alias') : quotedOf(parseName(c))
  if (!explicit) c.noteBareAlias()
  const columns = c.isSymbol('(') ? c.parenthesized((cursor) => parseLabel(cursor, 'the name of a column')) : []
  return { kind: 'table-alias', span: c.spanFrom(start), name, columns }
}

/** `t of`, which `t AS of` would not say again. */
function quotedOf(name: TableAlias['name']): TableAlias['name'] {
  return name.name.toUpperCase() === 'OF' ? { ...name, quoted: true } : name
}

function parseDerived(c: Cursor, start: number, lateral: boolean): DerivedTable {
  c.expectSymbol('(')
  const query = parseQuery(c)
  c.expectSymbol(')')
  return finishDerived(c, query, start, lateral)
}

function finishDerived(c: Cursor, query: Query, start: number, lateral: boolean): DerivedTable {
  const alias = parseAlias(c)
  return { kind: 'derived-table', span: c.spanFrom(start), lateral, query, alias }
}

/** A query or a join in parentheses; `((` may open either, decided without reading twice. */
function parseParenthesizedTable(c: Cursor): TableExpression {
  const { start } = c
  if (startsQuery(c, 1)) return parseDerived(c, start, false)
  const outer = c.enter()
  c.expectSymbol('(')
  const innerStart = c.start
  const first = parseFactor(c)
  let result: TableExpression
  if (first.kind === 'derived-table' && first.alias === null && continuesQuery(c)) {
    const query = continueQuery(c, first.query, innerStart)
    c.expectSymbol(')')
    result = finishDerived(c, query, start, false)
  } else {
    const table = parseJoins(c, first, innerStart)
    c.expectSymbol(')')
    result =
      table.kind === 'derived-table' && table.alias === null
        ? finishDerived(c, table.query, start, table.lateral)
        : table
  }
  c.leave(outer)
  return result
}
