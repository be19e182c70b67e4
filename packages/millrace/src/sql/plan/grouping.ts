import { type DataType, type SchemaField, type Span, WINDOW } from '../../kernel/index.ts'
import { type AggregateCall, type Expr, type Input, type WindowSpec } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import {
  type AggregateDraft,
  containsAggregate,
  ExpressionBinder,
  findName,
  isWindowCall,
  isWindowPart,
  sameWindow,
  type ScopeColumn,
  uniqueName,
  windowOfResults,
} from '../bind/index.ts'
import type { Projected } from './draft.ts'
import { earlyEmit, refuseEvery } from './emission.ts'
import { isNullable } from './nullable.ts'
import type { Planner } from './planner.ts'
import { HIDDEN_FIELDS, type Relation, scopeOf } from './relation.ts'
import { type BoundItem, type SelectBinding, windowByName, windowOf } from './select.ts'

interface Key {
  readonly expr: Expr
  readonly name: string
  readonly span: Span
}

export interface GroupBy {
  readonly keys: readonly Key[]
  readonly window: { readonly spec: WindowSpec; readonly span: Span } | null
  /** A key or a window is faulty: what is not grouped by is no error then. */
  readonly failed: boolean
}

/** Keys by expression, alias or ordinal; a window among them is not a key but how rows are grouped. */
export function bindGroupBy(planner: Planner, binding: SelectBinding): GroupBy {
  const { select, from, collector } = binding
  const { report } = planner
  const binder = new ExpressionBinder(planner.environment, scopeOf(from), {
    clause: 'GROUP BY',
    window: (call) => collector.window(call),
    nameFirst: ([first]) => {
      const item = select.items.find((i) => i.kind === 'select-expression' && i.alias?.name === first!.name)
      const window = item?.kind === 'select-expression' && isWindowCall(item.expression)
      return window ? windowByName(select, from, collector, first!) : undefined
    },
    nameLast: ([first]) => {
      const item = findName(first!.name, binding.items, (i) => i.alias ?? '')
      return item === undefined ? windowByName(select, from, collector, first!) : { expr: item.expr, parts: 1 }
    },
  })
  const keys: Key[] = []
  let window: GroupBy['window'] = null
  let failed = false
  for (const grouping of select.groupBy) {
    if (grouping.kind === 'grouping-sets') {
      report.unsupported(
        `${grouping.form} is`,
        grouping.span,
        'Write one query per grouping and put them together with UNION ALL.',
      )
      failed = true
      continue
    }
    const { expression, span } = grouping
    const expr = isOrdinal(expression) ? byOrdinal(planner, binding, expression) : binder.bind(expression)
    if (expr === undefined) {
      failed = true
    } else if (isWindowPart(expr)) {
      window ??= { spec: collector.windows.at(-1)!.spec, span }
    } else if (containsAggregate(expr)) {
      report.error('SQL_GROUPING', 'GROUP BY names an aggregate', span, {
        hint: 'Group by what the aggregate is computed from, or leave it out.',
      })
      failed = true
    } else if (!keys.some((k) => JSON.stringify(k.expr) === JSON.stringify(expr))) {
      keys.push({ expr, name: keyName(expression, binding.items), span })
    }
  }
  return { keys, window, failed }
}

function isOrdinal(node: ast.Expression): node is ast.NumberLiteral {
  return node.kind === 'number' && /^\d+$/.test(node.text)
}

function byOrdinal(
  planner: Planner,
  { items, from, collector }: SelectBinding,
  node: ast.NumberLiteral,
): Expr | undefined {
  const item = items[Number(node.text) - 1]
  if (item === undefined) {
    if (from.open) return undefined
    return planner.report.error('SQL_INVALID', `GROUP BY ${node.text} names no column of the SELECT list`, node.span, {
      detail: `The list has ${items.length}.`,
    })
  }
  // Called again, so that the last window noted is this one.
  return item.expression !== null && isWindowCall(item.expression) ? collector.window(item.expression) : item.expr
}

function keyName(node: ast.Expression, items: readonly BoundItem[]): string {
  if (isOrdinal(node)) {
    const item = items[Number(node.text) - 1]
    return item?.alias ?? item?.column?.name ?? (item?.expression == null ? 'key' : keyName(item.expression, []))
  }
  return node.kind === 'column' ? node.path.at(-1)!.name : node.kind === 'field' ? node.field.name : 'key'
}

