import type { OverNode } from '../../plan/index.ts'
import type { OperatorDefinition } from '../operator.ts'
import { OverByArrival } from './over-by-arrival.ts'
import { OverByEventTime } from './over-by-event-time.ts'

export const overDefinition: OperatorDefinition<OverNode> = {
  kind: 'over',
  build: (node, inputs, context) =>
    node.order.kind === 'arrival'
      ? new OverByArrival(node, node.order.column, inputs[0]!, context)
      : new OverByEventTime(node, inputs[0]!, context),
}
