import { resolveTable } from '../../connectors/index.ts'
import type { SourceNode } from '../../plan/index.ts'
import type { ExecutorOptions } from './executor.ts'
import { type IngestTarget, SourceIngest } from './source-ingest.ts'

/** The decoder and splitter of a source node, from the options in the plan. */
export function createIngest(node: SourceNode, options: ExecutorOptions, target: IngestTarget): SourceIngest {
  const table = resolveTable(node.options, node.table)
  const columns = node.columns.flatMap((column, i) => {
    if (column.from !== 'payload') return []
    const { path, type, nullable } = column
    // A tombstone has the columns of its key alone.
    return [{ name: node.schema.fields[i]!.name, path, type, nullable: nullable || node.changelog === 'upsert' }]
  })
  const decoder = table.format.decoder(columns, table.formatOptions, { codegen: options.codegen })
  const splitter = table.framing === null ? null : table.framing.splitter(table.framingOptions)
  return new SourceIngest(node, decoder, splitter, options.batchRows, target)
}
