import { typeName } from '../../kernel/index.ts'
import { columnRef, type Expr } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import {
  AggregateCollector,
  type BindContext,
  containsOver,
  ExpressionBinder,
  findName,
  isGrouped,
  isWindowCall,
  type NamedValue,
  rowtimePlaceholder,
  sameWindow,
  type ScopeColumn,
  type WindowOrigin,
} from '../bind/index.ts'
import type { Projected } from './draft.ts'
import { refuseEvery } from './emission.ts'
import { bindGroupBy, checkWindows, type GroupBy, planGrouping } from './grouping.ts'
import { planSources } from './join-sources.ts'
import { isNullable } from './nullable.ts'
import { outputNames } from './output-names.ts'
import { mapDraft, OverCollector, type OverDraft } from './over-collector.ts'
import { bindQualify, checkOverClauses, splitCondition } from './over-conditions.ts'
import { checkWindowNames } from './over-specification.ts'
import { planOver } from './over.ts'
import type { Planner, QueryScope } from './planner.ts'
import { HIDDEN_FIELDS, type Relation, scopeOf } from './relation.ts'
import { expandItems, type Item } from './select-items.ts'

const NULL: Expr = { kind: 'literal', type: { kind: 'NULL' }, text: null }

/** A column of the SELECT list over the rows of FROM; `expr` undefined: it failed. */
export interface BoundItem extends Item {
  readonly expr: Expr | undefined
}

/** One SELECT under way. */
export interface SelectBinding {
  readonly select: ast.Select
  readonly from: Relation
  readonly collector: AggregateCollector
  /** Binds what may call aggregates: the list and HAVING. */
  readonly binder: ExpressionBinder
  readonly items: readonly BoundItem[]
  readonly overs: OverCollector
  /** When results of windows leave; null: as they close. */
  readonly emit: ast.Emit | null
}

/** FROM, WHERE, GROUP BY, HAVING, the list and DISTINCT of one SELECT, in that order. */
export function planSelect(
  planner: Planner,
  written: ast.Select,
  scope: QueryScope,
  emit: ast.Emit | null = null,
): Relation {
  refuseClauses(planner, written)
  const { from, select } = planSources(planner, written, scope)
  const { environment, report } = planner
  const collector = new AggregateCollector(environment, scopeOf(from))
  const context = (clause: string) => listContext(select, from, collector, clause)
  const overs = new OverCollector(environment, scopeOf(from), select, context)
  const over: BindContext['over'] = (call, name) => overs.over(call, name)
  const binder = new ExpressionBinder(environment, scopeOf(from), { ...context('SELECT'), over })
  const items = expandItems(planner, select, from).map(
    (item): BoundItem => ({
      ...item,
      expr: item.column === null ? binder.bind(item.expression!) : columnOf(item.column),
    }),
  )
  const binding: SelectBinding = { select, from, collector, binder, items, overs, emit }
  const where = bindWhere(planner, binding)
  const qualify = bindQualify(planner, binding, { ...context('QUALIFY'), over })
  const keys = bindGroupBy(planner, binding)
  const having = bindHaving(planner, binding, keys)
  const groupBy = keys.failed || checkWindows(planner, binding, keys.window) ? keys : { ...keys, failed: true }
  const grouped =
    select.groupBy.length > 0 || select.having !== null || collector.drafts.length > 0 || collector.windows.length > 0
  const { rows, results } = splitCondition(where)
  checkOverClauses(planner, binding, { keys, having, results: grouped ? results : undefined })
  const filtered = rows === undefined ? from : filter(planner, from, rows)
  if (!grouped) {
    refuseEvery(report, emit)
    if (from.windowed !== null) {
      report.unsupported(
        'a windowed table without GROUP BY is',
        select.from[0]!.span,
        'Group by window_start and window_end, and aggregate the other columns.',
      )
    }
    return distinct(planner, select, projectOver(planner, binding, filtered, items, [results, qualify]))
  }
  const result = planGrouping(planner, binding, filtered, groupBy)
  const kept = having === undefined ? undefined : result.resolve(having, select.having!.span)
  const relation = kept === undefined ? result.relation : filter(planner, result.relation, kept)
  const resolved = items.map((item) => ({ ...item, expr: item.expr && result.resolve(item.expr, item.span) }))
  const qualified = qualify && result.resolve(qualify, select.qualify!.span)
  const drafts = overs.drafts.map((draft) => mapDraft(draft, (expr) => result.resolve(expr, draft.span)))
  return distinct(planner, select, projectOver(planner, binding, relation, resolved, [qualified], drafts))
}

