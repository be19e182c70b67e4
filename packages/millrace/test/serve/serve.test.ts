import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { millrace, Scratch, start, until } from '../cli/millrace.ts'
import { closed, connect, serve, type Serving } from './serving.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())
const running: Serving[] = []
afterEach(async () => {
  for (const { child, exit } of running.splice(0)) {
    child.kill('SIGKILL')
    await exit
  }
})

async function serving(args: readonly string[]): Promise<Serving> {
  const started = await serve(args)
  running.push(started)
  return started
}

const json = async (url: string) => (await fetch(url)).json() as Promise<never>

describe('millrace serve', () => {
  it('captures feeds, says gaps, and hands out what it has after a stop in order', { timeout: 60_000 }, async () => {
    const exchange = start(['simulate', '--port', '0'])
    const [, feed] = await until(exchange.stderr, /(ws:\/\/\S+)/)
    const file = scratch.write(
      'feed.sql',
      `CREATE TABLE exchange (type TEXT, symbol TEXT) WITH (connector = 'websocket', endpoint = '${feed}',
        subscription_messages.0 = '{"op":"subscribe"}', format = 'json', retention = '1 hour');
      CREATE VIEW symbols AS SELECT symbol FROM exchange;`,
    )
    const first = await serving([file, '--data-dir', scratch.path('captured')])
    const messages: string[] = []
    const ws = (await connect(first.url, '/v1/subscribe/exchange?from=earliest', (text) => messages.push(text)))!
    while (messages.length < 20) await once(ws, 'message')
    expect(messages[1]).toMatch(/^\{"cursor":"0:0","timestamp":".*","key":null,"value":\{/)
    expect(await json(`${first.url}/v1/topics/exchange`)).toMatchObject({ retention_ms: 3_600_000, retention_bytes: 1024 ** 3 })
    expect(await (await fetch(`${first.url}/metrics`)).text()).toMatch(
      /millrace_source_connected\{table="exchange",connector="websocket"\} 1/,
    )
    const refused = await fetch(`${first.url}/v1/topics/exchange`, { method: 'DELETE' })
    expect(refused.status).toBe(409)
    first.child.kill('SIGTERM')
    expect(await first.exit).toEqual({ code: 0, signal: null })
    await closed(ws)

    const again = await serving([file, '--data-dir', scratch.path('captured')])
    const record = await new Promise<string>((resolve) => {
      void connect(again.url, '/v1/subscribe/$gaps?from=earliest', (text) => {
        if (text.startsWith('{"cursor"')) resolve(text)
      })
    })
    expect(JSON.parse(record)).toMatchObject({ key: 'exchange', value: { topic: 'exchange', reason: 'the capture was not running' } })
    exchange.kill()
  })

  it('has its data directory to itself, and says so', async () => {
    const dataDir = scratch.path('own')
    await serving(['--data-dir', dataDir])
    for (const args of [['serve', '--port', '0'], ['log', 'ls']]) {
      const { code, stderr } = await millrace([...args, '--data-dir', dataDir])
      expect(stderr).toContain('LOG_LOCKED')
      expect(code).toBe(69)
    }
  })

  it('does not start with a script that is wrong, or an address that is taken', async () => {
    const script = scratch.write('wrong.sql', 'CREATE TABLE t (a INT) WITH (connector = \'stdout\');\nSELECT 1 FROM t;')
    const wrong = await millrace(['serve', script, '--data-dir', scratch.path('x')])
    expect([wrong.code, wrong.stderr]).toEqual([65, expect.stringContaining('wrong.sql:2:1: error: a SELECT has no part in the catalogue of a server')])
    const { url } = await serving(['--data-dir', scratch.path('y')])
    const taken = await millrace(['serve', '--port', new URL(url).port, '--data-dir', scratch.path('z')])
    expect([taken.code, taken.stderr]).toEqual([69, expect.stringContaining('CONNECTOR_ADDRESS_IN_USE')])
    const open = await millrace(['serve', '--host', '0.0.0.0', '--port', '0', '--data-dir', scratch.path('z')])
    expect([open.code, open.stderr]).toEqual([78, expect.stringContaining('--insecure')])
  })
})

describe('millrace log', () => {
  it('lists, prints, exports, imports and verifies', { timeout: 60_000 }, async () => {
    const dataDir = scratch.path('looked-into')
    const { url, child, exit } = await serving(['--data-dir', dataDir])
    const body = [
      '{"value":{"n":12345678901234567890.50},"key":"a","headers":{"h":"1"},"timestamp":"2026-01-31T12:00:00.000001Z"}',
      '{"value":"AP8=","value_encoding":"base64","key":"b"}',
      '{"value":null,"key":"c"}',
    ].join('\n')
    await fetch(`${url}/v1/topics/a%20b/records`, { method: 'POST', body, headers: { 'content-type': 'application/x-ndjson' } })
    child.kill('SIGTERM')
    expect((await exit).code).toBe(0)
    const log = async (...args: string[]) => {
      const { code, stdout, stderr } = await millrace(['log', ...args, '--data-dir', dataDir])
      return { code, stdout, stderr }
    }
    expect((await log('ls')).stdout).toMatch(/^"a b" partition 0: offsets 0 to 3, /)
    expect(JSON.parse((await log('ls', '--json')).stdout)).toMatchObject({ topic: 'a b', partition: 0, start: 0, end: 3 })
    const printed = (await log('cat', 'a b')).stdout
    expect(printed.split('\n')[0]).toBe(
      '{"partition":0,"offset":0,"timestamp":"2026-01-31T12:00:00.000001Z","key":"a","value":{"n":12345678901234567890.50},"headers":{"h":"1"}}',
    )
    expect((await log('cat', 'a b', '--offset', '1', '--limit', '1')).stdout).toBe(`${printed.split('\n')[1]}\n`)
    const file = scratch.path('out.ndjson')
    expect((await log('export', 'a b', '-o', file)).code).toBe(0)
    expect((await log('import', 'copy', file)).stderr).toBe('imported 3 records into "copy"\n')
    expect((await log('cat', 'copy')).stdout).toBe(printed)
    const bad = scratch.write('bad.ndjson', '{"value":1}\n{"valeu":2}\n')
    const refused = await log('import', 'copy', bad)
    expect([refused.code, refused.stderr]).toEqual([65, expect.stringContaining(`line 2 of "${bad}" has an unexpected member "valeu"`)])
    expect((await log('verify')).stdout).toMatch(/^"a b" partition 0: 3 records, sound\n"copy" partition 0: 4 records, sound\n$/)
    expect((await log('cat', 'none')).code).toBe(65)
    expect((await log('import', '$journal/p', file)).stderr).toContain('Topics whose names start with "$" are Millrace\'s own.')
    const nowhere = scratch.path('nowhere')
    const none = await millrace(['log', 'ls', '--data-dir', nowhere])
    expect([none.code, none.stderr, existsSync(nowhere)]).toEqual([66, expect.stringContaining('there is no data directory'), false])
    expect((await log('import', 'copy', scratch.path('none'))).code).toBe(66)
  })
})
