import type { RowErrors } from '../expressions/compiled.ts'
import type { OperatorContext } from '../operator.ts'

/** Counts the rows without result and hands each to the query's policy, which may throw. */
export function reportErrors(errors: RowErrors, node: string, context: OperatorContext): void {
  context.count('row_errors', node, errors.rows.length)
  for (const error of errors.errors) context.rowError(node, error)
}
