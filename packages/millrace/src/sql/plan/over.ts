import { BIGINT, DOUBLE, type SchemaField } from '../../kernel/index.ts'
import {
  columnRef,
  type Expr,
  mapChildren,
  type OverCall,
  overCallType,
  overReach,
  type OverOrder,
  overWait,
} from '../../plan/index.ts'
import { overOrdinal, uniqueName } from '../bind/index.ts'
import type { OverDraft, OverFunction } from './over-collector.ts'
import { OverInputs } from './over-inputs.ts'
import { orderOf } from './over-order.ts'
import type { Planner } from './planner.ts'
import { HIDDEN_FIELDS, type Relation } from './relation.ts'

/** Rows with the results of window functions behind their columns, and how expressions over the rows before read them. */
export interface OverResult {
  readonly relation: Relation
  resolve(expr: Expr): Expr
}

/** What one node answers: equal partitions and orders, and the same way of waiting for rows ahead. */
interface Stage {
  readonly order: OverOrder
  readonly partition: readonly number[]
  /** Whether its rows wait for others of their partition, so that they leave in another order. */
  readonly waits: boolean
  readonly calls: StageCall[]
}

/** `ordinal`: of the draft; null: nobody asked for it but the planner. */
interface StageCall {
  readonly call: OverCall
  readonly name: string
  readonly ordinal: number | null
}

/** Plans the window functions of a SELECT over `from`. Undefined: one of them cannot be answered on these rows, which is reported. */
export function planOver(planner: Planner, from: Relation, drafts: readonly OverDraft[]): OverResult | undefined {
  const { draft } = planner
  if (!drafts.map((d) => checkRows(planner, from, d)).every(Boolean)) return undefined
  const inputs = new OverInputs(from)
  const stages = stagesOf(planner, from, drafts, inputs)
  if (stages === undefined) return undefined
  let relation = from
  const [timed] = stages.filter((s) => s.order.kind === 'event_time')
  const projected = (input: Relation): Relation => {
    const { input: node, schema } = draft.project(input, inputs.columns)
    const rowtime = inputs.columns.length
    return { ...input, input: node, schema, rowtime, watermark: rowtime + 1 }
  }
  relation = projected(relation)
  const indexes: number[] = []
  let arrival: number | null = null
  for (const stage of stages) {
    // Results of windows come in order, each with the watermark it was given.
    if (stage === timed && from.resultOf === null) relation = withoutLate(planner, relation)
    const first = relation.schema.fields.length - HIDDEN_FIELDS.length
    for (const [i, { ordinal }] of stage.calls.entries()) {
      if (ordinal === null) arrival = first + i
      else indexes[ordinal] = first + i
    }
    relation = addStage(planner, relation, stage.waits && arrival !== null ? orderedBy(stage, arrival) : stage)
  }
  if (timed !== undefined) relation = { ...relation, lateness: 0 }
  const replaced = (node: Expr): Expr => {
    if (node.kind !== 'column') return mapChildren(node, replaced)
    const ordinal = overOrdinal(node)
    if (ordinal !== undefined) return columnRef(indexes[ordinal]!, node.type)
    if (node.index === from.rowtime) return columnRef(relation.rowtime, node.type)
    return node.index === from.watermark ? columnRef(relation.watermark, node.type) : node
  }
  return { relation, resolve: replaced }
}

function checkRows({ report }: Planner, from: Relation, { name, span }: OverDraft): boolean {
  if (from.updating) {
    report.unsupported(
      `${name} with OVER on rows that may be taken back is`,
      span,
      "Aggregate in windows of time before, as in GROUP BY key, TUMBLE(INTERVAL '1 minute'), or apply it to the rows that are aggregated.",
    )
    return false
  }
  return true
}

/** Rows the watermark has passed before they came. */
function withoutLate({ draft }: Planner, from: Relation): Relation {
  const input = draft.add({
    kind: 'late_filter',
    schema: from.schema,
    input: from.input,
    rowtime: from.rowtime,
    watermark: from.watermark,
    window: { kind: 'moment' },
    allowedLateness: from.lateness,
    tables: from.tables,
  })
  const late: Relation = { ...from, input: { node: input.node, port: 1 }, qualifiers: [], late: null }
  return { ...from, input, late }
}

/** Rows of equal time in the order in which they came, which stages before may have changed. */
function orderedBy(stage: Stage, arrival: number): Stage {
  if (stage.order.kind !== 'event_time') return stage
  const ties = [...stage.order.ties, { column: arrival, descending: false, nullsFirst: false }]
  return { ...stage, order: { ...stage.order, ties } }
}

