import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Log } from '../../../src/log/index.ts'
import {
  type JobEnd,
  Queries,
  type QueriesOptions,
  type ResultClient,
  type ResultEncoding,
  type SubscribeOptions,
} from '../../../src/runtime/index.ts'
import { encodeFrame, OPCODE } from '../../../src/wire/index.ts'
import { temporaryLog } from '../../log/temporary-log.ts'
import { appendRows, planned, topicTable } from './querying.ts'

const encoding: ResultEncoding = {
  id: 'test',
  row: (out, bytes, start, end) => out.append(OPCODE.text, bytes.subarray(start, end)),
  gap: (gap) => encodeFrame(OPCODE.text, JSON.stringify({ lost: gap })),
  hello: () => null,
  frame: (message) => encodeFrame(OPCODE.text, message),
}

/** Takes what it is written at once, or not before it is told to. */
class Client implements ResultClient {
  readonly messages: unknown[] = []
  pendingBytes = 0
  ended: JobEnd | null = null
  isLive = false
  readonly #waiting: (() => void)[] = []
  #check: () => void = () => undefined
  #stuck = false

  write(chunk: Buffer): void {
    if (this.#stuck) this.pendingBytes += chunk.length
    for (const message of textsOf(chunk)) {
      if (message === '{"$millrace":{"live":{}}}') this.isLive = true
      else this.messages.push(JSON.parse(message))
    }
    this.#check()
  }

  whenDrained(callback: () => void): void {
    if (this.#stuck) this.#waiting.push(callback)
    else setImmediate(callback)
  }

  end(end: JobEnd): void {
    this.ended = end
    this.#check()
  }

  stick(): this {
    this.#stuck = true
    return this
  }

  flow(): void {
    this.#stuck = false
    this.pendingBytes = 0
    for (const callback of this.#waiting.splice(0)) callback()
  }

  until(enough: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (enough()) resolve()
      }
      this.#check()
    })
  }

  get rows(): unknown[] {
    return this.messages.filter((message) => 'row' in (message as object))
  }
}

/** Payloads of unmasked text frames. */
function textsOf(chunk: Buffer): string[] {
  const texts: string[] = []
  for (let at = 0; at < chunk.length; ) {
    const short = chunk[at + 1]!
    const [head, length] =
      short < 126 ? [2, short] : short === 126 ? [4, chunk.readUInt16BE(at + 2)] : [10, chunk.readUInt32BE(at + 6)]
    texts.push(chunk.toString('utf8', at + head, at + head + length))
    at += head + length
  }
  return texts
}

const TABLE = topicTable('t', 'k TEXT, n BIGINT')

function subscribe(queries: Queries, sql: string, client: Client, options: Partial<SubscribeOptions> = {}): () => void {
  return queries.subscribe(planned(TABLE + sql), {
    start: { kind: 'latest' },
    client,
    encoding,
    policy: { kind: 'disconnect' },
    queueBytes: 64 * 1024,
    ...options,
  })
}

async function setUp(options: Partial<QueriesOptions> = {}): Promise<{ log: Log; queries: Queries }> {
  const log = await temporaryLog()
  await log.createTopic('t')
  return { log, queries: new Queries({ log, ...options }) }
}

const rows = (from: number, to: number): { k: string; n: number }[] =>
  Array.from({ length: to - from }, (_, i) => ({ k: `k${(from + i) % 3}`, n: from + i }))

