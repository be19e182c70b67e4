import type { Schema } from '../../kernel/index.ts'
import type { AsofJoinNode, IntervalJoinNode, JoinNode, UpdatingJoinNode } from '../../plan/index.ts'
import type { ExplainLine } from '../operator.ts'
import { columnName, describeDuration, describeExpr, describeWindow } from './describe.ts'

type Inputs = readonly [left: Schema, right: Schema]

export function describeIntervalJoin(node: IntervalJoinNode, inputs: Inputs): ExplainLine {
  const within =
    node.window !== null
      ? describeWindow(node.window)
      : `${describeBound(node.lower)} to ${describeBound(node.upper)} later`
  return { name: `${node.type} interval join`, detail: [within, ...conditions(node, inputs)].join('; ') }
}

export function describeUpdatingJoin(node: UpdatingJoinNode, inputs: Inputs): ExplainLine {
  const kept = `rows kept ${describeDuration(node.ttl)}`
  return { name: `${node.type} join`, detail: [...conditions(node, inputs), kept].join('; ') }
}

export function describeAsofJoin(node: AsofJoinNode, inputs: Inputs): ExplainLine {
  const within = node.tolerance === null ? [] : [`within ${describeDuration(node.tolerance)}`]
  return { name: `${node.type} as-of join`, detail: [node.direction, ...within, ...conditions(node, inputs)].join('; ') }
}

function conditions(node: JoinNode, [left, right]: Inputs): string[] {
  const keys = node.keys.map((k) => {
    const sign = k.nullsMatch ? 'IS NOT DISTINCT FROM' : '='
    return `${columnName(left, k.left)} ${sign} ${columnName(right, k.right)}`
  })
  const residual = node.kind === 'asof_join' ? null : node.residual
  const both = { fields: [...left.fields, ...right.fields] }
  return [
    ...(keys.length === 0 ? [] : [`keys: ${keys.join(', ')}`]),
    ...(residual === null ? [] : [describeExpr(residual, both)]),
  ]
}

function describeBound(micros: number): string {
  return micros < 0 ? `-${describeDuration(-micros)}` : describeDuration(micros)
}
