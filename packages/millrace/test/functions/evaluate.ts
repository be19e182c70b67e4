import { functionCatalog } from '../../src/engine/index.ts'
import { textOf } from '../../src/engine/expressions/casts/to-text.ts'
import { compileProjection } from '../../src/engine/expressions/compile.ts'
import { MillraceError, MillraceErrors, type RecordBatch, valueAt } from '../../src/kernel/index.ts'
import type { Expr } from '../../src/plan/index.ts'
import { ExpressionBinder, Report } from '../../src/sql/bind/index.ts'
import { parseExpression, STANDARD } from '../../src/sql/index.ts'

/** Binds an expression without columns; throws what is wrong with it. */
export function bindExpression(sql: string): Expr {
  const report = new Report()
  const scope = { columns: [], qualifiers: [], open: false, rowtime: null }
  const binder = new ExpressionBinder({ functions: functionCatalog, dialect: STANDARD, report }, scope, {
    clause: 'SELECT',
  })
  const expr = binder.bind(parseExpression(sql))
  if (report.failed || expr === undefined) throw new MillraceErrors(report.errors)
  return expr
}

const ONE_ROW: RecordBatch = { schema: { fields: [] }, length: 1, columns: [], weights: null }
const STEP = { now: Date.UTC(2024, 7, 8) * 1000, random: () => 0.25 }

/** The text of an expression's value: `NULL` for none, `error: ...` where the row has no result. */
export function evaluateText(sql: string, codegen = true): string {
  return evaluateExpr(bindExpression(sql), codegen)
}

export function evaluateExpr(expr: Expr, codegen: boolean): string {
  const { columns, errors } = compileProjection([expr], ONE_ROW.schema, { codegen }).evaluate(ONE_ROW, STEP)
  if (errors !== null) return `error: ${errors.errors[0]!.message}`
  const value = valueAt(columns[0]!, 0)
  if (value !== null && expr.type.kind === 'JSON') return value as string
  return value === null ? 'NULL' : (textOf(expr.type, value) ?? 'NULL')
}

export function isBindError(error: unknown, code: string): boolean {
  return error instanceof MillraceErrors && error.errors.some((e) => MillraceError.is(e) && e.code === code)
}
