import { BIGINT, type DataType, NULL_TYPE, type Span } from '../../kernel/index.ts'
import { type AggregateSignature, childrenOf, columnRef, type Expr, mapChildren, type WindowSpec } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { bindArguments, callFunction, resolveArguments } from './calls.ts'
import { jsonHasNoOrder } from './comparisons.ts'
import { type BindContext, type BindEnvironment, ExpressionBinder } from './expression-binder.ts'
import { aggregatePlaceholder, placeholderOf, windowPlaceholder } from './placeholders.ts'
import type { Scope } from './scope.ts'
import { bindWindowCall, type WindowCall } from './window-call.ts'

/** An aggregate call over expressions of the rows of FROM. */
export interface AggregateDraft {
  readonly name: string
  readonly args: readonly Expr[]
  readonly type: DataType
  readonly distinct: boolean
  readonly filter: Expr | null
  readonly orderBy: readonly { readonly expr: Expr; readonly descending: boolean; readonly nullsFirst: boolean }[]
  /** The result depends on the order in which rows come, and on nothing else that says an order. */
  readonly byArrival: boolean
}

/** Where things stand in the rows after grouping. */
export interface GroupedLayout {
  readonly keys: readonly Expr[]
  readonly window: number | null
  readonly rowtime: number
  readonly aggregate: (ordinal: number) => number
}

/**
 * Gathers the aggregates and windows that the expressions of one SELECT call; equal calls are one. What they are called with is bound
 * over the rows of FROM, where no aggregate may stand.
 */
export class AggregateCollector {
  readonly #environment: BindEnvironment
  readonly #inner: ExpressionBinder
  readonly #drafts: AggregateDraft[] = []
  readonly #ordinals = new Map<string, number>()
  readonly #windows: { readonly spec: WindowSpec; readonly span: Span }[] = []
  readonly #bound = new Map<ast.Call, WindowCall | undefined>()

  /** `context`: what may stand in arguments. */
  constructor(environment: BindEnvironment, scope: Scope, context: BindContext = { clause: 'an aggregate' }) {
    this.#environment = environment
    this.#inner = new ExpressionBinder(environment, scope, context)
  }

  get drafts(): readonly AggregateDraft[] {
    return this.#drafts
  }

  /** Every window called anywhere in the SELECT. */
  get windows(): readonly { readonly spec: WindowSpec; readonly span: Span }[] {
    return this.#windows
  }

  /** For BindContext.window. */
  window(call: ast.Call): Expr | undefined {
    if (!this.#bound.has(call)) this.#bound.set(call, bindWindowCall(this.#inner, call))
    const bound = this.#bound.get(call)
    return bound && this.windowPart(bound, call.span)
  }

  windowPart({ spec, part }: WindowCall, span: Span): Expr {
    this.#windows.push({ spec, span })
    const window = windowPlaceholder()
    if (part === 'window' || window.type.kind !== 'STRUCT') return window
    const index = part === 'start' ? 0 : 1
    return { kind: 'field', type: window.type.fields[index]!.type, input: window, index }
  }

  /** For BindContext.aggregate. */
  aggregate(call: ast.Call, name: string): Expr | undefined {
    const { report, functions } = this.#environment
    if (call.nulls === 'IGNORE') {
      return report.unsupported('IGNORE NULLS is', call.span, 'Leave NULLs out with FILTER (WHERE x IS NOT NULL).')
    }
    const signature = functions.aggregate(name)!
    const args = this.#allArguments(call, name, signature)
    const filter = call.filter === null ? null : this.#inner.bindCondition(call.filter, 'FILTER')
    const order = signature.withinGroup === 'order' && call.orderBy.length === 0 ? call.withinGroup : call.orderBy
    const orderBy = order.map((item) => ({
      expr: this.#inner.bind(item.expression),
      descending: item.direction === 'DESC',
      nullsFirst: item.nulls === null ? item.direction === 'DESC' : item.nulls === 'FIRST',
    }))
    if (args === undefined || filter === undefined || orderBy.some((o) => o.expr === undefined)) return undefined
    const resolved = resolveArguments((types) => signature.resolve(types), args)
    if (resolved.kind === 'error') {
      return report.error('SQL_TYPE', `aggregate "${name}" ${resolved.message}`, call.span, { hint: resolved.hint })
    }
    const compared = ORDERED.has(signature.name) ? resolved.args : []
    if ([...compared, ...orderBy.map((o) => o.expr!)].some((e) => e.type.kind === 'JSON')) {
      return jsonHasNoOrder(this.#inner, `aggregate "${name}"`, call.span)
    }
    return this.#add({
      name: signature.name,
      args: resolved.args,
      type: resolved.returns,
      distinct: call.distinct,
      filter,
      orderBy: signature.ordered ? (orderBy as AggregateDraft['orderBy']) : [],
      byArrival: signature.ordered && orderBy.length === 0,
    })
  }

