import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { BIN, millrace, parseLines, runSql, Scratch } from './millrace.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

interface Trade {
  readonly symbol: string
  readonly price: number | string
  readonly seconds: number
}

function tradesFile(name: string, trades: readonly Trade[]): string {
  return scratch.write(
    name,
    trades
      .map(
        ({ symbol, price, seconds }) =>
          `{"symbol":"${symbol}","price":${price},"ts":${seconds * 1000 + 1_700_000_000_000}}\n`,
      )
      .join(''),
  )
}

function table(path: string, options = ''): string {
  return `CREATE TABLE trades (symbol TEXT, price DECIMAL, ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH (
  connector = 'single_file', path = '${path}', format = 'json'${options}
);\n`
}

const FEW = tradesFile('few.jsonl', [
  { symbol: 'a', price: '1.10', seconds: 0 },
  { symbol: 'b', price: 2, seconds: 1 },
  { symbol: 'a', price: '0.2', seconds: 2 },
])

describe('run of bounded input', () => {
  it('prints rows as NDJSON on a pipe, says nothing else, and exits with 0', async () => {
    const { code, stdout, stderr } = await runSql(`${table(FEW)}SELECT symbol, price * 2 AS double FROM trades;`)
    expect(stdout).toBe('{"symbol":"a","double":2.2}\n{"symbol":"b","double":4}\n{"symbol":"a","double":0.4}\n')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('closes all windows at the end', async () => {
    const sql = `${table(FEW)}SELECT symbol, COUNT(*) AS n, TUMBLE(INTERVAL '1 hour') AS window FROM trades GROUP BY symbol, window;`
    const { code, stdout } = await runSql(sql)
    expect(code).toBe(0)
    expect(parseLines(stdout)).toEqual(
      expect.arrayContaining([
        { symbol: 'a', n: 2, window: { start: '2023-11-14T22:00:00Z', end: '2023-11-14T23:00:00Z' } },
        { symbol: 'b', n: 1, window: { start: '2023-11-14T22:00:00Z', end: '2023-11-14T23:00:00Z' } },
      ]),
    )
  })

  it('prints the final rows of a result that changes', async () => {
    const { code, stdout } = await runSql(
      `${table(FEW)}SELECT symbol, SUM(price) AS total FROM trades GROUP BY symbol;`,
    )
    expect(code).toBe(0)
    expect(parseLines(stdout)).toHaveLength(2)
    expect(parseLines(stdout)).toEqual(
      expect.arrayContaining([
        { symbol: 'a', total: 1.3 },
        { symbol: 'b', total: 2 },
      ]),
    )
  })

  it('prints the last view of a script of views', async () => {
    const sql = `${table(FEW)}CREATE VIEW cheap AS SELECT symbol, price FROM trades WHERE price < 2;
CREATE VIEW names AS SELECT symbol FROM cheap;`
    expect((await runSql(sql)).stdout).toBe('{"symbol":"a"}\n{"symbol":"a"}\n')
  })

  it('says which SELECT a row belongs to when there are several', async () => {
    const sql = `${table(FEW)}SELECT symbol FROM trades WHERE price > 1.5; SELECT price FROM trades WHERE symbol = 'b';`
    const { stdout } = await runSql(sql)
    expect(parseLines(stdout)).toEqual(
      expect.arrayContaining([
        { query: 1, row: { symbol: 'b' } },
        { query: 2, row: { price: 2 } },
      ]),
    )
  })

  it('gives the same with every way to run it', async () => {
    const trades = Array.from({ length: 5000 }, (_, i) => ({
      symbol: `s${i % 7}`,
      price: `${i}.${i % 10}`,
      seconds: i,
    }))
    const sql = `${table(tradesFile('many.jsonl', trades))}SELECT symbol, SUM(price) AS total, TUMBLE(INTERVAL '10 minutes') AS window
FROM trades GROUP BY symbol, window;`
    const variants = [
      [],
      ['--worker'],
      ['--no-codegen'],
      ['--batch-rows', '1'],
      ['--batch-rows', '7', '--worker', '--no-codegen'],
    ]
    const outputs = await Promise.all(variants.map(async (args) => (await runSql(sql, args)).stdout.split('\n').sort()))
    expect(outputs[0]).toHaveLength(1 + 7 * 9)
    for (const output of outputs) expect(output).toEqual(outputs[0])
  })

  it('ends at --limit', async () => {
    const { code, stdout } = await runSql(`${table(FEW)}SELECT symbol FROM trades;`, ['--limit', '2'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"symbol":"a"}\n{"symbol":"b"}\n' })
  })

  it('--format table aligns the result', async () => {
    const { stdout } = await runSql(`${table(FEW)}SELECT symbol, price FROM trades;`, ['--format', 'table'])
    expect(stdout).toBe('symbol  price\n──────  ─────\na         1.1\nb           2\na         0.2\n(3 rows)\n')
  })

  it.skipIf(spawnSync('script', ['--version']).status !== 0)(
    'shows a table on a terminal and gives the cursor back (needs script of util-linux)',
    () => {
      const file = scratch.write('terminal.sql', `${table(FEW)}SELECT symbol, price FROM trades;`)
      const command = `'${process.execPath}' '${BIN}' run '${file}'`
      const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, TERM: 'xterm-256color', NO_COLOR: '1' },
      })
      expect(stdout).toContain('a         1.1\r\nb           2\r\na         0.2\r\n(3 rows)')
      expect(stdout.lastIndexOf('\x1b[?25h')).toBeGreaterThanOrEqual(stdout.lastIndexOf('\x1b[?25l'))
      expect(stdout).not.toContain('{"symbol"')
    },
  )

  it('keeps what a feed says from the terminal it is printed on', async () => {
    const file = scratch.write(
      'evil.jsonl',
      `${JSON.stringify({ symbol: '\x1b]0;owned\x07\x1b[2J', price: 1, ts: 0 })}\n`,
    )
    const { stdout } = await runSql(`${table(file)}SELECT symbol FROM trades;`, ['--format', 'table'])
    expect(stdout).not.toContain('\x1b')
    expect(stdout).not.toContain('\x07')
  })

  it('writes a file', async () => {
    const out = scratch.path('out.jsonl')
    const sql = `${table(FEW)}CREATE TABLE result (symbol TEXT) WITH (connector = 'single_file', path = '${out}', format = 'json');
INSERT INTO result SELECT symbol FROM trades WHERE price > 1;`
    const { code, stdout } = await runSql(sql)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(readFileSync(out, 'utf8')).toBe('{"symbol":"a"}\n{"symbol":"b"}\n')
  })

  it('runs a file by name, with its errors named after it', async () => {
    const file = scratch.write('bad.sql', `${table(FEW)}SELECT symbl FROM trades;`)
    const { code, stdout, stderr } = await millrace(['run', file])
    expect({ code, stdout }).toEqual({ code: 65, stdout: '' })
    expect(stderr).toContain(`${file}:4:8: error: `)
  })

  it('counts late rows and says so', async () => {
    const late = tradesFile('late.jsonl', [
      { symbol: 'a', price: 1, seconds: 0 },
      { symbol: 'a', price: 1, seconds: 100 },
      { symbol: 'a', price: 1, seconds: 1 },
    ])
    const sql = `${table(late)}SELECT COUNT(*) AS n, TUMBLE(INTERVAL '10 seconds') AS window FROM trades GROUP BY window;`
    const { code, stdout, stderr } = await runSql(sql)
    expect(code).toBe(0)
    expect(parseLines(stdout).map((row) => (row as { n: number }).n)).toEqual([1, 1])
    expect(stderr).toBe('not in the result: 1 late row\n')
  })
})

