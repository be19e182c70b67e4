import { type Span, typeName } from '../../kernel/index.ts'
import { columnRef, type Expr, type Input } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { canCast, castTo, findName, nameText, type ScopeColumn } from '../bind/index.ts'
import { didYouMean } from '../../kernel/index.ts'
import type { Planner } from './planner.ts'
import { planQuery, unionAll } from './query.ts'
import { HIDDEN_FIELDS, type Relation } from './relation.ts'
import type { Table, TableColumn } from './table.ts'

/** The rows of one INSERT, columns as the sink has them. */
export interface Insertion {
  readonly table: Table
  readonly relation: Relation
  readonly span: Span
}

/** Binds INSERT INTO ... SELECT against earlier ones into the same table. Undefined: it cannot be planned, which is reported. */
export function planInsert(
  planner: Planner,
  statement: ast.Insert,
  earlier: readonly Insertion[],
): Insertion | undefined {
  const { report } = planner
  const relation = planQuery(planner, statement.query)
  const name = nameText(statement.table)
  const table = planner.tables.get(name.toLowerCase())
  if (table === undefined) return unknownSink(planner, name, statement.table.span)
  if (!checkSink(planner, table, relation, statement.table.span) || relation.open) return undefined
  const columns = sinkColumns(table, earlier)
  if (columns === null) {
    if (statement.columns.length > 0) {
      return report.error('SQL_INVALID', `table "${table.name}" has no columns to name`, statement.columns[0]!.span, {
        hint: 'Declare its columns, or leave the list out: it takes the columns of the query.',
      })
    }
    return { table, relation, span: statement.span }
  }
  const targets = targetColumns(planner, statement, table, columns)
  if (targets === undefined) return undefined
  if (targets.length !== relation.columns.length) {
    const more = relation.columns.length > targets.length
    return report.error(
      'SQL_INVALID',
      `too ${more ? 'many' : 'few'} columns for table "${table.name}": ${relation.columns.length} for ${targets.length}`,
      statement.query.span,
      { detail: `It takes ${targets.map((t) => t.name).join(', ')}.`, hint: 'Columns are matched by position.' },
    )
  }
  const shaped = assign(planner, statement, table, columns, targets, relation)
  return shaped && { table, relation: shaped, span: statement.span }
}

function unknownSink(planner: Planner, name: string, span: Span): undefined {
  if (planner.partial) return undefined
  const isView = planner.views.has(name.toLowerCase())
  return planner.report.error(
    'SQL_UNKNOWN_TABLE',
    isView ? `"${name}" is a view` : `there is no table "${name}"`,
    span,
    {
      hint: isView
        ? 'Rows are inserted into tables.'
        : planner.later.has(name.toLowerCase())
          ? 'It is created further down: move its statement up.'
          : didYouMean(
              name,
              [...planner.tables.values()].map((t) => t.name),
            ),
    },
  )
}

function checkSink(planner: Planner, table: Table, relation: Relation, span: Span): boolean {
  const { description } = table
  if (description.errors.length > 0) return false
  if (!description.canWrite) {
    planner.report.error(
      'PLAN_SINK_MISMATCH',
      `table "${table.name}" cannot be written: it is a source of connector "${description.connector}"`,
      span,
      {
        hint: "Create a table for a connector that writes, such as 'stdout', 'single_file' or 'websocket_server'.",
      },
    )
    return false
  }
  if (relation.updating && !description.acceptsChangelog) {
    planner.report.error(
      'PLAN_SINK_MISMATCH',
      `table "${table.name}" takes new rows only, but results of this query change`,
      span,
      {
        detail: 'An aggregate without a window, or what is computed from one, is updated with every row.',
        hint: "Group by a window as well, as in GROUP BY key, TUMBLE(INTERVAL '1 minute'), or insert into a table whose format keeps changes.",
      },
    )
    return false
  }
  return true
}

