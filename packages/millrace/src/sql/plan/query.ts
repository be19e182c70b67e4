import { typeName } from '../../kernel/index.ts'
import type { Expr } from '../../plan/index.ts'
import { columnRef, commonType } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { castTo, type ScopeColumn } from '../bind/index.ts'
import { checkEmit } from './emission.ts'
import { unknownRelation } from './from.ts'
import { EMPTY_SCOPE, type Planner, type QueryScope } from './planner.ts'
import { HIDDEN_FIELDS, type Relation, renamed } from './relation.ts'
import { planSelect } from './select.ts'

/** A query with its common tables and clauses. `emit`: that of the query whose body or branch it is. */
export function planQuery(
  planner: Planner,
  query: ast.Query,
  outer: QueryScope = EMPTY_SCOPE,
  emit: ast.Emit | null = null,
): Relation {
  const scope = query.with === null ? outer : planCommonTables(planner, query.with, outer)
  const relation = planBody(planner, query.body, scope, query.emit ?? emit)
  refuseClauses(planner, query, relation)
  return relation
}

function refuseClauses(planner: Planner, query: ast.Query, relation: Relation): void {
  const { report } = planner
  const [order] = query.orderBy
  if (order !== undefined) {
    report.unsupported(
      'ORDER BY of a query is',
      order.span,
      'Leave it out: rows leave in the order in which their windows close.',
    )
  }
  if (query.limit !== null)
    report.unsupported('LIMIT is', query.limit.span, 'Leave it out, and stop reading when you have enough.')
  if (query.offset !== null) report.unsupported('OFFSET is', query.offset.span, 'Leave it out.')
  if (query.emit !== null) checkEmit(report, query.emit, relation)
}

function planCommonTables(planner: Planner, clause: ast.With, outer: QueryScope): QueryScope {
  const { report } = planner
  if (clause.recursive) report.unsupported('WITH RECURSIVE is', clause.span, 'Write a query that does not read itself.')
  const common = new Map(outer.common)
  const own = new Set<string>()
  for (const { name, columns, query } of clause.tables) {
    const key = name.name.toLowerCase()
    if (own.has(key)) report.error('SQL_DUPLICATE', `"${name.name}" is defined twice in WITH`, name.span)
    own.add(key)
    const relation = planQuery(planner, query, { common })
    if (columns.length > 0) checkColumnCount(planner, name, columns, relation)
    common.set(
      key,
      renamed(
        relation,
        name.name,
        columns.map((c) => c.name),
      ),
    )
  }
  return { common }
}

/** A list of names for the columns of a view or common table names all of them. */
export function checkColumnCount(
  planner: Planner,
  name: ast.Identifier,
  columns: readonly ast.Identifier[],
  relation: Relation,
): void {
  if (relation.open || columns.length === relation.columns.length) return
  planner.report.error(
    'SQL_INVALID',
    `"${name.name}" names ${columns.length} columns, its query has ${relation.columns.length}`,
    name.span,
  )
}

function planBody(planner: Planner, body: ast.QueryBody, scope: QueryScope, emit: ast.Emit | null): Relation {
  const { report } = planner
  switch (body.kind) {
    case 'select':
      return planSelect(planner, body, scope, emit)
    case 'query':
      return planQuery(planner, body, scope, emit)
    case 'values':
      report.unsupported('VALUES is', body.span, 'Read rows from a table.')
      return unknownRelation(planner)
    case 'set-operation':
      return planSetOperation(planner, body, scope, emit)
  }
}

function planSetOperation(
  planner: Planner,
  operation: ast.SetOperation,
  scope: QueryScope,
  emit: ast.Emit | null,
): Relation {
  const { report } = planner
  const branches = branchesOf(operation)
  const relations = branches.map((b) => planBody(planner, b, scope, emit))
  if (operation.operator !== 'UNION') {
    report.unsupported(`${operation.operator} is`, operation.operatorSpan, 'Filter with WHERE instead.')
    return unknownRelation(planner)
  }
  if (!operation.all) {
    report.unsupported(
      'UNION without ALL is',
      operation.operatorSpan,
      'Write UNION ALL, and SELECT DISTINCT around it where each row is wanted once.',
    )
  }
  return unionAll(
    planner,
    relations,
    branches.map((b) => b.span),
  )
}

/** The branches of a chain of the same operator, left to right: long chains are no deep recursion. */
function branchesOf(operation: ast.SetOperation): ast.QueryBody[] {
  const branches: ast.QueryBody[] = [operation.right]
  let { left } = operation
  while (left.kind === 'set-operation' && left.operator === operation.operator && left.all === operation.all) {
    branches.push(left.right)
    left = left.left
  }
  branches.push(left)
  return branches.reverse()
}

/** Rows of all, columns by position, named as in the first. Types meet in their common type. */
export function unionAll(
  planner: Planner,
  relations: readonly Relation[],
  spans: readonly ast.Query['span'][],
): Relation {
  const { report, draft } = planner
  const first = relations[0]!
  if (relations.some((r) => r.open)) return unknownRelation(planner)
  for (const [i, relation] of relations.entries()) {
    if (relation.columns.length === first.columns.length) continue
    report.error(
      'SQL_INVALID',
      `UNION ALL of ${first.columns.length} and ${relation.columns.length} columns`,
      spans[i]!,
      {
        hint: 'Every query of a UNION ALL gives the same number of columns.',
      },
    )
    return unknownRelation(planner)
  }
  const columns = first.columns.map((column, i): ScopeColumn => {
    let type = column.type
    for (const [r, relation] of relations.entries()) {
      const other = relation.columns[i]!.type
      if (type === undefined || other === undefined) {
        type = undefined
        break
      }
      const common = commonType(type, other)
      if (common === undefined) {
        report.error(
          'SQL_TYPE',
          `column "${column.name}" of UNION ALL is both ${typeName(type)} and ${typeName(other)}`,
          spans[r]!,
          {
            hint: 'Cast it in one of the queries.',
          },
        )
      }
      type = common
    }
    const sameOrigin = relations.every((r) => JSON.stringify(r.columns[i]!.window) === JSON.stringify(column.window))
    return {
      name: column.name,
      type,
      nullable: relations.some((r) => r.columns[i]!.nullable),
      index: i,
      eventTime: relations.every((r) => r.columns[i]!.eventTime),
      window: sameOrigin ? column.window : null,
    }
  })
  const schema = {
    fields: [
      ...columns.map((c) => ({ name: c.name, type: c.type ?? ({ kind: 'NULL' } as const), nullable: c.nullable })),
      ...HIDDEN_FIELDS,
    ],
  }
  const inputs = relations.map((relation) => {
    const exprs = relation.columns.map((c, i): Expr => {
      const from = relation.schema.fields[c.index]!.type
      return castTo(columnRef(c.index, from), columns[i]!.type ?? from)
    })
    return draft.project(
      relation,
      columns.map((c, i) => ({ name: c.name, expr: exprs[i]!, nullable: c.nullable })),
    ).input
  })
  return {
    ...first,
    input: draft.add({ kind: 'union', schema, inputs }),
    schema,
    columns,
    qualifiers: [],
    rowtime: columns.length,
    watermark: columns.length + 1,
    updating: relations.some((r) => r.updating),
    key: null,
    eventTime: relations.every((r) => r.eventTime),
    resultOf: relations.every((r) => JSON.stringify(r.resultOf) === JSON.stringify(first.resultOf))
      ? first.resultOf
      : null,
    tables: [...new Set(relations.flatMap((r) => r.tables))],
    lateness: Math.max(...relations.map((r) => r.lateness)),
    late: null,
    windowed: null,
  }
}
