import { and, type Expr } from '../../plan/index.ts'
import { type BindContext, containsOver, ExpressionBinder, findName } from '../bind/index.ts'
import type { GroupBy } from './grouping.ts'
import type { Planner } from './planner.ts'
import { scopeOf } from './relation.ts'
import type { SelectBinding } from './select.ts'

/** QUALIFY: a condition on the results of window functions. Aliases of the list come after columns. */
export function bindQualify(
  planner: Planner,
  { select, from, items, overs }: SelectBinding,
  context: BindContext,
): Expr | undefined {
  if (select.qualify === null) return undefined
  const binder = new ExpressionBinder(planner.environment, scopeOf(from), {
    ...context,
    nameLast: (path) => {
      const item = findName(path[0]!.name, items, (i) => i.alias ?? '')
      return item === undefined ? context.nameLast?.(path) : { expr: item.expr, parts: 1 }
    },
  })
  const condition = binder.bindCondition(select.qualify, 'QUALIFY')
  if (condition !== undefined && overs.drafts.length === 0) {
    planner.report.error(
      'SQL_INVALID',
      'QUALIFY filters by window functions, and the query calls none',
      select.qualify.span,
      {
        hint: 'Write WHERE, or HAVING for results of aggregates.',
      },
    )
  }
  return condition
}

/** The parts of a condition that only need the rows, which go before the window functions, and those that need their results. */
export function splitCondition(condition: Expr | undefined): { rows: Expr | undefined; results: Expr | undefined } {
  if (condition === undefined || !containsOver(condition)) return { rows: condition, results: undefined }
  const parts = conjuncts(condition)
  const joined = (some: readonly Expr[]) => (some.length === 0 ? undefined : and(some))
  return {
    rows: joined(parts.filter((p) => !containsOver(p))),
    results: joined(parts.filter(containsOver)),
  }
}

function conjuncts(condition: Expr): Expr[] {
  return condition.kind === 'and' ? condition.args.flatMap(conjuncts) : [condition]
}

/** Window functions come after grouping: what groups rows, or filters them before or while, cannot go by their results. */
export function checkOverClauses(
  { report }: Planner,
  { select, overs }: SelectBinding,
  clauses: { readonly keys: GroupBy; readonly having: Expr | undefined; readonly results: Expr | undefined },
): void {
  const [first] = overs.drafts
  if (first === undefined) return
  const misplaced = (clause: string, span: typeof first.span) =>
    report.error('SQL_INVALID', `a window function has no meaning in ${clause}`, span, {
      hint: 'They are computed from the groups. Filter by them in QUALIFY, or group by the column of a query that computes them: FROM (SELECT ...).',
    })
  for (const key of clauses.keys.keys) if (containsOver(key.expr)) misplaced('GROUP BY', key.span)
  if (clauses.having !== undefined && containsOver(clauses.having)) misplaced('HAVING', select.having!.span)
  if (clauses.results !== undefined) misplaced('WHERE of a query with GROUP BY', select.where!.span)
}
