import type { Expr } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { ExpressionBinder, Report } from '../bind/index.ts'
import { conjunctsOf } from './join-condition.ts'
import { type JoinScope, sidesOf } from './join-scope.ts'
import type { Planner } from './planner.ts'
import { type Relation, scopeOf } from './relation.ts'

/** WHERE taken apart at AND, as joins of FROM take from it what relates their sides. */
export class WhereConditions {
  readonly #conjuncts: readonly ast.Expression[]
  readonly #taken = new Set<ast.Expression>()
  readonly #bound: ast.Expression[] = []

  constructor(where: ast.Expression | null) {
    this.#conjuncts = where === null ? [] : flatten(where)
  }

  get conjuncts(): readonly ast.Expression[] {
    return this.#conjuncts
  }

  /** Conditions on the rows of an inner join, on pairs or on one side; they are not part of `rest` any more. */
  take(planner: Planner, scope: JoinScope): Expr[] {
    return this.#conjuncts.flatMap((node): readonly Expr[] => {
      if (this.#taken.has(node) || hasQuery(node)) return []
      // What does not bind here may be about other tables; the SELECT will say what is wrong with it.
      const report = new Report()
      const binder = new ExpressionBinder({ ...planner.environment, report }, scope, { clause: 'WHERE' })
      const expr = binder.bind(node)
      if (expr?.type.kind !== 'BOOLEAN' || report.failed || sidesOf(expr, scope) === 'none') return []
      this.#taken.add(node)
      this.#bound.push(node)
      return conjunctsOf(expr)
    })
  }

  /** Reports names of taken conditions that mean one column to a join, but several to the whole of FROM. */
  check(planner: Planner, from: Relation): void {
    const binder = new ExpressionBinder(planner.environment, scopeOf(from), { clause: 'WHERE' })
    for (const node of this.#bound) binder.bind(node)
  }

  /** Says that a condition is dealt with. */
  remove(node: ast.Expression): void {
    this.#taken.add(node)
  }

  /** What is left of WHERE. */
  rest(where: ast.Expression | null): ast.Expression | null {
    if (where === null || this.#taken.size === 0) return where
    const left = this.#conjuncts.filter((c) => !this.#taken.has(c))
    if (left.length <= 1) return left[0] ?? null
    return { kind: 'logical', span: where.span, operator: 'AND', operands: left }
  }
}

function flatten(node: ast.Expression): readonly ast.Expression[] {
  return node.kind === 'logical' && node.operator === 'AND' ? node.operands.flatMap(flatten) : [node]
}

function hasQuery(node: ast.Expression): boolean {
  return node.kind === 'exists' || node.kind === 'in-query' || (node.kind === 'unary' && hasQuery(node.operand))
}
