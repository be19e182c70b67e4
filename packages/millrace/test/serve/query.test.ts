import { once } from 'node:events'
import http from 'node:http'
import { onTestFinished, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { inlineExecutor, Instance } from '../../src/runtime/index.ts'
import { type Server, type ServerOptions, startServer } from '../../src/server/index.ts'
import { temporaryDirectory } from '../log/temporary-log.ts'
import { appendRows } from '../runtime/queries/querying.ts'

interface Serving {
  readonly instance: Instance
  readonly server: Server
}

const ignore = (): void => undefined

async function serve(sql: string, options: Partial<ServerOptions> = {}): Promise<Serving> {
  const instance = await Instance.open({
    dataDir: temporaryDirectory(),
    variable: () => undefined,
    createExecutor: inlineExecutor,
    executor: { codegen: true, batchRows: 1024, stateLimit: 2 ** 28 },
    stdout: process.stdout,
    events: { notice: ignore, gap: ignore, recovering: ignore, error: ignore, fatal: ignore },
  })
  await instance.start()
  await instance.execute(sql, { origin: 'operator', changed: null })
  const server = await startServer({ log: instance.log, instance, port: 0, ...options })
  onTestFinished(async () => {
    await server.close(0)
    await instance.stop(5000)
  })
  return { instance, server }
}

const ORDERS = 'CREATE TABLE orders (customer TEXT, n BIGINT);'
const rows = (from: number, to: number): object[] =>
  Array.from({ length: to - from }, (_, i) => ({ customer: `c${(from + i) % 2}`, n: from + i }))

async function ask({ server }: Serving, sql: string, query = ''): Promise<{ status: number; lines: unknown[] }> {
  const response = await fetch(`${server.url}/v1/query${query}`, { method: 'POST', body: sql })
  const text = await response.text()
  return {
    status: response.status,
    lines: text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown),
  }
}

/** An answer that is read as it comes. */
async function follow(
  { server }: Serving,
  sql: string,
): Promise<{ request: http.ClientRequest; response: http.IncomingMessage }> {
  const request = http.request(`${server.url}/v1/query?live=true`, { method: 'POST' })
  request.on('error', () => undefined)
  request.end(sql)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  response.on('error', () => undefined)
  return { request, response }
}

async function queriesRunning({ server }: Serving): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^millrace_queries_running (\d+)$/m.exec(text)![1])
}

/** Milliseconds from when the client goes until its query, the only one, is over. */
async function endedAfter(serving: Serving, request: http.ClientRequest): Promise<number> {
  request.destroy()
  const begin = performance.now()
  while ((await queriesRunning(serving)) > 0) continue
  return performance.now() - begin
}

class Subscriber {
  readonly messages: Record<string, unknown>[] = []
  readonly closed: Promise<readonly [number, string]>
  readonly ws: WebSocket
  #check: () => void = () => undefined

  constructor({ server }: Serving, path: string) {
    this.ws = new WebSocket(`${server.url.replace('http', 'ws')}${path}`)
    this.ws.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)) as Record<string, unknown>)
      this.#check()
    })
    this.closed = new Promise((resolve) => {
      this.ws.once('close', (code, reason) => resolve([code, String(reason)]))
    })
  }

  get rows(): unknown[] {
    return this.messages.filter((message) => 'row' in message)
  }

  until(enough: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (enough()) resolve()
      }
      this.#check()
    })
  }

  live(): Promise<void> {
    return this.until(() =>
      this.messages.some(({ $millrace }) => $millrace !== undefined && 'live' in ($millrace as object)),
    )
  }
}

