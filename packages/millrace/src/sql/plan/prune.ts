import { assert, ROWTIME, type Schema, type SchemaField, WATERMARK } from '../../kernel/index.ts'
import {
  type AggregateCall,
  childrenOf,
  columnRef,
  type Expr,
  type FilterNode,
  inputsOf,
  mapChildren,
  type NodeId,
  type PlanNode,
  type ProjectNode,
  type SourceColumn,
} from '../../plan/index.ts'
import { overNeeds, rewriteOver } from './over-prune.ts'
import { joinNeeds, rewriteJoin } from './prune-join.ts'
import { type AccessPath, accessPath, follow, pathKey, PathSet, typeAlong } from './access-path.ts'

/**
 * The nodes that lead to an output or a sink, each with only the columns that somebody behind it reads; fields of STRUCT and JSON columns
 * become columns of their own where the whole is not needed. $rowtime and $watermark stay everywhere.
 */
export function prune(nodes: readonly PlanNode[]): PlanNode[] {
  const needed = neededPaths(nodes)
  const layouts = new Map<NodeId, readonly AccessPath[]>()
  const pruned: PlanNode[] = []
  const schemas = new Map<NodeId, Schema>()
  const widths = new Map(nodes.map((n) => [n.id, n.schema.fields.length]))
  for (const node of nodes) {
    const paths = needed.get(node.id)
    if (paths === undefined) continue
    const source =
      node.kind === 'filter'
        ? narrow(node, paths, layouts.get(node.input.node)!, schemas.get(node.input.node)!)
        : undefined
    if (source !== undefined) pruned.push(source.node)
    const columns = widths.get(inputsOf(node)[0]?.node ?? '') ?? 0
    const { node: rewritten, layout } = rewrite(node, paths.toList(), columns, (id) =>
      source === undefined
        ? { layout: layouts.get(id)!, schema: schemas.get(id)! }
        : { layout: source.layout, schema: source.node.schema },
    )
    pruned.push(
      source === undefined ? rewritten : ({ ...rewritten, input: { node: source.node.id, port: 0 } } as PlanNode),
    )
    layouts.set(node.id, layout)
    schemas.set(node.id, rewritten.schema)
  }
  return pruned
}

/** A filter copies all columns of the rows it keeps: a projection before it that leaves out those nobody reads. Undefined: there are none. */
function narrow(node: FilterNode, paths: PathSet, layout: Layout, schema: Schema): Rewritten | undefined {
  const read = new PathSet()
  for (const path of paths.toList()) read.add(path)
  read.addExpr(node.predicate, childrenOf)
  const wanted = new Set(read.toList().map((p) => p.column))
  const kept = layout.flatMap((path, i) => (wanted.has(path.column) ? [i] : []))
  if (kept.length === layout.length) return undefined
  const fields = kept.map((i) => schema.fields[i]!)
  const exprs = kept.map((i) => columnRef(i, schema.fields[i]!.type))
  const narrowed: ProjectNode = {
    id: `${node.id}_narrow`,
    kind: 'project',
    schema: { fields },
    input: node.input,
    exprs,
  }
  return { node: narrowed, layout: kept.map((i) => layout[i]!) }
}

/** What is read of every node that leads anywhere. */
function neededPaths(nodes: readonly PlanNode[]): ReadonlyMap<NodeId, PathSet> {
  const needed = new Map<NodeId, PathSet>()
  const widths = new Map(nodes.map((n) => [n.id, n.schema.fields.length]))
  const of = (id: NodeId): PathSet => {
    let paths = needed.get(id)
    if (paths === undefined) needed.set(id, (paths = new PathSet()))
    return paths
  }
  for (const node of nodes.toReversed()) {
    if (node.kind === 'output' || node.kind === 'sink') of(node.id)
    const own = needed.get(node.id)
    if (own === undefined) continue
    hiddenColumns(node.schema).forEach((column) => own.addColumn(column))
    if (node.kind === 'project') widen(node.exprs, own)
    const columns = inputsOf(node).map((input) => widths.get(input.node)!)
    inputsOf(node).forEach((input, port) => need(node, own.toList(), of(input.node), { port, columns: columns[0]! }))
  }
  return needed
}

