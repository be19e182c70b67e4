import {
  type DeliveryGuarantee,
  formatTimestamp,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  type Schema,
  typeName,
} from '../../kernel/index.ts'
import {
  type AggregateCall,
  type Dataflow,
  type EarlyEmit,
  inputsOf,
  type Moment,
  type NodeId,
  type PlanNode,
  type SourceNode,
  type TopicPosition,
  type WindowSpec,
} from '../../plan/index.ts'
import { overText } from './over-explain.ts'
import { joinText } from './explain-join.ts'
import { printExpr } from './print-expr.ts'

/**
 * The plan as indented text, results first, every node above its inputs. A node that several read is shown once and named elsewhere.
 */
export function explainText(dataflow: Dataflow): string {
  const nodes = nodesById(dataflow)
  const shown = new Set<NodeId>()
  const lines: string[] = []
  const show = (id: NodeId, port: number, depth: number): void => {
    const indent = '  '.repeat(depth)
    const late = port === 1 ? ' (late rows)' : ''
    if (shown.has(id)) {
      lines.push(`${indent}${id}${late}: as above`)
      return
    }
    shown.add(id)
    const node = nodes.get(id)!
    lines.push(`${indent}${id}${late}: ${describe(node, inputSchemas(node, nodes))}`)
    for (const input of inputsOf(node)) show(input.node, input.port, depth + 1)
  }
  for (const node of dataflow.nodes) if (node.kind === 'output' || node.kind === 'sink') show(node.id, 0, 0)
  return lines.join('\n')
}

/** The plan as a Mermaid flowchart, rows flowing down. */
export function explainMermaid(dataflow: Dataflow): string {
  const nodes = nodesById(dataflow)
  const lines = ['flowchart TD']
  for (const node of dataflow.nodes) {
    const label = `${node.id}<br/>${escape(wrapped(describe(node, inputSchemas(node, nodes))))}`
    const [open, close] =
      node.kind === 'source'
        ? ['[/', '/]']
        : node.kind === 'output' || node.kind === 'sink'
          ? ['[\\', '\\]']
          : ['[', ']']
    lines.push(`  ${node.id}${open}"${label}"${close}`)
  }
  for (const node of dataflow.nodes) {
    for (const { node: from, port } of inputsOf(node))
      lines.push(`  ${from} -->${port === 1 ? '|late|' : ''} ${node.id}`)
  }
  return lines.join('\n')
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\n', '<br/>')
}

function wrapped(text: string): string {
  return text.replaceAll(/(.{48,}?), /g, '$1,\n')
}

function nodesById(dataflow: Dataflow): ReadonlyMap<NodeId, PlanNode> {
  return new Map(dataflow.nodes.map((n) => [n.id, n]))
}

function inputSchemas(node: PlanNode, nodes: ReadonlyMap<NodeId, PlanNode>): Schema[] {
  return inputsOf(node).map((input) => nodes.get(input.node)!.schema)
}

/** One line about a node: what it does, in names of columns. */
function describe(node: PlanNode, inputs: readonly Schema[]): string {
  const name = (index: number) => inputs[0]?.fields[index]?.name ?? `#${index}`
  switch (node.kind) {
    case 'source': {
      const columns = node.columns.map((c, i) => `${node.schema.fields[i]!.name} ${typeName(c.type)}`)
      return [...sourceText(node), `reads ${columns.length === 0 ? 'nothing' : columns.join(', ')}`].join(', ')
    }
    case 'upsert':
      return node.keys.length === 0 ? 'changes of one row' : `changes of the row of each ${node.keys.map(name).join(', ')}`
    case 'watermark': {
      const { idleTimeout, maxFutureSkew, partition } = node
      const details = [
        `event time ${name(node.rowtime)}`,
        `watermark ${name(node.mark)}`,
        ...(partition === null ? [] : [`per ${name(partition)}`]),
        ...(idleTimeout === null ? [] : [`idle after ${durationText(idleTimeout)}`]),
        ...(maxFutureSkew === null ? [] : [`at most ${durationText(maxFutureSkew)} ahead of ${name(node.arrival!)}`]),
      ]
      return details.join(', ')
    }
    case 'filter':
      return printExpr(node.predicate, name)
    case 'project': {
      const columns = node.exprs.flatMap((expr, i) => {
        const field = node.schema.fields[i]!
        const text = printExpr(expr, name)
        return field.hidden === true && (text === field.name || text === 'NULL')
          ? []
          : [text === field.name ? text : `${field.name} = ${text}`]
      })
      return columns.length === 0 ? 'no columns' : columns.join(', ')
    }
    case 'union':
      return `all rows of ${node.inputs.length} inputs`
    case 'late_filter':
      return `${windowText(node.window)}${latenessText(node.allowedLateness)}, late rows of ${node.tables.join(', ')}`
    case 'window_aggregate':
      return [
        windowText(node.window) + latenessText(node.allowedLateness) + emitText(node.emit),
        ...aggregation(node.keys, node.aggregates, name),
      ].join('; ')
    case 'aggregate':
      if (node.aggregates.length === 0) return `distinct ${node.keys.map(name).join(', ')}`
      return ['changes', ...aggregation(node.keys, node.aggregates, name)].join('; ')
    case 'over':
      return overText(node, name, (call) => aggregateText(call, name), durationText)
    case 'interval_join':
    case 'join':
    case 'asof_join':
    case 'unnest':
    case 'assign_windows':
      return joinText(node, inputs, { window: windowText, duration: durationText })
    case 'sink':
      return `into table ${node.table}${deliveryText(node.delivery)}: ${columnsText(node.schema)}`
    case 'output':
      return `${node.name}${node.updating ? ', changes' : ''}: ${columnsText(node.schema)}`
  }
}

