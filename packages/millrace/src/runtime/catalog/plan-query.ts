import { describeTable } from '../../connectors/index.ts'
import { functionCatalog } from '../../engine/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import type { Dataflow, NodeId } from '../../plan/index.ts'
import { type PlannedOutput, type PlanWarning, planScript, relationsOf, STANDARD } from '../../sql/index.ts'
import type { ScriptSource } from '../script.ts'
import type { Analysis } from './analysis.ts'
import { StatementErrors } from './placed-errors.ts'
import { distinctErrors, SourceTexts } from './sources.ts'

/** A SELECT over what the catalogue has. */
export interface PlannedQuery {
  readonly dataflow: Dataflow
  /** The topic of each source node. */
  readonly topics: Readonly<Record<NodeId, string>>
  readonly output: PlannedOutput
  readonly warnings: readonly PlanWarning[]
}

/** Plans the one SELECT of a text. @throws StatementErrors */
export function planQuery(analysis: Analysis, source: ScriptSource): PlannedQuery {
  const texts = new SourceTexts([source])
  const parsed = texts.parse()
  const [statement] = parsed.statements
  const refuse = (errors: readonly MillraceError[]): never => {
    throw new StatementErrors(distinctErrors(errors).map((error) => texts.placed(error)))
  }
  if (parsed.errors.length > 0) return refuse(parsed.errors)
  if (statement?.kind !== 'query' || parsed.statements.length > 1) {
    const span = (parsed.statements[1] ?? statement)?.span ?? { start: 0, end: source.text.length }
    const hint = 'POST /v1/statements takes the others.'
    return refuse([new MillraceError('SQL_UNSUPPORTED', 'only one SELECT is taken here', { hint, span })])
  }
  const context = analysis.context(relationsOf(statement).reads)
  const plan = planScript(
    [...context.statements, statement],
    { functions: functionCatalog, describeTable, dialect: STANDARD },
    { defaultBadData: 'dead_letter', topics: true, partial: context.partial },
  )
  if (plan.errors.length > 0) return refuse(plan.errors)
  if (plan.dataflow === null) {
    const detail = 'Something it reads is not well-formed.'
    return refuse([new MillraceError('SQL_INVALID', 'the query has no plan', { detail, span: statement.span })])
  }
  const sources = plan.dataflow.nodes.filter((node) => node.kind === 'source')
  const topicless = sources.find((node) => !context.topics.has(node.table.toLowerCase()))
  if (topicless !== undefined) {
    return refuse([
      new MillraceError('SQL_UNSUPPORTED', `table "${topicless.table}" cannot be read: it is not captured`, {
        detail: 'Its retention is none.',
        span: statement.span,
      }),
    ])
  }
  const { start, end } = statement.span
  return {
    dataflow: plan.dataflow,
    topics: Object.fromEntries(sources.map((node) => [node.id, context.topics.get(node.table.toLowerCase())!])),
    output: plan.outputs[0]!,
    warnings: plan.warnings.filter(({ span }) => span.start >= start && span.end <= end),
  }
}
