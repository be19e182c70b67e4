import { didYouMean, MillraceError } from '../kernel/index.ts'
import { blackhole } from './blackhole/definition.ts'
import type { ConnectorDefinition } from './connector.ts'
import { simulator } from './simulator/definition.ts'
import { singleFile } from './single-file/definition.ts'
import { stdout } from './stdout/definition.ts'
import { topic } from './topic/definition.ts'
import { websocket } from './websocket/definition.ts'
import { websocketServer } from './websocket-server/definition.ts'

/** Every connector there is; a new one is a line here. */
export const CONNECTORS: readonly ConnectorDefinition[] = [
  websocket,
  websocketServer,
  singleFile,
  stdout,
  simulator,
  blackhole,
  topic,
]

/** By name or alias; throws CONFIG_CONNECTOR_UNKNOWN. */
export function findConnector(name: string): ConnectorDefinition {
  const found = CONNECTORS.find((c) => c.name === name || c.aliases.includes(name))
  if (found !== undefined) return found
  const names = CONNECTORS.flatMap((c) => [c.name, ...c.aliases])
  throw new MillraceError('CONFIG_CONNECTOR_UNKNOWN', `there is no connector "${name}"`, {
    hint: didYouMean(name, names) ?? `Connectors: ${CONNECTORS.map((c) => c.name).join(', ')}.`,
  })
}
