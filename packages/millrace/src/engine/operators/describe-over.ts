import type { Schema } from '../../kernel/index.ts'
import { type OverCall, overCallName, type OverFrame, type OverNode } from '../../plan/index.ts'
import type { ExplainLine } from '../operator.ts'
import { columnName, describeAggregation, describeDuration } from './describe.ts'

/** EXPLAIN's words for window functions. */
export function describeOver(node: OverNode, input: Schema): ExplainLine {
  const name = (column: number) => columnName(input, column)
  const order = node.order.kind === 'arrival' ? `${name(node.order.column)} as rows arrive` : 'event time'
  const keys = node.partition.length === 0 ? '' : `keys: ${node.partition.map(name).join(', ')}; `
  return { name: `over(${order})`, detail: keys + node.calls.map((c) => describeCall(c, input)).join(', ') }
}

function describeCall(call: OverCall, input: Schema): string {
  switch (call.kind) {
    case 'aggregate':
      return `${describeAggregation([], [call.call], input)} ${describeFrame(call.frame)}`
    case 'shift':
      return `${overCallName(call)}(${columnName(input, call.column)}, ${Math.abs(call.offset)})`
    case 'nth':
      return `${overCallName(call)}(${columnName(input, call.column)}${call.n > 1 ? `, ${call.n}` : ''}) ${describeFrame(call.frame)}`
    case 'ntile':
      return `ntile(${call.buckets})`
    default:
      return `${call.kind}()`
  }
}

function describeFrame({ unit, start, end }: OverFrame): string {
  const bound = (offset: number | null, unbounded: string) => {
    if (offset === null) return unbounded
    if (offset === 0) return 'current row'
    const size = unit === 'rows' ? String(Math.abs(offset)) : describeDuration(Math.abs(offset))
    return `${size} ${offset < 0 ? 'preceding' : 'following'}`
  }
  return `${unit} ${bound(start, 'unbounded preceding')} to ${bound(end, 'unbounded following')}`
}
