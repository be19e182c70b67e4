import type { Expr } from '../../plan/index.ts'
import { columnRef, columnsOf } from '../../plan/index.ts'
import type { Scope, ScopeColumn } from '../bind/index.ts'
import type { Relation } from './relation.ts'
import { substitute } from './source.ts'

/**
 * The columns of two relations side by side, as conditions of a join read them: those of the left one by their position, those of the
 * right one behind them.
 */
export interface JoinScope extends Scope {
  readonly split: number
}

export function joinScope(left: Relation, right: Relation): JoinScope {
  const split = left.columns.length
  return {
    columns: [...qualified(left, 0), ...qualified(right, split)],
    qualifiers: [...left.qualifiers, ...right.qualifiers],
    open: left.open || right.open,
    rowtime: null,
    split,
  }
}

function qualified(relation: Relation, first: number): ScopeColumn[] {
  const [only, second] = relation.qualifiers
  const qualifier = second === undefined ? (only ?? null) : null
  return relation.columns.map((c, i) => ({ ...c, index: first + i, qualifier: c.qualifier ?? qualifier }))
}

/** The sides an expression over the scope reads. */
export function sidesOf(expr: Expr, { split }: JoinScope): 'none' | 'left' | 'right' | 'both' {
  let left = false
  let right = false
  for (const column of columnsOf(expr)) {
    if (column < split) left = true
    else right = true
  }
  if (left) return right ? 'both' : 'left'
  return right ? 'right' : 'none'
}

/** An expression over one side of the scope as one over the rows of that relation. */
export function ofSide(expr: Expr, relation: Relation, first: number): Expr {
  return substitute(expr, (position) => {
    const { index } = relation.columns[position - first]!
    return columnRef(index, relation.schema.fields[index]!.type)
  })
}
