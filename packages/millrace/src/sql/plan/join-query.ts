import type { Span } from '../../kernel/index.ts'
import { columnRef, type Expr } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { castTo, ExpressionBinder, meet } from '../bind/index.ts'
import { unknownRelation } from './from.ts'
import { planJoin } from './join.ts'
import type { EqualKey } from './join-condition.ts'
import { joinScope, type JoinScope } from './join-scope.ts'
import { planSources } from './join-sources.ts'
import type { WhereConditions } from './join-where.ts'
import { assignWindows } from './join-window.ts'
import { isNullable } from './nullable.ts'
import type { Planner, QueryScope } from './planner.ts'
import { planQuery } from './query.ts'
import type { Relation } from './relation.ts'

/** A condition of WHERE that asks for rows of a query. */
interface QueryCondition {
  readonly node: ast.Expression
  readonly query: ast.Query
  /** What IN compares; null: EXISTS. */
  readonly operands: readonly ast.Expression[] | null
  readonly negated: boolean
}

/** `EXISTS (query)`, `x IN (query)` and their negations among the conditions of WHERE, as semi and anti joins. */
export function joinQueries(planner: Planner, from: Relation, where: WhereConditions, scope: QueryScope): Relation {
  let relation = from
  for (const node of where.conjuncts) {
    const condition = queryCondition(node)
    if (condition === undefined) continue
    where.remove(node)
    relation = joinQuery(planner, relation, condition, scope)
  }
  return relation
}

function queryCondition(node: ast.Expression, negated = false): QueryCondition | undefined {
  switch (node.kind) {
    case 'unary':
      return node.operator === 'NOT' ? queryCondition(node.operand, !negated) : undefined
    case 'exists':
      return { node, query: node.query, operands: null, negated }
    case 'in-query': {
      const operands = node.operand.kind === 'row' ? node.operand.elements : [node.operand]
      return { node, query: node.query, operands, negated: node.negated !== negated }
    }
    default:
      return undefined
  }
}

function joinQuery(planner: Planner, left: Relation, condition: QueryCondition, scope: QueryScope): Relation {
  const { query, operands, negated, node } = condition
  const type = negated ? 'anti' : 'semi'
  const { body } = query
  const isPlain =
    body.kind === 'select' &&
    query.with === null &&
    query.orderBy.length === 0 &&
    query.limit === null &&
    query.offset === null &&
    query.emit === null &&
    body.groupBy.length === 0 &&
    body.having === null &&
    body.distinct === null
  const { span } = node
  const construct = operands === null ? 'EXISTS (query)' : 'IN (query)'
  if (!isPlain) {
    const right = planQuery(planner, query, scope)
    const keys = columnKeys(planner, left, right, condition)
    if (keys === undefined) return unknownLike(planner, left)
    return planJoin(planner, { left, right, type, conditions: [], keys, within: null, span, construct })
  }
  const inner = planSources(planner, body, scope)
  const right = assignWindows(planner, inner.from, span)
  if (left.open || right.open) return unknownLike(planner, left)
  const sides = nestedScope(left, right)
  const conditions: Expr[] = []
  if (inner.select.where !== null) {
    const bound = new ExpressionBinder(planner.environment, sides, { clause: 'WHERE' }).bindCondition(
      inner.select.where,
      'WHERE',
    )
    if (bound === undefined) return unknownLike(planner, left)
    conditions.push(bound)
  }
  const keys = operands === null ? [] : itemKeys(planner, condition, operands, body, sides)
  if (keys === undefined || !checkNulls(planner, condition, keys, sides)) return unknownLike(planner, left)
  return planJoin(planner, { left, right, type, conditions, keys, within: null, span, construct })
}

function unknownLike(planner: Planner, left: Relation): Relation {
  return { ...unknownRelation(planner), qualifiers: left.qualifiers }
}

