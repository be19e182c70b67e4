import { type Span, typeName } from '../../kernel/index.ts'
import { coercesTo, columnRef, type Expr, type Input } from '../../plan/index.ts'
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
    return checkKey(planner, table, relation, statement.table.span)
      ? { table, relation, span: statement.span }
      : undefined
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
  if (shaped === undefined || !checkKey(planner, table, shaped, statement.table.span)) return undefined
  return { table, relation: shaped, span: statement.span }
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
        detail:
          'Results change where rows are aggregated without a window or with EMIT CHANGES, or come from a changelog.',
        hint: description.topic
          ? changelogHint(relation)
          : "Group by a window as well, as in GROUP BY key, TUMBLE(INTERVAL '1 minute'), or insert into a table whose format keeps changes.",
      },
    )
    return false
  }
  return true
}

/** The declaration of a topic that takes the rows. */
function changelogHint({ key, columns }: Relation): string {
  const names = key?.map((position) => columns[position]!.name) ?? []
  if (names.length === 0) return "Declare the table with changelog = 'weights', which keeps every change."
  return `Declare the table with PRIMARY KEY (${names.join(', ')}) and changelog = 'upsert', or with changelog = 'weights', which keeps every change.`
}

/** Whether a table of upserts can tell the rows apart: its key has the columns that do, and maybe others. */
function checkKey(planner: Planner, table: Table, relation: Relation, span: Span): boolean {
  if (table.description.changelog !== 'upsert' || relation.open) return true
  const { primaryKey } = table
  if (!relation.updating) {
    if (primaryKey.length > 0) return true
    planner.report.error(
      'PLAN_SINK_MISMATCH',
      `table "${table.name}" would keep the last row only: it has no PRIMARY KEY`,
      span,
      {
        hint: "Declare the columns by which a row replaces another, or leave changelog = 'upsert' out.",
      },
    )
    return false
  }
  const names = relation.key?.map((position) => relation.columns[position]!.name) ?? null
  if (names?.every((name) => primaryKey.includes(name)) === true) return true
  const keeps = primaryKey.length === 0 ? 'one row' : `one row for each ${primaryKey.join(', ')}`
  const given =
    names === null ? 'nothing tells the rows of this query apart' : `this query gives one for each ${names.join(', ')}`
  planner.report.error('PLAN_SINK_MISMATCH', `table "${table.name}" keeps ${keeps}, but ${given}`, span, {
    hint:
      names === null
        ? "Select every column the query groups by, or declare the table with changelog = 'weights'."
        : changelogHint(relation),
  })
  return false
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
  const key = relation.key?.map((position) => {
    const at = columns.indexOf(targets[position]!)
    return keepsApart(projected[at]!.expr) ? at : -1
  })
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
    key: key === undefined || key.includes(-1) ? null : key,
  }
}

/** Whether different values stay different: a column as it is, or widened. */
function keepsApart(expr: Expr): boolean {
  if (expr.kind !== 'cast') return expr.kind === 'column'
  return expr.type.kind !== 'DOUBLE' && coercesTo(expr.input.type, expr.type) && keepsApart(expr.input)
}

/** One sink per table, however many INSERTs feed it. `key`: see PlannedSink. */
export function planSink(
  planner: Planner,
  insertions: readonly Insertion[],
): { input: Input; relation: Relation; key: readonly number[] | null } {
  const { table } = insertions[0]!
  const relations = insertions.map((i) => i.relation)
  const upserts = table.description.changelog === 'upsert'
  if (upserts && relations.length > 1 && relations.some((r) => r.updating)) {
    planner.report.error(
      'PLAN_SINK_MISMATCH',
      `several queries write table "${table.name}", and the results of one change: each would replace the rows of others`,
      insertions.at(-1)!.span,
      {
        hint: "Put their rows together with UNION ALL before they are grouped, or declare the table with changelog = 'weights'.",
      },
    )
  }
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
    updating: relation.updating,
    delivery: table.description.delivery,
  })
  const identifying = upserts
    ? table.primaryKey.map((name) => relation.columns.findIndex((c) => c.name === name))
    : relation.updating
      ? relation.key
      : null
  return { input, relation, key: identifying }
}
