import type { Span } from '../../kernel/index.ts'
import type { AsofJoinNode, Expr } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { ExpressionBinder, nameText } from '../bind/index.ts'
import { unknownRelation } from './from.ts'
import { JoinSides } from './join.ts'
import { boundOf, classify, conjunctsOf, type EqualKey } from './join-condition.ts'
import { bindOn, bindUsing, checkNames, merged, planSide, type UsingKey, withinMicros } from './join-from.ts'
import { joinScope, type JoinScope } from './join-scope.ts'
import type { Planner, QueryScope } from './planner.ts'
import type { Relation } from './relation.ts'

type Direction = Pick<AsofJoinNode, 'direction' | 'strict'>

const FORM = 'a ASOF JOIN b ON a.id = b.id AND a.ts >= b.ts'

/** `a ASOF [BACKWARD | FORWARD | NEAREST] [LEFT] JOIN b ON a.k = b.k AND a.ts >= b.ts`. */
export function planAsofJoin(planner: Planner, join: ast.Join, scope: QueryScope): Relation {
  const { report } = planner
  const { operatorSpan: span } = join
  const left = planSide(planner, join.left, scope, null)
  const right = planSide(planner, join.right, scope, null)
  if (!checkNames(planner, left, right, span)) return unknownRelation(planner)
  const open = { ...unknownRelation(planner), qualifiers: [...left.qualifiers, ...right.qualifiers] }
  if (join.type !== 'INNER' && join.type !== 'LEFT') {
    report.unsupported(`an ASOF join that is ${join.type} is`, span, 'Write ASOF JOIN or ASOF LEFT JOIN, with the sides exchanged if need be.')
    return open
  }
  if (left.open || right.open) return open
  if (!checkTimes(planner, left, right, span)) return open
  const sides = joinScope(left, right)
  const on = join.condition?.kind === 'join-on' ? bindOn(planner, join.condition.expression, sides) : null
  const using = join.condition?.kind === 'join-using' ? usingColumns(planner, join.condition, left, right) : null
  if (on === undefined || using === undefined) return open
  const conjuncts = on === null ? [] : conjunctsOf(on)
  const inequalities = conjuncts.filter((c) => directionOf(c, sides) !== undefined)
  const direction = chosenDirection(planner, join, inequalities, sides, using !== null)
  if (direction === undefined) return open
  return nearestRows(planner, {
    left,
    right,
    sides,
    type: join.type === 'LEFT' ? 'left' : 'inner',
    direction,
    conjuncts: conjuncts.filter((c) => !inequalities.includes(c)),
    using: using ?? [],
    tolerance: join.within === null ? null : withinMicros(planner, join.within),
    versions: false,
    span,
  })
}

export interface NearestRequest {
  readonly left: Relation
  readonly right: Relation
  readonly sides: JoinScope
  readonly type: 'inner' | 'left'
  readonly direction: Direction
  /** Conditions other than that on time, over `sides`. */
  readonly conjuncts: readonly Expr[]
  readonly using: readonly UsingKey[]
  readonly tolerance: number | null
  readonly versions: boolean
  readonly span: Span
}

/** Joins each left row with the right row nearest in time. */
export function nearestRows(planner: Planner, request: NearestRequest): Relation {
  const { left, right, sides, type, direction, tolerance, versions, span } = request
  const { report } = planner
  const conditions = classify(request.conjuncts, sides, false)
  conditions.keys.push(...request.using.map((u): EqualKey => u.key))
  const [other] = conditions.others
  const onLeft = type === 'left' ? conditions.left : []
  if (other !== undefined || onLeft.length > 0) {
    report.unsupported(
      versions ? 'a condition of a join FOR SYSTEM_TIME AS OF beyond equality is' : 'a condition of an ASOF join beyond equality and time is',
      span,
      onLeft.length > 0
        ? 'Filter the left side in a subquery, or in WHERE around the join.'
        : 'Put it into WHERE: it then filters the rows that were found.',
    )
    return unknownRelation(planner)
  }
  const joined = new JoinSides(planner, { left, right, type, conditions: [], within: null, span }, conditions, sides)
  const input = planner.draft.add({
    kind: 'asof_join',
    schema: { fields: joined.fields },
    ...joined.inputs,
    keys: joined.keys,
    output: joined.output,
    type,
    ...direction,
    tolerance,
    versions,
  })
  const columns = joined.columns({ left: true, right: false })
  const relation = joined.relation(input, columns, { updating: false, eventTime: true })
  return request.using.length === 0 ? relation : merged(planner, relation, request.using, type)
}

