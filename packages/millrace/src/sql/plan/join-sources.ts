import type * as ast from '../ast/index.ts'
import { planFrom } from './from.ts'
import { joinQueries } from './join-query.ts'
import { unnestOfList } from './join-unnest.ts'
import { WhereConditions } from './join-where.ts'
import type { Planner, QueryScope } from './planner.ts'
import type { Relation } from './relation.ts'

/** The rows a SELECT reads, and the SELECT without those conditions of WHERE that went into joins. */
export function planSources(
  planner: Planner,
  select: ast.Select,
  scope: QueryScope,
): { readonly from: Relation; readonly select: ast.Select } {
  const where = new WhereConditions(select.where)
  const joined = planFrom(planner, select, scope, where)
  where.check(planner, joined)
  const from = joinQueries(planner, joined, where, scope)
  return unnestOfList(planner, { ...select, where: where.rest(select.where) }, from)
}