/** Window functions over the rows, the conditions on their results, and the list. */
function projectOver(
  planner: Planner,
  binding: SelectBinding,
  rows: Relation,
  items: readonly BoundItem[],
  conditions: readonly (Expr | undefined)[],
  drafts: readonly (OverDraft | undefined)[] = binding.overs.drafts,
): Relation {
  if (drafts.length === 0) return projectItems(planner, binding, rows, items)
  const known = drafts.every((d) => d !== undefined) ? drafts : undefined
  const result = known && planOver(planner, rows, known)
  if (result === undefined) {
    const left = items.map((item) => (item.expr && containsOver(item.expr) ? { ...item, expr: undefined } : item))
    return projectItems(planner, binding, rows, left)
  }
  let { relation } = result
  for (const condition of conditions) {
    if (condition !== undefined) relation = filter(planner, relation, result.resolve(condition))
  }
  const resolved = items.map((item) => ({ ...item, expr: item.expr && result.resolve(item.expr) }))
  return projectItems(planner, binding, relation, resolved)
}

function refuseClauses(planner: Planner, select: ast.Select): void {
  const { report } = planner
  checkWindowNames(report, select.windows)
  if (select.distinct !== null && select.distinct.on.length > 0) {
    report.unsupported('DISTINCT ON is', select.distinct.span, 'Write GROUP BY with first_value or last_value.')
  }
}

function columnOf(column: ScopeColumn): Expr | undefined {
  return column.type === undefined ? undefined : columnRef(column.index, column.type)
}

/** The list and HAVING may call aggregates and windows, and name the window by its alias. */
export function listContext(
  select: ast.Select,
  from: Relation,
  collector: AggregateCollector,
  clause: string,
): BindContext {
  const grouped = select.groupBy.length > 0
  return {
    clause,
    aggregate: (call, name) => collector.aggregate(call, name),
    window: (call) => collector.window(call),
    ...(grouped ? { rowtime: rowtimePlaceholder } : {}),
    nameLast: ([first]) => windowByName(select, from, collector, first!),
  }
}

/** `window` of `TUMBLE(...) AS window`; the columns of a windowed table; `window` where GROUP BY has a window of no name. */
export function windowByName(
  select: ast.Select,
  from: Relation,
  collector: AggregateCollector,
  name: ast.Identifier,
): NamedValue | undefined {
  const aliased = findName(name.name, windowItems(select), (i) => i.alias!.name)
  if (aliased !== undefined) return { expr: collector.window(aliased.expression as ast.Call), parts: 1 }
  if (from.windowed !== null) {
    const part = ({ window_start: 'start', window_end: 'end' } as const)[name.name.toLowerCase()]
    if (part !== undefined) return { expr: collector.windowPart({ spec: from.windowed, part }, name.span), parts: 1 }
    if (name.name.toLowerCase() === 'window_time') return { expr: rowtimePlaceholder(), parts: 1 }
  }
  if (name.name.toLowerCase() !== 'window') return undefined
  const inline = select.groupBy.find((g) => g.kind === 'grouping-expression' && isWindowCall(g.expression))
  if (inline?.kind !== 'grouping-expression') return undefined
  const window = collector.window(inline.expression as ast.Call)
  return { expr: window?.kind === 'field' ? window.input : window, parts: 1 }
}

function windowItems(select: ast.Select): ast.SelectExpression[] {
  return select.items
    .filter((i) => i.kind === 'select-expression')
    .filter((i) => i.alias !== null && isWindowCall(i.expression))
}

/** Aliases and window functions are known in WHERE: what depends on a window function is a condition on results, the rest on rows. */
function bindWhere(planner: Planner, { select, from, items, overs }: SelectBinding): Expr | undefined {
  if (select.where === null) return undefined
  const binder = new ExpressionBinder(planner.environment, scopeOf(from), {
    clause: 'WHERE',
    over: (call, name) => overs.over(call, name),
    nameLast: ([first]) => {
      const item = findName(first!.name, items, (i) => i.alias ?? '')
      if (item === undefined) return undefined
      if (item.expr === undefined || !isGrouped(item.expr)) return { expr: item.expr, parts: 1 }
      planner.report.error('SQL_GROUPING', `"${item.alias}" is a result of grouping and has no meaning in WHERE`, first!.span, {
        hint: 'Filter results of aggregates in HAVING.',
      })
      return { expr: undefined, parts: 1 }
    },
  })
  return binder.bindCondition(select.where, 'WHERE')
}

