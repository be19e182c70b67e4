import { MillraceError } from '../../kernel/index.ts'
import type { OperatorContext } from '../operator.ts'

/** The result of one row; null where it has none, which is counted and reported to the query's policy, which may throw. */
export function attempt<T>(context: OperatorContext, node: string, compute: () => T): T | null {
  try {
    return compute()
  } catch (error) {
    if (!MillraceError.is(error) || error.code !== 'DATA_EXPRESSION') throw error
    context.count('row_errors', node, 1)
    context.rowError(node, error)
    return null
  }
}
