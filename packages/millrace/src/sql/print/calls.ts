import type {
  Argument,
  Call,
  FrameBound,
  OrderItem,
  WindowFrame,
  WindowReference,
  WindowSpecification,
} from '../ast/index.ts'
import { expression, expressions, subquery } from './expressions.ts'
import { type Style, label, labels, name, objectName, words } from './style.ts'

export function call(node: Call, style: Style): string {
  const inside = words(
    node.distinct && 'DISTINCT',
    node.arguments.map((a) => argument(a, style)).join(', '),
    node.orderBy.length > 0 && `ORDER BY ${orderItems(node.orderBy, style)}`,
  )
  return words(
    `${objectName(node.name, style)}(${inside})`,
    node.withinGroup.length > 0 && `WITHIN GROUP (ORDER BY ${orderItems(node.withinGroup, style)})`,
    node.filter !== null && `FILTER (WHERE ${expression(node.filter, style)})`,
    node.nulls !== null && `${node.nulls} NULLS`,
    node.over !== null && `OVER ${over(node.over, style)}`,
  )
}

function argument(node: Argument, style: Style): string {
  const text = argumentValue(node.value, style)
  return node.name === null ? text : `${label(node.name, style)} => ${text}`
}

function argumentValue(node: Argument['value'], style: Style): string {
  switch (node.kind) {
    case 'star-argument':
      return '*'
    case 'table-argument':
      return `TABLE ${node.source.kind === 'query' ? subquery(node.source, style) : objectName(node.source, style)}`
    case 'descriptor':
      return `DESCRIPTOR(${labels(node.columns, style)})`
    default:
      return expression(node, style)
  }
}

export function orderItems(items: readonly OrderItem[], style: Style): string {
  return items
    .map((item) =>
      words(expression(item.expression, style), item.direction, item.nulls !== null && `NULLS ${item.nulls}`),
    )
    .join(', ')
}

function over(node: WindowSpecification | WindowReference, style: Style): string {
  return node.kind === 'window-reference' ? name(node.name, style) : windowSpecification(node, style)
}

export function windowSpecification(node: WindowSpecification, style: Style): string {
  const inside = words(
    node.base !== null && name(node.base, style),
    node.partitionBy.length > 0 && `PARTITION BY ${expressions(node.partitionBy, style)}`,
    node.orderBy.length > 0 && `ORDER BY ${orderItems(node.orderBy, style)}`,
    node.frame !== null && frame(node.frame, style),
  )
  return `(${inside})`
}

function frame(node: WindowFrame, style: Style): string {
  const start = frameBound(node.start, style)
  return words(
    node.unit,
    node.end === null ? start : `BETWEEN ${start} AND ${frameBound(node.end, style)}`,
    node.exclude !== null && `EXCLUDE ${node.exclude}`,
  )
}

function frameBound(node: FrameBound, style: Style): string {
  return words(node.offset !== null && expression(node.offset, style), node.bound)
}
