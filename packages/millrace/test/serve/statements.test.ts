import { readFileSync } from 'node:fs'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { millrace, Scratch } from '../cli/millrace.ts'
import { serve, type Serving } from './serving.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())
const running: Serving[] = []
afterEach(async () => {
  for (const { child, exit } of running.splice(0)) {
    child.kill('SIGKILL')
    await exit
  }
})

async function serving(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Serving> {
  const started = await serve(args, env)
  running.push(started)
  return started
}

async function stop({ child, exit }: Serving): Promise<void> {
  child.kill('SIGTERM')
  expect(await exit).toEqual({ code: 0, signal: null })
}

interface Answer {
  readonly status: number
  readonly body: Record<string, never>
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init)
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

const post = (url: string, body: string, type = 'text/plain'): Promise<Answer> =>
  ask(url, { method: 'POST', body, headers: { 'content-type': type } })

const append = (url: string, topic: string, ...values: readonly unknown[]): Promise<Answer> =>
  post(`${url}/v1/topics/${topic}/records`, values.map((value) => JSON.stringify({ value })).join('\n'), 'application/x-ndjson')

/** The values of a topic, once there are so many. */
async function values(url: string, topic: string, count: number): Promise<unknown[]> {
  for (;;) {
    const response = await fetch(`${url}/v1/topics/${topic}/records`)
    const lines = response.ok ? (await response.text()).split('\n').slice(0, -1) : []
    if (lines.length >= count) return lines.map((line) => (JSON.parse(line) as { value: unknown }).value)
  }
}

const info = ({ body }: Answer) => (body['statements'] as unknown as { name: string; info: string }[]).map(({ name, info: what }) => `${name} ${what}`)

const ORDERS = 'CREATE TABLE orders (k TEXT, v BIGINT);'
const SUMS = 'CREATE MATERIALIZED VIEW sums AS SELECT k, SUM(v) AS s FROM orders GROUP BY k;'

describe('millrace serve', () => {
  it('refuses what would be two things of one name, and says what is wrong with requests', { timeout: 60_000 }, async () => {
    const { url } = await serving(['--data-dir', scratch.path('names')])
    expect((await post(`${url}/v1/statements`, `${ORDERS} CREATE VIEW big AS SELECT * FROM orders WHERE v > 10;`)).status).toBe(200)
    for (const [name, owner] of [['big', 'view "big"'], ['BIG', 'view "big"'], ['Orders', 'table "orders"']]) {
      const { status, body } = await append(url, name!, { k: 'a', v: 1 })
      expect([status, body]).toEqual([400, expect.objectContaining({ details: { detail: `Its name is that of ${owner}.` } })])
    }
    expect((await append(url, 'orders', { k: 'a', v: 11 })).status).toBe(200)
    expect((await append(url, 'loose', 1)).status).toBe(200)
    const taken = await post(`${url}/v1/statements`, 'CREATE VIEW loose AS SELECT * FROM orders')
    expect([taken.status, taken.body['error_code']]).toEqual([400, 'SQL_DUPLICATE'])
    const query = `${url}/v1/query`
    const stray = await post(query, '{"sql":"SELECT * FROM big","changed":"keep"}', 'application/json')
    expect(stray.body).toMatchObject({ message: 'there is no member "changed"', details: { hint: 'Members: sql.' } })
    expect((await ask(query)).body).toMatchObject({ error_code: 'REQUEST_METHOD', details: { hint: 'It has POST.' } })
  })

  it('runs what its scripts say, keeps it over restarts, and changes it only when told how', { timeout: 120_000 }, async () => {
    const dataDir = scratch.path('changed')
    const out = scratch.path('out.ndjson')
    const script = (sums = SUMS) =>
      scratch.write(
        'script.sql',
        `${ORDERS}\n${sums}\nCREATE TABLE out (k TEXT) WITH (connector = 'single_file', path = '${out}');\nINSERT INTO out SELECT k FROM orders WHERE v > 1;`,
      )
    const first = await serving([script(), '--data-dir', dataDir])
    expect(first.said()).toMatch(/table "orders": topic\ntable "out": sink, \w+\nmaterialized view "sums": \w+\npipeline "out" into "out": \w+\nserving/)
    await append(first.url, 'orders', { k: 'a', v: 1 }, { k: 'a', v: 2 })
    expect((await values(first.url, 'sums', 1)).at(-1)).toEqual({ k: 'a', s: 3 })
    await stop(first)
    expect(readFileSync(out, 'utf8')).toBe('{"k":"a"}\n')

    // Without a script everything goes on; the same script changes nothing.
    const second = await serving(['--data-dir', dataDir])
    await append(second.url, 'orders', { k: 'a', v: 10 })
    expect((await values(second.url, 'sums', 2)).at(-1)).toEqual({ k: 'a', s: 13 })
    await stop(second)
    const third = await serving([script(), '--data-dir', dataDir])
    await stop(third)
    expect(readFileSync(out, 'utf8')).toBe('{"k":"a"}\n{"k":"a"}\n')

    const other = SUMS.replace('SUM(v) AS s', 'SUM(v) * 2 AS s')
    const refused = await millrace(['serve', script(other), '--port', '0', '--data-dir', dataDir])
    expect([refused.code, refused.stderr]).toEqual([65, expect.stringMatching(/script\.sql:2:26: error: materialized view "sums" exists with another definition \[CATALOG_CHANGED\]/)])
    const kept = await serving([script(other), '--data-dir', dataDir, '--changed', 'keep'])
    await append(kept.url, 'orders', { k: 'a', v: 100 })
    expect((await values(kept.url, 'sums', 3)).at(-1)).toEqual({ k: 'a', s: 226 })
    await stop(kept)
    const dropped = await serving([script(SUMS.replace('SUM(v)', 'MAX(v)')), '--data-dir', dataDir, '--changed', 'drop'])
    expect((await values(dropped.url, 'sums', 1)).at(-1)).toEqual({ k: 'a', s: 100 })
    await stop(dropped)
  })

  it('takes statements over HTTP, all or none, and says what runs', { timeout: 60_000 }, async () => {
    const { url } = await serving(['--data-dir', scratch.path('http')], { TOKEN: 'secret' })
    expect(info(await post(`${url}/v1/statements`, `${ORDERS} ${SUMS}`))).toEqual(['orders created', 'sums created'])
    const wrong = await post(`${url}/v1/statements`, 'DROP TABLE orders;\nCREATE VIEW v AS SELECT x FROM orders; SELECT 1')
    expect([wrong.status, wrong.body['error_code']]).toEqual([409, 'CATALOG_IN_USE'])
    expect(wrong.body['details']!['errors']).toMatchObject([
      { error_code: 'CATALOG_IN_USE', start: { line: 1, column: 12 } },
      { error_code: 'SQL_UNKNOWN_COLUMN', start: { line: 2, column: 25 }, end: { line: 2, column: 26 } },
      { error_code: 'SQL_UNSUPPORTED', start: { line: 2, column: 40 } },
    ])
    const changed = { sql: SUMS.replace('SUM', 'MAX') }
    expect((await post(`${url}/v1/statements`, JSON.stringify(changed), 'application/json')).status).toBe(409)
    const dropped = await post(`${url}/v1/statements`, JSON.stringify({ ...changed, changed: 'drop' }), 'application/json')
    expect(info(dropped)).toEqual(['sums changed'])
    for (const body of ['[]', '{"sql":1}', '{"sql":"","changed":"x"}', '{"sq":""}', '{']) {
      expect([body, (await post(`${url}/v1/statements`, body, 'application/json')).status]).toEqual([body, 400])
    }
    // Whatever the server's environment holds, nobody outside can send it anywhere.
    const leak = await post(
      `${url}/v1/statements`,
      `CREATE TABLE leak (a INT) WITH (connector = 'websocket', endpoint = 'ws://localhost:1/{{ TOKEN }}', format = 'json')`,
    )
    expect([leak.status, leak.body['error_code']]).toEqual([400, 'CONFIG_VARIABLE_MISSING'])
    expect(JSON.stringify(leak.body)).not.toContain('secret')

    await append(url, 'orders', { k: 'a', v: 1 }, { k: 'b', v: 'x' })
    await values(url, 'sums', 1)
    const letters = async () => (await ask(`${url}/v1/dead-letters?table=orders&limit=10`)).body
    while (((await letters())['total'] as unknown as number) < 1);
    expect(await letters()).toMatchObject({ total: 1, dead_letters: [{ table: 'orders', offset: 1, payload: '{"k":"b","v":"x"}' }] })
    expect((await post(`${url}/v1/dead-letters/redrive`, '{"table":"orders"}', 'application/json')).body).toEqual({ redriven: 1 })
    expect((await post(`${url}/v1/dead-letters/redrive`, '{"tables":1}', 'application/json')).status).toBe(400)
    expect(await values(url, 'orders', 3)).toHaveLength(3)

    expect((await ask(`${url}/v1/pipelines/sums`)).body).toMatchObject({ name: 'sums', state: 'running', inputs: [{ topic: 'orders', partition: 0 }] })
    expect((await ask(`${url}/v1/pipelines/none`)).status).toBe(404)
    expect((await post(`${url}/v1/pipelines/sums/stop`, '')).body).toMatchObject({ state: 'paused' })
    expect((await post(`${url}/v1/pipelines/sums/restart`, '')).body).toMatchObject({ error_code: 'PIPELINE_STATE' })
    expect((await post(`${url}/v1/pipelines/sums/resume`, '')).status).toBe(200)
    expect((await post(`${url}/v1/pipelines/sums/restart`, '')).status).toBe(200)
    await append(url, 'orders', { k: 'c', v: 7 })
    expect((await values(url, 'sums', 2)).at(-1)).toEqual({ k: 'c', s: 7 })
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toMatch(/millrace_pipelines\{state="running"\} 1\n/)
    expect(metrics).toMatch(/millrace_pipeline_lag_records\{pipeline="sums"\} 0\n/)

    expect((await ask(`${url}/v1/tables`)).body).toMatchObject({ tables: [{ name: 'orders', use: 'topic' }] })
    expect((await ask(`${url}/v1/topics/orders`, { method: 'DELETE' })).status).toBe(409)
    expect((await ask(`${url}/v1/tables/orders`, { method: 'DELETE' })).status).toBe(409)
    expect(info(await ask(`${url}/v1/pipelines/sums`, { method: 'DELETE' }))).toEqual(['sums dropped'])
    expect((await ask(`${url}/v1/topics/sums`)).status).toBe(404)
    expect(info(await ask(`${url}/v1/tables/orders`, { method: 'DELETE' }))).toEqual(['orders dropped'])
    expect((await ask(`${url}/v1/tables/orders`)).status).toBe(404)
  })
})
