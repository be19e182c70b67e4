import { type DataType, didYouMean, MAX_JSON_DEPTH, type Span, TEXT, typeName } from '../../kernel/index.ts'
import { columnRef, type Expr, literal } from '../../plan/index.ts'
import type { Identifier } from '../ast/index.ts'
import { callFunction } from './calls.ts'
import type { ExpressionBinder, NamedValue } from './expression-binder.ts'
import { findName, matchName, pathText } from './names.ts'
import type { ScopeColumn } from './scope.ts'

/** More columns than this are not listed in a hint. */
const LISTED_COLUMNS = 12

/** A dotted chain of names: a column, maybe after its table's name, then fields into it. */
export function bindPath(binder: ExpressionBinder, path: readonly Identifier[], span: Span): Expr | undefined {
  const { context } = binder
  if (path.length > MAX_JSON_DEPTH) {
    return binder.report.error('SQL_LIMIT', `a path of ${path.length} names leads nowhere`, span, {
      detail: `Values are nested at most ${MAX_JSON_DEPTH} deep.`,
    })
  }
  const named =
    context.nameFirst?.(path) ?? column(binder, path) ?? context.nameLast?.(path) ?? unknownColumn(binder, path)
  let { expr } = named
  if (expr !== undefined) binder.locate(expr, span)
  for (const field of path.slice(named.parts)) {
    if (expr === undefined) return undefined
    expr = bindFieldAccess(binder, expr, field, { start: span.start, end: field.span.end })
  }
  return expr
}

const FAILED: NamedValue = { expr: undefined, parts: 0 }

/** Undefined when no column has the name. */
function column(binder: ExpressionBinder, path: readonly Identifier[]): NamedValue | undefined {
  const { scope } = binder
  const [first, second] = path
  const table = second === undefined ? undefined : findName(first!.name, scope.qualifiers, (q) => q)
  if (table !== undefined) {
    const own = scope.columns.filter((c) => (c.qualifier ?? table) === table)
    const qualified = findColumn(binder, second!, 2, own)
    if (qualified !== undefined) return qualified
    if (matchName(first!.name, scope.columns, (c) => c.name).kind === 'none')
      return unknownColumn(binder, path.slice(1), own)
  }
  return findColumn(binder, first!, 1, scope.columns.filter(isPlain))
}

function isPlain(column: ScopeColumn): boolean {
  return column.qualifiedOnly !== true
}

function findColumn(
  binder: ExpressionBinder,
  name: Identifier,
  parts: number,
  columns: readonly ScopeColumn[],
): NamedValue | undefined {
  const match = matchName(name.name, columns, (c) => c.name)
  switch (match.kind) {
    case 'found': {
      const { type, index } = match.item
      return { expr: type === undefined ? undefined : columnRef(index, type), parts }
    }
    case 'ambiguous': {
      const qualified = parts === 1 && match.items.every((c) => c.qualifier != null)
      const names = [...new Set(match.items.map((c) => `"${qualified ? `${c.qualifier}.` : ''}${c.name}"`))]
      binder.report.error('SQL_AMBIGUOUS_COLUMN', `column "${name.name}" is ambiguous`, name.span, {
        detail:
          names.length === 1
            ? `There are ${match.items.length} columns named ${names[0]}.`
            : `It may mean ${names.join(' or ')}.`,
        hint: qualified
          ? `Write the table before it, as in ${match.items[0]!.qualifier}.${match.items[0]!.name}.`
          : names.length === 1
            ? 'Give them different names with AS.'
            : 'Write the name exactly as it is declared.',
      })
      return FAILED
    }
    case 'none':
      return undefined
  }
}

function unknownColumn(
  binder: ExpressionBinder,
  path: readonly Identifier[],
  columns: readonly ScopeColumn[] = binder.scope.columns.filter(isPlain),
): NamedValue {
  const name = path[0]!
  if (binder.scope.open) return FAILED
  const names = [...new Set(columns.map((c) => c.name))]
  const guess = didYouMean(name.name, names)
  const list =
    names.length === 0
      ? 'No column can be read here.'
      : names.length <= LISTED_COLUMNS
        ? `Columns here: ${names.join(', ')}.`
        : undefined
  const quoted = name.quoted ? "Text is written in single quotes: 'x'." : undefined
  binder.report.error(
    'SQL_UNKNOWN_COLUMN',
    `there is no column "${path.length > 1 && guess === undefined ? pathText(path) : name.name}"`,
    name.span,
    {
      detail: list,
      hint: guess ?? quoted,
    },
  )
  return FAILED
}

/** `operand.field`: of a STRUCT or a JSON object; names match exactly. */
export function bindFieldAccess(
  binder: ExpressionBinder,
  operand: Expr,
  field: Identifier,
  span?: Span,
): Expr | undefined {
  const { type } = operand
  switch (type.kind) {
    case 'STRUCT': {
      const index = type.fields.findIndex((f) => f.name === field.name)
      if (index !== -1) return { kind: 'field', type: type.fields[index]!.type, input: operand, index }
      const names = type.fields.map((f) => f.name)
      return binder.report.error('SQL_UNKNOWN_COLUMN', `the STRUCT has no field "${field.name}"`, field.span, {
        detail: names.length <= LISTED_COLUMNS ? `Its fields: ${names.join(', ')}.` : undefined,
        hint: didYouMean(field.name, names),
      })
    }
    case 'JSON':
      return callFunction(binder, 'json_get', [operand, literal(TEXT, field.name)], span ?? field.span, 'operator "."')
    default:
      return binder.report.error(
        'SQL_TYPE',
        `a value of type ${typeName(type)} has no field "${field.name}"`,
        field.span,
        {
          hint: fieldHint(type),
        },
      )
  }
}

function fieldHint(type: DataType): string {
  if (type.kind === 'TEXT') return 'If it holds JSON, declare the column as JSON, or cast it: CAST(x AS JSON).'
  if (type.kind === 'ARRAY') return 'Pick an element first, as in a[1].field.'
  return 'Only STRUCT and JSON values have fields.'
}