type Target = Pick<TableColumn, 'name' | 'type' | 'nullable'>

/** Null: the first INSERT decides. */
function sinkColumns(table: Table, earlier: readonly Insertion[]): readonly Target[] | null {
  if (table.columns.length > 0) return table.columns.filter((c) => c.origin.kind === 'payload')
  return earlier[0]?.relation.columns ?? null
}

function targetColumns(
  planner: Planner,
  statement: ast.Insert,
  table: Table,
  columns: readonly Target[],
): readonly Target[] | undefined {
  if (statement.columns.length === 0) return columns
  const { report } = planner
  const targets: Target[] = []
  let failed = false
  for (const name of statement.columns) {
    const text = nameText(name)
    const column = findName(text, columns, (c) => c.name)
    if (column === undefined) {
      const computed = table.columns.some((c) => c.name === text)
      report.error(
        'SQL_UNKNOWN_COLUMN',
        computed ? `column "${text}" cannot be written` : `table "${table.name}" has no column "${text}"`,
        name.span,
        {
          detail: computed ? 'It is generated or metadata.' : undefined,
          hint: didYouMean(
            text,
            columns.map((c) => c.name),
          ),
        },
      )
      failed = true
    } else if (targets.includes(column)) {
      report.error('SQL_DUPLICATE', `column "${text}" is named twice`, name.span)
      failed = true
    } else {
      targets.push(column)
    }
  }
  for (const column of columns) {
    if (column.nullable || targets.includes(column) || failed) continue
    report.error(
      'SQL_INVALID',
      `column "${column.name}" of table "${table.name}" is NOT NULL and gets no value`,
      statement.table.span,
    )
    failed = true
  }
  return failed ? undefined : targets
}

/** Casts by position; columns that are not named are NULL. */
function assign(
  planner: Planner,
  statement: ast.Insert,
  table: Table,
  columns: readonly Target[],
  targets: readonly Target[],
  relation: Relation,
): Relation | undefined {
  let failed = false
  const projected = columns.map((column) => {
    const at = targets.indexOf(column)
    const to = column.type
    let expr: Expr = { kind: 'literal', type: to ?? { kind: 'NULL' }, text: null }
    if (at !== -1) {
      const given = relation.columns[at]!
      if (given.type === undefined || to === undefined) {
        failed = true
      } else if (!canCast(given.type, to)) {
        planner.report.error(
          'SQL_TYPE',
          `column "${column.name}" of table "${table.name}" is ${typeName(to)}, "${given.name}" is ${typeName(given.type)}`,
          statement.query.span,
        )
        failed = true
      } else {
        expr = castTo(columnRef(given.index, given.type), to)
      }
    }
    return { name: column.name, expr, nullable: column.nullable }
  })
  if (failed) return undefined
  const { input, schema } = planner.draft.project(relation, projected)
  return {
    ...relation,
    input,
    schema,
    columns: projected.map(
      (p, index): ScopeColumn => ({
        name: p.name,
        type: p.expr.type,
        nullable: p.nullable,
        index,
        eventTime: false,
        window: null,
      }),
    ),
    rowtime: projected.length,
    watermark: projected.length + 1,
  }
}

/** One sink per table, however many INSERTs feed it. */
export function planSink(planner: Planner, insertions: readonly Insertion[]): { input: Input; relation: Relation } {
  const { table } = insertions[0]!
  const relations = insertions.map((i) => i.relation)
  const relation =
    relations.length === 1
      ? relations[0]!
      : unionAll(
          planner,
          relations,
          insertions.map((i) => i.span),
        )
  const visible = relation.columns.map((c) => relation.schema.fields[c.index]!)
  const input = planner.draft.add({
    kind: 'sink',
    schema: { fields: [...visible, ...HIDDEN_FIELDS] },
    input: relation.input,
    table: table.name,
    options: Object.fromEntries(table.options.map((o) => [o.key, o.value])),
  })
  return { input, relation }
}
