import { describe, expect, it } from 'vitest'
import {
  BIGINT,
  JSON_TYPE,
  MillraceErrors,
  type OptionValue,
  type RawOption,
  TEXT,
  type TableDescription,
} from '../kernel/index.ts'
import { CONNECTORS, describeTable, findConnector, resolveTable } from './index.ts'
import { TABLE_OPTIONS } from './table-options.ts'

const WEBSOCKET = { connector: 'websocket', endpoint: 'wss://x.example/y', format: 'json' }
const FILE = { connector: 'single_file', path: '/data/x.ndjson' }

function raw(options: Readonly<Record<string, OptionValue>>): RawOption[] {
  return Object.entries(options).map(([key, value], i) => ({ key, value, span: { start: 100 * i, end: 100 * i + 50 } }))
}

function description(
  options: Readonly<Record<string, OptionValue>>,
  columns = [{ name: 'a', type: BIGINT, nullable: true }],
): TableDescription {
  return describeTable({ name: 't', options: raw(options), columns, span: { start: 1000, end: 2000 } })
}

function messages(options: Readonly<Record<string, OptionValue>>): string[] {
  return description(options).errors.map((e) => [e.message, e.hint].filter((s) => s !== undefined).join(' | '))
}

describe('describeTable', () => {
  it('gives live sources an idle timeout and a limit on the future', () => {
    expect(description(WEBSOCKET)).toMatchObject({
      errors: [],
      connector: 'websocket',
      canRead: true,
      canWrite: false,
      bounded: false,
      replayable: false,
      wholePayload: false,
      badData: null,
      eventTimeField: null,
      watermarkField: null,
      idleTimeout: 30_000_000,
      maxFutureSkew: 86_400_000_000,
      allowedLateness: 0,
    })
  })

  it('takes the tables of the documentation this dialect comes from', () => {
    const documented: Record<string, string>[] = [
      { endpoint: 'ws://localhost:8080/stream' },
      {
        endpoint: 'wss://api.exchange.com/ws',
        headers: 'Authorization: Bearer {{ API_TOKEN }},X-Client-ID: laminar',
        subscription_messages: String.raw`["{\"op\":\"subscribe\",\"args\":[\"ticker:BTC\",\"ticker:ETH\"]}"]`,
      },
      { endpoint: 'wss://iot.platform.com/stream', headers: 'X-Device-Token: {{ IOT_TOKEN }},X-Protocol-Version: 2.0' },
      { endpoint: 'wss://chat.app.com/ws', subscription_messages: '[\n  "{\\"type\\":\\"join\\"}"\n ]' },
    ]
    for (const options of documented) {
      expect(description({ connector: 'websocket', ...options, type: 'source', format: 'json' }).errors).toEqual([])
    }
  })

  it('gives bounded sources neither', () => {
    for (const options of [
      FILE,
      { ...WEBSOCKET, end_of_input: 'clean_close' },
      { ...WEBSOCKET, 'reconnect.max_retries': '0' },
      { connector: 'simulator', count: 5 },
    ]) {
      expect(description(options)).toMatchObject({ errors: [], bounded: true, idleTimeout: null, maxFutureSkew: null })
    }
  })

  it('reads what every table understands', () => {
    const common = {
      type: 'source',
      bad_data: 'dead_letter',
      framing: 'newline',
      'framing.newline.max_length': 100,
      event_time_field: 'ts',
      watermark_field: 'wm',
      max_future_skew: '1 hour',
      allowed_lateness: '10s',
      retention: 'none',
    }
    expect(description({ ...WEBSOCKET, ...common, idle_timeout: '5 seconds' })).toMatchObject({
      errors: [],
      badData: 'dead_letter',
      eventTimeField: 'ts',
      watermarkField: 'wm',
      idleTimeout: 5_000_000,
      maxFutureSkew: 3_600_000_000,
      allowedLateness: 10_000_000,
    })
    expect(description({ ...WEBSOCKET, idle_micros: '7' }).idleTimeout).toBe(7)
    expect(description({ ...WEBSOCKET, idle_timeout: 'off', max_future_skew: 'off' })).toMatchObject({
      idleTimeout: null,
      maxFutureSkew: null,
    })
  })

  it('lets type choose the side of a connector that has both', () => {
    expect(description(FILE)).toMatchObject({ canRead: true, canWrite: true })
    expect(description({ ...FILE, type: 'source' })).toMatchObject({ errors: [], canRead: true, canWrite: false })
    expect(description({ ...FILE, type: 'sink' })).toMatchObject({ errors: [], canRead: false, canWrite: true })
    expect(messages({ ...WEBSOCKET, type: 'sink' })).toEqual([
      'connector "websocket" is no sink | It can only be read from.',
    ])
    expect(messages({ connector: 'stdout', type: 'source' })).toEqual([
      'connector "stdout" is no source | It can only be written to.',
    ])
    expect(messages({ ...FILE, type: 'lookup' })).toHaveLength(1)
  })

  it('knows when a payload is one value', () => {
    const value = [{ name: 'value', type: TEXT, nullable: true }]
    expect(description({ ...WEBSOCKET, format: 'raw' }, value)).toMatchObject({ errors: [], wholePayload: true })
    const json = [{ name: 'value', type: JSON_TYPE, nullable: true }]
    expect(description({ ...WEBSOCKET, 'json.unstructured': 'true' }, json)).toMatchObject({
      errors: [],
      wholePayload: true,
    })
    const [wrong] = description({ ...WEBSOCKET, format: 'raw_string' }).errors
    expect(wrong?.message).toContain('raw_string')
    expect(wrong?.span).toEqual({ start: 1000, end: 2000 })
  })

  it('gives a sink its columns from elsewhere', () => {
    expect(description({ connector: 'stdout', format: 'raw_string' }, []).errors).toEqual([])
  })

  it('finds a slip of the pen among all keys there are', () => {
    expect(messages({ ...WEBSOCKET, endpiont: 'x' })).toEqual([
      'connector "websocket" has no option "endpiont" | Did you mean "endpoint"?',
    ])
    expect(messages({ ...WEBSOCKET, bad_dat: 'drop' })[0]).toContain('Did you mean "bad_data"?')
    expect(messages({ ...WEBSOCKET, 'json.unstructred': true })[0]).toContain('Did you mean "json.unstructured"?')
    expect(messages({ ...WEBSOCKET, framing: 'newline', 'framing.newline.maxlength': 1 })[0]).toContain(
      'Did you mean "framing.newline.max_length"?',
    )
    expect(messages({ ...WEBSOCKET, connector: 'web_socket' })).toEqual([
      'there is no connector "web_socket" | Did you mean "websocket"?',
    ])
    expect(messages({ ...WEBSOCKET, format: 'jsn' })[0]).toContain('Did you mean "json"?')
  })

  it('reports everything at once, each where it stands', () => {
    const options = {
      connector: 'websocket',
      endpoint: 'http://x',
      format: 'json',
      bad_data: 'maybe',
      nonsense: 1,
      ping_interval: 'soon',
      headers: 'x',
      subscription_messages: '["a"',
    }
    const { errors } = description(options)
    const places = errors.map((e) => Object.keys(options)[e.span!.start / 100])
    expect(new Set(places)).toEqual(
      new Set(['bad_data', 'ping_interval', 'nonsense', 'endpoint', 'headers', 'subscription_messages']),
    )
    expect(places).toHaveLength(6)
  })

  it('refuses what has no meaning here', () => {
    expect(messages({ ...WEBSOCKET, connection_profile: 'p' })[0]).toContain('There are no connection profiles')
    expect(messages({ connector: 'websocket', format: 'json' })).toEqual([
      'connector "websocket" needs option "endpoint" | endpoint: The address, ws:// or wss://. May hold {{ VARIABLE }}.',
    ])
    expect(messages({ endpoint: 'ws://x' })[0]).toContain('table "t" needs option "connector"')
    expect(messages({ ...WEBSOCKET, 'subscription_messages.0': 'a', subscription_message: 'b' })[0]).toContain(
      'both given',
    )
    expect(messages({ ...WEBSOCKET, 'subscription_messages.1': 'a' })[0]).toContain('has no predecessor')
    expect(messages({ ...WEBSOCKET, 'subscription_messages.0': 'a', subscription_messages: 'b' })[0]).toContain(
      'given twice',
    )
    expect(messages({ ...WEBSOCKET, 'reconnect.initial_delay': '1 minute' })[0]).toContain(
      'longer than "reconnect.max_delay"',
    )
    expect(messages({ connector: 'websocket_server', port: 1, slow_client: 'conflate' })[0]).toContain(
      'needs "conflate.key"',
    )
    expect(messages({ connector: 'websocket_server', port: 70000 })[0]).toContain(
      '"70000" is no whole number from 0 to 65535',
    )
    expect(messages({ connector: 'websocket_server', port: 1, path: 'ws' })[0]).toContain('"ws" is no path')
  })

  it('says nothing about endpoints it cannot know yet, and shows none', () => {
    for (const endpoint of ['{{ URL }}', 'wss://{{ HOST }}/x', 'ws://h/{{ A }}', 'ws://[::1]:80/x?y=1']) {
      expect(messages({ ...WEBSOCKET, endpoint })).toEqual([])
    }
    for (const endpoint of ['sekret', 'https://{{ HOST }}/sekret', 'ws://', 'ws://host/sekret#x', 'wss//sekret']) {
      const [message] = messages({ ...WEBSOCKET, endpoint })
      expect(message).toContain('option "endpoint"')
      expect(message).not.toContain('sekret')
    }
  })
})

