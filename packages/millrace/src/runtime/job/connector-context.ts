import type { BroadcastOptions, ConnectorContext } from '../../connectors/index.ts'
import type { Clock } from '../../kernel/index.ts'
import { createBroadcast } from '../subscriptions/index.ts'
import type { Templates } from '../templates.ts'
import type { JobEvents } from './job-types.ts'
import type { Notices } from './notices.ts'

export interface JobContext {
  readonly clock: Clock
  readonly templates: Templates
  readonly stdout: NodeJS.WritableStream
  readonly events: JobEvents
  readonly notices: Notices
}

/** What the job lends the connector of one table. */
export function connectorContext(table: string, context: JobContext): ConnectorContext {
  return {
    table,
    clock: context.clock,
    template: (text, escape) => context.templates.resolve(text, escape),
    notice: (message) => context.notices.say(`table "${table}": ${message}`),
    listening: (url) => context.events.listening?.(table, url),
    broadcast: (options: BroadcastOptions) => createBroadcast(options),
    stdout: context.stdout,
  }
}
