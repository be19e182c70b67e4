import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { ended, millrace, Scratch, start, until } from './millrace.ts'

const EXAMPLES = new URL('../../../../examples/', import.meta.url)

const scratch = new Scratch()
afterAll(() => scratch.remove())

/** A simulated exchange on a free port. */
async function exchange(...args: readonly string[]) {
  const child = start(['simulate', '--port', '0', ...args])
  const result = ended(child)
  const [, url] = await until(child.stderr, /(ws:\S+)/)
  return {
    url: url!,
    async stop() {
      child.kill('SIGTERM')
      return await result
    },
  }
}

const tableOf = (url: string, options = ''): string => `CREATE TABLE trades (
  type TEXT, id BIGINT, symbol TEXT, price DECIMAL, quantity DECIMAL, timestamp TIMESTAMP, WATERMARK FOR timestamp AS timestamp
) WITH (connector = 'websocket', endpoint = '${url}', format = 'json'${options});\n`

describe('simulate', () => {
  it('serves trades to those who subscribe, until it is stopped', async () => {
    const simulated = await exchange('--rate', '1000')
    const sql = `${tableOf(simulated.url, `, subscription_messages.0 = '{"op":"subscribe"}'`)}SELECT id, symbol, price FROM trades WHERE type = 'trade';`
    const { code, stdout } = await millrace(['run', '-', '--limit', '50'], { input: sql })
    expect(code).toBe(0)
    const ids = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { id: number }).id)
    expect(ids).toEqual(Array.from({ length: 50 }, (_, i) => ids[0]! + i))
    expect(await simulated.stop()).toMatchObject({ code: 143, stdout: '' })
  })
})

describe('a feed that was recorded', () => {
  it('gives the same rows when it is replayed, with faults too', async () => {
    const simulated = await exchange('--rate', '5000', '--seed', '7')
    const file = scratch.path('feed.jsonl.gz')
    const recorded = await millrace([
      'record',
      simulated.url,
      '--send',
      '{"op":"subscribe"}',
      '--output',
      file,
      '--count',
      '1000',
    ])
    await simulated.stop()
    expect(recorded).toMatchObject({ code: 0, stdout: '' })
    expect(recorded.stderr).toContain('recorded 1,000 messages')

    const replayed = async (...args: readonly string[]): Promise<readonly string[]> => {
      const server = start(['replay', file, '--port', '0', '--speed', 'max', '--once', '--wait-for', '1', ...args])
      const served = ended(server)
      const [, url] = await until(server.stderr, /(ws:\S+)/)
      const options = `, subscription_messages.0 = '{"op":"subscribe"}', end_of_input = 'clean_close', reconnect.initial_delay = '1ms'`
      const sql = `${tableOf(url!, options)}SELECT symbol, SUM(price * quantity) AS turnover, TUMBLE(INTERVAL '10 ms') AS window
FROM trades WHERE type = 'trade' GROUP BY symbol, window;`
      const { code, stdout } = await millrace(['run', '-'], { input: sql })
      expect(code).toBe(0)
      expect((await served).code).toBe(0)
      return stdout.split('\n').sort()
    }
    const whole = await replayed()
    expect(whole.length).toBeGreaterThan(50)
    expect(await replayed('--drop-every', '333')).toEqual(whole)
  })
})

describe('the example that npm start runs', () => {
  it('prints VWAP a second and symbol, and serves it', async () => {
    const simulated = await exchange('--rate', '1000')
    const sql = readFileSync(fileURLToPath(new URL('exchange.sql', EXAMPLES)), 'utf8')
      .replace('ws://localhost:9010/', simulated.url)
      .replace('port = 8080', 'port = 0')
    const child = start(['run', '-'], { input: sql })
    const result = ended(child)
    const [, served] = await until(child.stderr, /serving "clients" at (ws:\S+)/)
    const client = readFileSync(fileURLToPath(new URL('client.sql', EXAMPLES)), 'utf8').replace(
      'ws://localhost:8080/ws',
      served!,
    )
    const read = await millrace(['run', '-', '--limit', '3'], { input: client })
    expect(read.code).toBe(0)
    expect(JSON.parse(read.stdout.split('\n')[0]!)).toEqual({
      symbol: expect.stringMatching(/-USD$/),
      vwap: expect.any(Number),
      volume: expect.any(Number),
      trades: expect.any(Number),
    })
    child.kill('SIGINT')
    const { code, stdout } = await result
    await simulated.stop()
    expect(code).toBe(130)
    const rows = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { symbol: string; window: { start: string } })
    const keys = rows.map(({ symbol, window }) => `${symbol} ${window.start}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})
