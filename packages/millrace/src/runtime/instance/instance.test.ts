import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatError } from '../../kernel/index.ts'
import { inlineExecutor } from '../executor/inline-executor.ts'
import { type ExecuteOptions, Instance } from './index.ts'

let folder: string
let instance: Instance
let said: string[]
/** Resolves whatever waits for something to happen. */
let happened = (): void => undefined

async function open(): Promise<void> {
  const say = (line: string): void => {
    said.push(line)
    happened()
  }
  instance = await Instance.open({
    dataDir: join(folder, 'data'),
    variable: (name) => (name === 'TOKEN' ? 'secret' : undefined),
    createExecutor: inlineExecutor,
    executor: { codegen: true, batchRows: 1024, stateLimit: 1024 ** 3 },
    stdout: new PassThrough(),
    events: {
      notice: say,
      gap: ({ table, reason }) => say(`gap in ${table}: ${reason}`),
      recovering: (pipeline, done, total) => say(`recovering ${pipeline}: ${done} of ${total}`),
      error: (error, what) => say(`${what}: ${formatError(error)}`),
      fatal: (error) => say(`fatal: ${formatError(error)}`),
    },
  })
}

async function restart(): Promise<void> {
  expect(await instance.stop(20_000)).toEqual([])
  await open()
  await instance.start()
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-instance-'))
  said = []
  await open()
  await instance.start()
})

afterEach(async () => {
  await instance.stop(20_000)
  rmSync(folder, { recursive: true })
})

const execute = async (sql: string, options: Partial<ExecuteOptions> = {}): Promise<string[]> => {
  const { statements } = await instance.execute(sql, { origin: 'operator', changed: null, ...options })
  return statements.map(({ kind, name, info }) => `${kind} ${name} ${info}`)
}

const post = (topic: string, ...values: readonly unknown[]) =>
  instance.log.append({ topic, records: values.map((value) => ({ value: Buffer.from(JSON.stringify(value)) })) })

async function recordsOf(topic: string): Promise<{ key: string | null; value: unknown }[]> {
  const records: { key: string | null; value: unknown }[] = []
  for await (const block of await instance.log.reader(topic)) {
    for (let i = 0; i < block.count; i++) {
      const [key, value] = [block.key(i), block.value(i)]
      records.push({
        key: key === null ? null : Buffer.from(key).toString(),
        value: value === null ? null : (JSON.parse(Buffer.from(value).toString()) as unknown),
      })
    }
  }
  return records
}

/** The records of a topic once there are so many. */
async function has(topic: string, count: number): Promise<unknown[]> {
  const values: unknown[] = []
  const abort = AbortSignal.timeout(10_000)
  const reader = await instance.log.reader(topic, { follow: true })
  while (values.length < count) {
    const block = (await reader.next(abort))!
    for (let i = 0; i < block.count; i++) values.push(JSON.parse(Buffer.from(block.value(i) ?? 'null').toString()))
  }
  return values
}

/** Waits until a line is said that matches. */
async function saying(pattern: RegExp): Promise<string> {
  for (;;) {
    const line = said.find((text) => pattern.test(text))
    if (line !== undefined) return line
    await new Promise<void>((resolve) => (happened = resolve))
  }
}

const ORDERS = 'CREATE TABLE orders (id BIGINT, k TEXT, v BIGINT);'

