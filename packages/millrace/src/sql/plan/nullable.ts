import { childrenOf, type Expr } from '../../plan/index.ts'

/** Whether the expression may be NULL, given which columns may. Errs on the side of true. */
export function isNullable(expr: Expr, column: (index: number) => boolean): boolean {
  switch (expr.kind) {
    case 'literal':
      return expr.text === null
    case 'column':
      return column(expr.index)
    case 'is_null':
    case 'struct':
    case 'array':
      return false
    case 'and':
    case 'or':
    case 'not':
    case 'in':
      return childrenOf(expr).some((c) => isNullable(c, column))
    case 'cast':
      return expr.safe || expr.input.type.kind === 'JSON' || isNullable(expr.input, column)
    case 'field': {
      const { type } = expr.input
      return type.kind !== 'STRUCT' || type.fields[expr.index]!.nullable || isNullable(expr.input, column)
    }
    case 'coalesce':
      return expr.args.every((a) => isNullable(a, column))
    case 'case':
      return (
        expr.otherwise === null ||
        isNullable(expr.otherwise, column) ||
        expr.branches.some((b) => isNullable(b.then, column))
      )
    case 'call':
      return true
  }
}
