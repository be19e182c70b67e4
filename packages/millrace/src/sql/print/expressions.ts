import { unreachable } from '../../kernel/index.ts'
import type { Case, Expression, IntervalLiteral, Query } from '../ast/index.ts'
import { BINARY_PRECEDENCE, PRECEDENCE } from '../parse/precedence.ts'
import { call } from './calls.ts'
import { precedence } from './precedence.ts'
import { query } from './queries.ts'
import { type Style, deeper, label, path, string, words } from './style.ts'
import { type } from './types.ts'

/** In parentheses if its operators bind less tightly than `floor`. */
export function expression(node: Expression, style: Style, floor = 0): string {
  const text = bare(node, style)
  return precedence(node) < floor ? `(${text})` : text
}

export function expressions(nodes: readonly Expression[], style: Style): string {
  return nodes.map((node) => expression(node, style)).join(', ')
}

/** A query in parentheses, on lines of its own. */
export function subquery(node: Query, style: Style): string {
  const inner = deeper(style)
  return `(\n${inner.indent}${query(node, inner)}\n${style.indent})`
}

export function interval(node: IntervalLiteral, style: Style): string {
  return words('INTERVAL', string(node.text, style), node.unit)
}

function bare(node: Expression, style: Style): string {
  switch (node.kind) {
    case 'null':
      return 'NULL'
    case 'boolean':
      return node.value ? 'TRUE' : 'FALSE'
    case 'number':
      return node.text
    case 'string':
      return string(node.value, style)
    case 'typed-literal':
      return `${node.type} ${string(node.text, style)}`
    case 'interval':
      return interval(node, style)
    case 'parameter':
      return node.name === null ? `$${node.index}` : `:${node.name}`
    case 'column':
      return path(node.path, style)
    case 'field':
      return `${accessed(node.operand, style)}.${label(node.field, style)}`
    case 'subscript':
      return `${indexed(node.operand, style)}[${index(node.index, style)}]`
    case 'slice': {
      const from = node.from === null ? '' : `${index(node.from, style)} `
      return `${indexed(node.operand, style)}[${from}:${node.to === null ? '' : ` ${expression(node.to, style)}`}]`
    }
    case 'unary':
      return unary(node.operator, node.operand, style)
    case 'binary': {
      const level = BINARY_PRECEDENCE[node.operator]
      return `${expression(node.left, style, level)} ${node.operator} ${expression(node.right, style, level + 1)}`
    }
    case 'logical': {
      const level = PRECEDENCE[node.operator] + 1
      return node.operands.map((operand) => expression(operand, style, level)).join(` ${node.operator} `)
    }
    case 'quantified': {
      const right = node.right.kind === 'query' ? subquery(node.right, style) : `(${expression(node.right, style)})`
      return `${expression(node.left, style, PRECEDENCE.COMPARISON)} ${node.operator} ${node.quantifier} ${right}`
    }
    case 'is-null':
      return words(expression(node.operand, style, PRECEDENCE.IS), 'IS', node.negated && 'NOT', 'NULL')
    case 'is-truth':
      return words(expression(node.operand, style, PRECEDENCE.IS), 'IS', node.negated && 'NOT', node.value)
    case 'is-distinct': {
      const right = expression(node.right, style, PRECEDENCE.IS + 1)
      return words(expression(node.left, style, PRECEDENCE.IS), 'IS', node.negated && 'NOT', 'DISTINCT FROM', right)
    }
    case 'in-list':
      return words(operand(node.operand, style), node.negated && 'NOT', 'IN', `(${expressions(node.list, style)})`)
    case 'in-query':
      return words(operand(node.operand, style), node.negated && 'NOT', 'IN', subquery(node.query, style))
    case 'between':
      return words(
        operand(node.operand, style),
        node.negated && 'NOT',
        'BETWEEN',
        node.symmetric && 'SYMMETRIC',
        bound(node.low, style),
        'AND',
        bound(node.high, style),
      )
    case 'like':
      return words(
        operand(node.operand, style),
        node.negated && 'NOT',
        node.operator,
        bound(node.pattern, style),
        node.escape !== null && `ESCAPE ${bound(node.escape, style)}`,
      )
    case 'case':
      return caseExpression(node, style)
    case 'cast':
      return `${node.safe ? 'TRY_CAST' : 'CAST'}(${expression(node.operand, style)} AS ${type(node.type, style)})`
    case 'at-time-zone': {
      const zone = expression(node.zone, style, PRECEDENCE.AT_TIME_ZONE + 1)
      return `${expression(node.operand, style, PRECEDENCE.AT_TIME_ZONE)} AT TIME ZONE ${zone}`
    }
    case 'extract':
      return `EXTRACT(${label(node.field, style)} FROM ${expression(node.source, style)})`
    case 'position':
      return `POSITION(${bound(node.needle, style)} IN ${expression(node.haystack, style)})`
    case 'trim': {
      const characters = node.characters === null ? null : expression(node.characters, style)
      return `TRIM(${words(node.side, characters, 'FROM', expression(node.operand, style))})`
    }
    case 'array':
      return `ARRAY[${expressions(node.elements, style)}]`
    case 'row':
      return `ROW(${expressions(node.elements, style)})`
    case 'struct': {
      const fields = node.fields.map((f) =>
        words(expression(f.value, style), f.name !== null && `AS ${label(f.name, style)}`),
      )
      return `STRUCT(${fields.join(', ')})`
    }
    case 'call':
      return call(node, style)
    case 'exists':
      return `EXISTS ${subquery(node.query, style)}`
    case 'subquery':
      return subquery(node.query, style)
    default:
      return unreachable(node)
  }
}

/** The left operand of IN, BETWEEN and LIKE. */
function operand(node: Expression, style: Style): string {
  return expression(node, style, PRECEDENCE.PREDICATE)
}

/** What follows BETWEEN and LIKE. */
function bound(node: Expression, style: Style): string {
  return expression(node, style, PRECEDENCE.PREDICATE + 1)
}

/** A second sign would begin a comment, a `~` another operator: they go into parentheses. */
function unary(operator: string, node: Expression, style: Style): string {
  if (operator === 'NOT') return `NOT ${expression(node, style, PRECEDENCE.NOT)}`
  return node.kind === 'unary'
    ? `${operator}(${bare(node, style)})`
    : operator + expression(node, style, PRECEDENCE.UNARY)
}

/** What stands before `.field`: a chain of names or a number would swallow the dot. */
function accessed(node: Expression, style: Style): string {
  const text = expression(node, style, PRECEDENCE.POSTFIX)
  return node.kind === 'column' || node.kind === 'number' ? `(${text})` : text
}

/** What stands before `[`: a column called array would start an array. */
function indexed(node: Expression, style: Style): string {
  const text = expression(node, style, PRECEDENCE.POSTFIX)
  return text.toUpperCase() === 'ARRAY' ? `(${text})` : text
}

/** After `[` a colon would start a slice. */
function index(node: Expression, style: Style): string {
  const text = expression(node, style)
  return text.startsWith(':') ? `(${text})` : text
}

function caseExpression(node: Case, style: Style): string {
  return words(
    'CASE',
    node.operand !== null && expression(node.operand, style),
    ...node.branches.map((b) => `WHEN ${expression(b.when, style)} THEN ${expression(b.then, style)}`),
    node.otherwise !== null && `ELSE ${expression(node.otherwise, style)}`,
    'END',
  )
}
