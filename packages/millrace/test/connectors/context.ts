import { PassThrough } from 'node:stream'
import type { ConnectorContext } from '../../src/connectors/index.ts'
import { type Clock, systemClock } from '../../src/kernel/index.ts'
import { connectorContext } from '../../src/runtime/job/connector-context.ts'
import { Notices } from '../../src/runtime/job/notices.ts'
import { Templates } from '../../src/runtime/templates.ts'

export interface TestContext extends ConnectorContext {
  readonly notices: string[]
  readonly urls: string[]
  readonly stdout: PassThrough
  /** The variables that templates see; may be changed. */
  readonly variables: Record<string, string | undefined>
}

/** The runtime's own context, with everything it says kept. */
export function testContext(table = 't', clock: Clock = systemClock): TestContext {
  const notices: string[] = []
  const urls: string[] = []
  const variables: Record<string, string | undefined> = {}
  const stdout = new PassThrough()
  const context = connectorContext(table, {
    clock,
    templates: new Templates((name) => variables[name]),
    stdout,
    notices: new Notices(clock, (message) => notices.push(message)),
    events: { output: () => undefined, listening: (_, url) => urls.push(url) },
  })
  return { ...context, stdout, notices, urls, variables }
}

export const never: AbortSignal = new AbortController().signal
