import { BIGINT, type DataType, DOUBLE, type Span } from '../../kernel/index.ts'
import type { Expr, OverFrame, OverNumber } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import {
  AggregateCollector,
  type AggregateDraft,
  type BindContext,
  type BindEnvironment,
  ExpressionBinder,
  findName,
  overPlaceholder,
  type Scope,
  unify,
} from '../bind/index.ts'
import { bindFrame, frameSpan, RUNNING, wholeNumber } from './over-frame.ts'
import { resolveSpecification } from './over-specification.ts'

/** A window function over expressions, which may stand over FROM or over its groups. */
export type OverFunction =
  | { readonly kind: 'aggregate'; readonly draft: AggregateDraft; readonly frame: OverFrame }
  | { readonly kind: OverNumber }
  | { readonly kind: 'ntile'; readonly buckets: number }
  | { readonly kind: 'shift'; readonly value: Expr; readonly offset: number; readonly otherwise: Expr | null }
  | { readonly kind: 'nth'; readonly value: Expr; readonly n: number; readonly frame: OverFrame }

export interface OverOrderItem {
  readonly expr: Expr
  readonly span: Span
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export interface OverDraft {
  readonly function: OverFunction
  readonly type: DataType
  readonly partitionBy: readonly Expr[]
  readonly orderBy: readonly OverOrderItem[]
  readonly name: string
  readonly span: Span
  /** Where the frame stands, or the whole window. */
  readonly frameSpan: Span
}

/** Functions with a meaning only in OVER. */
type Bind = (call: ast.Call, specification: ast.WindowSpecification, name: string) => OverFunction | undefined

/** Gathers the window functions that the expressions of one SELECT call; equal ones are one. */
export class OverCollector {
  readonly #environment: BindEnvironment
  readonly #scope: Scope
  readonly #select: ast.Select
  readonly #context: BindContext
  readonly #binder: ExpressionBinder
  readonly #drafts: OverDraft[] = []
  readonly #ordinals = new Map<string, number>()
  /** Items of the list whose aliases are being looked into. */
  readonly #open = new Set<ast.SelectItem>()

  /** `context`: what may stand in arguments, PARTITION BY and ORDER BY. */
  constructor(
    environment: BindEnvironment,
    scope: Scope,
    select: ast.Select,
    context: (clause: string) => BindContext,
  ) {
    this.#environment = environment
    this.#scope = scope
    this.#select = select
    this.#context = this.#withAliases(context('a window function'))
    this.#binder = new ExpressionBinder(environment, scope, this.#withAliases(context('OVER')))
  }

  /** Names that are no columns may be aliases of the list. */
  #withAliases(context: BindContext): BindContext {
    return {
      ...context,
      nameLast: (path) => {
        const named = context.nameLast?.(path)
        const items = this.#select.items.filter((i) => i.kind === 'select-expression')
        const item = named === undefined ? findName(path[0]!.name, items, (i) => i.alias?.name ?? '') : undefined
        if (item === undefined || this.#open.has(item)) return named
        this.#open.add(item)
        const expr = this.#binder.bind(item.expression)
        this.#open.delete(item)
        return { expr, parts: 1 }
      },
    }
  }

  get drafts(): readonly OverDraft[] {
    return this.#drafts
  }

  /** For BindContext.over: a placeholder for the result. */
  over(call: ast.Call, name: string): Expr | undefined {
    const { report } = this.#environment
    const specification = resolveSpecification(report, this.#select.windows, call.over!)
    if (specification === undefined) return undefined
    const partitionBy = this.#binder.bindAll(specification.partitionBy)
    const orderBy = this.#orderBy(specification)
    const bound = this.#function(call, specification, name)
    if (partitionBy === undefined || orderBy === undefined || bound === undefined) return undefined
    const type = typeOf(bound)
    const places = { name, span: call.span, frameSpan: frameSpan(specification) }
    return this.#add({ function: bound, type, partitionBy, orderBy, ...places })
  }

  #add(draft: OverDraft): Expr {
    const order = draft.orderBy.map((o) => [o.expr, o.descending, o.nullsFirst])
    const key = JSON.stringify([draft.function, draft.partitionBy, order])
    let ordinal = this.#ordinals.get(key)
    if (ordinal === undefined) {
      ordinal = this.#drafts.push(draft) - 1
      this.#ordinals.set(key, ordinal)
    }
    return overPlaceholder(ordinal, draft.type)
  }

