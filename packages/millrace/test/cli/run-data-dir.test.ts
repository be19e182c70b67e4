import { afterAll, describe, expect, it } from 'vitest'
import { openLog } from '../../src/log/index.ts'
import { inlineExecutor, Instance } from '../../src/runtime/index.ts'
import { Feed } from './feed.ts'
import { ended, parseLines, runSql, Scratch, start, until } from './millrace.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

let directories = 0
const directory = (): string => scratch.path(`data-${directories++}`)
const symbols = (stdout: string): unknown[] => (parseLines(stdout) as { symbol: string }[]).map(({ symbol }) => symbol)

describe('run --data-dir', () => {
  it('keeps what a feed says over one connection, and reads it again in the next run, before what comes', async () => {
    const feed = await Feed.start()
    const dir = directory()
    const sql = `${feed.table} SELECT symbol FROM trades; SELECT symbol, TUMBLE(INTERVAL '1 hour') AS w, count(*) AS n FROM trades GROUP BY symbol, w;`
    const first = start(['run', '-', '--data-dir', dir], { input: sql })
    const firstResult = ended(first)
    const client = await feed.client()
    for (let i = 0; i < 100; i++) client.send(`{"symbol":"s${i}","ts":1700000000000}`)
    await until(first.stdout, /"s99"/)
    first.kill('SIGINT')
    const { code, stdout } = await firstResult
    expect(code).toBe(130)
    expect(parseLines(stdout)).toEqual(Array.from({ length: 100 }, (_, i) => ({ query: 1, row: { symbol: `s${i}` } })))
    expect(feed.connections).toBe(1)

    const second = start(['run', '-', '--data-dir', dir], { input: `${feed.table} SELECT symbol FROM trades;` })
    const secondResult = ended(second)
    const again = await feed.client()
    again.send('{"symbol":"new","ts":1700000000000}')
    await until(second.stdout, /"new"/)
    second.kill('SIGTERM')
    const after = await secondResult
    await feed.close()
    expect(after.code).toBe(143)
    expect(symbols(after.stdout)).toEqual([...Array.from({ length: 100 }, (_, i) => `s${i}`), 'new'])
    expect(after.stderr).toMatch(
      /gap in "trades" from \S+Z to \S+Z: what was sent meanwhile is missing \(the capture was not running\)/,
    )
  })

  it('reads what is kept without connecting where every query ends, and closes its windows', async () => {
    const feed = await Feed.start()
    const dir = directory()
    const log = await openLog({ directory: dir })
    await log.createTopic('trades')
    const at = Date.parse('2024-01-01T00:00:00Z') * 1000
    const records = Array.from({ length: 50 }, (_, i) => ({
      value: Buffer.from(`{"symbol":"s${i % 2}","ts":${1_700_000_000_000 + i}}`),
      timestamp: at + i * 1_000_000,
    }))
    await log.append({ topic: 'trades', records })
    await log.close()
    const run = async (query: string): Promise<unknown[]> => {
      const { code, stdout, stderr } = await runSql(`${feed.table} ${query}`, ['--data-dir', dir])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return parseLines(stdout)
    }
    expect(await run("SELECT count(*) AS n FROM trades AS OF TIMESTAMP '2024-01-01T00:00:10Z'")).toEqual([{ n: 10 }])
    expect(await run('SELECT count(*) AS n FROM trades FROM OFFSET 45 AS OF LATEST')).toEqual([{ n: 5 }])
    expect(
      await run(
        "SELECT TUMBLE(INTERVAL '1 hour') AS w, symbol, count(*) AS n FROM trades AS OF LATEST GROUP BY w, symbol",
      ),
    ).toMatchObject([
      { symbol: 's0', n: 25 },
      { symbol: 's1', n: 25 },
    ])
    expect(feed.connections).toBe(0)
    await feed.close()
  })

  it('reads topics of the directory by name, which end where they end', async () => {
    const dir = directory()
    const log = await openLog({ directory: dir })
    await log.createTopic('orders', { partitions: 2 })
    for (let i = 0; i < 10; i++)
      await log.append({
        topic: 'orders',
        partition: i % 2,
        records: [{ value: Buffer.from(`{"id":${i},"total":1.5}`) }],
      })
    await log.close()
    const undeclared = await runSql('SELECT count(*) AS n FROM orders', ['--data-dir', dir])
    expect(undeclared).toMatchObject({ code: 0, stdout: '{"n":10}\n', stderr: '' })
    const declared = await runSql(
      'CREATE TABLE orders (id BIGINT, total DECIMAL); SELECT sum(total) AS s, max(id) AS m FROM orders',
      ['--data-dir', dir],
    )
    expect(declared).toMatchObject({ code: 0, stdout: '{"s":15,"m":9}\n', stderr: '' })
  })

  it('reads what a server has kept in the directory by name: tables, views and materialized views', async () => {
    const dir = directory()
    const ignore = (): void => undefined
    const instance = await Instance.open({
      dataDir: dir,
      variable: () => undefined,
      createExecutor: inlineExecutor,
      executor: { codegen: true, batchRows: 1024, stateLimit: 2 ** 28 },
      stdout: process.stdout,
      events: { notice: ignore, gap: ignore, recovering: ignore, error: ignore, fatal: ignore },
    })
    await instance.start()
    const sql = `CREATE TABLE orders (customer TEXT, n BIGINT);
CREATE VIEW big AS SELECT customer, n FROM orders WHERE n >= 8;
CREATE MATERIALIZED VIEW totals AS SELECT customer, sum(n) AS s FROM orders GROUP BY customer;`
    await instance.execute(sql, { origin: 'operator', changed: null })
    const records = Array.from({ length: 10 }, (_, n) => ({ value: Buffer.from(`{"customer":"c${n % 2}","n":${n}}`) }))
    await instance.log.append({ topic: 'orders', records })
    expect(await instance.stop(20_000)).toEqual([])
    const run = async (query: string): Promise<unknown[]> => {
      const { code, stdout, stderr } = await runSql(query, ['--data-dir', dir])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return parseLines(stdout)
    }
    expect(await run('SELECT customer, n FROM big')).toEqual([
      { customer: 'c0', n: 8 },
      { customer: 'c1', n: 9 },
    ])
    expect(await run('SELECT customer, s FROM totals')).toEqual([
      { customer: 'c0', s: 20 },
      { customer: 'c1', s: 25 },
    ])
  })

  it('puts files and what is kept into one query, and writes sinks as without a log', async () => {
    const dir = directory()
    const log = await openLog({ directory: dir })
    await log.createTopic('kept')
    await log.append({ topic: 'kept', records: [1, 2].map((n) => ({ value: Buffer.from(`{"n":${n}}`) })) })
    await log.close()
    scratch.write('more.jsonl', '{"n":3}\n{"n":4}\n')
    const out = scratch.path('out.jsonl')
    const sql = `CREATE TABLE kept (n BIGINT);
CREATE TABLE more (n BIGINT) WITH (connector = 'single_file', path = '${scratch.path('more.jsonl')}', format = 'json');
CREATE TABLE result (n BIGINT) WITH (connector = 'single_file', path = '${out}', format = 'json');
INSERT INTO result SELECT n * 10 AS n FROM kept UNION ALL SELECT n FROM more;
CREATE TABLE again (n BIGINT) WITH (connector = 'single_file', path = '${out}', format = 'json');`
    expect(await runSql(sql, ['--data-dir', dir])).toMatchObject({ code: 0, stderr: '' })
    const { stdout } = await runSql(
      `CREATE TABLE again (n BIGINT) WITH (connector = 'single_file', path = '${out}', format = 'json'); SELECT n FROM again;`,
    )
    expect((parseLines(stdout) as { n: number }[]).map(({ n }) => n).sort((a, b) => a - b)).toEqual([3, 4, 10, 20])
  })

  it('ends with a feed that ends', async () => {
    const feed = await Feed.start()
    const dir = directory()
    const child = start(['run', '-', '--data-dir', dir], {
      input: `${feed.tableWith(", end_of_input = 'clean_close'")} SELECT symbol, TUMBLE(INTERVAL '1 hour') AS w, count(*) AS n FROM trades GROUP BY symbol, w;`,
    })
    const result = ended(child)
    const client = await feed.client()
    for (let i = 0; i < 20; i++) client.send(`{"symbol":"s","ts":1700000000000}`)
    client.close(1000)
    const { code, stdout } = await result
    await feed.close()
    expect(code).toBe(0)
    expect(parseLines(stdout)).toMatchObject([{ symbol: 's', n: 20 }])
  })

  it('refuses what it cannot do', async () => {
    const dir = directory()
    const file = scratch.write('rows.jsonl', '{"n":1}\n')
    const table = `CREATE TABLE rows_in (n BIGINT) WITH (connector = 'single_file', path = '${file}', format = 'json');`
    const refused = async (sql: string, args: readonly string[] = ['--data-dir', dir]): Promise<string> => {
      const { code, stderr } = await runSql(sql, args)
      return `${code} ${stderr}`
    }
    expect(await refused(`${table} SELECT n FROM rows_in AS OF LATEST`)).toMatch(
      /^65 .*"run" reads table "rows_in" itself, which has no positions/,
    )
    expect(await refused('CREATE TABLE t (n BIGINT); SELECT n FROM t')).toMatch(
      /^65 .*the log has no topic "t" \[LOG_UNKNOWN_TOPIC\]/,
    )
    expect(await refused(`${table} CREATE TABLE t (n BIGINT); INSERT INTO t SELECT n FROM rows_in`)).toMatch(
      /^65 .*"run" does not write topics/,
    )
    expect(await refused("CREATE TABLE t (n BIGINT) WITH (connector = 'topic'); SELECT n FROM t", [])).toMatch(
      /^78 .*--data-dir/s,
    )
    expect(await refused(`${table} SELECT n FROM rows_in AS OF LATEST`, [])).toMatch(/^65 .*--data-dir/s)
  })

  it('is the only one in its directory', async () => {
    const dir = directory()
    const log = await openLog({ directory: dir })
    await log.createTopic('t')
    const { code, stderr } = await runSql('SELECT value FROM t', ['--data-dir', dir])
    await log.close()
    expect(code).toBe(69)
    expect(stderr).toContain('[LOG_LOCKED]')
  })
})