describe('POST /v1/query', () => {
  it('answers with the rows there are', async () => {
    const serving = await serve(`${ORDERS} CREATE VIEW even AS SELECT customer, n FROM orders WHERE n % 2 = 0;`)
    await appendRows(serving.instance.log, 'orders', rows(0, 5000))
    expect(await ask(serving, 'SELECT n FROM even')).toEqual({
      status: 200,
      lines: Array.from({ length: 2500 }, (_, i) => ({ n: 2 * i })),
    })
    // A result that changes is answered as what it is in the end.
    const counted = await ask(serving, 'SELECT customer, count(*) AS c FROM orders GROUP BY customer')
    expect(counted.lines).toEqual([
      { customer: 'c0', c: 2500 },
      { customer: 'c1', c: 2500 },
    ])
    expect((await ask(serving, 'SELECT n FROM orders FROM OFFSET 10 AS OF OFFSET 12')).lines).toEqual([
      { n: 10 },
      { n: 11 },
    ])
    expect((await ask(serving, 'SELECT n FROM orders WHERE n < 0')).lines).toEqual([])
    const json = await fetch(`${serving.server.url}/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql: 'SELECT max(n) AS m FROM orders' }),
    })
    expect([json.headers.get('content-type'), await json.text()]).toEqual(['application/x-ndjson', '{"m":4999}\n'])
  })

  it('reads a topic that nobody has declared', async () => {
    const serving = await serve('')
    await serving.instance.log.createTopic('posted')
    await appendRows(serving.instance.log, 'posted', [{ a: 1 }])
    expect((await ask(serving, 'SELECT value FROM posted')).lines).toEqual([{ value: { a: 1 } }])
  })

  it('goes on live, and ends within 100 ms when its client goes', async () => {
    const serving = await serve(ORDERS)
    await appendRows(serving.instance.log, 'orders', rows(0, 3))
    const { request, response } = await follow(serving, 'SELECT n FROM orders')
    let text = ''
    response.on('data', (chunk: Buffer) => {
      text += String(chunk)
    })
    while (!text.includes('{"n":2}\n')) await once(response, 'data')
    await appendRows(serving.instance.log, 'orders', rows(3, 4))
    while (!text.includes('{"n":3}\n')) await once(response, 'data')
    expect(text).toBe('{"n":0}\n{"n":1}\n{"n":2}\n{"n":3}\n')
    expect(await queriesRunning(serving)).toBe(1)
    const times = [await endedAfter(serving, request)]
    for (let i = 0; i < 4; i++)
      times.push(await endedAfter(serving, (await follow(serving, 'SELECT n FROM orders')).request))
    // The best of some: the machine may have other work.
    expect(Math.min(...times)).toBeLessThan(100)
  })

  it('ends in the midst of history when its client goes, which does not read', async () => {
    const serving = await serve(ORDERS)
    for (let i = 0; i < 40; i++) await appendRows(serving.instance.log, 'orders', rows(i * 10_000, (i + 1) * 10_000))
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      const { request } = await follow(serving, 'SELECT customer, n FROM orders')
      expect(await queriesRunning(serving)).toBe(1)
      times.push(await endedAfter(serving, request))
    }
    expect(Math.min(...times)).toBeLessThan(100)
  })

  it('says what is wrong: before the first row as an answer, later as the last line', async () => {
    const serving = await serve(`CREATE TABLE t (n BIGINT) WITH (connector = 'topic', bad_data = 'fail');`)
    expect(await ask(serving, 'SELECT m FROM t')).toMatchObject({
      status: 400,
      lines: [{ error_code: 'SQL_UNKNOWN_COLUMN', details: { errors: [{ start: { line: 1, column: 8 } }] } }],
    })
    expect(await ask(serving, 'SELECT n FROM nowhere')).toMatchObject({
      status: 400,
      lines: [{ error_code: 'SQL_UNKNOWN_TABLE' }],
    })
    expect((await ask(serving, 'SELECT n FROM t; SELECT n FROM t')).status).toBe(400)
    expect((await ask(serving, 'CREATE TABLE u (n BIGINT)')).status).toBe(400)
    expect((await ask(serving, 'SELECT n FROM t', '?lives=true')).status).toBe(400)
    await serving.instance.log.append({ topic: 't', records: [{ value: Buffer.from('{"n":"x"}') }] })
    expect(await ask(serving, 'SELECT n FROM t')).toMatchObject({
      status: 400,
      lines: [{ error_code: 'DATA_BAD_RECORD' }],
    })
    const { response } = await follow(serving, 'SELECT n FROM t FROM LATEST')
    let text = ''
    response.on('data', (chunk: Buffer) => {
      text += String(chunk)
    })
    await serving.instance.log.append({ topic: 't', records: [{ value: Buffer.from('{"n":1}') }] })
    while (text === '') await once(response, 'data')
    await serving.instance.log.append({ topic: 't', records: [{ value: Buffer.from('{"n":"x"}') }] })
    await once(response, 'end')
    expect(
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([{ n: 1 }, { error: { error_code: 'DATA_BAD_RECORD' } }])
  })

  it('takes so many at once, and ends them when the server stops', async () => {
    const serving = await serve(ORDERS, { maxQueries: 2 })
    const first = await follow(serving, 'SELECT n FROM orders')
    await follow(serving, 'SELECT n FROM orders')
    expect(await ask(serving, 'SELECT n FROM orders')).toMatchObject({
      status: 503,
      lines: [{ error_code: 'SERVER_BUSY' }],
    })
    let text = ''
    first.response.on('data', (chunk: Buffer) => {
      text += String(chunk)
    })
    const end = once(first.response, 'end')
    await serving.server.close(5000)
    await end
    expect(JSON.parse(text)).toMatchObject({ error: { error_code: 'SERVER_STOPPING' } })
  })
})

describe('/v1/subscribe/{view}', () => {
  it('serves one dataflow to all, beside topics', async () => {
    const serving = await serve(`${ORDERS} CREATE VIEW even AS SELECT n FROM orders WHERE n % 2 = 0;`)
    const subscribers = Array.from({ length: 5 }, () => new Subscriber(serving, '/v1/subscribe/even'))
    const topic = new Subscriber(serving, '/v1/subscribe/orders')
    await Promise.all(subscribers.map((subscriber) => subscriber.live()))
    await topic.until(() => topic.messages.length > 0)
    expect(await queriesRunning(serving)).toBe(1)
    await appendRows(serving.instance.log, 'orders', rows(0, 4))
    for (const subscriber of subscribers) {
      await subscriber.until(() => subscriber.rows.length === 2)
      expect(subscriber.messages[0]).toEqual({
        $millrace: {
          subscribed: { view: 'even', updating: false, schema: [{ name: 'n', type: 'BIGINT', nullable: true }] },
        },
      })
      expect(subscriber.rows).toEqual([{ row: { n: 0 } }, { row: { n: 2 } }])
    }
    await topic.until(() => topic.messages.length === 5)
    for (const { ws } of subscribers) ws.terminate()
    const begin = performance.now()
    while ((await queriesRunning(serving)) > 0) expect(performance.now() - begin).toBeLessThan(1000)
  })

  it('tells what stands, then what changes', async () => {
    const serving = await serve(
      `${ORDERS} CREATE VIEW counts AS SELECT customer, count(*) AS c FROM orders GROUP BY customer;`,
    )
    await appendRows(serving.instance.log, 'orders', rows(0, 100))
    const subscriber = new Subscriber(serving, '/v1/subscribe/counts?from=earliest')
    await subscriber.live()
    expect(subscriber.rows).toEqual([
      { op: 'insert', row: { customer: 'c0', c: 50 } },
      { op: 'insert', row: { customer: 'c1', c: 50 } },
    ])
    await appendRows(serving.instance.log, 'orders', [{ customer: 'c1', n: 1 }])
    await subscriber.until(() => subscriber.rows.length === 4)
    expect(subscriber.rows.slice(2)).toEqual([
      { op: 'delete', row: { customer: 'c1', c: 50 } },
      { op: 'insert', row: { customer: 'c1', c: 51 } },
    ])
    await serving.server.close(1000)
    expect((await subscriber.closed)[0]).toBe(1012)
  })

  it('reads the past for who wants it', async () => {
    const serving = await serve(`${ORDERS} CREATE VIEW even AS SELECT n FROM orders WHERE n % 2 = 0;`)
    await appendRows(serving.instance.log, 'orders', rows(0, 20_000))
    const subscriber = new Subscriber(serving, '/v1/subscribe/even?from=earliest')
    await subscriber.live()
    await appendRows(serving.instance.log, 'orders', rows(20_000, 20_001))
    await subscriber.until(() => subscriber.rows.length === 10_001)
    expect(subscriber.rows).toEqual(Array.from({ length: 10_001 }, (_, i) => ({ row: { n: 2 * i } })))
    subscriber.ws.terminate()
  })

  it.each([
    ['/v1/subscribe/nowhere', 'LOG_UNKNOWN_TOPIC', 4400],
    ['/v1/subscribe/even?from=0:3', 'REQUEST_INVALID', 4400],
    ['/v1/subscribe/even?slow_client=conflate', 'REQUEST_INVALID', 4400],
    ['/v1/subscribe/even?form=latest', 'REQUEST_INVALID', 4400],
  ])('refuses %s', async (path, code, close) => {
    const serving = await serve(`${ORDERS} CREATE VIEW even AS SELECT n FROM orders WHERE n % 2 = 0;`)
    const subscriber = new Subscriber(serving, path)
    expect((await subscriber.closed)[0]).toBe(close)
    expect(subscriber.messages).toMatchObject([{ error: { error_code: code } }])
  })
})
