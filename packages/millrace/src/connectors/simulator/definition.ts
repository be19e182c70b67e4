import { z } from 'zod'
import { integerOption, MICROS_PER_SECOND, parseTimestamp, TIMESTAMP } from '../../kernel/index.ts'
import type { ConnectorDefinition } from '../connector.ts'
import { symbolNames } from './simulated-exchange.ts'

const MAX_SYMBOLS = 10_000

const symbols = z.union([z.string(), z.number()]).transform((given, context): readonly string[] => {
  const count = Number(given)
  const names = Number.isNaN(count)
    ? String(given)
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
    : symbolNames(count)
  if (names.length > 0 && names.length <= MAX_SYMBOLS) return names
  context.addIssue({
    code: 'custom',
    message: `"${given}" gives no symbols; write a number from 1 to ${MAX_SYMBOLS} or names with commas`,
  })
  return z.NEVER
})

const rate = z.union([z.string(), z.number()]).transform((given, context) => {
  if (String(given).toLowerCase() === 'unlimited') return null
  const number = Number(given)
  if (number > 0 && number <= MICROS_PER_SECOND) return number
  context.addIssue({
    code: 'custom',
    message: `"${given}" is no rate; write events a second, at most ${MICROS_PER_SECOND}, or 'unlimited'`,
  })
  return z.NEVER
})

const startTime = z.union([z.string(), z.number()]).transform((given, context) => {
  const micros = typeof given === 'number' ? given * 1000 : parseTimestamp(given)
  if (typeof micros === 'number' && Number.isSafeInteger(micros)) return micros
  context.addIssue({ code: 'custom', message: `"${given}" is no time; write it like '2026-01-01T00:00:00Z'` })
  return z.NEVER
})

const options = z.object({
  seed: integerOption({ min: 0 }).default(1).describe('Equal seeds give equal trades. Default 1.'),
  symbols: symbols
    .default(symbolNames(5))
    .describe("How many symbols, or their names with commas, like 'BTC-USD,ETH-USD'. Default 5."),
  rate: rate.default(100).describe("Trades a second (default 100), or 'unlimited'."),
  count: integerOption({ min: 0 }).optional().describe('Trades after which the input ends. Default: it never ends.'),
  start_time: startTime
    .optional()
    .describe("The time of the first trade, like '2026-01-01T00:00:00Z'; the others follow at the rate. Default: now."),
  timestamp_format: z
    .enum(['unix_millis', 'rfc3339'])
    .default('unix_millis')
    .describe('How the field timestamp is written: unix_millis (the default) or rfc3339.'),
})

export type SimulatorOptions = z.infer<typeof options>

export const simulator: ConnectorDefinition<SimulatorOptions> = {
  name: 'simulator',
  aliases: [],
  summary: 'A made-up exchange: trades with random walk prices, equal for equal seeds.',
  capabilities: { source: true, sink: false, replayable: true, bounded: false, accepts: [], delivery: 'exactly_once' },
  options,
  metadata: [{ key: 'timestamp', type: TIMESTAMP, doc: 'The time of the trade.' }],
  defaultFormat: 'json',
  rowSeparator: '',
  examples: [
    {
      title: 'Ten trades a second in three symbols',
      sql: `CREATE TABLE trades (id BIGINT, symbol TEXT, price DECIMAL, quantity DECIMAL, side TEXT, timestamp TIMESTAMP) WITH (
  connector = 'simulator', symbols = 3, rate = 10, seed = 42
)`,
    },
  ],
  bounded: (o) => o.count !== undefined,
  source: async (o, context) => new (await import('./source.ts')).SimulatorSource(o, context),
}
