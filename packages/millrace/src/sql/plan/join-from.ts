import { intervalMicros, type Span } from '../../kernel/index.ts'
import { columnRef, type Expr, type JoinType } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { castTo, ExpressionBinder, findName, matchName, meet, type ScopeColumn } from '../bind/index.ts'
import { planTableExpression, unknownRelation } from './from.ts'
import { planJoin } from './join.ts'
import { planAsofJoin, planTemporalJoin } from './join-asof.ts'
import type { EqualKey } from './join-condition.ts'
import { type JoinScope, joinScope } from './join-scope.ts'
import { isUnnest, planUnnest } from './join-unnest.ts'
import type { WhereConditions } from './join-where.ts'
import { assignWindows } from './join-window.ts'
import type { Planner, QueryScope } from './planner.ts'
import type { Relation } from './relation.ts'

const TYPES: Readonly<Record<ast.JoinType, JoinType>> = {
  INNER: 'inner',
  CROSS: 'inner',
  LEFT: 'left',
  RIGHT: 'right',
  FULL: 'full',
  SEMI: 'semi',
  ANTI: 'anti',
}

/** `a JOIN b ON ...`. `where`: conditions that an inner join may use as its own. */
export function planJoinExpression(
  planner: Planner,
  join: ast.Join,
  scope: QueryScope,
  where: WhereConditions | null,
): Relation {
  if (join.asof !== null) return planAsofJoin(planner, join, scope)
  if (join.right.kind === 'table' && join.right.asOf !== null)
    return planTemporalJoin(planner, join, { ...join.right, asOf: join.right.asOf }, scope)
  if (isUnnest(join.right)) return planUnnestJoin(planner, join, join.right, scope, where)
  const type = TYPES[join.type]
  const left = planSide(planner, join.left, scope, type === 'right' || type === 'full' ? null : where)
  const right = planSide(planner, join.right, scope, type === 'inner' || type === 'right' ? where : null)
  const sides = joinScope(left, right)
  if (!checkNames(planner, left, right, join.operatorSpan)) return unknownRelation(planner)
  const conditions = type === 'inner' && where !== null ? where.take(planner, sides) : []
  const { condition, within } = join
  if (condition?.kind === 'join-on') {
    const on = bindOn(planner, condition.expression, sides)
    if (on === undefined) return open(planner, left, right)
    conditions.push(on)
  }
  const using =
    condition?.kind === 'join-using'
      ? condition.columns
      : join.natural
        ? commonColumns(planner, left, right, join.operatorSpan)
        : []
  const keys = using === undefined ? undefined : bindUsing(planner, using, left, right)
  if (keys === undefined) return open(planner, left, right)
  const relation = planJoin(planner, {
    left,
    right,
    type,
    conditions,
    keys: keys.map((k) => k.key),
    within: within === null ? null : withinMicros(planner, within),
    span: join.operatorSpan,
  })
  return keys.length === 0 || relation.open ? relation : merged(planner, relation, keys, type)
}

/** `a, b`: every row with every row that WHERE lets it meet. */
export function planCommaJoin(
  planner: Planner,
  left: Relation,
  table: ast.TableExpression,
  scope: QueryScope,
  where: WhereConditions,
): Relation {
  if (isUnnest(table)) return planUnnest(planner, left, table, false)
  const right = planSide(planner, table, scope, where)
  const { span } = table
  if (!checkNames(planner, left, right, span)) return unknownRelation(planner)
  const conditions = where.take(planner, joinScope(left, right))
  return planJoin(planner, { left, right, type: 'inner', conditions, within: null, span })
}

/** `a CROSS JOIN UNNEST(a.items)`, `a LEFT JOIN UNNEST(a.items) ON TRUE`. */
function planUnnestJoin(
  planner: Planner,
  join: ast.Join,
  table: ast.TableFunction,
  scope: QueryScope,
  where: WhereConditions | null,
): Relation {
  const { condition, type } = join
  const left = planTableExpression(planner, join.left, scope, where)
  const isPlain =
    condition === null ||
    (condition.kind === 'join-on' && condition.expression.kind === 'boolean' && condition.expression.value)
  if ((type !== 'CROSS' && type !== 'INNER' && type !== 'LEFT') || !isPlain) {
    planner.report.unsupported(
      isPlain ? `a ${type} JOIN of UNNEST is` : 'a condition on a join of UNNEST is',
      isPlain ? join.operatorSpan : condition!.span,
      'Write CROSS JOIN UNNEST(a.items) AS item or LEFT JOIN UNNEST(a.items) AS item ON TRUE, and conditions in WHERE.',
    )
    return unknownRelation(planner)
  }
  return planUnnest(planner, left, table, type === 'LEFT')
}

/** A table of a join: where it is windowed, its rows come by window. */
export function planSide(
  planner: Planner,
  table: ast.TableExpression,
  scope: QueryScope,
  where: WhereConditions | null,
): Relation {
  return assignWindows(planner, planTableExpression(planner, table, scope, where), table.span)
}

/** Nothing about the columns of either is an error. */
function open(planner: Planner, left: Relation, right: Relation): Relation {
  return { ...unknownRelation(planner), qualifiers: [...left.qualifiers, ...right.qualifiers] }
}

export function checkNames(planner: Planner, left: Relation, right: Relation, span: Span): boolean {
  const taken = new Set(left.qualifiers.map((q) => q.toLowerCase()))
  const twice = right.qualifiers.find((q) => taken.has(q.toLowerCase()))
  if (twice === undefined) return true
  planner.report.error('SQL_DUPLICATE', `"${twice}" stands in FROM twice`, span, {
    hint: `Give each a name of its own: FROM ${twice} AS a JOIN ${twice} AS b ON a.id = b.id.`,
  })
  return false
}

