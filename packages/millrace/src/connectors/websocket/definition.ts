import { z } from 'zod'
import {
  byteSizeOption,
  durationOption,
  integerOption,
  MICROS_PER_SECOND,
  MillraceError,
  TIMESTAMP,
} from '../../kernel/index.ts'
import type { ConnectorDefinition, OptionProblem } from '../connector.ts'
import { hasTemplate } from '../template.ts'
import { parseHeaders } from './headers.ts'
import { subscriptionMessages } from './subscription.ts'

const options = z.object({
  endpoint: z.string().min(1).describe('The address, ws:// or wss://. May hold {{ VARIABLE }}.'),
  headers: z
    .string()
    .optional()
    .describe(
      'Headers of the handshake: "Name: value" separated by commas, or one a line, or a JSON object. Values may hold {{ VARIABLE }}. Host can be overridden; Sec-WebSocket-Protocol asks for subprotocols.',
    ),
  subscription_messages: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(
      'Messages sent after every connect, in order: a JSON array of texts, one text, or numbered options "subscription_messages.0", "subscription_messages.1". May hold {{ VARIABLE }}, which is escaped inside JSON strings.',
    ),
  subscription_message: z.string().optional().describe('A single message sent after every connect, as it is.'),
  end_of_input: z
    .enum(['never', 'clean_close', 'any_close'])
    .default('never')
    .describe(
      'When the input is over: never (a lost connection is made again), clean_close (the server closes with 1000 or without a code), any_close (the connection ends in any way).',
    ),
  ping_interval: durationOption()
    .default(25 * MICROS_PER_SECOND)
    .describe("Silence after which the server is pinged, like '25s' (the default). '0s': never."),
  ping_timeout: durationOption()
    .default(8 * MICROS_PER_SECOND)
    .describe("How long a ping may stay unanswered before the connection counts as lost, like '8s' (the default)."),
  'connection.idle_timeout': durationOption()
    .optional()
    .describe(
      'Time without any message after which the connection counts as lost. Default: none. Not to be mixed up with idle_timeout, which is about watermarks.',
    ),
  handshake_timeout: durationOption()
    .default(5 * MICROS_PER_SECOND)
    .describe("Time for connecting, TLS and the upgrade together, like '5s' (the default)."),
  max_message_size: byteSizeOption()
    .default(1024 * 1024)
    .describe("The largest message, like '1 MiB' (the default). A larger one closes the connection with 1009."),
  'tls.cafile': z
    .string()
    .min(1)
    .optional()
    .describe('A file of PEM certificates to trust instead of the built-in ones.'),
  'reconnect.max_retries': integerOption({ min: 0 })
    .optional()
    .describe(
      'Attempts in a row before the query fails. Default: without end. 0: the end of the connection is the end of input.',
    ),
  'reconnect.initial_delay': durationOption()
    .default(MICROS_PER_SECOND / 10)
    .describe("Delay before the first new attempt, doubled with each further one, like '100ms' (the default)."),
  'reconnect.max_delay': durationOption()
    .default(30 * MICROS_PER_SECOND)
    .describe("The longest delay between attempts, like '30s' (the default)."),
})

export type WebSocketOptions = z.infer<typeof options>

export const websocket: ConnectorDefinition<WebSocketOptions> = {
  name: 'websocket',
  aliases: ['ws'],
  summary: 'Reads the messages a WebSocket server sends, text and binary, and connects again after a loss.',
  capabilities: { source: true, sink: false, replayable: false, bounded: false, accepts: [], delivery: 'at_most_once' },
  options,
  metadata: [{ key: 'timestamp', type: TIMESTAMP, doc: 'When the message arrived.' }],
  defaultFormat: 'json',
  rowSeparator: '',
  examples: [
    {
      title: 'An exchange that wants a subscription',
      sql: `CREATE TABLE trades (symbol TEXT, price DECIMAL, quantity DECIMAL, timestamp TIMESTAMP) WITH (
  connector = 'websocket',
  endpoint = 'wss://stream.example.com/v2',
  headers = 'Authorization: Bearer {{ API_TOKEN }}, X-Client-ID: millrace',
  subscription_messages = '["{\\"op\\":\\"subscribe\\",\\"args\\":[\\"trades\\"]}"]',
  format = 'json'
)`,
    },
  ],
  check: (o) => [
    ...checkEndpoint(o.endpoint),
    ...problemOf('headers', () => parseHeaders(o.headers ?? '')),
    ...problemOf(o.subscription_message === undefined ? 'subscription_messages' : 'subscription_message', () =>
      subscriptionMessages(o.subscription_messages, o.subscription_message),
    ),
    ...(o['reconnect.initial_delay'] > o['reconnect.max_delay']
      ? [{ key: 'reconnect.initial_delay', message: 'is longer than "reconnect.max_delay"' }]
      : []),
  ],
  templates: (o) => [
    o.endpoint,
    o.headers ?? '',
    ...subscriptionMessages(o.subscription_messages, o.subscription_message),
  ],
  bounded: (o) => o.end_of_input !== 'never' || o['reconnect.max_retries'] === 0,
  retry: (o) => ({
    initialDelay: o['reconnect.initial_delay'],
    maxDelay: o['reconnect.max_delay'],
    maxRetries: o['reconnect.max_retries'] ?? null,
  }),
  source: async (o, context) => new (await import('./source.ts')).WebSocketSource(o, context),
}

/** What can be said of an endpoint before its variables are known. Does not show it: it may hold secrets. */
function checkEndpoint(endpoint: string): OptionProblem[] {
  const problem = (message: string, hint: string) => [{ key: 'endpoint', message, hint }]
  if (/^\s*\{\{/.test(endpoint)) return []
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(endpoint)?.[1]
  if (scheme === undefined) return problem('is not a URL', 'Write ws://host:port/path or wss://host/path.')
  if (!/^wss?$/i.test(scheme))
    return problem(`has the scheme "${scheme}"`, 'A WebSocket endpoint starts with ws:// or wss://.')
  if (hasTemplate(endpoint)) return []
  if (!URL.canParse(endpoint)) return problem('is not a URL', 'Write ws://host:port/path or wss://host/path.')
  if (endpoint.includes('#'))
    return problem('has a fragment', 'Remove the "#" and what follows it, or write it as %23.')
  return []
}

function problemOf(key: string, parse: () => unknown): OptionProblem[] {
  try {
    parse()
    return []
  } catch (thrown) {
    const error = MillraceError.from(thrown)
    return [{ key, message: error.message, detail: error.detail, hint: error.hint }]
  }
}
