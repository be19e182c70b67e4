import { BOOLEAN, type DataType, DECIMAL, DOUBLE, type Span, TEXT, typeName } from '../../kernel/index.ts'
import { commonType, type Expr, type Literal } from '../../plan/index.ts'
import type { ComparisonOperator } from '../ast/index.ts'
import { callFunction } from './calls.ts'
import { castTo } from './cast.ts'
import type { ExpressionBinder } from './expression-binder.ts'
import { literalExample, textLiteralFor } from './literals.ts'

const FUNCTIONS: Readonly<Record<ComparisonOperator, string>> = {
  '=': 'eq',
  '<>': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
}

export function bindComparison(
  binder: ExpressionBinder,
  operator: ComparisonOperator,
  left: Expr,
  right: Expr,
  span: Span,
): Expr | undefined {
  return compare(binder, FUNCTIONS[operator], left, right, span, `operator "${operator}"`)
}

/** `left` compared with `right` by the function `name`, both brought to one type. */
export function compare(
  binder: ExpressionBinder,
  name: string,
  left: Expr,
  right: Expr,
  span: Span,
  label: string,
): Expr | undefined {
  const sides = unify(binder, [left, right], span, `the operands of ${label}`)
  if (sides === undefined) return undefined
  if (ORDERING.has(name) && sides[0]!.type.kind === 'JSON') return jsonHasNoOrder(binder, label, span)
  return callFunction(binder, name, sides, span, label)
}

const ORDERING: ReadonlySet<string> = new Set(['lt', 'le', 'gt', 'ge'])

/** JSON compares by its text, which would put 10 before 9. */
export function jsonHasNoOrder(binder: ExpressionBinder, label: string, span: Span): undefined {
  return binder.report.error('SQL_TYPE', `${label} needs an order, and JSON has none`, span, {
    hint: 'Say what the values are by a cast, as in x::DECIMAL or x::TEXT.',
  })
}

/** `a IS DISTINCT FROM b`: NULL is a value like any other. */
export function distinctFrom(binder: ExpressionBinder, left: Expr, right: Expr, span: Span): Expr | undefined {
  const sides = unify(binder, [left, right], span, 'the operands of IS DISTINCT FROM')
  if (sides === undefined) return undefined
  const [a, b] = [sides[0]!, sides[1]!]
  const differ = callFunction(binder, 'ne', [a, b], span, 'IS DISTINCT FROM')
  if (differ === undefined) return undefined
  const isNull = (input: Expr, negated: boolean): Expr => ({ kind: 'is_null', type: BOOLEAN, input, negated })
  return {
    kind: 'case',
    type: BOOLEAN,
    branches: [
      { when: isNull(a, false), then: isNull(b, true) },
      { when: isNull(b, false), then: isNull(a, true) },
    ],
    otherwise: differ,
  }
}

/**
 * The type two values meet in: `commonType`, and a JSON scalar with a number, BOOLEAN or time is read as such (exactly, so 5.5 in JSON
 * against an INT is compared as a DECIMAL).
 */
export function meet(a: DataType, b: DataType): DataType | undefined {
  return commonType(a, b) ?? (a.kind === 'JSON' ? jsonAs(b) : b.kind === 'JSON' ? jsonAs(a) : undefined)
}

function jsonAs(type: DataType): DataType | undefined {
  switch (type.kind) {
    case 'INTEGER':
    case 'DECIMAL':
      return DECIMAL
    case 'REAL':
    case 'DOUBLE':
      return DOUBLE
    case 'BOOLEAN':
    case 'TIMESTAMP':
    case 'DATE':
    case 'TIME':
    case 'INTERVAL':
      return type
    default:
      return undefined
  }
}

/**
 * The expressions brought to one type; text literals become literals of the others' type. Reports what does not fit; `what` names the
 * expressions, in the plural.
 */
export function unify(binder: ExpressionBinder, exprs: readonly Expr[], span: Span, what: string): Expr[] | undefined {
  const converted = convertTextLiterals(binder, exprs, span, what)
  if (converted === undefined) return undefined
  const type = meetAll(converted)
  if (type === undefined) {
    const kinds = [...new Set(converted.map((e) => typeName(e.type)))]
    return binder.report.error('SQL_TYPE', `${what} have no common type: ${kinds.join(', ')}`, span, {
      hint: castHint(converted),
    })
  }
  return converted.map((e) => castTo(e, type))
}

function meetAll(exprs: readonly Expr[]): DataType | undefined {
  let type: DataType | undefined = { kind: 'NULL' }
  for (const expr of exprs) {
    if (expr.type === type) continue
    type = meet(type, expr.type)
    if (type === undefined) return undefined
  }
  return type
}

function convertTextLiterals(
  binder: ExpressionBinder,
  exprs: readonly Expr[],
  span: Span,
  what: string,
): readonly Expr[] | undefined {
  const others = exprs.filter((e) => !isTextLiteral(e))
  if (others.length === exprs.length) return exprs
  const wanted = meetAll(others)
  if (wanted === undefined || wanted.kind === 'NULL' || wanted.kind === 'TEXT' || wanted.kind === 'JSON') return exprs
  const converted: Expr[] = []
  for (const expr of exprs) {
    if (!isTextLiteral(expr)) {
      converted.push(expr)
      continue
    }
    const value = wanted.kind === 'BYTEA' ? castTo(expr, wanted) : textLiteralFor(expr.text, wanted)
    if (value === undefined) {
      const hint = literalExample(wanted) ?? 'Write a value of that type, or cast the other side to TEXT.'
      return binder.report.error('SQL_TYPE', `'${expr.text}' is no ${typeName(wanted)}`, binder.spanOf(expr) ?? span, {
        detail: `It is one of ${what}, which are ${typeName(wanted)}.`,
        hint,
      })
    }
    converted.push(value)
  }
  return converted
}

export function isTextLiteral(expr: Expr): expr is Literal & { readonly text: string } {
  return expr.kind === 'literal' && expr.type.kind === TEXT.kind && expr.text !== null
}

function castHint(exprs: readonly Expr[]): string {
  const kinds = new Set(exprs.map((e) => e.type.kind))
  if (kinds.has('TIMESTAMP') && (kinds.has('INTEGER') || kinds.has('DECIMAL') || kinds.has('DOUBLE'))) {
    return "Write the time as TIMESTAMP '2024-08-08 23:54:00', or convert the number with to_timestamp_millis(n)."
  }
  return 'Cast one side, as in CAST(x AS DOUBLE).'
}
