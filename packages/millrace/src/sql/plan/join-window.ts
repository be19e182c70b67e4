import { type SchemaField, TIMESTAMP } from '../../kernel/index.ts'
import { columnRef } from '../../plan/index.ts'
import type { Span } from '../../kernel/index.ts'
import type { ScopeColumn } from '../bind/index.ts'
import { unknownRelation } from './from.ts'
import type { Planner } from './planner.ts'
import { HIDDEN_FIELDS, type Relation } from './relation.ts'

const WINDOW_COLUMNS = ['window_start', 'window_end', 'window_time'] as const

/**
 * The rows of `TABLE(TUMBLE(TABLE t, ...))` themselves, each once for every window it is in, with window_start, window_end and window_time;
 * their event time is the last microsecond of the window, as that of its results. Other relations as they are.
 */
export function assignWindows(planner: Planner, relation: Relation, span: Span): Relation {
  const { windowed } = relation
  if (windowed === null || relation.open) return relation
  const { report, draft } = planner
  if (windowed.kind === 'session') {
    report.unsupported(
      'a join of rows in SESSION windows is',
      span,
      'Aggregate them first, by GROUP BY key, window_start, window_end in a view, and join its results.',
    )
    return unknownRelation(planner)
  }
  if (relation.updating || !relation.eventTime) {
    report.error('SQL_WINDOW', 'rows have no event time here that windows could follow', span, {
      hint: 'Window the rows before they are aggregated or joined without windows.',
    })
    return unknownRelation(planner)
  }
  const { rowtime, watermark, lateness, tables } = relation
  const onTime = draft.add({
    kind: 'late_filter',
    schema: relation.schema,
    input: relation.input,
    rowtime,
    watermark,
    window: windowed,
    allowedLateness: lateness,
    tables,
  })
  const fields = relation.columns.map(
    (c): SchemaField => ({ name: c.name, type: relation.schema.fields[c.index]!.type, nullable: c.nullable }),
  )
  const bounds = ['window_start', 'window_end'].map((name): SchemaField => ({ name, type: TIMESTAMP, nullable: false }))
  const assigned = draft.add({
    kind: 'assign_windows',
    schema: { fields: [...fields, ...bounds, ...HIDDEN_FIELDS] },
    input: onTime,
    columns: relation.columns.map((c) => c.index),
    window: windowed,
    rowtime,
    watermark,
    allowedLateness: lateness,
  })
  const first = fields.length
  const projected = draft.project({ input: assigned, rowtime: first + 2, watermark: first + 3 }, [
    ...fields.map((f, i) => ({ name: f.name, expr: columnRef(i, f.type), nullable: f.nullable })),
    ...WINDOW_COLUMNS.map((name, i) => ({ name, expr: columnRef(first + i, TIMESTAMP), nullable: false })),
  ])
  const columns: ScopeColumn[] = [
    ...relation.columns.map((c, index) => ({ ...c, index, eventTime: false, window: null })),
    ...WINDOW_COLUMNS.map(
      (name, i): ScopeColumn => ({
        name,
        type: TIMESTAMP,
        nullable: false,
        index: first + i,
        eventTime: name === 'window_time',
        window: i === 2 ? null : { spec: windowed, part: i === 0 ? 'start' : 'end' },
      }),
    ),
  ]
  return {
    ...relation,
    input: projected.input,
    schema: projected.schema,
    columns,
    rowtime: columns.length,
    watermark: columns.length + 1,
    resultOf: windowed,
    key: null,
    late: null,
    windowed: null,
  }
}
