import { BOOLEAN, TEXT, unreachable } from '../../kernel/index.ts'
import { type Expr, literal } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { callFunction } from './calls.ts'
import { castTo } from './cast.ts'
import { bindComparison } from './comparisons.ts'
import type { ExpressionBinder } from './expression-binder.ts'
import { numberLiteral } from './literals.ts'

export function not(input: Expr): Expr {
  return { kind: 'not', type: BOOLEAN, input }
}

export function bindUnary(binder: ExpressionBinder, node: ast.Unary): Expr | undefined {
  switch (node.operator) {
    case 'NOT': {
      const input = binder.bindCondition(node.operand, 'NOT')
      return input === undefined ? undefined : not(input)
    }
    case '-': {
      if (node.operand.kind === 'number') {
        return (
          numberLiteral(`-${node.operand.text}`) ??
          binder.report.error('SQL_INVALID', `number "-${node.operand.text}" has no value`, node.span)
        )
      }
      const operand = binder.bind(node.operand)
      return operand === undefined ? undefined : callFunction(binder, 'negate', [operand], node.span, 'operator "-"')
    }
    case '+': {
      const operand = binder.bind(node.operand)
      if (operand === undefined) return undefined
      return callFunction(binder, 'negate', [operand], node.span, 'operator "+"') === undefined ? undefined : operand
    }
    case '~':
      return binder.report.unsupported('operator "~" before a value is', node.span, 'Write -1 - x.')
  }
}

/** Arithmetic, comparisons, text, JSON and patterns: each a function of the catalogue. */
export function bindBinary(binder: ExpressionBinder, node: ast.Binary): Expr | undefined {
  const { operator, operatorSpan } = node
  const sides = binder.bindAll([node.left, node.right])
  if (sides === undefined) return undefined
  const [left, right] = [sides[0]!, sides[1]!]
  const label = `operator "${operator}"`
  switch (operator) {
    case '=':
    case '<>':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return bindComparison(binder, operator, left, right, node.span)
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '^': {
      const name = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide', '%': 'modulo', '^': 'power' }[
        operator
      ]
      return callFunction(binder, name, [left, right], operatorSpan, label)
    }
    case '||':
      return callFunction(
        binder,
        binder.environment.functions.scalar('||')?.name ?? 'concat',
        [left, right],
        operatorSpan,
        label,
      )
    case '->':
    case '->>':
    case '?': {
      const name = { '->': 'json_get', '->>': 'json_as_text', '?': 'json_contains' }[operator]
      const json = left.type.kind === 'TEXT' ? castTo(left, { kind: 'JSON' }) : left
      return callFunction(binder, name, [json, right], operatorSpan, label)
    }
    case '~':
    case '!~':
    case '~*':
    case '!~*': {
      const flags = operator.endsWith('*') ? [literal(TEXT, 'i')] : []
      const match = callFunction(binder, 'regexp_like', [left, right, ...flags], operatorSpan, label)
      return match === undefined || !operator.startsWith('!') ? match : not(match)
    }
    case '&':
    case '|':
    case '#':
    case '<<':
    case '>>':
      return binder.report.unsupported(
        `the bitwise operator "${operator}" is`,
        operatorSpan,
        'Use arithmetic: x / 256 % 2 reads one bit.',
      )
    default:
      return unreachable(operator)
  }
}