function sourceText({ table, options, changelog, from, to }: SourceNode): string[] {
  return [
    `${options['connector'] === 'topic' ? 'topic' : 'table'} ${table}`,
    ...(from === undefined ? [] : [`from ${positionText(from)}`]),
    ...(to === undefined ? [] : [`as of ${positionText(to)}`]),
    ...(changelog === undefined ? [] : [changelog === 'weights' ? 'changes' : 'upserts']),
  ]
}

function positionText(position: TopicPosition): string {
  switch (position.kind) {
    case 'offset':
      return `offset ${position.offset}`
    case 'timestamp':
      return formatTimestamp(position.timestamp)
    default:
      return position.kind
  }
}

function emitText(emit: EarlyEmit | undefined): string {
  if (emit === undefined) return ''
  return emit.every === null ? ', changes' : `, changes every ${durationText(emit.every)}`
}

const DELIVERY: Readonly<Record<DeliveryGuarantee, string>> = {
  exactly_once: 'exactly once',
  at_least_once: 'at least once (after a crash rows may come twice)',
  at_most_once: 'at most once (after a crash rows may be missing)',
}

function deliveryText(delivery: DeliveryGuarantee | undefined): string {
  return delivery === undefined ? '' : `, ${DELIVERY[delivery]}`
}

function columnsText(schema: Schema): string {
  return schema.fields
    .filter((f) => f.hidden !== true)
    .map((f) => `${f.name} ${typeName(f.type)}`)
    .join(', ')
}

function aggregation(
  keys: readonly number[],
  calls: readonly AggregateCall[],
  name: (index: number) => string,
): string[] {
  return [
    ...(keys.length === 0 ? [] : [`by ${keys.map(name).join(', ')}`]),
    ...(calls.length === 0 ? [] : [calls.map((c) => aggregateText(c, name)).join(', ')]),
  ]
}

function aggregateText(call: AggregateCall, name: (index: number) => string): string {
  const args = call.args.length === 0 ? '*' : call.args.map(name).join(', ')
  const order = call.orderBy.map(
    (o) =>
      `${name(o.column)}${o.descending ? ' DESC' : ''}${o.nullsFirst === o.descending ? '' : o.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST'}`,
  )
  const inside = `${call.distinct ? 'DISTINCT ' : ''}${args}${order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`}`
  return `${call.name}(${inside})${call.filter === null ? '' : ` FILTER (WHERE ${name(call.filter)})`}`
}

function windowText(window: WindowSpec | Moment): string {
  switch (window.kind) {
    case 'tumble':
      return `tumble ${durationText(window.size)}`
    case 'hop':
      return `hop ${durationText(window.size)} every ${durationText(window.slide)}`
    case 'session':
      return `session ${durationText(window.gap)} apart`
    case 'moment':
      return 'row by row'
  }
}

function latenessText(micros: number): string {
  return micros === 0 ? '' : `, lateness ${durationText(micros)}`
}

const UNITS: readonly (readonly [micros: number, name: string])[] = [
  [MICROS_PER_DAY, 'day'],
  [MICROS_PER_HOUR, 'hour'],
  [MICROS_PER_MINUTE, 'minute'],
  [MICROS_PER_SECOND, 'second'],
  [1000, 'millisecond'],
  [1, 'microsecond'],
]

/** In the largest unit that leaves no fraction: `90 seconds`, `1 day`. */
export function durationText(micros: number): string {
  const [unit, name] = UNITS.find(([size]) => micros % size === 0)!
  const count = micros / unit
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
