import { MICROS_PER_DAY, type SchemaField, type Span } from '../../kernel/index.ts'
import {
  and,
  columnRef,
  type Expr,
  type JoinColumn,
  type JoinInput,
  type JoinKey,
  type JoinType,
  preserves,
  type WindowSpec,
} from '../../plan/index.ts'
import { sameWindow, type ScopeColumn } from '../bind/index.ts'
import type { Projected } from './draft.ts'
import { unknownRelation } from './from.ts'
import { classify, type EqualKey, type JoinConditions } from './join-condition.ts'
import { joinScope, type JoinScope, ofSide } from './join-scope.ts'
import { isNullable } from './nullable.ts'
import type { Planner } from './planner.ts'
import { HIDDEN_FIELDS, type Relation } from './relation.ts'
import { substitute } from './source.ts'

/** How long a join without bounds of time remembers a row, unless `SET updating_ttl` says so. */
const DEFAULT_TTL = MICROS_PER_DAY

/** Two relations to be joined, and what is said about their pairs, over their JoinScope. */
export interface JoinRequest {
  readonly left: Relation
  readonly right: Relation
  readonly type: JoinType
  readonly conditions: readonly Expr[]
  /** Keys that no expression spells out: USING. */
  readonly keys?: readonly EqualKey[]
  /** Microseconds of event time between partners at most; null: not said. */
  readonly within: number | null
  /** For messages. */
  readonly span: Span
  /** What asks for the join, for messages: `a join`. */
  readonly construct?: string
}

/**
 * Plans a join by what its conditions say: bounded event times, or the same window on both sides, make an interval join, whose state goes
 * as time goes; equality alone a join that remembers rows for a while; neither is refused.
 */
export function planJoin(planner: Planner, request: JoinRequest): Relation {
  const { left, right, span, within } = request
  const { report } = planner
  if (left.open || right.open) return { ...unknownRelation(planner), qualifiers: [...left.qualifiers, ...right.qualifiers] }
  const scope = joinScope(left, right)
  const timed = isTimed(left) && isTimed(right)
  const conditions = classify(request.conditions, scope, timed)
  conditions.keys.push(...(request.keys ?? []))
  if (within !== null && !timed) {
    report.error('SQL_INVALID', 'WITHIN needs the event times of both sides', span, {
      detail: 'Rows of a changelog, and results without a window, belong to no moment.',
      hint: 'Leave WITHIN out, or join tables with event time or results of windows.',
    })
  }
  const window = timed ? commonWindow(left, right) : null
  const bounds = timeBounds(conditions, within, window)
  const sides = new JoinSides(planner, request, conditions, scope)
  if (timed && bounds !== null) {
    const equal = bounds.lower === 0 && bounds.upper === 0 ? window : null
    return sides.intervalJoin(bounds, equal)
  }
  conditions.others.push(...conditions.bounds.map((b) => b.expr))
  if (conditions.keys.length > 0) return sides.updatingJoin(planner.settings.updatingTtl ?? DEFAULT_TTL)
  report.unsupported(
    `${request.construct ?? 'a join'} that compares no columns of both sides with = is`,
    span,
    timed
      ? "Say which rows belong together, as in ON a.id = b.id, or how near in time they are, as in ON a.ts BETWEEN b.ts - INTERVAL '5 minutes' AND b.ts."
      : 'Say which rows belong together, as in ON a.id = b.id: every row of an endless input would meet every row of the other.',
  )
  return unknownRelation(planner)
}

/** Whether event times stand for good. */
function isTimed(relation: Relation): boolean {
  return relation.eventTime && !relation.updating
}

/** The window that rows of both sides are results of: such rows belong together only where it is the same. */
function commonWindow(left: Relation, right: Relation): WindowSpec | null {
  if (left.resultOf === null || right.resultOf === null || !sameWindow(left.resultOf, right.resultOf)) return null
  return left.resultOf
}

interface TimeBounds {
  readonly lower: number
  readonly upper: number
}

