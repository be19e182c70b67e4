import { z } from 'zod'
import type { ConnectorDefinition } from '../connector.ts'

const options = z.object({})

export const stdout: ConnectorDefinition<z.infer<typeof options>> = {
  name: 'stdout',
  aliases: [],
  summary: 'Prints every row on a line of standard output.',
  capabilities: {
    source: false,
    sink: true,
    replayable: false,
    bounded: false,
    accepts: ['append', 'changelog'],
    delivery: 'at_least_once',
  },
  options,
  metadata: [],
  defaultFormat: 'json',
  rowSeparator: '\n',
  examples: [
    {
      title: 'Print a view',
      sql: `CREATE TABLE printed (symbol TEXT, total DECIMAL) WITH (connector = 'stdout', format = 'json')`,
    },
  ],
  sink: async (_options, context) => new (await import('./sink.ts')).StdoutSink(context.stdout),
}