describe('a record that cannot be read', () => {
  const bad = scratch.write(
    'bad.jsonl',
    '{"symbol":"a","price":1,"ts":0}\n{"symbol":"b","price":\n{"symbol":"c","price":3,"ts":0}\n',
  )
  const sql = `${table(bad)}SELECT symbol FROM trades;`

  it('ends the run with 65 by default', async () => {
    const { code, stderr } = await runSql(sql)
    expect(code).toBe(65)
    expect(stderr).toContain('[DATA_BAD_RECORD]')
  })

  it('is dropped and counted on request', async () => {
    const { code, stdout, stderr } = await runSql(sql, ['--bad-data', 'drop'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"symbol":"a"}\n{"symbol":"c"}\n' })
    expect(stderr).toBe('not in the result: 1 bad record\n')
  })

  it('goes to a file of dead letters on request', async () => {
    const letters = scratch.path('dead.jsonl')
    const { code, stdout } = await runSql(sql, ['--dead-letters', letters])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"symbol":"a"}\n{"symbol":"c"}\n' })
    expect(parseLines(readFileSync(letters, 'utf8'))).toEqual([
      expect.objectContaining({
        table: 'trades',
        offset: 1,
        index: 0,
        reason: 'invalid',
        payload: '{"symbol":"b","price":',
      }),
    ])
  })

  it('follows its own table first', async () => {
    const own = `${table(bad, ", bad_data = 'drop'")}SELECT symbol FROM trades;`
    expect(await runSql(own, ['--bad-data', 'fail'])).toMatchObject({ code: 0 })
  })
})