describe('shared queries', () => {
  it('are one dataflow for equal subscriptions, until the last is gone', async () => {
    const { log, queries } = await setUp()
    const clients = Array.from({ length: 20 }, () => new Client())
    const ends = clients.map((client) => subscribe(queries, 'SELECT n FROM t WHERE n % 2 = 0', client))
    const other = new Client()
    ends.push(subscribe(queries, 'SELECT n FROM t WHERE n % 2 = 1', other))
    expect([queries.running, queries.shared]).toEqual([2, 2])
    await Promise.all([...clients, other].map((client) => client.until(() => client.isLive)))
    await appendRows(log, 't', rows(0, 10))
    for (const client of clients) {
      await client.until(() => client.rows.length >= 5)
      expect(client.rows).toEqual([0, 2, 4, 6, 8].map((n) => ({ row: { n } })))
    }
    for (const end of ends.slice(1)) end()
    expect(queries.shared).toBe(1)
    ends[0]!()
    expect(queries.shared).toBe(0)
    while (queries.running > 0) await turn()
    const again = new Client()
    subscribe(queries, 'SELECT n FROM t WHERE n % 2 = 0', again)
    expect(queries.shared).toBe(1)
    await queries.close()
  })

  it('tell a newcomer what stands of a result that changes, then its changes, without a seam', async () => {
    const { log, queries } = await setUp()
    await appendRows(log, 't', rows(0, 3000))
    const sql = 'SELECT k, count(*) AS c FROM t GROUP BY k'
    const start = { kind: 'earliest' } as const
    const first = new Client()
    subscribe(queries, sql, first, { start })
    await first.until(() => first.isLive)
    expect(standing(first)).toEqual(['{"k":"k0","c":1000}', '{"k":"k1","c":1000}', '{"k":"k2","c":1000}'])
    // History was not told change by change.
    expect(first.rows).toHaveLength(3)
    const later: Client[] = []
    for (let i = 0; i < 10; i++) {
      const client = new Client()
      later.push(client)
      const appended = appendRows(log, 't', rows(3000 + i * 30, 3030 + i * 30))
      subscribe(queries, sql, client, { start })
      await appended
    }
    expect(queries.running).toBe(1)
    for (const client of [first, ...later]) {
      const whole = ['{"k":"k0","c":1100}', '{"k":"k1","c":1100}', '{"k":"k2","c":1100}']
      await client.until(() => JSON.stringify(standing(client)) === JSON.stringify(whole))
    }
    await queries.close()
  })

  it('run alone for who wants rows of the past, at the pace of its client', async () => {
    const { log, queries } = await setUp()
    await appendRows(log, 't', rows(0, 100_000))
    const slow = new Client().stick()
    const quick = new Client()
    const start = { kind: 'earliest' } as const
    subscribe(queries, 'SELECT n FROM t', slow, { start })
    subscribe(queries, 'SELECT n FROM t', quick, { start })
    expect([queries.running, queries.shared]).toEqual([2, 0])
    await quick.until(() => quick.isLive)
    expect(quick.rows).toHaveLength(100_000)
    expect(slow.rows.length).toBeLessThan(20_000)
    slow.flow()
    await slow.until(() => slow.isLive)
    await appendRows(log, 't', rows(100_000, 100_001))
    await slow.until(() => slow.messages.length === 100_001)
    expect(slow.rows.map((message) => (message as { row: { n: number } }).row.n)).toEqual(
      Array.from({ length: 100_001 }, (_, i) => i),
    )
    await queries.close()
    expect([slow.ended, quick.ended]).toEqual([{ kind: 'stopped' }, { kind: 'stopped' }])
  })

  it('read much of the past in a thread of their own', async () => {
    const { log, queries } = await setUp({ maxWorkers: 1 })
    const pad = 'x'.repeat(1000)
    for (let i = 0; i < 10; i++)
      await appendRows(
        log,
        't',
        rows(i * 1000, i * 1000 + 1000).map((row) => ({ ...row, pad })),
      )
    const clients = ['n', 'n + 1', 'n + 2'].map((column, i) => {
      const client = new Client()
      const from = i === 2 ? 'FROM OFFSET 9000' : ''
      subscribe(queries, `SELECT ${column} AS n FROM t ${from} AS OF LATEST`, client, { start: { kind: 'earliest' } })
      return client
    })
    let most = 0
    while (clients.some(({ ended }) => ended === null)) {
      most = Math.max(most, queries.workers)
      await turn()
    }
    expect(most).toBe(1)
    expect(queries.workers).toBe(0)
    expect(clients.map(({ ended }) => ended)).toEqual(Array.from({ length: 3 }, () => ({ kind: 'finished' })))
    expect(clients.map((client) => client.rows.length)).toEqual([10_000, 10_000, 1000])
    expect(clients[0]!.rows).toEqual(rows(0, 10_000).map(({ n }) => ({ row: { n } })))
  })

  it('end with bounded input, and say so', async () => {
    const { log, queries } = await setUp()
    await appendRows(log, 't', rows(0, 10))
    const client = new Client()
    subscribe(queries, 'SELECT max(n) AS m FROM t AS OF LATEST', client, { start: { kind: 'earliest' } })
    await client.until(() => client.ended !== null)
    expect(client.ended).toEqual({ kind: 'finished' })
    expect(standing(client)).toEqual(['{"m":9}'])
  })

  it('close who is too slow, and lose rows for who would rather have gaps', async () => {
    const { log, queries } = await setUp()
    const closed = new Client()
    const gapped = new Client()
    const quick = new Client()
    const sql = 'SELECT k, n FROM t'
    subscribe(queries, sql, closed)
    subscribe(queries, sql, gapped, { policy: { kind: 'drop_oldest' } })
    subscribe(queries, sql, quick)
    await Promise.all([closed, gapped, quick].map((client) => client.until(() => client.isLive)))
    closed.stick()
    gapped.stick()
    for (let i = 0; i < 100; i++) await appendRows(log, 't', rows(i * 100, i * 100 + 100))
    const last = JSON.stringify({ row: { k: `k${9999 % 3}`, n: 9999 } })
    await quick.until(() => JSON.stringify(quick.rows.at(-1)) === last)
    expect(closed.ended).toMatchObject({ kind: 'failed', error: { code: 'CLIENT_TOO_SLOW' } })
    gapped.flow()
    await gapped.until(() => JSON.stringify(gapped.rows.at(-1)) === last)
    const lost = gapped.messages.flatMap((message) =>
      'lost' in (message as object) ? [(message as { lost: { count: number } }).lost.count] : [],
    )
    expect(lost.length).toBeGreaterThan(0)
    expect(gapped.rows.length + lost.reduce((sum, count) => sum + count, 0)).toBe(quick.rows.length)
    await queries.close()
  })

  it('fail for all subscribers alike', async () => {
    const { log, queries } = await setUp()
    const clients = [new Client(), new Client()]
    for (const client of clients) subscribe(queries, 'SELECT k, count(*) AS c FROM t GROUP BY k', client)
    await clients[0]!.until(() => clients[0]!.isLive)
    await log.deleteTopic('t')
    for (const client of clients) {
      await client.until(() => client.ended !== null)
      expect(client.ended).toMatchObject({ kind: 'failed', error: { code: 'LOG_UNKNOWN_TOPIC' } })
    }
    expect(queries.shared).toBe(0)
  })

  it('are so many at once and no more', async () => {
    const { queries } = await setUp({ maxQueries: 2 })
    const end = subscribe(queries, 'SELECT n FROM t', new Client())
    subscribe(queries, 'SELECT k FROM t', new Client())
    subscribe(queries, 'SELECT k FROM t', new Client())
    expect(() => subscribe(queries, 'SELECT n, k FROM t', new Client())).toThrow(
      expect.objectContaining({ code: 'SERVER_BUSY' }),
    )
    expect(() =>
      queries.start(planned(`${TABLE}SELECT n FROM t`), { kind: 'latest' }, { output: () => undefined }),
    ).toThrow(expect.objectContaining({ code: 'SERVER_BUSY' }))
    end()
    while (queries.running === 2) await turn()
    subscribe(queries, 'SELECT n, k FROM t', new Client())
    await queries.close()
    expect(() => subscribe(queries, 'SELECT n FROM t', new Client())).toThrow(
      expect.objectContaining({ code: 'SERVER_STOPPING' }),
    )
  })

  it('hold no more of a result that changes than they may', async () => {
    const { log, queries } = await setUp({ stateLimit: 200_000 })
    await appendRows(log, 't', rows(0, 20_000))
    const client = new Client()
    subscribe(queries, 'SELECT n, count(*) AS c FROM t GROUP BY n', client, { start: { kind: 'earliest' } })
    await client.until(() => client.ended !== null)
    expect(client.ended).toMatchObject({ kind: 'failed', error: { code: 'LIMIT_STATE' } })
  })
})

/** What a changelog adds up to. */
function standing(client: Client): string[] {
  const counts = new Map<string, number>()
  for (const message of client.rows as { op: string; row: object }[]) {
    const row = JSON.stringify(message.row)
    counts.set(row, (counts.get(row) ?? 0) + (message.op === 'insert' ? 1 : -1))
  }
  return [...counts].flatMap(([row, count]) => new Array<string>(count).fill(row)).sort()
}