function hiddenColumns({ fields }: Schema): number[] {
  return fields.flatMap((f, i) => (f.hidden === true && (f.name === ROWTIME || f.name === WATERMARK) ? [i] : []))
}

/** A path into what is computed needs it whole. */
function widen(exprs: readonly Expr[], own: PathSet): void {
  for (const { column } of own.toList()) {
    if (accessPath(exprs[column]!) === undefined) own.addColumn(column)
  }
}

/** An input of a node, and how many columns the first of them has. */
interface Port {
  readonly port: number
  readonly columns: number
}

/** Adds what `node` reads of an input so that its own `paths` can be given. */
function need(node: PlanNode, paths: readonly AccessPath[], input: PathSet, { port, columns }: Port): void {
  switch (node.kind) {
    case 'source':
      return
    case 'watermark': {
      const added = node.schema.fields.length - 2
      for (const path of paths) if (path.column < added) input.add(path)
      for (const column of [node.rowtime, node.mark, node.arrival, node.partition])
        if (column !== null) input.addColumn(column)
      return
    }
    case 'filter':
      for (const path of paths) input.add(path)
      input.addExpr(node.predicate, childrenOf)
      return
    case 'late_filter':
      for (const path of paths) input.add(path)
      return
    case 'upsert':
      for (const path of paths) input.add(path)
      for (const key of node.keys) input.addColumn(key)
      return
    case 'project':
      for (const { column, steps } of paths) input.addExpr(follow(node.exprs[column]!, steps), childrenOf)
      return
    case 'window_aggregate':
    case 'aggregate':
      for (const key of node.keys) input.addColumn(key)
      for (const { call } of keptAggregates(node, paths)) aggregateColumns(call).forEach((c) => input.addColumn(c))
      return
    case 'over':
      for (const path of overNeeds(node, paths)) input.add(path)
      return
    case 'interval_join':
    case 'join':
    case 'asof_join':
    case 'unnest':
    case 'assign_windows':
      for (const path of joinNeeds(node, paths, port, columns)) input.add(path)
      return
    case 'union':
    case 'sink':
    case 'output':
      node.schema.fields.forEach((_, column) => input.addColumn(column))
  }
}

type AggregatingNode = Extract<PlanNode, { kind: 'window_aggregate' | 'aggregate' }>

/** The calls whose results are among `paths`, with their columns in the node's schema. */
function keptAggregates(
  node: AggregatingNode,
  paths: readonly AccessPath[],
): { call: AggregateCall; column: number }[] {
  const first = node.keys.length + (node.kind === 'window_aggregate' ? 1 : 0)
  const wanted = new Set(paths.map((p) => p.column))
  return node.aggregates.map((call, i) => ({ call, column: first + i })).filter(({ column }) => wanted.has(column))
}

function aggregateColumns(call: AggregateCall): number[] {
  return [...call.args, ...(call.filter === null ? [] : [call.filter]), ...call.orderBy.map((o) => o.column)]
}

/** What stands in which column of a node's rows after pruning, by path in the rows before it. */
type Layout = readonly AccessPath[]

interface Rewritten {
  readonly node: PlanNode
  readonly layout: Layout
}

const whole = (column: number): AccessPath => ({ column, steps: [] })