  #orderBy({ orderBy }: ast.WindowSpecification): OverOrderItem[] | undefined {
    const items = orderBy.map((item) => ({
      expr: this.#binder.bind(item.expression),
      span: item.span,
      descending: item.direction === 'DESC',
      nullsFirst: item.nulls === null ? item.direction === 'DESC' : item.nulls === 'FIRST',
    }))
    return items.every((i): i is OverOrderItem => i.expr !== undefined) ? items : undefined
  }

  #function(call: ast.Call, specification: ast.WindowSpecification, name: string): OverFunction | undefined {
    const { report, functions } = this.#environment
    const own = Object.hasOwn(this.#own, name) ? this.#own[name] : undefined
    const plain = call.filter === null && call.orderBy.length === 0 && !call.distinct
    if (own !== undefined && (plain || functions.aggregate(name) === undefined)) {
      if (!plain) {
        return report.error('SQL_INVALID', `${name} takes no DISTINCT, FILTER or ORDER BY inside its call`, call.span)
      }
      if (call.nulls === 'IGNORE') {
        return report.unsupported(
          `IGNORE NULLS of ${name} is`,
          call.span,
          functions.aggregate(name) === undefined
            ? 'Leave rows without a value out before: SELECT ... FROM (SELECT ... WHERE x IS NOT NULL).'
            : `Write ${name}(x) FILTER (WHERE x IS NOT NULL) OVER (...).`,
        )
      }
      return own(call, specification, name)
    }
    if (functions.aggregate(name) === undefined) {
      return report.error('SQL_INVALID', `${name} is no window function`, call.span, {
        hint: 'OVER stands behind aggregates, row_number, rank, dense_rank, lag, lead, first_value, last_value and nth_value.',
      })
    }
    const frame = bindFrame(report, specification.frame)
    const collector = new AggregateCollector(this.#environment, this.#scope, this.#context)
    const bound = collector.aggregate({ ...call, over: null }, name)
    const [draft] = collector.drafts
    return frame === undefined || bound === undefined || draft === undefined
      ? undefined
      : { kind: 'aggregate', draft, frame }
  }

  readonly #number: Bind = (call, _, name) => {
    if (call.arguments.length > 0)
      return this.#environment.report.error('SQL_TYPE', `${name} takes no arguments`, call.span)
    return { kind: name as OverNumber }
  }

