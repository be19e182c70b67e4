import { didYouMean, type Schema, type Span } from '../../kernel/index.ts'
import type * as ast from '../ast/index.ts'
import { isWindowCall, nameText, windowSpec } from '../bind/index.ts'
import { planCommaJoin, planJoinExpression, planSide } from './join-from.ts'
import { WhereConditions } from './join-where.ts'
import type { Planner, QueryScope } from './planner.ts'
import { positioned } from './position.ts'
import { planQuery } from './query.ts'
import { HIDDEN_FIELDS, type Relation, renamed } from './relation.ts'

/** The rows of FROM. What cannot be planned is reported and gives a relation about which nothing is an error. */
export function planFrom(
  planner: Planner,
  select: ast.Select,
  scope: QueryScope,
  where: WhereConditions = new WhereConditions(select.where),
): Relation {
  const [first, second] = select.from
  if (first === undefined) {
    planner.report.unsupported('a SELECT without FROM is', select.span, 'Name a table or view in FROM.')
    return unknownRelation(planner)
  }
  if (second === undefined) return planTableExpression(planner, first, scope, where)
  let relation = planSide(planner, first, scope, where)
  for (const table of select.from.slice(1)) relation = planCommaJoin(planner, relation, table, scope, where)
  return relation
}

/** `where`: conditions that joins may use as their own; null: none. */
export function planTableExpression(
  planner: Planner,
  table: ast.TableExpression,
  scope: QueryScope,
  where: WhereConditions | null,
): Relation {
  const { report } = planner
  switch (table.kind) {
    case 'table': {
      if (table.asOf !== null) {
        report.unsupported(
          'FOR SYSTEM_TIME AS OF outside a join is',
          table.asOf.span,
          'Write it behind the right side of a join, as in a JOIN b FOR SYSTEM_TIME AS OF a.ts ON a.id = b.id.',
        )
      }
      const [option] = table.options
      if (option !== undefined)
        report.unsupported('WITH behind a table in FROM is', option.span, 'Put the options into CREATE TABLE.')
      const key = nameText(table.name).toLowerCase()
      const isTable = !scope.common.has(key) && !planner.views.has(key)
      const relation = positioned(planner, table, planName(planner, table.name, scope), isTable)
      return aliased(planner, relation, table.alias, table.name.parts.at(-1)!.name)
    }
    case 'derived-table': {
      if (table.lateral)
        report.unsupported('LATERAL is', table.span, 'Leave it out if the subquery reads no columns of other tables.')
      return aliased(planner, planQuery(planner, table.query, scope), table.alias, null)
    }
    case 'join':
      return planJoinExpression(planner, table, scope, where)
    case 'table-function':
      return aliased(planner, planTableFunction(planner, table, scope), table.alias, null)
  }
}

function aliased(planner: Planner, relation: Relation, alias: ast.TableAlias | null, name: string | null): Relation {
  if (alias === null) return renamed(relation, name)
  if (alias.columns.length > relation.columns.length && !relation.open) {
    planner.report.error(
      'SQL_INVALID',
      `"${alias.name.name}" names ${alias.columns.length} columns, there are ${relation.columns.length}`,
      alias.span,
    )
  }
  return renamed(
    relation,
    alias.name.name,
    alias.columns.map((c) => c.name),
  )
}

function planName(planner: Planner, name: ast.ObjectName, scope: QueryScope): Relation {
  const text = nameText(name)
  const key = text.toLowerCase()
  const known = scope.common.get(key) ?? planner.views.get(key)?.relation
  if (known !== undefined) return known
  const table = planner.tables.get(key)
  if (table === undefined) return unknownTable(planner, text, name.span, scope)
  if (table.relation !== null && table.columns.length > 0) return table.relation
  if (table.description.errors.length === 0) {
    const why = table.relation === null ? `connector "${table.description.connector}" only writes` : 'it has no columns'
    planner.report.error('SQL_INVALID', `table "${table.name}" cannot be read: ${why}`, name.span, {
      hint:
        table.relation === null
          ? 'Select from the view or table whose rows are inserted into it.'
          : 'Declare its columns in CREATE TABLE.',
    })
  }
  return unknownRelation(planner)
}

function unknownTable(planner: Planner, name: string, span: Span, scope: QueryScope): Relation {
  const known = [
    ...scope.common.keys(),
    ...[...planner.views.values()].map((v) => v.name),
    ...[...planner.tables.values()].map((t) => t.name),
  ]
  if (planner.partial) return unknownRelation(planner)
  const later = planner.later.has(name.toLowerCase())
  planner.report.error('SQL_UNKNOWN_TABLE', `there is no table or view "${name}"`, span, {
    detail: known.length > 0 && known.length <= 12 ? `There are ${known.join(', ')}.` : undefined,
    hint: later ? 'It is created further down: move its statement up.' : didYouMean(name, known),
  })
  return unknownRelation(planner)
}