describe('resolveTable', () => {
  it('reads the options of a plan', () => {
    const table = resolveTable(
      {
        ...WEBSOCKET,
        headers: 'A: {{ X }}',
        'subscription_messages.0': '{{ Y }} {{ X }}',
        'reconnect.max_delay': '10s',
      },
      't',
    )
    expect(table.connector.name).toBe('websocket')
    expect(table.connectorOptions).toMatchObject({
      subscription_messages: ['{{ Y }} {{ X }}'],
      max_message_size: 1_048_576,
    })
    expect(table.format.name).toBe('json')
    expect(table.framing).toBeNull()
    expect(table.retry).toEqual({ initialDelay: 100_000, maxDelay: 10_000_000, maxRetries: null })
    expect(table.variables).toEqual(['X', 'Y'])
  })

  it('gives the same for options that went through JSON', () => {
    const options = { ...WEBSOCKET, subscription_messages: ['a', 'b'], ping_interval: '1 s' }
    const { connectorOptions } = resolveTable(options, 't')
    expect(resolveTable(JSON.parse(JSON.stringify(options)) as typeof options, 't').connectorOptions).toEqual(
      connectorOptions,
    )
  })

  it('throws everything that is wrong', () => {
    expect(() => resolveTable({ ...WEBSOCKET, a: 1, b: 2 }, 't')).toThrow(MillraceErrors)
  })
})

describe('every connector', () => {
  it.each(CONNECTORS.map((c) => [c.name, c] as const))('%s is described whole', (name, connector) => {
    expect(findConnector(name)).toBe(connector)
    for (const alias of connector.aliases) expect(findConnector(alias)).toBe(connector)
    // Topics are read and written by the runtime.
    const outside = connector.topic === undefined
    expect(connector.source !== undefined).toBe(outside && connector.capabilities.source)
    expect(connector.sink !== undefined).toBe(outside && connector.capabilities.sink)
    expect(connector.capabilities.accepts.length > 0).toBe(connector.capabilities.sink)
    expect(connector.examples.length).toBeGreaterThan(0)
    expect(connector.summary).toMatch(/^[A-Z].*\.$/)
    for (const [key, option] of Object.entries(connector.options.shape)) {
      expect((option as { description?: string }).description, key).toMatch(/^.*[.]$/)
      expect(Object.keys(TABLE_OPTIONS.shape)).not.toContain(key)
    }
  })
})