/** Null: not bounded on both ends. Where nothing is said about time, results of the same window meet in the same window. */
function timeBounds(
  { bounds }: JoinConditions,
  within: number | null,
  window: WindowSpec | null,
): TimeBounds | null {
  let lower = within === null ? Number.NEGATIVE_INFINITY : -within
  let upper = within ?? Number.POSITIVE_INFINITY
  for (const { bound } of bounds) {
    lower = Math.max(lower, bound.lower)
    upper = Math.min(upper, bound.upper)
  }
  if (lower === Number.NEGATIVE_INFINITY && upper === Number.POSITIVE_INFINITY) {
    return window === null || window.kind === 'session' ? null : { lower: 0, upper: 0 }
  }
  return Number.isFinite(lower) && Number.isFinite(upper) ? { lower, upper } : null
}

/** The inputs of a join node, and the relation that it gives. */
export class JoinSides {
  readonly #planner: Planner
  readonly #request: JoinRequest
  readonly #conditions: JoinConditions
  readonly #scope: JoinScope
  readonly #left: PreparedSide
  readonly #right: PreparedSide

  constructor(planner: Planner, request: JoinRequest, conditions: JoinConditions, scope: JoinScope) {
    this.#planner = planner
    this.#request = request
    this.#conditions = conditions
    this.#scope = scope
    const { left, right, type } = request
    // A condition on one side alone drops its rows beforehand, unless rows that do not meet it leave all the same.
    const drop = (side: 'left' | 'right', own: Expr[]): readonly Expr[] => {
      if (!preserves(type, side)) return own
      conditions.others.push(...own)
      return []
    }
    const dropLeft = drop('left', conditions.left)
    const dropRight = drop('right', conditions.right)
    this.#left = prepareSide(planner, left, 0, dropLeft, keysOf('left', conditions.keys))
    this.#right = prepareSide(planner, right, scope.split, dropRight, keysOf('right', conditions.keys))
  }

  get keys(): JoinKey[] {
    return this.#conditions.keys.map((k, i) => ({
      left: this.#left.keys[i]!,
      right: this.#right.keys[i]!,
      nullsMatch: k.nullsMatch,
    }))
  }

  get inputs(): { left: JoinInput; right: JoinInput } {
    return { left: this.#left.input, right: this.#right.input }
  }

  intervalJoin({ lower, upper }: TimeBounds, window: WindowSpec | null): Relation {
    const { type, left, right } = this.#request
    const input = this.#planner.draft.add({
      kind: 'interval_join',
      schema: { fields: this.fields },
      ...this.inputs,
      keys: this.keys,
      output: this.output,
      type,
      lower,
      upper,
      window,
      residual: this.#residual,
    })
    const half = type === 'semi' || type === 'anti'
    // The later row of a pair gives it its time; a row without partner keeps its own.
    const keepsLeft = half || window !== null || (type === 'inner' && upper <= 0)
    const keepsRight = window !== null || (type === 'inner' && lower >= 0)
    const columns = this.columns({ left: keepsLeft, right: keepsRight })
    const relation = this.relation(input, columns, { updating: false, eventTime: true })
    return this.#filtered({ ...relation, resultOf: half ? left.resultOf : window === null ? null : right.resultOf })
  }

  updatingJoin(ttl: number): Relation {
    const { type, left, right } = this.#request
    const appends = !left.updating && !right.updating && (type === 'inner' || type === 'semi')
    const input = this.#planner.draft.add({
      kind: 'join',
      schema: { fields: this.fields },
      ...this.inputs,
      keys: this.keys,
      output: this.output,
      type,
      ttl,
      updating: !appends,
      residual: this.#residual,
    })
    const eventTime = appends && left.eventTime && (type === 'semi' || right.eventTime)
    const columns = this.columns({ left: eventTime && type === 'semi', right: false })
    const relation = this.relation(input, columns, { updating: !appends, eventTime })
    return this.#filtered({ ...relation, resultOf: null })
  }

  /** Of both sides, or of the left one where the other only decides which rows stay. */
  get output(): JoinColumn[] {
    const { left, right, type } = this.#request
    const lefts = left.columns.map((_, column): JoinColumn => ({ side: 'left', column }))
    if (type === 'semi' || type === 'anti') return lefts
    return [...lefts, ...right.columns.map((_, column): JoinColumn => ({ side: 'right', column }))]
  }

  get fields(): SchemaField[] {
    const fields = this.columns({ left: false, right: false }).map((c): SchemaField => {
      const { schema, first } = c.index < this.#scope.split ? this.#left : this.#right
      return { name: c.name, type: schema.fields[c.index - first]!.type, nullable: c.nullable }
    })
    return [...fields, ...HIDDEN_FIELDS]
  }

  /** `timed`: sides whose event time is that of the result, so that columns which say it still do. */
  columns(timed: { readonly left: boolean; readonly right: boolean }): ScopeColumn[] {
    const { type } = this.#request
    const { columns, split } = this.#scope
    const half = type === 'semi' || type === 'anti'
    return (half ? columns.slice(0, split) : columns).map((c): ScopeColumn => {
      const side = c.index < split ? 'left' : 'right'
      const missing = !half && preserves(type, side === 'left' ? 'right' : 'left')
      const keeps = timed[side] && !missing
      return {
        ...c,
        nullable: c.nullable || missing,
        eventTime: keeps && c.eventTime,
        window: keeps ? c.window : null,
      }
    })
  }

  relation(
    input: Relation['input'],
    columns: readonly ScopeColumn[],
    time: Pick<Relation, 'updating' | 'eventTime'>,
  ): Relation {
    const { left, right, type } = this.#request
    const half = type === 'semi' || type === 'anti'
    return {
      ...left,
      ...time,
      input,
      schema: { fields: this.fields },
      columns,
      qualifiers: half ? left.qualifiers : [...left.qualifiers, ...right.qualifiers],
      rowtime: columns.length,
      watermark: columns.length + 1,
      key: half ? left.key : null,
      tables: [...new Set([...left.tables, ...(half ? [] : right.tables)])],
      lateness: 0,
      late: null,
      windowed: null,
    }
  }

  /** What pairs have to fulfil besides, over the rows of both inputs; an inner join leaves that to a filter behind it. */
  get #residual(): Expr | null {
    const { others } = this.#conditions
    if (others.length === 0 || this.#request.type === 'inner') return null
    const { split } = this.#scope
    const shift = this.#left.schema.fields.length - split
    return and(
      others.map((expr) =>
        substitute(expr, (position) => {
          const { type } = this.#scope.columns[position]!
          return columnRef(position < split ? position : position + shift, type!)
        }),
      ),
    )
  }

  #filtered(relation: Relation): Relation {
    const { others } = this.#conditions
    if (others.length === 0 || this.#request.type !== 'inner') return relation
    const { input, schema } = relation
    return { ...relation, input: this.#planner.draft.add({ kind: 'filter', schema, input, predicate: and(others) }) }
  }
}