/** Undefined: it failed, which is reported. */
export function bindOn(planner: Planner, condition: ast.Expression, scope: JoinScope): Expr | undefined {
  return new ExpressionBinder(planner.environment, scope, { clause: 'ON' }).bindCondition(condition, 'ON')
}

export function withinMicros(planner: Planner, within: ast.IntervalLiteral): number | null {
  const micros = intervalMicros(within.value)
  if (micros !== undefined && micros >= 0) return micros
  planner.report.error('SQL_INVALID', 'the length of WITHIN has to be fixed', within.span, {
    detail: 'Months and years have no fixed length, and no length is less than nothing.',
    hint: "Write it as WITHIN INTERVAL '5 minutes'.",
  })
  return null
}

function commonColumns(
  planner: Planner,
  left: Relation,
  right: Relation,
  span: Span,
): readonly ast.Identifier[] | undefined {
  if (left.open || right.open) return []
  const common = left.columns.filter((c) => findName(c.name, right.columns, (r) => r.name) !== undefined)
  if (common.length > 0) return common.map((c) => ({ kind: 'identifier', span, name: c.name, quoted: true }))
  return planner.report.error('SQL_INVALID', 'NATURAL JOIN finds no column that both sides have', span, {
    hint: 'Say which rows belong together, as in JOIN ... ON a.id = b.id.',
  })
}

/** A column of USING on both sides, by position in the scope. */
export interface UsingKey {
  readonly key: EqualKey
  readonly left: number
  readonly right: number
}

export function bindUsing(
  planner: Planner,
  columns: readonly ast.Identifier[],
  left: Relation,
  right: Relation,
): UsingKey[] | undefined {
  if (left.open || right.open) return []
  const keys = columns.map(({ name, span }): UsingKey | undefined => {
    const [a, b] = [usingColumn(planner, name, span, left), usingColumn(planner, name, span, right)]
    if (a === undefined || b === undefined) return undefined
    const [x, y] = [left.columns[a]!.type, right.columns[b]!.type]
    const type = x && y && meet(x, y)
    if (x === undefined || y === undefined || type === undefined) {
      if (x === undefined || y === undefined) return undefined
      return planner.report.error('SQL_TYPE', `column "${name}" has types that do not compare`, span, {
        hint: `Cast one side, as in ON CAST(a.${name} AS TEXT) = b.${name}.`,
      })
    }
    const split = left.columns.length
    const key = {
      left: castTo(columnRef(a, x), type),
      right: castTo(columnRef(split + b, y), type),
      nullsMatch: false,
    }
    return { key, left: a, right: split + b }
  })
  return keys.every((k) => k !== undefined) ? keys : undefined
}

function usingColumn(planner: Planner, name: string, span: Span, side: Relation): number | undefined {
  const match = matchName(
    name,
    side.columns.filter((c) => c.qualifiedOnly !== true),
    (c) => c.name,
  )
  if (match.kind === 'found') return side.columns.indexOf(match.item)
  const table = side.qualifiers.map((q) => `"${q}"`).join(', ')
  if (match.kind === 'ambiguous') {
    return planner.report.error('SQL_AMBIGUOUS_COLUMN', `column "${name}" of USING is ambiguous in ${table}`, span, {
      hint: 'Write the condition with ON, and the table before each column.',
    })
  }
  return planner.report.error('SQL_UNKNOWN_COLUMN', `there is no column "${name}" in ${table}`, span, {
    detail: 'USING names columns that both sides have.',
    hint: 'Write ON a.x = b.y where the names differ.',
  })
}

/** Columns of USING stand once, first; of a full join as the value that is there. */
export function merged(planner: Planner, relation: Relation, keys: readonly UsingKey[], type: JoinType): Relation {
  if (type === 'semi' || type === 'anti') return relation
  const pairs = keys.map((k) => ({ left: relation.columns[k.left]!, right: relation.columns[k.right]! }))
  const used = new Set(pairs.flatMap((p) => [p.left, p.right]))
  const hide = (c: ScopeColumn): ScopeColumn => ({ ...c, qualifiedOnly: true })
  const others = relation.columns.filter((c) => !used.has(c))
  if (type !== 'full') {
    const shown = pairs.map((p) => (type === 'right' ? p.right : p.left))
    const hidden = pairs.map((p) => hide(type === 'right' ? p.left : p.right))
    return { ...relation, columns: [...shown, ...others, ...hidden] }
  }
  const { fields } = relation.schema
  const both = pairs.map(({ left, right }): Expr => {
    const common = meet(fields[left.index]!.type, fields[right.index]!.type)!
    const args = [left, right].map((c) => castTo(columnRef(c.index, fields[c.index]!.type), common))
    return { kind: 'coalesce', type: common, args }
  })
  const { input, schema } = planner.draft.project(relation, [
    ...relation.columns.map((c) => ({
      name: c.name,
      expr: columnRef(c.index, fields[c.index]!.type),
      nullable: c.nullable,
    })),
    ...both.map((expr, i) => ({ name: pairs[i]!.left.name, expr, nullable: true })),
  ])
  const at = new Map(relation.columns.map((c, i) => [c, i]))
  const first = relation.columns.length
  return {
    ...relation,
    input,
    schema,
    columns: [
      ...both.map(
        (expr, i): ScopeColumn => ({
          name: pairs[i]!.left.name,
          type: expr.type,
          nullable: true,
          index: first + i,
          eventTime: false,
          window: null,
        }),
      ),
      ...others.map((c) => ({ ...c, index: at.get(c)! })),
      ...pairs.flatMap((p) => [p.left, p.right]).map((c) => hide({ ...c, index: at.get(c)! })),
    ],
    rowtime: schema.fields.length - 2,
    watermark: schema.fields.length - 1,
  }
}
