import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { never, testContext } from '../../../test/connectors/context.ts'
import { ManualClock } from '../../kernel/index.ts'
import type { Payload, Position, Source } from '../connector.ts'
import { resolveTable } from '../table-options.ts'
import { Pace } from './pace.ts'
import { seededRandom } from './random.ts'
import { serveSimulator } from './serve.ts'
import { SimulatedExchange, symbolNames } from './simulated-exchange.ts'

async function simulator(options: Record<string, string | number>, clock = new ManualClock(0)): Promise<Source> {
  const { connector, connectorOptions } = resolveTable({ connector: 'simulator', ...options }, 't')
  return connector.source!(connectorOptions, testContext('t', clock))
}

async function collect(
  source: Source,
  from: Position | null = null,
): Promise<{ payloads: Payload[]; positions: Position[] }> {
  await source.connect(from, never)
  const payloads: Payload[] = []
  const positions: Position[] = []
  for (let delivery = await source.read(never); delivery !== null; delivery = await source.read(never)) {
    payloads.push(...delivery.payloads)
    positions.push(delivery.position!)
  }
  await source.close()
  return { payloads, positions }
}

describe('SimulatedExchange', () => {
  it('gives the same trades for the same seed, and others for another', () => {
    const run = (seed: number) => {
      const exchange = new SimulatedExchange({ seed, symbols: symbolNames(5) })
      return Array.from({ length: 1000 }, (_, i) => exchange.encode(exchange.next(i * 1000)))
    }
    expect(run(1)).toEqual(run(1))
    expect(run(2)).not.toEqual(run(1))
    expect(run(2 ** 40)).not.toEqual(run(0))
  })

  it('writes trades like an exchange does, with exact decimals as text', () => {
    const exchange = new SimulatedExchange({ seed: 7, symbols: ['BTC-USD', 'a"b'] })
    const seen = new Set<string>()
    for (let i = 1; i <= 5000; i++) {
      const text = exchange.encode(exchange.next(1_700_000_000_123_456))
      const trade = JSON.parse(text) as Record<string, unknown>
      expect(Object.keys(trade)).toEqual(['type', 'id', 'symbol', 'price', 'quantity', 'side', 'timestamp'])
      expect(trade).toMatchObject({ type: 'trade', id: i, timestamp: 1_700_000_000_123 })
      expect(trade['price']).toMatch(/^(0|[1-9]\d*)\.\d{2}$/)
      expect(trade['quantity']).toMatch(/^(0|[1-9]\d*)\.\d{4}$/)
      expect(Number(trade['price'])).toBeGreaterThan(0)
      expect(Number(trade['quantity'])).toBeGreaterThan(0)
      seen.add(`${String(trade['symbol'])} ${String(trade['side'])}`)
    }
    expect(seen.size).toBe(4)
    const rfc3339 = new SimulatedExchange({ seed: 7, symbols: ['A'], timestampFormat: 'rfc3339' })
    expect(rfc3339.encode(rfc3339.next(1_700_000_000_123_456))).toContain('"timestamp":"2023-11-14T22:13:20.123456Z"')
  })

  it('moves prices, but stays near where they started', () => {
    const exchange = new SimulatedExchange({ seed: 3, symbols: ['BTC-USD'] })
    const prices = Array.from({ length: 200_000 }, () => Number(exchange.next(0).price))
    expect(new Set(prices).size).toBeGreaterThan(1000)
    expect(Math.min(...prices.slice(0, 100_000))).toBeGreaterThan(20_000)
    expect(Math.max(...prices.slice(0, 100_000))).toBeLessThan(200_000)
  })

  it('draws numbers evenly', () => {
    const random = seededRandom(1)
    const buckets = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) buckets[Math.floor(random() * 10)]!++
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })
})

describe('simulator source', () => {
  it('ends after its count, with times at its rate from its start', async () => {
    const start = Date.UTC(2026, 0, 1) * 1000
    const { payloads } = await collect(
      await simulator({ count: 3000, rate: 'unlimited', start_time: '2026-01-01T00:00:00Z', symbols: 2 }),
    )
    expect(payloads).toHaveLength(3000)
    expect(payloads.map((p) => p.timestamp)).toEqual(Array.from({ length: 3000 }, (_, i) => start + i))
  })

  it('goes on after every position with the same trades', async () => {
    const options = { count: 3000, rate: 'unlimited', seed: 9 }
    const { payloads, positions } = await collect(await simulator(options, new ManualClock(5_000_000)))
    expect(positions).toHaveLength(3)
    for (const position of positions) {
      const rest = await collect(await simulator(options, new ManualClock(77_000_000)), position)
      expect(rest.payloads).toEqual(payloads.slice(Number(position['count'])))
    }
  })

  it('keeps to its rate', async () => {
    const clock = new ManualClock(1_000_000)
    const source = await simulator({ rate: 10 }, clock)
    await source.connect(null, never)
    const first = await source.read(never)
    expect(first!.payloads.map((p) => p.timestamp)).toEqual([1_000_000])
    const waiting = source.read(never)
    clock.advance(350_000)
    expect((await waiting)!.payloads.map((p) => p.timestamp)).toEqual([1_100_000, 1_200_000, 1_300_000])
    await source.close()
  })

  it('names what is wrong with its options', () => {
    for (const options of [
      { symbols: '0' },
      { symbols: ' , ' },
      { rate: 'fast' },
      { rate: 0 },
      { start_time: 'soon' },
      { count: -1 },
    ]) {
      expect(() => resolveTable({ connector: 'simulator', ...options }, 't')).toThrow(Object.keys(options)[0]!)
    }
  })
})

describe('Pace', () => {
  it('says what is due by when it is due', () => {
    const pace = new Pace(0, 3)
    for (let i = 0; i < 100; i++) {
      const at = pace.timeOf(i)
      expect(pace.due(at + 1)).toBe(i + 1)
      expect(pace.due(at - 1)).toBe(i)
    }
  })
})

describe('serveSimulator', () => {
  it('gives a client the symbols it subscribes to', async () => {
    const server = await serveSimulator({ rate: 2000, seed: 4, symbols: ['A', 'B', 'C'] })
    const ws = new WebSocket(server.url)
    await once(ws, 'open')
    const messages: Record<string, unknown>[] = []
    const enough = new Promise<void>((resolve) => {
      ws.on('message', (data) => {
        messages.push(JSON.parse(String(data)) as Record<string, unknown>)
        if (messages.length === 60) resolve()
      })
    })
    ws.send('nonsense')
    ws.send('{"op":"subscribe","symbols":["X"]}')
    ws.send('{"op":"subscribe","symbols":["A","C"]}')
    await enough
    expect(messages.slice(0, 3)).toMatchObject([
      { type: 'error' },
      { type: 'error', message: 'there is no symbol "X"' },
      { type: 'subscribed', symbols: ['A', 'C'] },
    ])
    const trades = messages.slice(3)
    expect(new Set(trades.map((t) => t['symbol']))).toEqual(new Set(['A', 'C']))
    const ids = trades.map((t) => Number(t['id']))
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    expect(server.subscribers).toBe(1)
    await server.close()
  })
})