/** Both sides need event times that stand for good. */
function checkTimes(planner: Planner, left: Relation, right: Relation, span: Span): boolean {
  const wrong = [left, right].find((r) => r.updating || !r.eventTime)
  if (wrong === undefined) return true
  const name = wrong.qualifiers.length === 1 ? `"${wrong.qualifiers[0]}"` : 'one side'
  planner.report.error('SQL_INVALID', `${name} of an ASOF join has no event time that stands`, span, {
    detail: 'Rows of a changelog may be taken back, and results without a window belong to no moment.',
    hint: 'Join tables with event time or results of windows; for the latest row of each key, write JOIN ... ON a.id = b.id.',
  })
  return false
}

/** What `left time >= right time` and its kin say; undefined: the expression is no such comparison. */
function directionOf(expr: Expr, sides: JoinScope): Direction | undefined {
  const bound = boundOf(expr, sides)
  if (bound === undefined) return undefined
  // By whole microseconds: before is at least 1 us before.
  if (bound.lower === Number.NEGATIVE_INFINITY && (bound.upper === 0 || bound.upper === -1))
    return { direction: 'backward', strict: bound.upper < 0 }
  if (bound.upper === Number.POSITIVE_INFINITY && (bound.lower === 0 || bound.lower === 1))
    return { direction: 'forward', strict: bound.lower > 0 }
  return undefined
}

function chosenDirection(
  planner: Planner,
  join: ast.Join,
  inequalities: readonly Expr[],
  sides: JoinScope,
  using: boolean,
): Direction | undefined {
  const said = join.asof === 'UNSPECIFIED' || join.asof === null ? undefined : join.asof.toLowerCase()
  const [first, second] = inequalities.map((i) => directionOf(i, sides)!)
  const wrong = (message: string) =>
    planner.report.error('SQL_INVALID', message, join.condition?.span ?? join.operatorSpan, {
      detail: 'An ASOF join finds the one row that is nearest in event time.',
      hint: `Compare the event times of both sides once, as in ${FORM}; or write ASOF NEAREST JOIN.`,
    })
  if (second !== undefined) return wrong('an ASOF join compares event times twice')
  if (said === 'nearest') {
    return first === undefined ? { direction: 'nearest', strict: false } : wrong('ASOF NEAREST looks both ways, its condition one')
  }
  if (first === undefined) {
    if (said !== undefined) return { direction: said as Direction['direction'], strict: false }
    return using ? { direction: 'backward', strict: false } : wrong('an ASOF join does not compare event times')
  }
  return said === undefined || said === first.direction ? first : wrong(`ASOF ${join.asof} and its condition look different ways`)
}

/** `USING (k, ts)`: all but the last are equal, the last is the event time of both sides. */
function usingColumns(planner: Planner, using: ast.JoinUsing, left: Relation, right: Relation) {
  const last = using.columns.at(-1)!
  const isTime = (side: Relation) => side.columns.some((c) => c.eventTime && c.name.toLowerCase() === last.name.toLowerCase())
  if (!isTime(left) || !isTime(right)) {
    return planner.report.error('SQL_INVALID', `"${last.name}" is not the event time of both sides`, last.span, {
      detail: 'USING of an ASOF join ends with the event time.',
      hint: `Write ${FORM}.`,
    })
  }
  return bindUsing(planner, using.columns.slice(0, -1), left, right)
}