  readonly #ntile: Bind = (call) => {
    const [count, second] = expressionsOf(call) ?? []
    const buckets = count === undefined || second !== undefined ? undefined : wholeNumber(count)
    if (buckets !== undefined && buckets > 0) return { kind: 'ntile', buckets }
    return this.#environment.report.error('SQL_INVALID', 'ntile takes a number of groups', call.span, {
      hint: 'Write it out, as in ntile(4).',
    })
  }

  readonly #shift: Bind = (call, _, name) => {
    const { report } = this.#environment
    const nodes = expressionsOf(call)
    const [value, distance, otherwise] = nodes ?? []
    if (nodes === undefined || value === undefined || nodes.length > 3) {
      return report.error('SQL_TYPE', `${name} takes a value, a number of rows and a default`, call.span, {
        hint: `Write ${name}(x), ${name}(x, 2) or ${name}(x, 2, 0).`,
      })
    }
    const rows = distance === undefined ? 1 : wholeNumber(distance)
    if (rows === undefined || rows > MAX_DISTANCE) {
      return report.error('SQL_INVALID', `the second argument of ${name} is a number of rows`, distance!.span, {
        hint: `Write it out, from 0 to ${MAX_DISTANCE}; ${name === 'lag' ? 'LEAD looks ahead' : 'LAG looks back'}.`,
      })
    }
    const exprs = this.#binder.bindAll(otherwise === undefined ? [value] : [value, otherwise])
    const same = exprs && unify(this.#binder, exprs, call.span, `the value and the default of ${name}`)
    if (same === undefined) return undefined
    const offset = name === 'lag' && rows > 0 ? -rows : rows
    return { kind: 'shift', value: same[0]!, offset, otherwise: same[1] ?? null }
  }

  readonly #nth: Bind = (call, specification, name) => {
    const { report } = this.#environment
    const nodes = expressionsOf(call)
    const [value, position] = nodes ?? []
    const counted = name === 'nth_value'
    if (nodes === undefined || value === undefined || nodes.length !== (counted ? 2 : 1)) {
      return report.error(
        'SQL_TYPE',
        `${name} takes ${counted ? 'a value and a position' : 'one argument'}`,
        call.span,
        {
          hint: counted ? 'Write nth_value(x, 2).' : undefined,
        },
      )
    }
    const n = counted ? wholeNumber(position!) : 1
    if (n === undefined || n === 0) {
      return report.error('SQL_INVALID', 'the position of nth_value is a number from 1', position!.span, {
        hint: 'Write it out, as in nth_value(x, 2).',
      })
    }
    const frame = bindFrame(report, specification.frame)
    const expr = this.#binder.bind(value)
    if (frame === undefined || expr === undefined) return undefined
    return { kind: 'nth', value: expr, n: name.startsWith('last') ? -1 : n, frame }
  }

  readonly #own: Readonly<Record<string, Bind>> = {
    row_number: this.#number,
    rank: this.#number,
    dense_rank: this.#number,
    percent_rank: this.#number,
    cume_dist: this.#number,
    ntile: this.#ntile,
    lag: this.#shift,
    lead: this.#shift,
    first_value: this.#nth,
    first: this.#nth,
    last_value: this.#nth,
    last: this.#nth,
    nth_value: this.#nth,
  }
}

const MAX_DISTANCE = 1_000_000

function typeOf(bound: OverFunction): DataType {
  switch (bound.kind) {
    case 'aggregate':
      return bound.draft.type
    case 'shift':
    case 'nth':
      return bound.value.type
    case 'percent_rank':
    case 'cume_dist':
      return DOUBLE
    default:
      return BIGINT
  }
}

/** The arguments, where all are plain expressions. */
function expressionsOf(call: ast.Call): ast.Expression[] | undefined {
  const nodes: ast.Expression[] = []
  for (const { name, value } of call.arguments) {
    if (name !== null) return undefined
    if (value.kind === 'star-argument' || value.kind === 'table-argument' || value.kind === 'descriptor')
      return undefined
    nodes.push(value)
  }
  return nodes
}

/** The frame of a function that has one. */
export function frameOf(bound: OverFunction): OverFrame {
  return bound.kind === 'aggregate' || bound.kind === 'nth' ? bound.frame : RUNNING
}

/** Every expression of the draft changed; undefined where one could not be. */
export function mapDraft(draft: OverDraft, change: (expr: Expr) => Expr | undefined): OverDraft | undefined {
  let failed = false
  const map = (expr: Expr): Expr => {
    const changed = change(expr)
    if (changed === undefined) failed = true
    return changed ?? expr
  }
  const bound = draft.function
  const mapped: OverFunction =
    bound.kind === 'aggregate'
      ? {
          ...bound,
          draft: {
            ...bound.draft,
            args: bound.draft.args.map(map),
            filter: bound.draft.filter === null ? null : map(bound.draft.filter),
            orderBy: bound.draft.orderBy.map((o) => ({ ...o, expr: map(o.expr) })),
          },
        }
      : bound.kind === 'shift'
        ? { ...bound, value: map(bound.value), otherwise: bound.otherwise === null ? null : map(bound.otherwise) }
        : bound.kind === 'nth'
          ? { ...bound, value: map(bound.value) }
          : bound
  const result = {
    ...draft,
    function: mapped,
    partitionBy: draft.partitionBy.map(map),
    orderBy: draft.orderBy.map((o) => ({ ...o, expr: map(o.expr) })),
  }
  return failed ? undefined : result
}
