import {
  type Dataflow,
  DATAFLOW_VERSION,
  type Expr,
  type Input,
  inputsOf,
  type NodeId,
  type PlanNode,
  type ProjectNode,
  childrenOf,
} from '../../plan/index.ts'
import { prune } from './prune.ts'
import { substitute } from './source.ts'

/** The finished plan of a draft: pruned, neighbouring projections merged, nodes named by kind and ordinal. */
export function finishDataflow(draft: readonly PlanNode[]): { dataflow: Dataflow; idOf: ReadonlyMap<NodeId, NodeId> } {
  const nodes = mergeProjections(prune(draft))
  const idOf = new Map<NodeId, NodeId>()
  const counts = new Map<string, number>()
  for (const { id, kind } of nodes) {
    const ordinal = (counts.get(kind) ?? 0) + 1
    counts.set(kind, ordinal)
    idOf.set(id, `${kind}_${ordinal}`)
  }
  const named = nodes.map((n) => ({
    ...withInputs(n, (i) => ({ ...i, node: idOf.get(i.node)! })),
    id: idOf.get(n.id)!,
  }))
  return { dataflow: { version: DATAFLOW_VERSION, nodes: named }, idOf }
}

function withInputs(node: PlanNode, change: (input: Input) => Input): PlanNode {
  switch (node.kind) {
    case 'source':
      return node
    case 'union':
      return { ...node, inputs: node.inputs.map(change) }
    case 'interval_join':
    case 'join':
    case 'asof_join': {
      const { left, right } = node
      return { ...node, left: { ...left, input: change(left.input) }, right: { ...right, input: change(right.input) } }
    }
    default:
      return { ...node, input: change(node.input) }
  }
}

/** Drops projections that change nothing, and computes one behind another in one go where that computes nothing twice. */
function mergeProjections(nodes: readonly PlanNode[]): PlanNode[] {
  const consumers = new Map<NodeId, number>()
  for (const node of nodes) {
    for (const { node: id } of inputsOf(node)) consumers.set(id, (consumers.get(id) ?? 0) + 1)
  }
  const kept = new Map<NodeId, PlanNode>()
  const instead = new Map<NodeId, Input>()
  for (const original of nodes) {
    let node = withInputs(original, (i) => (i.port === 0 ? (instead.get(i.node) ?? i) : i))
    if (node.kind === 'project') {
      const input = kept.get(node.input.node)!
      if (isIdentity(node, input)) {
        instead.set(node.id, node.input)
        consumers.set(node.input.node, (consumers.get(node.input.node) ?? 0) - 1 + (consumers.get(node.id) ?? 0))
        continue
      }
      if (input.kind === 'project' && consumers.get(input.id) === 1 && mayInline(input, node)) {
        node = { ...node, input: input.input, exprs: node.exprs.map((e) => substitute(e, (i) => input.exprs[i]!)) }
        kept.delete(input.id)
      }
    }
    kept.set(node.id, node)
  }
  return [...kept.values()]
}

function isIdentity(node: ProjectNode, input: PlanNode): boolean {
  return (
    node.exprs.length === input.schema.fields.length &&
    node.exprs.every(
      (e, i) => e.kind === 'column' && e.index === i && node.schema.fields[i]!.name === input.schema.fields[i]!.name,
    )
  )
}

function mayInline(inner: ProjectNode, outer: ProjectNode): boolean {
  const uses = new Map<number, number>()
  const count = (expr: Expr): void => {
    if (expr.kind === 'column') uses.set(expr.index, (uses.get(expr.index) ?? 0) + 1)
    childrenOf(expr).forEach(count)
  }
  outer.exprs.forEach(count)
  return inner.exprs.every((e, i) => isTrivial(e) || (uses.get(i) ?? 0) <= 1)
}

function isTrivial(expr: Expr): boolean {
  return expr.kind === 'column' || expr.kind === 'literal' || (expr.kind === 'field' && isTrivial(expr.input))
}
