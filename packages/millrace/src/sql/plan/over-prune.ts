import { assert, BOOLEAN, type Schema } from '../../kernel/index.ts'
import {
  columnRef,
  type Expr,
  type FilterNode,
  mapOverCall,
  overCallColumns,
  type OverCall,
  type OverNode,
  type ProjectNode,
} from '../../plan/index.ts'
import { type AccessPath, pathKey } from './access-path.ts'

/** What a node of window functions reads of its input so that its own `paths` can be given: columns it passes on, and those of its calls. */
export function overNeeds(node: OverNode, paths: readonly AccessPath[]): AccessPath[] {
  const passed = paths.filter((p) => p.column < node.columns.length)
  const ties = node.order.kind === 'event_time' ? node.order.ties.map((t) => t.column) : [node.order.column]
  const columns = [...node.partition, ...ties, ...kept(node, paths).flatMap(({ call }) => overCallColumns(call))]
  return [...passed.map((p) => inputPath(node, p)), ...columns.map((column): AccessPath => ({ column, steps: [] }))]
}

function inputPath({ columns }: OverNode, { column, steps }: AccessPath): AccessPath {
  return { column: columns[column]!, steps }
}

/** The calls whose results are among `paths`, with their columns in the node's schema. */
function kept(node: OverNode, paths: readonly AccessPath[]): { call: OverCall; column: number }[] {
  const wanted = new Set(paths.map((p) => p.column))
  return node.calls
    .map((call, i) => ({ call, column: node.columns.length + i }))
    .filter(({ column }) => wanted.has(column))
}

/** The node over a pruned input, with what stands in its columns then. Where no result is read, only which rows there are is left of it. */
export function rewriteOver(
  node: OverNode,
  paths: readonly AccessPath[],
  from: { readonly layout: readonly AccessPath[]; readonly schema: Schema },
): { node: OverNode | ProjectNode | FilterNode; layout: readonly AccessPath[] } {
  const indexes = new Map(from.layout.map((p, i) => [pathKey(p), i]))
  const at = (column: number): number => {
    const index = indexes.get(pathKey({ column, steps: [] }))
    assert(index !== undefined, `column ${column} was pruned but is read`)
    return index
  }
  // The input may have a larger part of a column than is asked for here.
  const passed = new Map<number, AccessPath>()
  for (const path of paths) {
    if (path.column >= node.columns.length) continue
    for (let length = 0; length <= path.steps.length; length++) {
      const shorter = { column: path.column, steps: path.steps.slice(0, length) }
      const index = indexes.get(pathKey(inputPath(node, shorter)))
      if (index === undefined) continue
      passed.set(index, shorter)
      break
    }
  }
  const calls = kept(node, paths)
  const shared = { id: node.id, input: node.input }
  const field = (index: number) => columnRef(index, from.schema.fields[index]!.type)
  const hidden = [node.schema.fields.length - 2, node.schema.fields.length - 1]
  const results = [...calls.map((c) => c.column), ...hidden]
  const columns = [...passed.keys()]
  const layout = [...passed.values(), ...results.map((column): AccessPath => ({ column, steps: [] }))]
  const schema = {
    fields: [...columns.map((i) => from.schema.fields[i]!), ...results.map((c) => node.schema.fields[c]!)],
  }
  if (calls.length === 0 && node.order.kind === 'event_time') {
    const exprs = [...columns, at(node.rowtime), at(node.watermark)].map(field)
    return { node: { ...shared, kind: 'project', schema, exprs }, layout }
  }
  if (calls.length === 0 && node.order.kind === 'arrival') {
    const input = field(at(node.order.column))
    const predicate: Expr = { kind: 'is_null', type: BOOLEAN, input, negated: true }
    const places = new Map(node.columns.map((c, i) => [c, i]))
    places.set(node.rowtime, hidden[0]!).set(node.watermark, hidden[1]!)
    const all = from.layout.map((p): AccessPath => ({ ...p, column: places.get(p.column)! }))
    return { node: { ...shared, kind: 'filter', schema: from.schema, predicate }, layout: all }
  }
  const rewritten: OverNode = {
    ...node,
    schema,
    columns,
    partition: node.partition.map(at),
    order:
      node.order.kind === 'arrival'
        ? { ...node.order, column: at(node.order.column) }
        : { ...node.order, ties: node.order.ties.map((t) => ({ ...t, column: at(t.column) })) },
    calls: calls.map(({ call }) => mapOverCall(call, at)),
    rowtime: at(node.rowtime),
    watermark: at(node.watermark),
  }
  return { node: rewritten, layout }
}
