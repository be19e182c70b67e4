import { arrayOf, BIGINT, type DataType, JSON_TYPE, type SchemaField, type Span, typeName } from '../../kernel/index.ts'
import { columnRef, type Expr } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { castTo, ExpressionBinder, nameText, type ScopeColumn } from '../bind/index.ts'
import { unknownRelation } from './from.ts'
import { checkNames } from './join-from.ts'
import { joinScope } from './join-scope.ts'
import type { Planner } from './planner.ts'
import { HIDDEN_FIELDS, type Relation } from './relation.ts'

/** Whether a table of FROM is the elements of an array of the tables before it. */
export function isUnnest(table: ast.TableExpression): table is ast.TableFunction {
  return table.kind === 'table-function' && isUnnestCall(table.call)
}

export function isUnnestCall(node: ast.Expression): node is ast.Call {
  return node.kind === 'call' && node.over === null && nameText(node.name).toLowerCase() === 'unnest'
}

/** `left CROSS JOIN UNNEST(left.items) AS item`; `outer`: LEFT JOIN ... ON TRUE. */
export function planUnnest(planner: Planner, left: Relation, table: ast.TableFunction, outer: boolean): Relation {
  const { alias, call, withOrdinality } = table
  const name = alias?.name.name ?? 'unnest'
  const elements = unnested(planner, left, call, { name, outer, ordinality: withOrdinality })
  if (elements === undefined || left.open) return { ...unknownRelation(planner), qualifiers: [...left.qualifiers, name] }
  const named = expanded(planner, left, elements, alias?.columns.map((c) => c.name) ?? [], alias?.span ?? call.span)
  if (!checkNames(planner, left, { ...left, qualifiers: [name] }, table.span)) return unknownRelation(planner)
  return named
}

interface UnnestWords {
  readonly name: string
  readonly outer: boolean
  readonly ordinality: boolean
}

/** The rows of `left`, each once for every element of the array, with the element behind its columns. Undefined: it failed. */
export function unnested(
  planner: Planner,
  left: Relation,
  call: ast.Call,
  { name, outer, ordinality }: UnnestWords,
): Relation | undefined {
  const { draft } = planner
  const array = bindArray(planner, left, call)
  if (array === undefined) return undefined
  const fields = left.columns.map(
    (c): SchemaField => ({ name: c.name, type: left.schema.fields[c.index]!.type, nullable: c.nullable }),
  )
  const { input } = draft.project(left, [
    ...fields.map((f, i) => ({ name: f.name, expr: columnRef(left.columns[i]!.index, f.type), nullable: f.nullable })),
    { name: 'array', expr: array.expr, nullable: true },
  ])
  const added: SchemaField[] = [
    { name, type: array.element, nullable: true },
    ...(ordinality ? [{ name: 'ordinality', type: BIGINT, nullable: outer }] : []),
  ]
  const schema = { fields: [...fields, ...added, ...HIDDEN_FIELDS] }
  const columns = [
    ...joinScope(left, { ...left, columns: [] }).columns,
    ...added.map(
      (f, i): ScopeColumn => ({
        name: f.name,
        type: f.type,
        nullable: f.nullable,
        index: fields.length + i,
        eventTime: false,
        window: null,
        qualifier: name,
      }),
    ),
  ]
  return {
    ...left,
    input: draft.add({
      kind: 'unnest',
      schema,
      input,
      columns: fields.map((_, i) => i),
      array: fields.length,
      outer,
      ordinality,
    }),
    schema,
    columns,
    qualifiers: [...left.qualifiers, name],
    rowtime: columns.length,
    watermark: columns.length + 1,
    key: null,
    late: null,
  }
}

function bindArray(planner: Planner, left: Relation, call: ast.Call): { expr: Expr; element: DataType } | undefined {
  const { report } = planner
  const [argument, second] = call.arguments
  const value = argument?.value
  const isRows = value?.kind === 'star-argument' || value?.kind === 'table-argument' || value?.kind === 'descriptor'
  if (value === undefined || isRows || second !== undefined) {
    return report.error('SQL_INVALID', 'UNNEST takes one array', call.span, {
      hint: 'Write FROM t CROSS JOIN UNNEST(t.items) AS item; for several arrays, several of them.',
    })
  }
  const scope = { columns: left.columns, qualifiers: left.qualifiers, open: left.open, rowtime: null }
  const expr = new ExpressionBinder(planner.environment, scope, { clause: 'UNNEST' }).bind(value)
  if (expr === undefined) return undefined
  if (expr.type.kind === 'ARRAY') return { expr, element: expr.type.element }
  if (expr.type.kind === 'JSON') return { expr: castTo(expr, arrayOf(JSON_TYPE)), element: JSON_TYPE }
  return report.error('SQL_TYPE', `UNNEST takes an array, not ${typeName(expr.type)}`, value.span, {
    hint: "Make it one, as in string_to_array(x, ',').",
  })
}