function addStage({ draft }: Planner, from: Relation, stage: Stage): Relation {
  const visible = from.schema.fields.slice(0, -HIDDEN_FIELDS.length)
  const names = new Set(visible.map((f) => f.name))
  const results = stage.calls.map(({ call, name }): SchemaField => {
    return { name: uniqueName(name, names), type: overCallType(call), nullable: !NEVER_NULL.has(name) }
  })
  const schema = { fields: [...visible, ...results, ...HIDDEN_FIELDS] }
  const input = draft.add({
    kind: 'over',
    schema,
    input: from.input,
    columns: visible.map((_, i) => i),
    partition: stage.partition,
    order: stage.order,
    calls: stage.calls.map((c) => c.call),
    rowtime: from.rowtime,
    watermark: from.watermark,
    allowedLateness: stage.order.kind === 'event_time' ? from.lateness : 0,
    tables: from.tables,
  })
  const rowtime = visible.length + results.length
  const lateness = stage.order.kind === 'event_time' ? 0 : from.lateness
  return { ...from, input, schema, rowtime, watermark: rowtime + 1, lateness }
}

const NEVER_NULL: ReadonlySet<string> = new Set(['count', 'row_number', 'rank', 'dense_rank'])

/**
 * Those that answer as rows come first, those that wait for rows of their partition last: they hold the watermark back. Where rows of
 * equal time have left their order before a stage of these, they are numbered as they come. Where rows are answered as they come, calls
 * that need a partition for ever are kept from those that do not: these forget quiet partitions.
 */
function stagesOf(
  planner: Planner,
  from: Relation,
  drafts: readonly OverDraft[],
  inputs: OverInputs,
): Stage[] | undefined {
  const stages = new Map<string, Stage>()
  const stageOf = (order: OverOrder, partition: readonly number[], waits: boolean, forgets: boolean): Stage => {
    const key = JSON.stringify([order, partition, waits, forgets])
    let stage = stages.get(key)
    if (stage === undefined) stages.set(key, (stage = { order, partition, waits, calls: [] }))
    return stage
  }
  let failed = false
  for (const [ordinal, draft] of drafts.entries()) {
    const order = orderOf(planner, from, draft, inputs)
    if (order === undefined) {
      failed = true
      continue
    }
    const partition = [...new Set(draft.partitionBy.map((e) => inputs.add(e, 'key')))]
    const call = callOf(draft.function, inputs)
    const forgets = order.kind === 'arrival' && overReach(call) !== null
    const waits = overWait([call]).rows > 0 && !(order.kind === 'event_time' && order.once)
    stageOf(order, partition, waits, forgets).calls.push({ call, name: draft.name, ordinal })
  }
  if (failed) return undefined
  const waiting = [...stages.values()].filter((s) => s.waits)
  if (waiting.length > 1 || (waiting.length === 1 && [...stages.values()].some((s) => !s.waits && hasTies(s)))) {
    const numbered = stageOf({ kind: 'event_time', ties: [], once: false }, [], false, false)
    numbered.calls.push({ call: { kind: 'row_number', type: BIGINT }, name: 'arrival', ordinal: null })
  }
  return [...stages.values()].sort((a, b) => rankOf(a) - rankOf(b))
}

function hasTies({ order }: Stage): boolean {
  return order.kind === 'event_time' && order.ties.length > 0
}

function rankOf(stage: Stage): number {
  if (stage.order.kind === 'arrival') return 0
  return stage.waits ? 3 : hasTies(stage) ? 2 : 1
}

function callOf(bound: OverFunction, inputs: OverInputs): OverCall {
  switch (bound.kind) {
    case 'aggregate': {
      const { name, args, type, distinct, filter, orderBy } = bound.draft
      const call = {
        name,
        args: args.map((a) => inputs.add(a, 'arg')),
        argTypes: args.map((a) => a.type),
        type,
        distinct,
        filter: filter === null ? null : inputs.add(filter, 'filter'),
        orderBy: orderBy.map(({ expr, descending, nullsFirst }) => ({
          column: inputs.add(expr, 'arg'),
          descending,
          nullsFirst,
        })),
      }
      return { kind: 'aggregate', call, frame: bound.frame }
    }
    case 'shift': {
      const { value, offset, otherwise } = bound
      const column = inputs.add(value, 'arg')
      const other = otherwise === null ? null : inputs.add(otherwise, 'default')
      return { kind: 'shift', column, offset, otherwise: other, type: value.type }
    }
    case 'nth':
      return {
        kind: 'nth',
        column: inputs.add(bound.value, 'arg'),
        n: bound.n,
        frame: bound.frame,
        type: bound.value.type,
      }
    case 'ntile':
      return { ...bound, type: BIGINT }
    case 'percent_rank':
    case 'cume_dist':
      return { kind: bound.kind, type: DOUBLE }
    default:
      return { kind: bound.kind, type: BIGINT }
  }
}
