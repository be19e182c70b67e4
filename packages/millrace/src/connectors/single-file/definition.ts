import { z } from 'zod'
import { booleanOption, byteSizeOption } from '../../kernel/index.ts'
import type { ConnectorDefinition } from '../connector.ts'

const options = z.object({
  path: z.string().min(1).describe("The file. What ends in .gz is compressed. '-' is standard input."),
  wait_for_control: booleanOption()
    .optional()
    .describe('Accepted for compatibility; there is no control message to wait for.'),
  max_line_size: byteSizeOption()
    .default(16 * 1024 * 1024)
    .describe("The longest line, like '16 MiB' (the default). A longer one ends the query."),
})

export type SingleFileOptions = z.infer<typeof options>

export const singleFile: ConnectorDefinition<SingleFileOptions> = {
  name: 'single_file',
  aliases: ['file'],
  summary: 'Reads a file record by line to its end, or writes one that appears when it is complete.',
  capabilities: {
    source: true,
    sink: true,
    replayable: true,
    bounded: true,
    accepts: ['append'],
    delivery: 'exactly_once',
  },
  options,
  metadata: [],
  defaultFormat: 'json',
  rowSeparator: '\n',
  examples: [
    {
      title: 'Read a file of JSON lines',
      sql: `CREATE TABLE orders (id BIGINT, total DECIMAL) WITH (connector = 'single_file', path = 'orders.ndjson.gz', format = 'json')`,
    },
    {
      title: 'Write a file of JSON lines',
      sql: `CREATE TABLE result (id BIGINT, total DECIMAL) WITH (connector = 'single_file', path = 'result.ndjson', type = 'sink')`,
    },
  ],
  check: ({ path }) => (path.includes('\0') ? [{ key: 'path', message: 'holds a zero byte' }] : []),
  source: async (o) => new (await import('./source.ts')).SingleFileSource(o),
  sink: async (o) => new (await import('./sink.ts')).SingleFileSink(o),
}
