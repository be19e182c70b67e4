import type { WindowAggregateNode } from '../../plan/index.ts'
import type { OperatorDefinition } from '../operator.ts'
import { PaneAggregate } from './pane-aggregate.ts'
import { SessionAggregate } from './session-aggregate.ts'

export const windowAggregateDefinition: OperatorDefinition<WindowAggregateNode> = {
  kind: 'window_aggregate',
  build: (node, inputs, context) =>
    node.window.kind === 'session'
      ? new SessionAggregate(node, node.window.gap, inputs[0]!, context)
      : new PaneAggregate(node, node.window, inputs[0]!, context),
}