/** `a JOIN b FOR SYSTEM_TIME AS OF a.ts ON a.k = b.k`: the version of b that was valid then. */
export function planTemporalJoin(
  planner: Planner,
  join: ast.Join,
  table: ast.TableReference & { readonly asOf: ast.Expression },
  scope: QueryScope,
): Relation {
  const { report } = planner
  const { asOf } = table
  const left = planSide(planner, join.left, scope, null)
  const right = versionsOf(planner, planSide(planner, { ...table, asOf: null }, scope, null))
  if (!checkNames(planner, left, right, join.operatorSpan)) return unknownRelation(planner)
  const open = { ...unknownRelation(planner), qualifiers: [...left.qualifiers, ...right.qualifiers] }
  if (join.type !== 'INNER' && join.type !== 'LEFT') {
    report.unsupported(`a ${join.type} join FOR SYSTEM_TIME AS OF is`, join.operatorSpan, 'Write JOIN or LEFT JOIN.')
    return open
  }
  if (left.open || right.open) return open
  if (left.updating || !left.eventTime) {
    report.error('SQL_INVALID', 'FOR SYSTEM_TIME AS OF needs rows with event time on its left', join.operatorSpan, {
      detail: 'Rows of a changelog, and results without a window, belong to no moment.',
      hint: 'Write JOIN ... ON a.id = b.id, which follows every change of both sides.',
    })
    return open
  }
  const name = nameText(table.name)
  if (right.updating || !right.eventTime) {
    report.error('SQL_INVALID', `"${name}" has no versions with event time`, table.name.span, {
      detail: 'A version is valid from its event time until the next row with the same key.',
      hint: `Declare WATERMARK FOR in CREATE TABLE, or join its changes: JOIN ${name} ON ..., without FOR SYSTEM_TIME.`,
    })
    return open
  }
  if (!isLeftTime(planner, asOf, left)) return open
  const sides = joinScope(left, right)
  const on = join.condition?.kind === 'join-on' ? bindOn(planner, join.condition.expression, sides) : null
  const using = join.condition?.kind === 'join-using' ? bindUsing(planner, join.condition.columns, left, right) : []
  if (on === undefined || using === undefined) return open
  const conjuncts = on === null ? [] : conjunctsOf(on)
  if (classify(conjuncts, sides, false).keys.length + using.length === 0) {
    report.error('SQL_INVALID', `the join does not say which row of "${name}" is meant`, join.operatorSpan, {
      hint: `Compare its key with =, as in ON a.id = ${name}.id.`,
    })
    return open
  }
  return nearestRows(planner, {
    left,
    right,
    sides,
    type: join.type === 'LEFT' ? 'left' : 'inner',
    direction: { direction: 'backward', strict: false },
    conjuncts,
    using,
    tolerance: null,
    versions: true,
    span: join.operatorSpan,
  })
}

function isLeftTime(planner: Planner, asOf: ast.Expression, left: Relation): boolean {
  const { report } = planner
  const scope = { columns: left.columns, qualifiers: left.qualifiers, open: left.open, rowtime: left.rowtime }
  const expr = new ExpressionBinder(planner.environment, scope, { clause: 'FOR SYSTEM_TIME AS OF' }).bind(asOf)
  if (expr === undefined) return false
  if (expr.kind === 'column') {
    if (expr.index === left.rowtime || left.columns.find((c) => c.index === expr.index)?.eventTime === true) return true
  }
  report.unsupported(
    'FOR SYSTEM_TIME AS OF anything but the event time of the left side is',
    asOf.span,
    'Name the event time column of the left side, as in FOR SYSTEM_TIME AS OF a.ts; for the present state, leave it out.',
  )
  return false
}

/** The records of an upsert table as they come, each a version of the row with its key, instead of the changes they make. */
function versionsOf(planner: Planner, relation: Relation): Relation {
  const { draft } = planner
  if (relation.open || !relation.updating || !relation.eventTime) return relation
  const watermark = draft.node(relation.input.node)
  const project = watermark.kind === 'watermark' ? draft.node(watermark.input.node) : undefined
  const upsert = project?.kind === 'project' ? draft.node(project.input.node) : undefined
  if (watermark.kind !== 'watermark' || project?.kind !== 'project' || upsert?.kind !== 'upsert') return relation
  const input = draft.add({ ...watermark, input: draft.add({ ...project, input: upsert.input }) })
  return { ...relation, input, updating: false }
}
