import { z } from 'zod'
import { INT, integerOption, TEXT, TIMESTAMP } from '../../kernel/index.ts'
import type { ConnectorDefinition } from '../connector.ts'

const options = z.object({
  topic: z.string().min(1).max(1000).optional().describe('The topic. Default: the name of the table.'),
  changelog: z
    .enum(['append', 'weights', 'upsert'])
    .default('append')
    .describe(
      'How records say what they take back: append (the default; they take nothing back), weights (a header "weight" says how many times the row is inserted, or with a minus taken back), upsert (a record replaces the row with its PRIMARY KEY, one without a value deletes it).',
    ),
  partitions: integerOption({ min: 1, max: 10_000 })
    .optional()
    .describe('Partitions of the topic, which may only grow. Default: those it has, 1 of a new one.'),
})

export type TopicOptions = z.infer<typeof options>

export const topic: ConnectorDefinition<TopicOptions> = {
  name: 'topic',
  aliases: [],
  summary: "Reads and writes a topic of Millrace's own log. In a server a table that names no connector is one.",
  capabilities: {
    source: true,
    sink: true,
    replayable: true,
    bounded: false,
    accepts: ['append', 'changelog'],
    delivery: 'exactly_once',
  },
  options,
  metadata: [
    { key: 'partition', type: INT, doc: 'The partition; each has event times of its own.' },
    { key: 'key', type: TEXT, doc: 'The key of the record; NULL: it has none.' },
    {
      key: 'watermark',
      type: TIMESTAMP,
      doc: 'Of results: the watermark before the record. NULL: it says none.',
    },
  ],
  defaultFormat: 'json',
  rowSeparator: '',
  examples: [
    {
      title: 'Declare the columns of what is posted to the topic "orders"',
      sql: `CREATE TABLE orders (id BIGINT, customer TEXT, total DECIMAL) WITH (connector = 'topic', retention = '7 days')`,
    },
    {
      title: 'Keep the latest row of every key',
      sql: `CREATE TABLE balances (
  account TEXT PRIMARY KEY,
  balance DECIMAL
) WITH (connector = 'topic', topic = 'accounts.balances', changelog = 'upsert')`,
    },
  ],
  topic: ({ changelog }) => ({ changelog: changelog === 'append' ? null : changelog }),
}
