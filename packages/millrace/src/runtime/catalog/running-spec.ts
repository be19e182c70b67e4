import { findConnector } from '../../connectors/index.ts'
import type { OptionValue } from '../../kernel/index.ts'
import type { Analysis, PlannedPipeline } from './analysis.ts'
import type { Entry } from './entry.ts'
import type { DeclaredTable } from './table-use.ts'

type Options = Readonly<Record<string, OptionValue>>

/**
 * What an object runs, as text: with the same text it goes on undisturbed. Null: it runs nothing, or cannot.
 */
export function runningSpec(analysis: Analysis, entry: Entry): string | null {
  const { pipeline, table } = analysis.planned(entry)
  const { origin, paused } = entry.object
  if (pipeline !== null) return `${String(paused)} ${pipelineSpec(pipeline)}`
  return table === null ? null : JSON.stringify([paused, origin, table.use, table.options])
}

/** What the results of a pipeline depend on: its plan, the topics it reads and how they are decoded, and where its rows go. */
export function pipelineSpec({ dataflow, topics, target }: PlannedPipeline): string {
  const nodes = dataflow.nodes.map((node) =>
    node.kind === 'source' || node.kind === 'sink' ? { ...node, options: contentOptions(node.options) } : node,
  )
  const result = target.kind === 'result' ? { ...target, settings: null } : { ...target, table: tableSpec(target.table) }
  return JSON.stringify([nodes, topics, result])
}

function tableSpec({ name, use, options }: DeclaredTable): object {
  return { name, use, options: contentOptions(options) }
}

/** Without those that say how the outside is reached, and how long records are kept: they change no result. */
function contentOptions(options: Options): Options {
  const connector = findConnector(String(options['connector']))
  const ignored = [...Object.keys(connector.options.shape), 'connector', 'type', 'retention', 'retention_bytes']
  return Object.fromEntries(Object.entries(options).filter(([key]) => !ignored.includes(key.replace(/\.\d+$/, ''))))
}
