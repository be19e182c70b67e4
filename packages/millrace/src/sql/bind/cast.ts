import { type DataType, isNumeric, NULL_TYPE, sameType } from '../../kernel/index.ts'
import type { Expr } from '../../plan/index.ts'
import { foldCast } from './literals.ts'

/** Whether CAST(x AS `to`) has a meaning for an x of type `from`; single values may still have none. */
export function canCast(from: DataType, to: DataType): boolean {
  if (sameType(from, to) || from.kind === 'NULL') return true
  if (to.kind === 'NULL') return false
  if (to.kind === 'TEXT' || to.kind === 'JSON' || from.kind === 'TEXT' || from.kind === 'JSON') return true
  switch (from.kind) {
    case 'BOOLEAN':
      return to.kind === 'INTEGER'
    case 'INTEGER':
      return isNumeric(to) || to.kind === 'BOOLEAN' || to.kind === 'TIMESTAMP'
    case 'REAL':
    case 'DOUBLE':
    case 'DECIMAL':
      return isNumeric(to) || to.kind === 'TIMESTAMP'
    case 'DATE':
      return to.kind === 'TIMESTAMP'
    case 'TIMESTAMP':
      return to.kind === 'DATE' || to.kind === 'TIME'
    case 'ARRAY':
      return to.kind === 'ARRAY' && canCast(from.element, to.element)
    case 'STRUCT':
      return (
        to.kind === 'STRUCT' &&
        from.fields.length === to.fields.length &&
        from.fields.every((f, i) => canCast(f.type, to.fields[i]!.type))
      )
    default:
      return false
  }
}

/** The expression as `to`: itself, a folded literal or a cast. Asks `canCast` of nobody. */
export function castTo(expr: Expr, to: DataType, safe = false): Expr {
  if (sameType(expr.type, to) || to.kind === NULL_TYPE.kind) return expr
  if (expr.kind === 'literal') {
    const folded = foldCast(expr, to)
    if (folded !== undefined) return folded
  }
  return { kind: 'cast', type: to, input: expr, safe }
}