/** Names of the query go before those around it. */
function nestedScope(left: Relation, right: Relation): JoinScope {
  const sides = joinScope(left, right)
  const names = new Set(right.columns.map((c) => c.name.toLowerCase()))
  const tables = new Set(right.qualifiers.map((q) => q.toLowerCase()))
  const hidden = (qualifier: string | null | undefined) => tables.has((qualifier ?? '').toLowerCase())
  return {
    ...sides,
    columns: sides.columns.map((c, i) => {
      if (i >= sides.split) return c
      const qualifier = hidden(c.qualifier) ? '' : (c.qualifier ?? null)
      return { ...c, qualifier, qualifiedOnly: c.qualifiedOnly === true || names.has(c.name.toLowerCase()) }
    }),
    qualifiers: [...left.qualifiers.filter((q) => !hidden(q)), ...right.qualifiers],
  }
}

function itemKeys(
  planner: Planner,
  condition: QueryCondition,
  operands: readonly ast.Expression[],
  body: ast.Select,
  sides: JoinScope,
): EqualKey[] | undefined {
  const around = { ...sides, columns: sides.columns.slice(0, sides.split).map((c) => ({ ...c, qualifiedOnly: false })) }
  const left = bindAll(planner, operands, around, 'WHERE')
  const items = body.items.map((item) => (item.kind === 'star' ? undefined : item.expression))
  const stars = sides.columns.slice(sides.split)
  const right = items.every((i) => i !== undefined)
    ? bindAll(planner, items, sides, 'SELECT')
    : items.length === 1
      ? stars.map((c) => columnRef(c.index, c.type ?? { kind: 'NULL' }))
      : undefined
  if (left === undefined || right === undefined) return undefined
  return equalKeys(planner, left, right, condition.node.span)
}

/** The columns of a whole query, behind those of the left side. */
function columnKeys(
  planner: Planner,
  left: Relation,
  right: Relation,
  condition: QueryCondition,
): EqualKey[] | undefined {
  if (left.open || right.open) return undefined
  if (condition.operands === null) return []
  const sides = joinScope(left, right)
  const around = { ...sides, columns: sides.columns.slice(0, sides.split), qualifiers: left.qualifiers }
  const operands = bindAll(planner, condition.operands, around, 'WHERE')
  const items = right.columns.map((c, i) => columnRef(sides.split + i, c.type ?? { kind: 'NULL' }))
  const keys = operands && equalKeys(planner, operands, items, condition.node.span)
  return keys && checkNulls(planner, condition, keys, sides) ? keys : undefined
}

function bindAll(
  planner: Planner,
  nodes: readonly ast.Expression[],
  scope: JoinScope,
  clause: string,
): Expr[] | undefined {
  return new ExpressionBinder(planner.environment, scope, { clause }).bindAll(nodes)
}

function equalKeys(
  planner: Planner,
  left: readonly Expr[],
  right: readonly Expr[],
  span: Span,
): EqualKey[] | undefined {
  const { report } = planner
  if (left.length !== right.length) {
    return report.error('SQL_INVALID', `IN compares ${left.length} values with ${right.length} columns`, span, {
      hint: 'The query gives as many columns as there are values before IN.',
    })
  }
  const keys = left.map((a, i): EqualKey | undefined => {
    const b = right[i]!
    const type = meet(a.type, b.type)
    return type && { left: castTo(a, type), right: castTo(b, type), nullsMatch: false }
  })
  if (keys.every((k) => k !== undefined)) return keys
  return report.error('SQL_TYPE', 'the values of IN and the columns of its query do not compare', span, {
    hint: 'Cast one of them, as in CAST(x AS TEXT) IN (SELECT ...).',
  })
}

/** A NULL among the rows of NOT IN makes it NULL for every other value, which no stream can know. */
function checkNulls(
  planner: Planner,
  { operands, negated, node }: QueryCondition,
  keys: readonly EqualKey[],
  sides: JoinScope,
): boolean {
  if (operands === null || !negated) return true
  const nullableAt = (index: number) => sides.columns[index]?.nullable ?? true
  if (!keys.some((k) => isNullable(k.left, nullableAt) || isNullable(k.right, nullableAt))) return true
  planner.report.unsupported(
    'NOT IN of columns that may be NULL is',
    node.span,
    'Write NOT EXISTS (SELECT 1 FROM b WHERE b.x = a.x), or declare the columns NOT NULL.',
  )
  return false
}
