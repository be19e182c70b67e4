import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Feed } from './feed.ts'
import { ended, parseLines, start, until } from './millrace.ts'

describe('run of a live feed', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s drains rows, leaves windows open and exits with %d', async (signal, expected) => {
    const feed = await Feed.start()
    const sql = `${feed.table}
SELECT symbol FROM trades; SELECT symbol, COUNT(*) AS n, TUMBLE(INTERVAL '1 hour') AS window FROM trades GROUP BY symbol, window;`
    const child = start(['run', '-'], { input: sql })
    const result = ended(child)
    const client = await feed.client()
    for (let i = 0; i < 100; i++) client.send(`{"symbol":"s${i}","ts":1700000000000}`)
    await until(child.stdout, /"s99"/)
    child.kill(signal)
    const { code, stdout } = await result
    await feed.close()
    expect(code).toBe(expected)
    expect(parseLines(stdout)).toEqual(Array.from({ length: 100 }, (_, i) => ({ query: 1, row: { symbol: `s${i}` } })))
  })

  it('prints changes of a result that changes', async () => {
    const feed = await Feed.start()
    const child = start(['run', '-'], {
      input: `${feed.table} SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol;`,
    })
    const result = ended(child)
    const client = await feed.client()
    client.send('{"symbol":"a"}')
    await until(child.stdout, /"n":1/)
    client.send('{"symbol":"a"}')
    await until(child.stdout, /"n":2/)
    child.kill('SIGINT')
    await feed.close()
    expect(parseLines((await result).stdout)).toEqual([
      { op: 'insert', row: { symbol: 'a', n: 1 } },
      { op: 'delete', row: { symbol: 'a', n: 1 } },
      { op: 'insert', row: { symbol: 'a', n: 2 } },
    ])
  })

  it('reports progress on request where stderr is no terminal', async () => {
    const feed = await Feed.start()
    const child = start(['run', '-', '--progress'], { input: `${feed.table} SELECT symbol FROM trades;` })
    const result = ended(child)
    const client = await feed.client()
    client.send('{"symbol":"a","ts":1700000000000}')
    await until(child.stderr, /\d+ rows\/s · 1 rows · lag \d+ d · watermark 2023-11-14T22:13:20Z\n/)
    child.kill('SIGINT')
    await feed.close()
    expect((await result).code).toBe(130)
  })

  it('ends quietly with 0 when nobody reads its output any more', async () => {
    const feed = await Feed.start()
    const child = start(['run', '-'], { input: `${feed.table} SELECT symbol FROM trades;` })
    const exit = once(child, 'exit')
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    const client = await feed.client()
    client.send('{"symbol":"a"}')
    await until(child.stdout, /\n/)
    child.stdout.destroy()
    const sending = setInterval(() => client.send('{"symbol":"b"}'), 5)
    const [code] = await exit
    clearInterval(sending)
    await feed.close()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('goes on after a lost connection and reports the gap', async () => {
    const feed = await Feed.start()
    const child = start(['run', '-'], { input: `${feed.table} SELECT symbol FROM trades;` })
    const result = ended(child)
    const first = await feed.client()
    first.send('{"symbol":"a"}')
    await until(child.stdout, /"a"/)
    first.terminate()
    const second = await feed.client()
    second.send('{"symbol":"b"}')
    await until(child.stdout, /"b"/)
    child.kill('SIGINT')
    const { code, stderr } = await result
    await feed.close()
    expect(code).toBe(130)
    expect(stderr).toMatch(/gap in "trades" from \S+Z to \S+Z: /)
    expect(stderr).toContain('not in the result: 1 gap\n')
  })

  it('serves rows where it says it does', async () => {
    const feed = await Feed.start()
    const sql = `${feed.table}
CREATE TABLE served (symbol TEXT) WITH (connector = 'websocket_server', port = 0, path = '/rows');
INSERT INTO served SELECT symbol FROM trades;`
    const child = start(['run', '-'], { input: sql })
    const result = ended(child)
    const [, url] = await until(child.stderr, /serving "served" at (ws:\S+)/)
    const reader = start(['run', '-', '--limit', '1'], {
      input: `CREATE TABLE rows_in (symbol TEXT) WITH (connector = 'websocket', endpoint = '${url}', format = 'json'); SELECT * FROM rows_in;`,
    })
    const read = ended(reader)
    const client = await feed.client()
    const sending = setInterval(() => client.send('{"symbol":"a"}'), 10)
    expect(await read).toMatchObject({ code: 0, stdout: '{"symbol":"a"}\n' })
    clearInterval(sending)
    child.kill('SIGTERM')
    await feed.close()
    expect((await result).code).toBe(143)
  })
})
