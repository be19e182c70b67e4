import { z } from 'zod'
import { byteSizeOption, integerOption } from '../../kernel/index.ts'
import type { ConnectorDefinition, OptionProblem } from '../connector.ts'

/** A comma list without empty items. */
const names = z.string().transform((text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
)

const options = z.object({
  port: integerOption({ min: 0, max: 65_535 }).describe(
    'The port to listen on; 0 takes any free one. Tables with the same host and port share it.',
  ),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('The address to listen on. Default 127.0.0.1: only this machine. 0.0.0.0: every network.'),
  path: z.string().default('/ws').describe("The path of this table's stream, like '/ws' (the default)."),
  slow_client: z
    .enum(['disconnect', 'drop_oldest', 'conflate'])
    .default('disconnect')
    .describe(
      'What becomes of a client that reads too slowly: disconnect (the default; it can resume), drop_oldest (it is told what it lost), conflate (it gets the latest row of every key).',
    ),
  'conflate.key': names.optional().describe("The columns that make the key for slow_client = 'conflate', with commas."),
  queue_size: byteSizeOption()
    .default(1024 * 1024)
    .describe("Bytes that may wait for one client, like '1 MiB' (the default)."),
  replay_size: byteSizeOption()
    .default(4 * 1024 * 1024)
    .describe("Bytes of rows kept for clients that resume, like '4 MiB' (the default). At least twice queue_size."),
  max_clients: integerOption({ min: 1 }).default(10_000).describe('Clients at once; one more gets 503. Default 10000.'),
  origins: names
    .default([])
    .describe(
      "Web pages that may connect, by their exact origins with commas, like 'https://app.example.com'; '*' for all. Default: none. Programs, which send no origin, always may.",
    ),
})

export type WebSocketServerOptions = z.infer<typeof options>

export const websocketServer: ConnectorDefinition<WebSocketServerOptions> = {
  name: 'websocket_server',
  aliases: [],
  summary: 'Serves rows to any number of WebSocket clients, one text message a row.',
  capabilities: {
    source: false,
    sink: true,
    replayable: false,
    bounded: false,
    accepts: ['append'],
    delivery: 'at_most_once',
  },
  options,
  metadata: [],
  defaultFormat: 'json',
  rowSeparator: '',
  examples: [
    {
      title: 'Serve a view at ws://localhost:8080/vwap',
      sql: `CREATE TABLE served (symbol TEXT, vwap DECIMAL) WITH (
  connector = 'websocket_server', port = 8080, path = '/vwap', slow_client = 'conflate', conflate.key = 'symbol', format = 'json'
)`,
    },
  ],
  check,
  sink: async (o, context) => new (await import('./sink.ts')).WebSocketServerSink(o, context),
}

function check(o: WebSocketServerOptions): OptionProblem[] {
  const problems: OptionProblem[] = []
  const keys = o['conflate.key']
  if (o.slow_client === 'conflate' && (keys === undefined || keys.length === 0)) {
    problems.push({
      key: 'slow_client',
      message: '"conflate" needs "conflate.key"',
      hint: "Name the columns of the key, like conflate.key = 'symbol'.",
    })
  }
  if (o.slow_client !== 'conflate' && keys !== undefined) {
    problems.push({ key: 'conflate.key', message: `has no meaning with slow_client = '${o.slow_client}'` })
  }
  if (!/^\/[^?#\s]*$/.test(o.path)) {
    problems.push({
      key: 'path',
      message: `"${o.path}" is no path`,
      hint: 'A path starts with a slash and has no "?", "#" or blanks.',
    })
  }
  return problems
}
