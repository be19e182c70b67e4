import { z } from 'zod'
import type { ConnectorDefinition } from '../connector.ts'

const options = z.object({})

export const blackhole: ConnectorDefinition<z.infer<typeof options>> = {
  name: 'blackhole',
  aliases: [],
  summary: 'Takes every row and throws it away; counts what it has taken.',
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
  rowSeparator: '',
  examples: [
    {
      title: 'Measure a query without its output',
      sql: `CREATE TABLE nowhere (symbol TEXT, total DECIMAL) WITH (connector = 'blackhole')`,
    },
  ],
  sink: async (_options, context) => new (await import('./sink.ts')).BlackholeSink(context),
}
