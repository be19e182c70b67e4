import { typeName } from '../../kernel/index.ts'
import type { Expr, OverOrder } from '../../plan/index.ts'
import { frameOf, type OverDraft, type OverOrderItem } from './over-collector.ts'
import type { OverInputs } from './over-inputs.ts'
import type { Planner } from './planner.ts'
import type { Relation } from './relation.ts'
import { windowOf } from './select.ts'

/** By what the rows are ordered, and whether the function can be answered in that order. */
export function orderOf(
  { report }: Planner,
  from: Relation,
  draft: OverDraft,
  inputs: OverInputs,
): OverOrder | undefined {
  if (isOnce(from, draft)) return orderOnce(report, draft, inputs)
  const [first, ...ties] = draft.orderBy
  if (first === undefined) {
    return report.unsupported(
      `${draft.name} with OVER and no ORDER BY, for which the whole partition would have to be there, is`,
      draft.span,
      'Order by the event time: OVER (PARTITION BY key ORDER BY ts).',
    )
  }
  if (first.descending) {
    return report.unsupported(
      'OVER with ORDER BY time DESC, where the last row is the first, is',
      first.span,
      'Order by the time ascending and turn the frame round: FOLLOWING for PRECEDING, LEAD for LAG.',
    )
  }
  if (frameOf(draft.function).end === null) {
    return report.unsupported(
      'UNBOUNDED FOLLOWING, for which a stream would have to end before its first row is answered, is',
      draft.frameSpan,
      "End the frame at CURRENT ROW or some way behind it, as in INTERVAL '1 minute' FOLLOWING.",
    )
  }
  if (['ntile', 'percent_rank', 'cume_dist'].includes(draft.function.kind)) {
    return report.unsupported(
      `${draft.name}, which needs all rows of a partition before it can answer the first, is`,
      draft.span,
      'On a stream a partition never ends. Aggregate in windows of time and have PARTITION BY name the window, or write rank() or row_number().',
    )
  }
  if (ties.length > 0 && !isTimeless(draft)) return mixedOrder(report, draft)
  if (!isEventTime(from, first)) return arrivalOrder(report, from, draft, first, ties, inputs)
  return tieKeys(report, ties, inputs, false)
}

/** Whether each partition is of one window of results, all of which carry its end as their time. */
function isOnce(from: Relation, { partitionBy }: OverDraft): boolean {
  return from.eventTime && partitionBy.some((expr) => namesWindow(from, expr))
}

/** In partitions that are complete, rows are ordered by anything. */
function orderOnce(report: Planner['report'], draft: OverDraft, inputs: OverInputs): OverOrder | undefined {
  return isTimeless(draft) ? tieKeys(report, draft.orderBy, inputs, true) : mixedOrder(report, draft)
}

function tieKeys(
  report: Planner['report'],
  items: readonly OverOrderItem[],
  inputs: OverInputs,
  once: boolean,
): OverOrder | undefined {
  const unordered = items.find((t) => t.expr.type.kind === 'JSON')
  if (unordered !== undefined) {
    return report.error('SQL_TYPE', 'ORDER BY needs an order, and JSON has none', unordered.span, {
      hint: 'Say what the values are by a cast, as in x::DECIMAL or x::TEXT.',
    })
  }
  const ties = items.map(({ expr, descending, nullsFirst }) => {
    return { column: inputs.add(expr, 'order'), descending, nullsFirst }
  })
  return { kind: 'event_time', ties, once }
}

/** Whether the frame is measured in rows or by peers, not in time. */
function isTimeless(draft: OverDraft): boolean {
  const { unit, start, end } = frameOf(draft.function)
  return unit === 'rows' || ((start ?? 0) === 0 && (end ?? 0) === 0)
}

function mixedOrder(report: Planner['report'], draft: OverDraft): undefined {
  return report.error(
    'SQL_INVALID',
    'a frame of RANGE with a length of time is ordered by the time alone',
    draft.frameSpan,
    {
      hint: 'Order by the event time and by nothing else, or write ROWS.',
    },
  )
}

/** The event time itself, or the window of results that carry its end as theirs. */
function isEventTime(from: Relation, { expr }: OverOrderItem): boolean {
  if (!from.eventTime) return false
  if (expr.kind === 'column' && expr.index === from.rowtime) return true
  if (expr.kind === 'column' && from.columns.some((c) => c.index === expr.index && c.eventTime)) return true
  const origin = windowOf(expr, from.columns)
  return origin !== null && (origin.spec.kind !== 'session' || origin.part === 'end')
}

/** The window of results, or as much of it as tells its end. */
function namesWindow(from: Relation, expr: Expr): boolean {
  const origin = windowOf(expr, from.columns)
  return origin !== null && (origin.spec.kind !== 'session' || origin.part !== 'start')
}

/** A time column that says nothing of how late rows may come: rows are answered as they come. */
function arrivalOrder(
  report: Planner['report'],
  from: Relation,
  draft: OverDraft,
  first: OverOrderItem,
  ties: readonly OverOrderItem[],
  inputs: OverInputs,
): OverOrder | undefined {
  const { expr } = first
  const name = expr.kind === 'column' ? from.columns.find((c) => c.index === expr.index)?.name : undefined
  const declare = `Declare it as the event time in CREATE TABLE: WATERMARK FOR ${name ?? 'ts'} AS ${name ?? 'ts'} - INTERVAL '5 seconds'.`
  if (expr.type.kind !== 'TIMESTAMP') {
    return report.unsupported(
      `ORDER BY ${typeName(expr.type)} in OVER is`,
      first.span,
      'A stream is ordered by time: order by the event time or by another TIMESTAMP, and by other columns behind it.',
    )
  }
  const [tie] = ties
  if (tie !== undefined) {
    return report.unsupported(
      `ordering rows of equal time by more columns, where "${name ?? 'the time'}" has no watermark, is`,
      tie.span,
      `Leave it out: rows are answered as they come. ${declare}`,
    )
  }
  if ((frameOf(draft.function).end ?? 0) > 0 || (draft.function.kind === 'shift' && draft.function.offset > 0)) {
    return report.unsupported(
      `looking ahead with ${draft.name}, where "${name ?? 'the time'}" has no watermark, is`,
      draft.function.kind === 'shift' ? draft.span : draft.frameSpan,
      `Without one, a row is answered as it comes. ${declare}`,
    )
  }
  return { kind: 'arrival', column: inputs.add(expr, 'time') }
}