/** Whether every window called in the SELECT is the one that is grouped by; reports those that are not. */
export function checkWindows(planner: Planner, { collector, from }: SelectBinding, window: GroupBy['window']): boolean {
  const { report } = planner
  if (window === null) {
    const [stray] = collector.windows
    if (stray === undefined) return true
    report.error('SQL_WINDOW', 'a window is used that the query does not group by', stray.span, {
      hint: 'Name the window in GROUP BY: by its alias, its ordinal or as it is written here.',
    })
    return false
  }
  let consistent = true
  for (const other of collector.windows) {
    if (sameWindow(other.spec, window.spec)) continue
    consistent = false
    report.error('SQL_WINDOW', 'a query groups by one window', other.span, {
      hint: 'Write the other window in a query of its own, or over the results of this one.',
    })
  }
  if (from.resultOf?.kind === 'hop' && sameWindow(from.resultOf, window.spec)) {
    report.error('SQL_WINDOW', 'HOP over the results of the same HOP can mean two things', window.span, {
      hint: 'To aggregate the results of each window, group by the window column of the inner query instead.',
    })
    return false
  }
  return consistent
}

/** Rows after grouping, and how expressions over FROM read them. */
export interface GroupingResult {
  readonly relation: Relation
  /** Undefined: the expression reads a column that is not grouped by, which is reported. */
  resolve(expr: Expr, span: Span): Expr | undefined
}

/** The columns that aggregation reads: keys first, then arguments, filters and sort keys, each once. */
class Arguments {
  readonly columns: Projected[] = []
  readonly #indexes = new Map<string, number>()
  readonly #names = new Set<string>()
  readonly #nullableAt: (index: number) => boolean

  constructor(from: Relation) {
    this.#nullableAt = (index) => from.schema.fields[index]?.nullable ?? true
  }

