import type {
  Expression,
  FrameBound,
  NamedWindow,
  OrderItem,
  WindowFrame,
  WindowReference,
  WindowSpecification,
} from '../ast/index.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './expressions.ts'
import { isName, parseName } from './names.ts'

/** `ORDER BY a, b DESC`, or nothing. */
export function parseOrderBy(c: Cursor): OrderItem[] {
  if (!c.isWord('ORDER')) return []
  c.expectWords('ORDER', 'BY')
  return parseOrderItems(c)
}

export function parseOrderItems(c: Cursor): OrderItem[] {
  return c.list((cursor): OrderItem => {
    const { start } = cursor
    const expression = parseExpression(cursor)
    const direction = cursor.acceptOneOf('ASC', 'DESC') ?? null
    const nulls = cursor.acceptWords('NULLS') ? cursor.expectOneOf('FIRST', 'LAST') : null
    return { kind: 'order-item', span: cursor.spanFrom(start), expression, direction, nulls }
  })
}

/** `OVER w` or `OVER (...)`. */
export function parseOver(c: Cursor): WindowSpecification | WindowReference {
  c.expectWords('OVER')
  if (c.isSymbol('(')) return parseSpecification(c)
  const name = parseName(c, 'the name of a window')
  return { kind: 'window-reference', span: name.span, name }
}

/** `w AS (...)` of the WINDOW clause. */
export function parseNamedWindow(c: Cursor): NamedWindow {
  const { start } = c
  const name = parseName(c, 'the name of a window')
  c.expectWords('AS')
  const specification = parseSpecification(c)
  return { kind: 'named-window', span: c.spanFrom(start), name, specification }
}

function parseSpecification(c: Cursor): WindowSpecification {
  const { start } = c
  c.expectSymbol('(')
  const startsPart = (c.isWord('PARTITION') && c.isWord('BY', 1)) || startsFrame(c)
  const base = isName(c) && !startsPart ? parseName(c) : null
  let partitionBy: Expression[] = []
  if (c.acceptWords('PARTITION', 'BY')) partitionBy = c.list((cursor) => parseExpression(cursor))
  const orderBy = parseOrderBy(c)
  const frame = startsFrame(c) ? parseFrame(c) : null
  if (!c.acceptSymbol(')'))
    c.fail('PARTITION BY, ORDER BY, a frame or ")"', ['PARTITION', 'ORDER', 'ROWS', 'RANGE', 'GROUPS'])
  return { kind: 'window-specification', span: c.spanFrom(start), base, partitionBy, orderBy, frame }
}

function startsFrame(c: Cursor): boolean {
  if (!c.isWord('ROWS') && !c.isWord('RANGE') && !c.isWord('GROUPS')) return false
  return !c.isSymbol(')', 1) && !c.isWord('ORDER', 1) && !c.isWord('PARTITION', 1)
}

function parseFrame(c: Cursor): WindowFrame {
  const { start } = c
  const unit = c.expectOneOf('ROWS', 'RANGE', 'GROUPS')
  const between = c.acceptWords('BETWEEN')
  const first = parseBound(c)
  let last: FrameBound | null = null
  if (between) {
    c.expectWords('AND')
    last = parseBound(c)
  }
  let exclude: WindowFrame['exclude'] = null
  if (c.acceptWords('EXCLUDE')) {
    if (c.acceptWords('CURRENT', 'ROW')) exclude = 'CURRENT ROW'
    else if (!c.acceptWords('NO', 'OTHERS')) exclude = c.expectOneOf('GROUP', 'TIES')
  }
  return { kind: 'window-frame', span: c.spanFrom(start), unit, start: first, end: last, exclude }
}

function parseBound(c: Cursor): FrameBound {
  const { start } = c
  if (c.acceptWords('CURRENT', 'ROW')) return bound(c, start, 'CURRENT ROW', null)
  if (c.acceptWords('UNBOUNDED')) {
    return bound(c, start, `UNBOUNDED ${c.expectOneOf('PRECEDING', 'FOLLOWING')}`, null)
  }
  const offset = parseExpression(c)
  return bound(c, start, c.expectOneOf('PRECEDING', 'FOLLOWING'), offset)
}

function bound(c: Cursor, start: number, kind: FrameBound['bound'], offset: Expression | null): FrameBound {
  return { kind: 'frame-bound', span: c.spanFrom(start), bound: kind, offset }
}