function keysOf(side: 'left' | 'right', keys: readonly EqualKey[]): Expr[] {
  return keys.map((k) => k[side])
}

interface PreparedSide {
  readonly input: JoinInput
  readonly schema: Relation['schema']
  /** Position of its first column in the scope. */
  readonly first: number
  /** Columns of the input that hold the keys. */
  readonly keys: readonly number[]
}

/** The rows of a side that can matter: its columns by position, then keys that are no columns. */
function prepareSide(
  planner: Planner,
  relation: Relation,
  first: number,
  conditions: readonly Expr[],
  keys: readonly Expr[],
): PreparedSide {
  const { draft } = planner
  let { input } = relation
  if (conditions.length > 0) {
    const predicate = and(conditions.map((c) => ofSide(c, relation, first)))
    input = draft.add({ kind: 'filter', schema: relation.schema, input, predicate })
  }
  const nullableAt = (index: number) => relation.schema.fields[index]?.nullable ?? true
  const columns = relation.columns.map(
    (c): Projected => ({
      name: c.name,
      expr: columnRef(c.index, relation.schema.fields[c.index]!.type),
      nullable: c.nullable,
    }),
  )
  const places = keys.map((key) => {
    if (key.kind === 'column') return key.index - first
    const expr = ofSide(key, relation, first)
    const known = columns.findIndex((c) => JSON.stringify(c.expr) === JSON.stringify(expr))
    return known !== -1 ? known : columns.push({ name: 'key', expr, nullable: isNullable(expr, nullableAt) }) - 1
  })
  const projected = draft.project({ ...relation, input }, columns)
  const { tables, lateness } = relation
  return {
    input: { input: projected.input, rowtime: columns.length, watermark: columns.length + 1, lateness, tables },
    schema: projected.schema,
    first,
    keys: places,
  }
}
