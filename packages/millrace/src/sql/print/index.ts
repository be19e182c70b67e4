import type { Expression, Statement, TypeName } from '../ast/index.ts'
import { type Dialect, STANDARD } from '../dialect.ts'
import { expression } from './expressions.ts'
import { statement } from './statements.ts'
import { type } from './types.ts'

export { typeSql } from './type-sql.ts'

/** Canonical SQL without the final `;`. Reads back in the same dialect as the same tree, spans aside. */
export function printStatement(node: Statement, dialect: Dialect = STANDARD): string {
  return statement(node, { dialect, indent: '' })
}

/** Canonical SQL; one line unless it holds a query. */
export function printExpression(node: Expression, dialect: Dialect = STANDARD): string {
  return expression(node, { dialect, indent: '' })
}

export function printType(node: TypeName, dialect: Dialect = STANDARD): string {
  return type(node, { dialect, indent: '' })
}
