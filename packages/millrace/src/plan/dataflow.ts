import { MillraceError } from '../kernel/index.ts'
import { inputsOf, type NodeId, type PlanNode } from './nodes.ts'

export const DATAFLOW_VERSION = 1

/** A query plan as plain data: JSON in, JSON out, no closures. `nodes` are in topological order. */
export interface Dataflow {
  readonly version: typeof DATAFLOW_VERSION
  readonly nodes: readonly PlanNode[]
}

/** Reads a plan that came as JSON; refuses other versions and plans that are no graph in topological order. */
export function parseDataflow(json: string): Dataflow {
  const plan = JSON.parse(json) as Dataflow
  if (plan.version !== DATAFLOW_VERSION) {
    throw new MillraceError('STATE_CORRUPT', `plan version ${String(plan.version)} is not ${DATAFLOW_VERSION}`)
  }
  checkOrder(plan)
  return plan
}

function checkOrder(plan: Dataflow): void {
  const seen = new Set<NodeId>()
  for (const node of plan.nodes) {
    for (const input of inputsOf(node)) {
      if (!seen.has(input.node)) throw new MillraceError('INTERNAL', `node "${node.id}" reads "${input.node}" before it is defined`)
    }
    if (seen.has(node.id)) throw new MillraceError('INTERNAL', `node "${node.id}" is defined twice`)
    seen.add(node.id)
  }
}