  add(expr: Expr, name: string): number {
    const key = JSON.stringify(expr)
    let index = this.#indexes.get(key)
    if (index === undefined) {
      const nullable = isNullable(expr, this.#nullableAt)
      index = this.columns.push({ name: uniqueName(name, this.#names), expr, nullable }) - 1
      this.#indexes.set(key, index)
    }
    return index
  }
}

export function planGrouping(
  planner: Planner,
  binding: SelectBinding,
  from: Relation,
  groupBy: GroupBy,
): GroupingResult {
  const { collector, binder } = binding
  const args = new Arguments(from)
  const keys = groupBy.keys.map((k) => args.add(k.expr, k.name))
  const aggregates = collector.drafts.map((draft) => aggregateCall(args, draft, from))
  const window = groupBy.window?.spec ?? inheritedWindow(groupBy.keys, from)
  const fields = [
    ...groupBy.keys.map(
      (k, i): SchemaField => ({ name: k.name, type: k.expr.type, nullable: args.columns[keys[i]!]!.nullable }),
    ),
    ...(window === null ? [] : [{ name: 'window', type: WINDOW, nullable: false }]),
    ...aggregateFields(collector.drafts),
  ]
  const schema = { fields: [...fields, ...HIDDEN_FIELDS] }
  const grouped =
    window === null
      ? planUnwindowed(planner, binding, from, { keys, aggregates, args, schema })
      : planWindowed(planner, binding, from, { keys, aggregates, args, schema, window })
  const windowIndex = window === null ? null : keys.length
  const inherited = window !== null && groupBy.window === null
  const columns = fields.map(
    (field, index): ScopeColumn => ({
      ...field,
      index,
      eventTime: false,
      window:
        index === windowIndex && !inherited
          ? { spec: window!, part: 'window' }
          : inherited && index < keys.length
            ? windowOf(groupBy.keys[index]!.expr, from.columns)
            : null,
    }),
  )
  const relation: Relation = {
    ...from,
    ...grouped,
    schema,
    columns,
    qualifiers: [],
    rowtime: fields.length,
    watermark: fields.length + 1,
    key: columns.slice(0, keys.length + (window === null || inherited ? 0 : 1)).map((_, position) => position),
    lateness: 0,
    windowed: null,
    resultOf: inherited ? from.resultOf : window,
  }
  const firstAggregate = keys.length + (window === null ? 0 : 1)
  const layout = {
    keys: groupBy.keys.map((k) => k.expr),
    window: inherited ? null : windowIndex,
    rowtime: relation.rowtime,
    aggregate: (ordinal: number) => firstAggregate + ordinal,
  }
  return {
    relation,
    resolve: (expr, span) =>
      collector.afterGrouping(expr, layout, (column) => {
        if (groupBy.failed) return
        const name = from.columns.find((c) => c.index === column.index)?.name ?? 'row_time()'
        planner.report.error(
          'SQL_GROUPING',
          `column "${name}" is neither grouped by nor aggregated`,
          binder.spanOf(column) ?? span,
          {
            hint: `Add "${name}" to GROUP BY, or aggregate it, as in last_value(${name}).`,
          },
        )
      }),
  }
}

interface Grouping {
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
  readonly args: Arguments
  readonly schema: Relation['schema']
}

type Grouped = Pick<Relation, 'input' | 'updating' | 'eventTime' | 'late'>

/** Filter for late rows, the columns the aggregation reads, and the aggregation. */
function planWindowed(
  planner: Planner,
  binding: SelectBinding,
  from: Relation,
  { keys, aggregates, args, schema, window }: Grouping & { readonly window: WindowSpec },
): Grouped {
  const { report, draft } = planner
  const span = binding.select.groupBy[0]?.span ?? binding.select.span
  if (from.updating) {
    report.unsupported(
      'a window over rows that may be taken back is',
      span,
      'Window the rows first, then aggregate without windows.',
    )
  } else if (!from.eventTime) {
    report.error('SQL_WINDOW', 'rows have no event time here', span, {
      detail: 'What comes out of DISTINCT or of GROUP BY without a window belongs to no moment.',
      hint: 'Group by the window first.',
    })
  }
  const onTime = draft.add({
    kind: 'late_filter',
    schema: from.schema,
    input: from.input,
    rowtime: from.rowtime,
    watermark: from.watermark,
    window,
    allowedLateness: from.lateness,
    tables: from.tables,
  })
  const late: Relation = { ...from, input: { node: onTime.node, port: 1 }, qualifiers: [], late: null, windowed: null }
  const projected = draft.project({ ...from, input: onTime }, args.columns)
  const emit = earlyEmit(report, binding.emit)
  const input: Input = draft.add({
    kind: 'window_aggregate',
    schema,
    input: projected.input,
    window,
    rowtime: args.columns.length,
    watermark: args.columns.length + 1,
    allowedLateness: from.lateness,
    keys,
    aggregates,
    ...(emit === undefined ? {} : { emit }),
  })
  return { input, updating: emit !== undefined, eventTime: true, late }
}

function planUnwindowed(
  planner: Planner,
  binding: SelectBinding,
  from: Relation,
  { keys, aggregates, args, schema }: Grouping,
): Grouped {
  const { report } = planner
  refuseEvery(report, binding.emit)
  // How many changes there are, and so their order, is up to the batches.
  const byArrival = from.updating ? binding.collector.drafts.find((d) => d.byArrival) : undefined
  if (byArrival !== undefined) {
    report.unsupported(
      `${byArrival.name} by arrival over rows that may be taken back is`,
      binding.select.span,
      `Say in which order, as in ${byArrival.name}(x ORDER BY y).`,
    )
  }
  const projected = planner.draft.project(from, args.columns)
  const input = planner.draft.add({ kind: 'aggregate', schema, input: projected.input, keys, aggregates })
  return { input, updating: from.updating || aggregates.length > 0, eventTime: false, late: null }
}

/**
 * Grouping by the window column of windowed results closes with those results. Not so by the start of a session alone: sessions that start
 * together may end apart.
 */
function inheritedWindow(keys: readonly Key[], from: Relation): WindowSpec | null {
  if (from.updating || !from.eventTime) return null
  for (const { expr } of keys) {
    const origin = windowOf(expr, from.columns)
    if (origin !== null && (origin.spec.kind !== 'session' || origin.part !== 'start'))
      return windowOfResults(origin.spec)
  }
  return null
}

function aggregateCall(args: Arguments, draft: AggregateDraft, from: Relation): AggregateCall {
  return {
    name: draft.name,
    args: draft.args.map((a) => args.add(a, argumentName(a, from))),
    argTypes: draft.args.map((a): DataType => a.type),
    type: draft.type,
    distinct: draft.distinct,
    filter: draft.filter === null ? null : args.add(draft.filter, 'filter'),
    orderBy: draft.orderBy.map(({ expr, descending, nullsFirst }) => ({
      column: args.add(expr, argumentName(expr, from)),
      descending,
      nullsFirst,
    })),
  }
}

function argumentName(expr: Expr, from: Relation): string {
  return expr.kind === 'column'
    ? (from.schema.fields[expr.index]?.name ?? 'arg')
    : expr.kind === 'call'
      ? expr.name
      : 'arg'
}

function aggregateFields(drafts: readonly AggregateDraft[]): SchemaField[] {
  const names = new Set<string>()
  return drafts.map((d) => ({ name: uniqueName(d.name, names), type: d.type, nullable: d.name !== 'count' }))
}
