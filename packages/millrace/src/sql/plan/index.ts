export { explainMermaid, explainText } from './explain.ts'
export {
  checkScript,
  planScript,
  type PlanCatalog,
  type PlannedColumn,
  type PlannedOutput,
  type PlannedSink,
  type PlannedTable,
  type PlannedView,
  type PlanOptions,
  type ScriptPlan,
} from './plan-script.ts'