  /** With what WITHIN GROUP says: of a part of the rows from the other end, DESC asks for the rest. */
  #allArguments(call: ast.Call, name: string, signature: AggregateSignature): readonly Expr[] | undefined {
    const { report } = this.#environment
    const args = this.#arguments(call, name)
    const [item, second] = call.withinGroup
    if (item === undefined || signature.withinGroup === 'order') return args
    if (signature.withinGroup === undefined || second !== undefined) {
      return report.error(
        'SQL_INVALID',
        second === undefined ? `aggregate "${name}" takes no WITHIN GROUP` : 'WITHIN GROUP orders by one expression here',
        call.span,
      )
    }
    const value = this.#inner.bind(item.expression)
    if (args === undefined || value === undefined) return undefined
    const last = args.at(-1)
    if (item.direction !== 'DESC' || last === undefined) return [value, ...args]
    const one: Expr = { kind: 'literal', type: BIGINT, text: '1' }
    const rest = callFunction(this.#inner, 'subtract', [one, last], call.span)
    return rest && [value, ...args.slice(0, -1), rest]
  }

  #arguments(call: ast.Call, name: string): readonly Expr[] | undefined {
    const [only] = call.arguments
    if (only?.value.kind === 'star-argument' && call.arguments.length === 1) {
      if (name === 'count' && !call.distinct) return []
      return this.#environment.report.error(
        'SQL_INVALID',
        `${call.distinct ? 'DISTINCT' : name} does not take "*"`,
        only.span,
        {
          hint: 'Only count(*) does; name a column.',
        },
      )
    }
    return bindArguments(this.#inner, call)
  }

  #add(draft: AggregateDraft): Expr {
    const key = JSON.stringify(draft)
    let ordinal = this.#ordinals.get(key)
    if (ordinal === undefined) {
      ordinal = this.#drafts.length
      this.#drafts.push(draft)
      this.#ordinals.set(key, ordinal)
    }
    return aggregatePlaceholder(ordinal, draft.type)
  }

  /**
   * The expression over the rows after grouping: keys, the window and aggregates in place of what was bound over FROM. `stray` reports a
   * column of FROM that is left over.
   */
  afterGrouping(
    expr: Expr,
    layout: GroupedLayout,
    stray: (column: Expr & { readonly kind: 'column' }) => undefined,
  ): Expr | undefined {
    const kinds = new Set(layout.keys.map((k) => k.kind))
    const keys = new Map(layout.keys.map((k, i) => [JSON.stringify(k), i]))
    let failed = false
    const replace = (node: Expr): Expr => {
      if (kinds.has(node.kind)) {
        const key = keys.get(JSON.stringify(node))
        if (key !== undefined) return columnRef(key, node.type)
      }
      if (node.kind !== 'column') return mapChildren(node, replace)
      const placeholder = placeholderOf(node)
      switch (placeholder?.kind) {
        case 'window':
          if (layout.window !== null) return columnRef(layout.window, node.type)
          break
        case 'rowtime':
          return columnRef(layout.rowtime, node.type)
        case 'aggregate':
          return columnRef(layout.aggregate(placeholder.ordinal), node.type)
        case 'over':
          return node
        case undefined:
          stray(node)
      }
      failed = true
      return { kind: 'literal', type: NULL_TYPE, text: null }
    }
    const replaced = replace(expr)
    return failed ? undefined : replaced
  }
}

/** Aggregates that compare their arguments. */
const ORDERED: ReadonlySet<string> = new Set(['min', 'max'])

/** Whether the expression depends on what exists only after grouping, other than the window. */
export function containsAggregate(expr: Expr): boolean {
  if (expr.kind === 'column') return placeholderOf(expr)?.kind === 'aggregate'
  return childrenOf(expr).some(containsAggregate)
}

/** Whether the expression depends on what exists only after grouping, the window included, other than window functions. */
export function isGrouped(expr: Expr): boolean {
  if (expr.kind === 'column') return (placeholderOf(expr)?.kind ?? 'over') !== 'over'
  return childrenOf(expr).some(isGrouped)
}

/** Whether the expression depends on a window function. */
export function containsOver(expr: Expr): boolean {
  if (expr.kind === 'column') return placeholderOf(expr)?.kind === 'over'
  return childrenOf(expr).some(containsOver)
}

/** The window, or its start or end. */
export function isWindowPart(expr: Expr): boolean {
  if (expr.kind === 'field') return isWindowPart(expr.input)
  return expr.kind === 'column' && placeholderOf(expr)?.kind === 'window'
}
