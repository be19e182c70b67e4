import type { Expression } from '../ast/index.ts'
import { BINARY_PRECEDENCE, PRECEDENCE } from '../parse/precedence.ts'

/** How tightly the outermost operator of an expression binds; what needs no parentheses anywhere is at the top. */
export function precedence(node: Expression): number {
  switch (node.kind) {
    case 'logical':
      return PRECEDENCE[node.operator]
    case 'binary':
      return BINARY_PRECEDENCE[node.operator]
    case 'quantified':
      return PRECEDENCE.COMPARISON
    case 'unary':
      return node.operator === 'NOT' ? PRECEDENCE.NOT : PRECEDENCE.UNARY
    case 'is-null':
    case 'is-truth':
    case 'is-distinct':
      return PRECEDENCE.IS
    case 'in-list':
    case 'in-query':
    case 'between':
    case 'like':
      return PRECEDENCE.PREDICATE
    case 'at-time-zone':
      return PRECEDENCE.AT_TIME_ZONE
    default:
      return PRECEDENCE.POSTFIX
  }
}