/** Stands in for what could not be planned; never part of a finished plan. */
export function unknownRelation(planner: Planner): Relation {
  const schema: Schema = { fields: HIDDEN_FIELDS }
  const input = planner.draft.add({
    kind: 'source',
    schema,
    table: '',
    options: {},
    columns: [],
    badData: 'fail',
    wholePayload: false,
  })
  return {
    input,
    schema,
    columns: [],
    qualifiers: [],
    open: true,
    rowtime: 0,
    watermark: 1,
    updating: false,
    key: null,
    eventTime: true,
    resultOf: null,
    tables: [],
    lateness: 0,
    late: null,
    windowed: null,
  }
}

function planTableFunction(planner: Planner, table: ast.TableFunction, scope: QueryScope): Relation {
  const { call } = table
  const { report } = planner
  const name = nameText(call.name).toLowerCase()
  if (name === 'late') return planLate(planner, call, scope)
  if (isWindowCall(call) && !name.includes('_'))
    return planWindowFunction(planner, call, name as 'tumble' | 'hop' | 'session', scope)
  if (name === 'unnest') {
    report.error('SQL_INVALID', 'UNNEST stands alone in FROM', call.span, {
      detail: 'It gives the elements of an array of the table before it.',
      hint: 'Write FROM t CROSS JOIN UNNEST(t.items) AS item.',
    })
  } else {
    report.error('SQL_UNKNOWN_FUNCTION', `there is no table function "${name}"`, call.name.span, {
      hint: didYouMean(name, ['late', 'tumble', 'hop', 'session', 'unnest']),
    })
  }
  return unknownRelation(planner)
}

/** The rows an argument names: `t`, `TABLE t` or `TABLE (SELECT ...)`. */
function planTableArgument(planner: Planner, argument: ast.Argument, scope: QueryScope): Relation | undefined {
  const { value } = argument
  if (value.kind === 'table-argument') {
    return value.source.kind === 'query'
      ? planQuery(planner, value.source, scope)
      : planName(planner, value.source, scope)
  }
  if (value.kind === 'subquery') return planQuery(planner, value.query, scope)
  if (value.kind !== 'column') return undefined
  return planName(planner, { kind: 'object-name', span: value.span, parts: value.path }, scope)
}

/** `LATE(v)`: what the window of v's query refused, as its FROM gave it. */
function planLate(planner: Planner, call: ast.Call, scope: QueryScope): Relation {
  const [argument, second] = call.arguments
  const relation =
    argument === undefined || second !== undefined ? undefined : planTableArgument(planner, argument, scope)
  if (relation?.open === true) return relation
  if (relation?.late != null) return relation.late
  planner.report.error('SQL_WINDOW', 'LATE takes a view whose query groups by a window', call.span, {
    hint: 'Create a view with GROUP BY TUMBLE(...), HOP(...) or SESSION(...), and read the rows that came too late for it from LATE(view).',
  })
  return unknownRelation(planner)
}

/** `TUMBLE(TABLE t, DESCRIPTOR(ts), size)`: the rows of t, to be grouped by window_start and window_end. */
function planWindowFunction(
  planner: Planner,
  call: ast.Call,
  kind: 'tumble' | 'hop' | 'session',
  scope: QueryScope,
): Relation {
  const { report } = planner
  const [table, time, ...lengths] = call.arguments
  const form =
    kind === 'hop'
      ? "HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '30 seconds', INTERVAL '5 minutes')"
      : `${kind.toUpperCase()}(TABLE t, DESCRIPTOR(ts), INTERVAL '1 minute')`
  const relation = table === undefined ? undefined : planTableArgument(planner, table, scope)
  const nodes = lengths.map((l) => l.value)
  if (relation === undefined || time?.value.kind !== 'descriptor' || lengths.length !== (kind === 'hop' ? 2 : 1)) {
    report.error(
      'SQL_WINDOW',
      `table function ${kind.toUpperCase()} takes a table, a descriptor and lengths`,
      call.span,
      { hint: `Write ${form}.` },
    )
    return unknownRelation(planner)
  }
  if (relation.open) return relation
  const column = time.value.columns[0]!
  const named = relation.columns.find((c) => c.name.toLowerCase() === column.name.toLowerCase())
  if (named?.eventTime !== true) {
    report.error('SQL_WINDOW', `"${column.name}" is not the event time of the rows`, column.span, {
      hint:
        named === undefined
          ? didYouMean(
              column.name,
              relation.columns.map((c) => c.name),
            )
          : `Add "WATERMARK FOR ${named.name}" to CREATE TABLE.`,
    })
  }
  const expressions = nodes.filter(
    (n) => n.kind !== 'star-argument' && n.kind !== 'table-argument' && n.kind !== 'descriptor',
  )
  const spec =
    expressions.length < nodes.length ? undefined : windowSpec(report, kind, kind.toUpperCase(), expressions, call.span)
  if (expressions.length < nodes.length)
    report.error('SQL_WINDOW', `lengths of ${kind.toUpperCase()} are intervals`, call.span, { hint: `Write ${form}.` })
  return spec === undefined ? unknownRelation(planner) : { ...relation, windowed: spec }
}