/** `columns`: how many its first input had. */
function rewrite(
  node: PlanNode,
  paths: Layout,
  columns: number,
  input: (id: NodeId) => { layout: Layout; schema: Schema },
): Rewritten {
  switch (node.kind) {
    case 'source': {
      const columns = paths.map((p) => sourceColumn(node.columns[p.column]!, p))
      const fields = paths.map((p) => pathField(node.schema.fields[p.column]!, p))
      return { node: { ...node, columns, schema: { fields } }, layout: paths }
    }
    case 'watermark': {
      const from = input(node.input.node)
      const at = finder(from.layout)
      const optional = (column: number | null) => (column === null ? null : at(column))
      const added = node.schema.fields.length - 2
      return {
        node: {
          ...node,
          schema: { fields: [...from.schema.fields, ...node.schema.fields.slice(added)] },
          rowtime: at(node.rowtime),
          mark: at(node.mark),
          arrival: optional(node.arrival),
          partition: optional(node.partition),
        },
        layout: [...from.layout, whole(added), whole(added + 1)],
      }
    }
    case 'upsert': {
      const { layout, schema } = input(node.input.node)
      return { node: { ...node, schema, keys: node.keys.map(finder(layout)) }, layout }
    }
    case 'filter': {
      const { layout, schema } = input(node.input.node)
      return { node: { ...node, schema, predicate: rewriter(layout)(node.predicate) }, layout }
    }
    case 'late_filter': {
      const { layout, schema } = input(node.input.node)
      const at = finder(layout)
      return { node: { ...node, schema, rowtime: at(node.rowtime), watermark: at(node.watermark) }, layout }
    }
    case 'project': {
      const { layout } = input(node.input.node)
      const rewritten = rewriter(layout)
      const exprs = paths.map(({ column, steps }) => rewritten(follow(node.exprs[column]!, steps)))
      const fields = paths.map((p) => pathField(node.schema.fields[p.column]!, p))
      return { node: { ...node, exprs, schema: { fields } }, layout: paths }
    }
    case 'window_aggregate':
    case 'aggregate': {
      const at = finder(input(node.input.node).layout)
      const kept = keptAggregates(node, paths)
      const before = node.keys.length + (node.kind === 'window_aggregate' ? 1 : 0)
      const all = node.schema.fields.length
      const columns = [...range(0, before), ...kept.map((k) => k.column), all - 2, all - 1]
      const changed = {
        schema: { fields: columns.map((c) => node.schema.fields[c]!) },
        keys: node.keys.map(at),
        aggregates: kept.map(({ call }) => ({
          ...call,
          args: call.args.map(at),
          filter: call.filter === null ? null : at(call.filter),
          orderBy: call.orderBy.map((o) => ({ ...o, column: at(o.column) })),
        })),
      }
      const rewritten =
        node.kind === 'aggregate'
          ? { ...node, ...changed }
          : { ...node, ...changed, rowtime: at(node.rowtime), watermark: at(node.watermark) }
      return { node: rewritten, layout: columns.map(whole) }
    }
    case 'over':
      return rewriteOver(node, paths, input(node.input.node))
    case 'interval_join':
    case 'join':
    case 'asof_join':
    case 'unnest':
    case 'assign_windows':
      return rewriteJoin(
        node,
        paths,
        inputsOf(node).map((i) => input(i.node)),
        columns,
      )
    case 'union':
    case 'sink':
    case 'output':
      return { node, layout: node.schema.fields.map((_, i) => whole(i)) }
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function sourceColumn(column: SourceColumn, { steps }: AccessPath): SourceColumn {
  if (column.from === 'metadata' || steps.length === 0) return column
  return {
    from: 'payload',
    path: [...column.path, ...steps.map((s) => s.name)],
    type: typeAlong(column.type, steps),
    nullable: true,
  }
}

function pathField(field: SchemaField, { steps }: AccessPath): SchemaField {
  if (steps.length === 0) return field
  return {
    ...field,
    name: [field.name, ...steps.map((s) => s.name)].join('.'),
    type: typeAlong(field.type, steps),
    nullable: true,
  }
}

function finder(layout: Layout): (column: number) => number {
  const indexes = new Map(layout.flatMap((p, i) => (p.steps.length === 0 ? [[p.column, i] as const] : [])))
  return (column) => {
    const index = indexes.get(column)
    assert(index !== undefined, `column ${column} was pruned but is read`)
    return index
  }
}

/** Expressions over the unpruned rows as expressions over those of `layout`. */
function rewriter(layout: Layout): (expr: Expr) => Expr {
  const indexes = new Map(layout.map((p, i) => [pathKey(p), i]))
  const rewritten = (node: Expr): Expr => {
    const path = accessPath(node)
    const index = path && indexes.get(pathKey(path))
    if (index !== undefined) return columnRef(index, node.type)
    assert(node.kind !== 'column', 'a column was pruned but is read')
    return mapChildren(node, rewritten)
  }
  return rewritten
}