/** In HAVING an alias goes before a column of FROM, unless the rows are grouped by that column. */
function bindHaving(planner: Planner, binding: SelectBinding, groupBy: GroupBy): Expr | undefined {
  const { select, from, collector, items } = binding
  if (select.having === null) return undefined
  const binder = new ExpressionBinder(planner.environment, scopeOf(from), {
    ...listContext(select, from, collector, 'HAVING'),
    nameFirst: ([first]) => {
      const item = findName(first!.name, items, (i) => i.alias ?? '')
      const column = findName(first!.name, from.columns, (c) => c.name)
      const isKey = groupBy.keys.some((k) => k.expr.kind === 'column' && k.expr.index === column?.index)
      return item === undefined || isKey ? undefined : { expr: item.expr, parts: 1 }
    },
  })
  return binder.bindCondition(select.having, 'HAVING')
}

function filter(planner: Planner, relation: Relation, predicate: Expr): Relation {
  const input = planner.draft.add({ kind: 'filter', schema: relation.schema, input: relation.input, predicate })
  return { ...relation, input }
}

/** The columns of the list over `relation`. */
function projectItems(
  planner: Planner,
  { binder }: SelectBinding,
  relation: Relation,
  items: readonly BoundItem[],
): Relation {
  const names = outputNames(planner, items)
  const nullableAt = (index: number) => relation.schema.fields[index]?.nullable ?? true
  const projected = items.map(
    ({ expr = NULL }, i): Projected => ({ name: names[i]!, expr, nullable: isNullable(expr, nullableAt) }),
  )
  const { input, schema } = planner.draft.project(relation, projected)
  const columns = items.map(({ expr }, index): ScopeColumn => {
    const source = expr?.kind === 'column' ? relation.columns.find((c) => c.index === expr.index) : undefined
    return {
      name: names[index]!,
      type: expr?.type,
      nullable: projected[index]!.nullable,
      index,
      eventTime: expr?.kind === 'column' && (source?.eventTime === true || expr.index === relation.rowtime),
      window: expr === undefined ? null : windowOf(expr, relation.columns),
    }
  })
  for (const { expr, span } of items) {
    if (expr?.type.kind === 'ARRAY' && expr.type.element.kind === 'NULL') {
      binder.report.error('SQL_TYPE', `${typeName(expr.type)} is no type of a column`, span, {
        hint: 'Cast it, as in CAST(ARRAY[] AS TEXT[]).',
      })
    }
  }
  return {
    ...relation,
    input,
    schema,
    columns,
    qualifiers: [],
    rowtime: columns.length,
    watermark: columns.length + 1,
    key: keptKey(relation, items),
    windowed: null,
  }
}

/** Which items still tell the rows apart; null: too few. */
function keptKey({ key, columns }: Relation, items: readonly BoundItem[]): readonly number[] | null {
  const kept = key?.map((position) => {
    const { index, window } = columns[position]!
    const same = items.findIndex(({ expr }) => expr?.kind === 'column' && expr.index === index)
    if (same !== -1 || window === null) return same
    // No two windows of one group that stand at the same time start or end together.
    return items.findIndex(({ expr }) => {
      const origin = expr && windowOf(expr, columns)
      return origin != null && sameWindow(origin.spec, window.spec)
    })
  })
  return kept === undefined || kept.includes(-1) ? null : [...new Set(kept)]
}

/** What an expression says of the window whose result the row is. */
export function windowOf(expr: Expr, columns: readonly ScopeColumn[]): WindowOrigin | null {
  if (expr.kind === 'column') return columns.find((c) => c.index === expr.index)?.window ?? null
  if (expr.kind !== 'field' || expr.input.kind !== 'column') return null
  const window = windowOf(expr.input, columns)
  return window?.part === 'window' ? { spec: window.spec, part: expr.index === 0 ? 'start' : 'end' } : null
}

/** SELECT DISTINCT: every row once, which needs no windows but keeps every row ever seen. */
function distinct(planner: Planner, select: ast.Select, relation: Relation): Relation {
  if (select.distinct === null) return relation
  const fields = relation.columns.map((c) => relation.schema.fields[c.index]!)
  const schema = { fields: [...fields, ...HIDDEN_FIELDS] }
  const input = planner.draft.add({
    kind: 'aggregate',
    schema,
    input: relation.input,
    keys: relation.columns.map((c) => c.index),
    aggregates: [],
  })
  return {
    ...relation,
    input,
    schema,
    columns: relation.columns.map((c, index) => ({ ...c, index, eventTime: false, window: null })),
    rowtime: fields.length,
    watermark: fields.length + 1,
    key: relation.columns.map((_, position) => position),
    eventTime: false,
    resultOf: null,
  }
}
