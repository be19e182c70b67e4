import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { ManualClock, parseTimestamp } from '../../src/kernel/index.ts'
import { startScript } from './run-script.ts'

const folder = new URL('../../../../../shared/seeds/', import.meta.url)
const hasSeeds = existsSync(folder)
const VARIABLES = { API_TOKEN: 'tok:en,1', EXCHANGE_API_KEY: 'key"7', CHAT_TOKEN: 'chat', IOT_TOKEN: 'iot' }
const START = parseTimestamp('2024-01-01T00:00:10Z') as number
const MINUTE = 60_000_000

/** The SQL examples of the document, in its order. */
function examples(): string[] {
  const file = readdirSync(folder).find((name) => name.startsWith('000'))!
  const text = readFileSync(new URL(file, folder), 'utf8')
  return [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map((m) => m[1]!)
}

/** A feed that sends `rows` to its first client once that has said `expected` messages. */
class Feed {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  readonly messages: string[] = []
  request: IncomingMessage | null = null

  constructor(rows: readonly object[], expected: number) {
    this.server.on('connection', (socket: WebSocket, request: IncomingMessage) => {
      this.request = request
      const send = () => {
        for (const row of rows) socket.send(JSON.stringify(row))
      }
      if (expected === 0) send()
      socket.on('message', (data) => {
        this.messages.push(String(data))
        if (this.messages.length === expected) send()
      })
    })
  }

  async url(): Promise<string> {
    if (this.server.address() === null) await once(this.server, 'listening')
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/`
  }

  close(): void {
    for (const client of this.server.clients) client.terminate()
    this.server.close()
  }
}

describe.skipIf(!hasSeeds)(hasSeeds ? 'the examples of the WebSocket page' : 'the documents (../shared/seeds) are not beside this checkout', () => {
  const feeds: Feed[] = []
  afterEach(() => {
    for (const feed of feeds.splice(0)) feed.close()
  })

  /** Runs one example with its endpoint pointing at a feed; gives the first `wanted` rows. */
  async function rowsOf(index: number, rows: readonly object[], messages: number, select: string, wanted: number) {
    const feed = new Feed(rows, messages)
    feeds.push(feed)
    const sql = examples()[index]!.replace(/endpoint = '[^']*'/, `endpoint = '${await feed.url()}'`)
    const clock = new ManualClock(START)
    const seen: string[] = []
    let enough: () => void = () => undefined
    const done = new Promise<void>((resolve) => {
      enough = resolve
    })
    const running = startScript(sql + select, {
      variables: VARIABLES,
      clock,
      onRow: (row) => {
        seen.push(row)
        if (seen.length === wanted) enough()
      },
    })
    const arrived = async () => Object.values((await running.job.statistics()).sources)[0]?.rows ?? 0
    while ((await arrived()) < rows.length) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(120 * MINUTE)
    await Promise.race([done, running.done])
    await running.job.stop()
    return { feed, run: await running.done }
  }

  it('basic: SELECT * gives the rows', async () => {
    const rows = [{ id: 1491318144456507320, message: 'hi', timestamp: '2024-01-01T00:00:00Z' }]
    const { run } = await rowsOf(0, rows, 0, 'SELECT id > 0 AS positive, message, timestamp FROM websocket_stream', 1)
    expect(run.rows.map((r) => JSON.parse(r))).toEqual([{ positive: true, message: 'hi', timestamp: '2024-01-01T00:00:00Z' }])
  })

  it('authenticated: sends headers and subscription', async () => {
    const { feed, run } = await rowsOf(1, [{ symbol: 'BTC', price: 1.5, volume: 2 }], 1, 'SELECT symbol, price, volume FROM market_data', 1)
    expect(feed.request!.headers['authorization']).toBe('Bearer tok:en,1')
    expect(feed.request!.headers['x-client-id']).toBe('laminar')
    expect(feed.messages).toEqual(['{"op":"subscribe","args":["ticker:BTC","ticker:ETH"]}'])
    expect(run.rows).toEqual(['{"symbol":"BTC","price":1.5,"volume":2}'])
  })

  it('VWAP: SELECT * FROM vwap gives rows', async () => {
    const rows = [
      { trade_id: 1, symbol: 'BTC', price: '10', quantity: '1', side: 'buy', timestamp: 1704067210000 },
      { trade_id: 2, symbol: 'BTC', price: '20', quantity: '3', side: 'buy', timestamp: 1704067210000 },
    ]
    const { feed, run } = await rowsOf(2, rows, 2, '\nSELECT * FROM vwap', 1)
    expect(feed.messages).toEqual(['{"action":"auth","key":"key\\"7"}', '{"action":"subscribe","trades":["*"]}'])
    expect(run.rows.map((r) => JSON.parse(r))).toEqual([
      { symbol: 'BTC', vwap: 17.5, total_volume: 4, trade_count: 2, window: { start: '2024-01-01T00:00:00Z', end: '2024-01-01T00:01:00Z' } },
    ])
  })

  it('chat: a script of views gives the last one', async () => {
    const rows = ['ann', 'bob', 'ann'].map((user_id) => ({ room_id: 'general', user_id, message: 'hi', message_type: 'text' }))
    const { run } = await rowsOf(3, rows, 1, '', 10)
    expect(run.rows.length).toBe(10)
    for (const row of run.rows) expect(JSON.parse(row)).toMatchObject({ room_id: 'general', active_users: 2 })
  })

  it('IoT: the anomalies view gives a reading far from the hour before it, as it comes', async () => {
    const reading = (minute: number, value: number, device_id = 'd') => {
      const timestamp = new Date(START / 1000 + minute * 60_000).toISOString()
      return { device_id, sensor_type: 'temperature', value, unit: 'C', location: { lat: 1.5 }, timestamp }
    }
    const calm = Array.from({ length: 20 }, (_, i) => reading(i, 20 + (i % 2)))
    const rows = [...calm, reading(20, 90), reading(21, 20), reading(22, 90, 'other'), reading(120, 90)]
    const { feed, run } = await rowsOf(4, rows, 1, '', 1)
    expect(feed.request!.headers['x-device-token']).toBe('iot')
    const anomalies = run.rows.map((r) => JSON.parse(r))
    expect(anomalies.map(({ avg_value: _average, ...rest }) => rest)).toEqual([
      { device_id: 'd', sensor_type: 'temperature', value: 90, timestamp: '2024-01-01T00:20:10Z' },
    ])
    expect(anomalies[0].avg_value).toBeCloseTo((20 * 20.5 + 90) / 21, 12)
  })

  it('blockchain: counts by contract and hour', async () => {
    const rows = [1, 2, 3].map((n) => ({ block_number: n, contract_address: '0xa', event_type: 'Transfer', data: { n } }))
    const { run } = await rowsOf(5, rows, 1, '', 1)
    expect(run.rows.map((r) => JSON.parse(r))).toEqual([
      {
        contract_address: '0xa',
        event_type: 'Transfer',
        event_count: 3,
        window: { start: '2024-01-01T00:00:00Z', end: '2024-01-01T01:00:00Z' },
      },
    ])
  })
})
