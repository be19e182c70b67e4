export type * from './ast/index.ts'
export { SNAPSHOT, STANDARD, type ColumnNaming, type Dialect, type Facets } from './dialect.ts'
export { DEFAULT_LIMITS, parseExpression, parseScript, parseStatement, type ParseLimits, type Script } from './parse/index.ts'
export { printExpression, printStatement, printType, typeSql } from './print/index.ts'
export {
  checkScript,
  explainMermaid,
  explainText,
  planScript,
  type PlanCatalog,
  type PlannedColumn,
  type PlannedOutput,
  type PlannedSink,
  type PlannedTable,
  type PlannedView,
  type PlanOptions,
  type ScriptPlan,
} from './plan/index.ts'
export { relationsOf, type StatementRelations } from './relations-of.ts'
export type { PlanWarning } from './bind/index.ts'
