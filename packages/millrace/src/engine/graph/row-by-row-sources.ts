import { type Dataflow, inputsOf, isJoin, type NodeId, type PlanNode } from '../../plan/index.ts'

/**
 * Sources whose rows must pass one by one: those that reach a union or join by several of its inputs, when something behind it goes by the order of
 * rows. A batch would come through one input whole before the other gives its first row, so that it would matter where batches are cut.
 */
export function rowByRowSources(plan: Dataflow): ReadonlySet<NodeId> {
  const sources = new Map<NodeId, ReadonlySet<NodeId>>()
  /** By node: the sources that reach it, or some node before it, by several inputs. */
  const split = new Map<NodeId, ReadonlySet<NodeId>>()
  const found = new Set<NodeId>()
  for (const node of plan.nodes) {
    const inputs = inputsOf(node).map((input) => input.node)
    const own = node.kind === 'source' ? [node.id] : inputs.flatMap((id) => [...sources.get(id)!])
    sources.set(node.id, new Set(own))
    const twice = own.filter((id, i) => own.indexOf(id) !== i)
    split.set(node.id, new Set([...inputs.flatMap((id) => [...split.get(id)!]), ...twice]))
    if (dependsOnOrder(node)) for (const id of split.get(node.id)!) found.add(id)
  }
  return found
}

function dependsOnOrder(node: PlanNode): boolean {
  const { kind } = node
  return kind === 'late_filter' || kind === 'window_aggregate' || kind === 'aggregate' || kind === 'over' || isJoin(node)
}
