import type { WindowAggregateNode } from '../../plan/index.ts'
import type { InputStream, OperatorContext, OperatorDefinition } from '../operator.ts'
import { HopAggregate } from './hop-aggregate.ts'
import { SessionAggregate } from './session-aggregate.ts'
import { TumbleAggregate } from './tumble-aggregate.ts'
import type { WindowOperator } from './window-operator.ts'

function build(node: WindowAggregateNode, input: InputStream, context: OperatorContext): WindowOperator {
  const { window } = node
  switch (window.kind) {
    case 'tumble':
      return new TumbleAggregate(node, window.size, input, context)
    case 'hop':
      if (window.slide === window.size) return new TumbleAggregate(node, window.size, input, context)
      return new HopAggregate(node, window, input, context)
    case 'session':
      return new SessionAggregate(node, window.gap, input, context)
  }
}

export const windowAggregateDefinition: OperatorDefinition<WindowAggregateNode> = {
  kind: 'window_aggregate',
  build: (node, inputs, context) => build(node, inputs[0]!, context),
}