describe('what cannot work fails before it starts, with one error and its code:', () => {
  const feed = (options: string): string =>
    `CREATE TABLE t (a TEXT) WITH (connector = 'websocket', format = 'json', ${options});\nSELECT a FROM t;`

  it('a script that does not exist: 66', async () => {
    const { code, stderr } = await millrace(['run', scratch.path('none.sql')])
    expect(code).toBe(66)
    expect(stderr).toMatch(/^error: file ".*none\.sql" cannot be read: it does not exist \[FILE_NOT_READABLE\]\n/)
  })

  it('a script without anything to run: 65', async () => {
    const { code, stderr } = await runSql(table(FEW))
    expect(code).toBe(65)
    expect(stderr).toContain('the script runs nothing')
  })

  it('an input file that does not exist: 66', async () => {
    const { code, stdout, stderr } = await runSql(`${table(scratch.path('none.jsonl'))}SELECT * FROM trades;`)
    expect({ code, stdout }).toEqual({ code: 66, stdout: '' })
    expect(stderr).toContain('none.jsonl')
  })

  it('an output file that cannot be written: 73', async () => {
    const sql = `${table(FEW)}CREATE TABLE result (symbol TEXT) WITH (connector = 'single_file', path = '${scratch.path('no/such/out.jsonl')}');
INSERT INTO result SELECT symbol FROM trades;`
    const { code, stderr } = await runSql(sql)
    expect(code).toBe(73)
    expect(stderr).toMatch(/^stdin:\d+:\d+: error: file ".*out.jsonl" cannot be written: its directory does not exist/)
    expect(stderr).toContain('[FILE_NOT_WRITABLE]')
    expect(stderr).toContain('hint: Create the directory first')
  })

  it('a dead-letter file that cannot be written: 73', async () => {
    const { code, stderr } = await runSql(`${table(FEW)}SELECT symbol FROM trades;`, [
      '--dead-letters',
      scratch.path('no/such/dead.jsonl'),
    ])
    expect(code).toBe(73)
    expect(stderr).toContain('dead.jsonl')
  })

  it.skipIf(!existsSync('/dev/full'))('standard output on a full disk: 73 (needs /dev/full)', async () => {
    const sql = `${table(FEW)}SELECT symbol FROM trades;`
    const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$1" run - > /dev/full', process.execPath, BIN], {
      input: sql,
      encoding: 'utf8',
    })
    expect(status).toBe(73)
    expect(stderr).toContain('standard output cannot be written')
  })

  it('missing environment variables: 78, naming all of them and the place, and no file is touched', async () => {
    const letters = scratch.write('kept.jsonl', 'kept')
    const { code, stderr } = await runSql(
      feed(`endpoint = 'ws://127.0.0.1:9/{{ FEED }}', headers = 'Authorization: Bearer {{ FEED_TOKEN }}'`),
      ['--dead-letters', letters],
    )
    expect(code).toBe(78)
    expect(stderr).toMatch(/^stdin:1:\d+: error: environment variables "FEED", "FEED_TOKEN" are not set/)
    expect(readFileSync(letters, 'utf8')).toBe('kept')
  })

  it('an unreachable host without retries: 69, without the secret it was given', async () => {
    const { port } = await freePort()
    const sql = feed(`endpoint = 'ws://127.0.0.1:${port}/?token={{ FEED_TOKEN }}', reconnect.max_retries = 0`)
    const { code, stdout, stderr } = await runSql(sql, [], { env: { FEED_TOKEN: 'tok-5ecret' } })
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' })
    expect(stderr).toContain(String(port))
    expect(stderr).not.toContain('5ecret')
  })

  it('a feed that was never reached is given up after a while: 69', async () => {
    const { port } = await freePort()
    const { code, stderr } = await runSql(feed(`endpoint = 'ws://127.0.0.1:${port}/'`), ['--give-up-after', '500ms'])
    expect(code).toBe(69)
    expect(stderr).toContain('It was never connected, and tried again')
    expect(stderr).toMatch(/stdin:1:\d+: error: .*\[CONNECTOR_RETRIES_EXHAUSTED\]/)
  })

  it('an address that is taken: 69', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const sql = `${table(FEW)}CREATE TABLE served (symbol TEXT) WITH (connector = 'websocket_server', port = ${port});
INSERT INTO served SELECT symbol FROM trades;`
    const { code, stderr } = await runSql(sql)
    server.close()
    expect(code).toBe(69)
    expect(stderr).toContain('[CONNECTOR_ADDRESS_IN_USE]')
    expect(stderr).toContain('is in use')
  })

  it('an option of a wrong type: 78, with its place', async () => {
    const { code, stderr } = await runSql(feed(`endpoint = 'ws://127.0.0.1:9/', reconnect.max_retries = 'many'`))
    expect(code).toBe(78)
    expect(stderr).toContain('reconnect.max_retries')
    expect(stderr).toMatch(/^stdin:1:\d+: error: /)
  })

  it('a state limit that is reached: 65', async () => {
    const many = tradesFile(
      'keys.jsonl',
      Array.from({ length: 20_000 }, (_, i) => ({ symbol: `s${i}`, price: 1, seconds: 0 })),
    )
    const { code, stdout, stderr } = await runSql(
      `${table(many)}SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol;`,
      ['--state-limit', '64 KiB'],
    )
    expect({ code, stdout }).toEqual({ code: 65, stdout: '' })
    expect(stderr).toContain('[LIMIT_STATE]')
  })
})

describe('a failure leaves nothing half-written:', () => {
  it('no output file of a run that failed', async () => {
    const bad = scratch.write('half.jsonl', `${'{"symbol":"a","price":1,"ts":0}\n'.repeat(100)}nonsense\n`)
    const out = scratch.path('half-out.jsonl')
    const sql = `${table(bad)}CREATE TABLE result (symbol TEXT) WITH (connector = 'single_file', path = '${out}', format = 'json');
INSERT INTO result SELECT symbol FROM trades;`
    expect((await runSql(sql)).code).toBe(65)
    expect(existsSync(out)).toBe(false)
    expect(readdirSync(scratch.folder).filter((f) => f.startsWith('half-out'))).toEqual([])
  })

  it('no final rows of a result that failed', async () => {
    const bad = scratch.write('final.jsonl', '{"symbol":"a","price":1,"ts":0}\nnonsense\n')
    const { code, stdout } = await runSql(`${table(bad)}SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol;`)
    expect({ code, stdout }).toEqual({ code: 65, stdout: '' })
  })
})

async function freePort(): Promise<{ readonly port: number }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return { port }
}