/**
 * Gives elements the names of `AS x (a, b)`: of the element itself, or, where there are as many as the element has fields, of those; a last
 * one of the position.
 */
function expanded(planner: Planner, left: Relation, relation: Relation, names: readonly string[], span: Span): Relation {
  if (names.length === 0) return relation
  const first = left.columns.length
  const [element, ...rest] = relation.columns.slice(first)
  const type = element!.type!
  const fields = type.kind === 'STRUCT' ? type.fields : []
  if (type.kind !== 'STRUCT' || names.length <= 1 + rest.length) {
    if (names.length > 1 + rest.length) {
      planner.report.error('SQL_INVALID', `"${element!.qualifier}" names ${names.length} columns, there are ${1 + rest.length}`, span)
    }
    const columns = relation.columns.map((c, i) => ({ ...c, name: names[i - first] ?? c.name }))
    return { ...relation, columns }
  }
  if (names.length > fields.length + rest.length) {
    const count = fields.length + rest.length
    planner.report.error('SQL_INVALID', `"${element!.qualifier}" names ${names.length} columns, there are ${count}`, span)
  }
  const parts = fields.map((field, index) => ({
    name: names[index] ?? field.name,
    expr: { kind: 'field', type: field.type, input: columnRef(first, type), index } satisfies Expr,
    nullable: true,
  }))
  const others = relation.columns.filter((c) => c !== element)
  const { input, schema } = planner.draft.project(relation, [
    ...others.map((c) => ({ name: c.name, expr: columnRef(c.index, relation.schema.fields[c.index]!.type), nullable: c.nullable })),
    ...parts,
  ])
  const columns: ScopeColumn[] = [
    ...others.slice(0, first).map((c, index) => ({ ...c, index })),
    ...parts.map((p, i): ScopeColumn => ({ ...element!, name: p.name, type: p.expr.type, index: others.length + i })),
    ...others.slice(first).map((c, i) => ({ ...c, name: names[fields.length + i] ?? c.name, index: first + i })),
  ]
  return { ...relation, input, schema, columns, rowtime: columns.length, watermark: columns.length + 1 }
}

/** The column that stands for an UNNEST of the SELECT list. */
const LISTED = '$unnest'

/** `SELECT id, UNNEST(items) FROM t` as a query over `t CROSS JOIN UNNEST(items)`. */
export function unnestOfList(
  planner: Planner,
  select: ast.Select,
  from: Relation,
): { readonly from: Relation; readonly select: ast.Select } {
  const calls = select.items.flatMap((item) =>
    item.kind === 'select-expression' && isUnnestCall(item.expression) ? [{ item, call: item.expression }] : [],
  )
  const [first, second] = calls
  if (first === undefined) return { from, select }
  const { call, item } = first
  if (second !== undefined || select.groupBy.length > 0 || select.distinct !== null) {
    planner.report.unsupported(
      second !== undefined ? 'UNNEST twice in a SELECT list is' : 'UNNEST in the list of a SELECT that groups is',
      second?.call.span ?? call.span,
      'Unnest in FROM, as in FROM t CROSS JOIN UNNEST(t.items) AS item.',
    )
    return { from: unknownRelation(planner), select }
  }
  const relation = unnested(planner, from, call, { name: LISTED, outer: false, ordinality: false })
  if (relation === undefined) return { from: unknownRelation(planner), select }
  const part: ast.Identifier = { kind: 'identifier', span: call.span, name: LISTED, quoted: true }
  const alias: ast.Identifier = item.alias ?? { kind: 'identifier', span: call.span, name: 'unnest', quoted: false }
  const expression: ast.Expression = { kind: 'column', span: call.span, path: [part, part] }
  return {
    from: {
      ...relation,
      columns: relation.columns.map((c) => (c.qualifier === LISTED ? { ...c, qualifiedOnly: true } : c)),
    },
    select: { ...select, items: select.items.map((i) => (i === item ? { ...item, expression, alias } : i)) },
  }
}
