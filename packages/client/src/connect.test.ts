import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type ConnectorContext, type Ending, findConnector, type Sink } from '../../millrace/src/connectors/index.ts'
import { systemClock } from '../../millrace/src/kernel/index.ts'
import { createBroadcast } from '../../millrace/src/runtime/subscriptions/index.ts'
import type { RowGap } from '@millrace/protocol'
import { connect, type ConnectionStatus, type ConnectOptions, type WebSocketConstructor } from './connect.ts'

const clientSocket = WebSocket as unknown as WebSocketConstructor
const STOPPED: Ending = { kind: 'stopped' }

/** A real websocket_server table, without a query before it. */
class Server {
  readonly #sink: Sink
  readonly port: number
  #n = 0

  private constructor(sink: Sink, port: number) {
    this.#sink = sink
    this.port = port
  }

  static async start(options: { readonly port?: number; readonly replay?: number } = {}): Promise<Server> {
    let address = ''
    const context: ConnectorContext = {
      table: 'rows',
      clock: systemClock,
      template: (text) => text,
      notice: () => undefined,
      listening: (url) => {
        address = url
      },
      broadcast: (settings) => createBroadcast({ ...settings, retainBytes: options.replay ?? settings.retainBytes }),
      stdout: process.stdout,
    }
    const { options: schema, sink: create } = findConnector('websocket_server')
    const sink = await create!(schema.parse({ port: options.port ?? 0 }) as never, context)
    await sink.open(new AbortController().signal)
    return new Server(sink, Number(new URL(address).port))
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`
  }

  /** Publishes `count` rows {"n":0}, {"n":1} and so on. */
  async publish(count: number): Promise<void> {
    const rows = Array.from({ length: count }, () => `{"n":${this.#n++}}`)
    const offsets = new Uint32Array(count + 1)
    rows.forEach((row, i) => {
      offsets[i + 1] = offsets[i]! + row.length
    })
    await this.#sink.write({ bytes: Buffer.from(rows.join('')), offsets }, new AbortController().signal)
    await this.#sink.flush(new AbortController().signal)
  }

  close(ending: Ending = STOPPED): Promise<void> {
    return this.#sink.close(ending)
  }
}

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

async function server(options?: Parameters<typeof Server.start>[0]): Promise<Server> {
  const started = await Server.start(options)
  open.push(started)
  return started
}

/** A stream whose status changes can be waited for. */
function client(url: string, options: ConnectOptions<{ n: number }> = {}) {
  const statuses: ConnectionStatus[] = []
  let changed = (): void => undefined
  const rows = connect<{ n: number }>(url, {
    WebSocket: clientSocket,
    retry: { initialMs: 1, maxMs: 20 },
    ...options,
    onStatus: (status) => {
      statuses.push(status)
      changed()
    },
  })
  open.push(rows)
  return {
    rows,
    async status(kind: ConnectionStatus['kind'], count = 1): Promise<void> {
      while (statuses.filter((s) => s.kind === kind).length < count) {
        await new Promise<void>((resolve) => {
          changed = resolve
        })
      }
    },
  }
}

async function take(rows: AsyncIterator<{ n: number }>, count: number): Promise<number[]> {
  const taken: number[] = []
  while (taken.length < count) {
    const { done, value } = await rows.next()
    if (done === true) break
    taken.push(value.n)
  }
  return taken
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

describe('connect', () => {
  it('gives rows from now on, in order', async () => {
    const feed = await server()
    await feed.publish(3)
    const { rows, status } = client(feed.url)
    await status('connected')
    await feed.publish(5)
    expect(await take(rows, 5)).toEqual(range(3, 8))
    expect(rows.position).toMatchObject({ next: 8 })
  })

  it('begins where it is told to', async () => {
    const feed = await server()
    await feed.publish(10)
    const { rows } = client(feed.url, { position: { next: 4 } })
    expect(await take(rows, 6)).toEqual(range(4, 10))
  })

  it('misses and repeats nothing when connections are lost', async () => {
    const feed = await server()
    const sockets: WebSocket[] = []
    class Breakable extends WebSocket {
      constructor(url: string) {
        super(url)
        sockets.push(this)
      }
    }
    const { rows, status } = client(feed.url, { WebSocket: Breakable as unknown as WebSocketConstructor })
    await status('connected')
    const seen: number[] = []
    for (let round = 1; round <= 5; round++) {
      await feed.publish(20)
      seen.push(...(await take(rows, 7)))
      sockets.at(-1)!.terminate()
      await feed.publish(20)
      await status('connected', round + 1)
    }
    seen.push(...(await take(rows, 200 - seen.length)))
    expect(seen).toEqual(range(0, 200))
  })

  it('reports rows the server does not have any more', async () => {
    const feed = await server({ replay: 100 })
    for (let i = 0; i < 100; i++) await feed.publish(1000)
    const gaps: RowGap[] = []
    const { rows } = client(feed.url, { position: { next: 0 }, onGap: (gap) => gaps.push(gap) })
    const [first] = await take(rows, 1)
    expect(first).toBeGreaterThan(0)
    expect(gaps).toEqual([{ from: 0, to: first! - 1, count: first, reason: 'not_retained' }])
  })

  it('goes on with a server that was started anew, and says what is lost', async () => {
    const feed = await server()
    const gaps: RowGap[] = []
    const { rows, status } = client(feed.url, { onGap: (gap) => gaps.push(gap) })
    await status('connected')
    await feed.publish(3)
    expect(await take(rows, 3)).toEqual([0, 1, 2])
    await feed.close()
    const next = await server({ port: feed.port })
    await next.publish(2)
    await status('connected', 2)
    expect(await take(rows, 2)).toEqual([0, 1])
    expect(gaps).toEqual([expect.objectContaining({ from: 3, reason: 'restarted' })])
  })

  it('ends when the query has ended', async () => {
    const feed = await server()
    const { rows, status } = client(feed.url)
    await status('connected')
    await feed.publish(2)
    await feed.close({ kind: 'complete' })
    expect(await take(rows, 10)).toEqual([0, 1])
  })

  it('fails when the retries are used up', async () => {
    const feed = await server()
    await feed.close()
    const { rows } = client(feed.url, { retry: { initialMs: 1, maxAttempts: 2 } })
    await expect(rows.next()).rejects.toThrow('the connection was lost')
  })

  it('gives up the connection while the reader is behind, and loses nothing', async () => {
    const feed = await server()
    const { rows, status } = client(feed.url, { maxBuffered: 10 })
    await status('connected')
    await feed.publish(100)
    await status('paused')
    expect(await take(rows, 100)).toEqual(range(0, 100))
  })

  it('keeps digits when it is told how to parse', async () => {
    const feed = await server()
    const rows = connect<string>(feed.url, { WebSocket: clientSocket, position: { next: 0 }, parse: (text) => text })
    open.push(rows)
    await feed.publish(1)
    expect((await rows.next()).value).toBe('{"n":0}')
  })

  it('is over once the loop is left or the signal aborts', async () => {
    const feed = await server()
    await feed.publish(3)
    const { rows } = client(feed.url, { position: { next: 0 } })
    for await (const { n } of rows) if (n === 1) break
    expect(await rows.next()).toMatchObject({ done: true })
    const abort = new AbortController()
    const other = client(feed.url, { signal: abort.signal })
    const pending = other.rows.next()
    abort.abort()
    expect(await pending).toMatchObject({ done: true })
  })
})
