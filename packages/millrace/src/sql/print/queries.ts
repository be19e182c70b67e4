import type {
  CommonTable,
  Emit,
  Expression,
  GroupingItem,
  NamedWindow,
  Query,
  QueryBody,
  Select,
  SelectItem,
  SetOperation,
  Star,
  Values,
  With,
} from '../ast/index.ts'
import { orderItems, windowSpecification } from './calls.ts'
import { expression, expressions, interval, subquery } from './expressions.ts'
import { type Style, deeper, label, labels, lines, list, name, objectName, words } from './style.ts'
import { tableExpression } from './tables.ts'

/** One clause to a line. */
export function query(node: Query, style: Style): string {
  return lines(
    [
      node.with !== null && withClause(node.with, style),
      node.body.kind === 'query' ? subquery(node.body, style) : body(node.body, style),
      node.orderBy.length > 0 && `ORDER BY ${orderItems(node.orderBy, style)}`,
      node.limit !== null && `LIMIT ${expression(node.limit, style)}`,
      node.offset !== null && `OFFSET ${offset(node.offset, style)}`,
      node.emit !== null && emit(node.emit, style),
    ],
    style,
  )
}

/** OFFSET is a keyword only before a number, a parameter or a parenthesis. */
function offset(node: Expression, style: Style): string {
  return node.kind === 'number' || node.kind === 'parameter' ? expression(node, style) : `(${expression(node, style)})`
}

function emit(node: Emit, style: Style): string {
  const every = node.every === null ? null : interval(node.every, style)
  if (node.mode === 'EVERY') return words('EMIT EVERY', every)
  return words('EMIT', node.mode, every !== null && `EVERY ${every}`)
}

function withClause(node: With, style: Style): string {
  return words('WITH', node.recursive && 'RECURSIVE', node.tables.map((table) => commonTable(table, style)).join(', '))
}

function commonTable(node: CommonTable, style: Style): string {
  const columns = node.columns.length === 0 ? '' : ` (${labels(node.columns, style)})`
  return `${name(node.name, style)}${columns} AS ${subquery(node.query, style)}`
}

function body(node: QueryBody, style: Style): string {
  switch (node.kind) {
    case 'select':
      return select(node, style)
    case 'values':
      return values(node, style)
    case 'set-operation':
      return setOperation(node, style)
    case 'query':
      return subquery(node, style)
  }
}

function setOperation(node: SetOperation, style: Style): string {
  const level = setPrecedence(node.operator)
  return lines(
    [
      setOperand(node.left, style, level),
      words(node.operator, node.all && 'ALL'),
      setOperand(node.right, style, level + 1),
    ],
    style,
  )
}

function setPrecedence(operator: SetOperation['operator']): number {
  return operator === 'INTERSECT' ? 2 : 1
}

function setOperand(node: QueryBody, style: Style, floor: number): string {
  if (node.kind !== 'set-operation' || setPrecedence(node.operator) >= floor) return body(node, style)
  const inner = deeper(style)
  return `(\n${inner.indent}${body(node, inner)}\n${style.indent})`
}

function values(node: Values, style: Style): string {
  return words(
    'VALUES',
    list(node.rows, style, (row, inner) => `(${expressions(row, inner)})`),
  )
}

function select(node: Select, style: Style): string {
  const distinct =
    node.distinct === null
      ? null
      : words('DISTINCT', node.distinct.on.length > 0 && `ON (${expressions(node.distinct.on, style)})`)
  return lines(
    [
      words('SELECT', distinct, list(node.items, style, selectItem)),
      node.from.length > 0 && words('FROM', list(node.from, style, tableExpression)),
      node.where !== null && `WHERE ${expression(node.where, style)}`,
      node.groupBy.length > 0 && words('GROUP BY', list(node.groupBy, style, groupingItem)),
      node.having !== null && `HAVING ${expression(node.having, style)}`,
      node.windows.length > 0 && `WINDOW ${node.windows.map((window) => namedWindow(window, style)).join(', ')}`,
      node.qualify !== null && `QUALIFY ${expression(node.qualify, style)}`,
    ],
    style,
  )
}

function namedWindow(node: NamedWindow, style: Style): string {
  return `${name(node.name, style)} AS ${windowSpecification(node.specification, style)}`
}

function selectItem(node: SelectItem, style: Style): string {
  if (node.kind === 'star') return star(node, style)
  return words(expression(node.expression, style), node.alias !== null && `AS ${label(node.alias, style)}`)
}

function star(node: Star, style: Style): string {
  return words(
    node.qualifier === null ? '*' : `${objectName(node.qualifier, style)}.*`,
    node.except.length > 0 && `EXCEPT (${labels(node.except, style)})`,
    node.replace.length > 0 && `REPLACE (${node.replace.map((item) => selectItem(item, style)).join(', ')})`,
  )
}

function groupingItem(node: GroupingItem, style: Style): string {
  if (node.kind === 'grouping-expression') return expression(node.expression, style)
  const sets = node.sets.map((set) => (set.length === 1 ? expression(set[0]!, style) : `(${expressions(set, style)})`))
  return `${node.form} (${sets.join(', ')})`
}
