import { unreachable } from '../../kernel/index.ts'
import type {
  Join,
  Option,
  OptionValue,
  ReadPosition,
  TableAlias,
  TableExpression,
  TableReference,
} from '../ast/index.ts'
import { call } from './calls.ts'
import { expression, interval, subquery } from './expressions.ts'
import { type Style, deeper, label, labels, objectName, string, words } from './style.ts'

export function tableExpression(node: TableExpression, style: Style): string {
  switch (node.kind) {
    case 'table':
      return tableReference(node, style)
    case 'derived-table':
      return words(node.lateral && 'LATERAL', subquery(node.query, style), alias(node.alias, style))
    case 'table-function':
      return words(
        node.lateral && 'LATERAL',
        call(node.call, style),
        node.withOrdinality && 'WITH ORDINALITY',
        alias(node.alias, style),
      )
    case 'join':
      return join(node, style)
    default:
      return unreachable(node)
  }
}

function tableReference(node: TableReference, style: Style): string {
  return words(
    objectName(node.name, style),
    node.from !== null && `FROM ${position(node.from, style)}`,
    node.to !== null && `AS OF ${position(node.to, style)}`,
    node.asOf !== null && `FOR SYSTEM_TIME AS OF ${expression(node.asOf, style)}`,
    node.options.length > 0 && `WITH (${node.options.map((o) => option(o, style)).join(', ')})`,
    alias(node.alias, style),
  )
}

function position({ place, value }: ReadPosition, style: Style): string {
  return words(place, place === 'TIMESTAMP' ? string(value ?? '', style) : value)
}

function alias(node: TableAlias | null, style: Style): string {
  if (node === null) return ''
  return words('AS', label(node.name, style), node.columns.length > 0 && `(${labels(node.columns, style)})`)
}

/** Each join on its own line; a join at the right in parentheses. */
function join(node: Join, style: Style): string {
  const inner = deeper(style)
  const right =
    node.right.kind === 'join' ? `(${tableExpression(node.right, inner)})` : tableExpression(node.right, inner)
  return `${tableExpression(node.left, style)}\n${inner.indent}${words(
    node.natural && 'NATURAL',
    node.asof !== null && 'ASOF',
    node.asof !== 'UNSPECIFIED' && node.asof,
    node.type !== 'INNER' && node.type,
    'JOIN',
    right,
    condition(node.condition, inner),
    node.within !== null && `WITHIN ${interval(node.within, style)}`,
  )}`
}

function condition(node: Join['condition'], style: Style): string {
  if (node === null) return ''
  return node.kind === 'join-on' ? `ON ${expression(node.expression, style)}` : `USING (${labels(node.columns, style)})`
}

export function option(node: Option, style: Style): string {
  return `${optionKey(node.key.text, style)} = ${optionValue(node.value, style)}`
}

/** Without quotes where that reads back as the same key. */
export function optionKey(text: string, style: Style): string {
  return /^[A-Za-z_]\w*(\.\w+)*$/.test(text) ? text : string(text, style)
}

function optionValue(node: OptionValue, style: Style): string {
  switch (node.kind) {
    case 'string':
      return string(node.value, style)
    case 'number':
      return node.text
    case 'boolean':
      return node.value ? 'TRUE' : 'FALSE'
    case 'interval':
      return interval(node, style)
    case 'option-word':
      return optionWord(node.text, style)
    case 'option-list':
      return `[${node.values.map((value) => optionValue(value, style)).join(', ')}]`
    default:
      return unreachable(node)
  }
}

function optionWord(text: string, { dialect }: Style): string {
  if (/^([A-Za-z_]\w*([.-]\w+)*|\d+[A-Za-z]+)$/.test(text) && !/^(true|false)$/i.test(text)) return text
  const quote = dialect.identifierQuotes[0] ?? '"'
  return quote + text.replaceAll(quote, quote + quote) + quote
}
