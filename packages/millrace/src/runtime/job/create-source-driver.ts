import { resolveTable } from '../../connectors/index.ts'
import { assert } from '../../kernel/index.ts'
import type { SourceNode } from '../../plan/index.ts'
import { connectorContext, type JobContext } from './connector-context.ts'
import type { Inbox } from './inbox.ts'
import type { Gap } from './job-types.ts'
import { SourceDriver } from './source-driver.ts'

/** Loads the connector of a source node. Does not connect yet. */
export async function createSourceDriver(
  node: SourceNode,
  inbox: Inbox,
  context: JobContext & { readonly firstConnection: number | null },
  gap: (gap: Gap) => void,
): Promise<SourceDriver> {
  const { connector, connectorOptions, retry } = resolveTable(node.options, node.table)
  assert(connector.source !== undefined, `connector "${connector.name}" is no source`)
  const source = await connector.source(connectorOptions, connectorContext(node.table, context))
  return new SourceDriver({
    node: node.id,
    table: node.table,
    source,
    retry,
    firstConnection: context.firstConnection,
    replayable: connector.capabilities.replayable,
    clock: context.clock,
    inbox,
    gap,
    notice: (message) => context.notices.say(message),
  })
}