describe('an instance', () => {
  it('runs a materialized view over another, and goes on with both after a restart', async () => {
    await execute(`${ORDERS}
      CREATE MATERIALIZED VIEW big AS SELECT k, v FROM orders WHERE v > 10;
      CREATE MATERIALIZED VIEW sums AS SELECT k, SUM(v) AS s FROM big GROUP BY k;`)
    await post('orders', { id: 1, k: 'a', v: 11 }, { id: 2, k: 'b', v: 5 }, { id: 3, k: 'a', v: 20 })
    expect(await has('big', 2)).toEqual([{ k: 'a', v: 11 }, { k: 'a', v: 20 }])
    await has('sums', 1)
    await restart()
    await post('orders', { id: 4, k: 'a', v: 100 }, { id: 5, k: 'c', v: 50 })
    const sums = new Map<string, unknown>()
    while (sums.size < 2 || JSON.stringify(sums.get('{"k":"a"}')) !== '{"k":"a","s":131}') {
      for (const { key, value } of await recordsOf('sums')) sums.set(key!, value)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(sums.get('{"k":"c"}')).toEqual({ k: 'c', s: 50 })
    expect(await recordsOf('big')).toHaveLength(4)
    const [big, status] = await instance.pipelines()
    expect(big).toMatchObject({ name: 'big', kind: 'materialized view', state: 'running', result: 'big', error: null })
    expect(big!.inputs).toEqual([{ source: 'source_1', table: 'orders', topic: 'orders', partition: 0, position: 5, end: 5 }])
    expect(status).toMatchObject({ name: 'sums', inputs: [{ table: 'big', position: 4, end: 4 }] })
  })

  it('inserts into a topic and into a file, each row once over restarts', async () => {
    const out = join(folder, 'out.ndjson')
    await execute(`${ORDERS} CREATE TABLE copies (id BIGINT, k TEXT);
      CREATE TABLE file (k TEXT, v BIGINT) WITH (connector = 'single_file', path = '${out}', type = 'sink');
      INSERT INTO copies SELECT id, k FROM orders;
      CREATE PIPELINE to_file AS INSERT INTO file SELECT k, v FROM orders WHERE id <> 2;`)
    await post('orders', { id: 1, k: 'a', v: 1 }, { id: 2, k: 'b', v: 2 }, { id: 3, k: 'c', v: 3 })
    expect(await has('copies', 3)).toEqual([{ id: 1, k: 'a' }, { id: 2, k: 'b' }, { id: 3, k: 'c' }])
    await restart()
    await post('orders', { id: 4, k: 'd', v: 4 })
    expect((await has('copies', 4)).at(-1)).toEqual({ id: 4, k: 'd' })
    await restart()
    expect(await recordsOf('copies')).toHaveLength(4)
    expect(readFileSync(out, 'utf8')).toBe('{"k":"a","v":1}\n{"k":"c","v":3}\n{"k":"d","v":4}\n')
    while ((await instance.table('file')).state === 'starting') await new Promise((resolve) => setImmediate(resolve))
    expect(await instance.table('file')).toMatchObject({ use: 'sink', state: 'running', delivery: { lag: 0 } })
  })

  it('captures files, and does not read them twice', async () => {
    const path = join(folder, 'in.ndjson')
    writeFileSync(path, '{"n":1}\n{"n":2}\n')
    await execute(`CREATE TABLE lines (n BIGINT) WITH (connector = 'single_file', path = '${path}', format = 'json');
      CREATE MATERIALIZED VIEW doubled AS SELECT n * 2 AS n FROM lines;`)
    expect(await has('doubled', 2)).toEqual([{ n: 2 }, { n: 4 }])
    await saying(/"lines": the source has come to its end/)
    expect(await instance.table('lines')).toMatchObject({ use: 'capture', state: 'finished', topic: 'lines' })
    await restart()
    expect(await recordsOf('lines')).toHaveLength(2)
    expect(await recordsOf('doubled')).toHaveLength(2)
  })

  it('pauses, resumes and drops', async () => {
    await execute(`${ORDERS} CREATE MATERIALIZED VIEW m AS SELECT k FROM orders;`)
    await post('orders', { k: 'a' })
    await has('m', 1)
    expect(await execute('PAUSE MATERIALIZED VIEW m')).toEqual(['materialized view m paused'])
    await restart()
    await post('orders', { k: 'b' })
    expect(await instance.pipeline('m')).toMatchObject({ state: 'paused', statistics: null })
    await expect(instance.restartPipeline('m')).rejects.toMatchObject({ code: 'PIPELINE_STATE' })
    expect(await recordsOf('m')).toHaveLength(1)
    await execute('RESUME MATERIALIZED VIEW m')
    expect(await has('m', 2)).toEqual([{ k: 'a' }, { k: 'b' }])
    await expect(execute('DROP TABLE orders')).rejects.toMatchObject({ code: 'CATALOG_IN_USE' })
    await execute('DROP TABLE orders CASCADE')
    expect(instance.log.topics().map(({ name }) => name).filter((name) => !/^\$(gaps|dead_letters)$/.test(name))).toEqual([])
    expect([instance.log.holds(), await instance.states.owners(), await instance.pipelines(), await instance.tables()]).toEqual([[], [], [], []])
  })

  it('changes a view and begins anew with what depends on it, or goes on with its state', async () => {
    await execute(`${ORDERS}
      CREATE MATERIALIZED VIEW m AS SELECT k, v FROM orders;
      CREATE MATERIALIZED VIEW s AS SELECT k, SUM(v) AS s FROM m GROUP BY k;`)
    await post('orders', { k: 'a', v: 1 }, { k: 'b', v: 2 })
    await has('s', 2)
    const other = 'CREATE OR REPLACE MATERIALIZED VIEW m AS SELECT k, v * 10 AS v FROM orders'
    await expect(execute(other)).rejects.toMatchObject({ code: 'CATALOG_CHANGED' })
    expect(await execute(other, { changed: 'drop' })).toEqual(['materialized view m changed'])
    expect(await has('m', 2)).toEqual([{ k: 'a', v: 10 }, { k: 'b', v: 20 }])
    expect(await has('s', 2)).toEqual([{ k: 'a', s: 10 }, { k: 'b', s: 20 }])
    await execute('CREATE OR REPLACE MATERIALIZED VIEW m AS SELECT k, v * 100 AS v FROM orders', { changed: 'keep' })
    await post('orders', { k: 'a', v: 3 })
    expect(await has('m', 3)).toEqual([{ k: 'a', v: 10 }, { k: 'b', v: 20 }, { k: 'a', v: 300 }])
    expect((await has('s', 3)).at(-1)).toEqual({ k: 'a', s: 310 })
  })

  it('goes on although one object fails', async () => {
    await execute(`${ORDERS} CREATE TABLE none (a INT) WITH (connector = 'single_file', path = '${join(folder, 'missing')}', format = 'json')`)
    expect(await saying(/^table "none"/)).toContain('FILE_NOT_READABLE')
    expect(await instance.table('none')).toMatchObject({ state: 'failed', error: { code: 'FILE_NOT_READABLE' } })
    await execute('CREATE MATERIALIZED VIEW good AS SELECT k FROM orders')
    await post('orders', { k: '1' })
    expect(await has('good', 1)).toEqual([{ k: '1' }])
    writeFileSync(join(folder, 'missing'), '{"a":1}\n')
    await execute('RESUME TABLE none')
    expect(await has('none', 1)).toEqual([{ a: 1 }])
  })

  it('puts records aside that are no rows, and takes them again when the table can read them', async () => {
    await execute('CREATE TABLE t (n BIGINT); CREATE MATERIALIZED VIEW m AS SELECT n FROM t;')
    await instance.log.append({ topic: 't', records: [{ value: Buffer.from('{"n":"x"}') }, { value: Buffer.from('{"n":1}') }] })
    expect(await has('m', 1)).toEqual([{ n: 1 }])
    const [letter] = await instance.deadLetters('t')
    expect(letter).toMatchObject({ table: 't', topic: 't', partition: 0, offset: 0 })
    expect(await instance.deadLetters('other')).toEqual([])
    expect(await instance.redrive({ keys: [letter!.key] })).toBe(1)
    await has('t', 3)
    await post('t', { n: 2 })
    await has('m', 2)
    expect((await instance.deadLetters(null)).map(({ offset }) => offset)).toEqual([2])
  })

  it('says whose topics are whose', async () => {
    await execute(`${ORDERS} CREATE MATERIALIZED VIEW m AS SELECT k FROM orders;`)
    expect(instance.refuseWrites('m')).toContain('result of materialized view "m"')
    expect(instance.refuseWrites('orders')).toBeNull()
    expect(() => instance.assertUnused('orders')).toThrow(/used by table "orders"/)
    instance.assertUnused('nobody')
  })
})
