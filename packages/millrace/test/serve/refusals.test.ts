import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { openLog } from '../../src/log/index.ts'
import { startServer } from '../../src/server/index.ts'
import { Scratch } from '../cli/millrace.ts'
import { serve } from './serving.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

const headers = { 'content-type': 'application/x-ndjson' }

interface Answer {
  readonly status: number
  readonly body: { readonly error_code?: string; readonly offsets?: readonly { readonly offset: number }[] }
}

async function post(url: string, body: string): Promise<Answer> {
  const response = await fetch(`${url}/v1/topics/t/records`, { method: 'POST', headers, body })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

describe('a server', () => {
  it('answers 507 while its disk is full, keeps what it has acknowledged, and goes on when there is room', { timeout: 120_000 }, async (context) => {
    const disk = scratch.path('disk')
    mkdirSync(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]).status === 0
    if (!mounted) context.skip('no permission to mount a small file system')
    onTestFinished(() => void spawnSync('umount', ['-l', disk]))
    const { child, url, exit } = await serve(['--data-dir', `${disk}/data`])
    onTestFinished(() => void child.kill('SIGKILL'))
    const record = (n: number) => JSON.stringify({ value: { n, filling: 'x'.repeat(250_000) } })
    let kept = 0
    let answer = await post(url, record(kept))
    while (answer.status === 200) {
      expect(answer.body.offsets).toEqual([{ partition: 0, offset: kept++ }])
      answer = await post(url, record(kept))
    }
    expect([answer.status, answer.body.error_code]).toEqual([507, 'LOG_FULL'])
    expect(kept).toBeGreaterThan(20)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    const lines = (await (await fetch(`${url}/v1/topics/t/records?limit=1000`)).text()).split('\n').slice(0, -1)
    expect(lines.map((line) => (JSON.parse(line) as { value: { n: number } }).value.n)).toEqual(Array.from({ length: kept }, (_, n) => n))
    expect(spawnSync('mount', ['-o', 'remount,size=64m', disk]).status).toBe(0)
    expect((await post(url, record(kept))).body.offsets).toEqual([{ partition: 0, offset: kept }])
    child.kill('SIGTERM')
    expect(await exit).toEqual({ code: 0, signal: null })
  })

  it('answers 503 while it holds as much unfinished work as it may', async () => {
    const log = await openLog({ directory: scratch.path('busy') })
    onTestFinished(() => log.close())
    const server = await startServer({ log, port: 0, maxWorkBytes: 1000 })
    onTestFinished(() => server.close(0))
    const slow = request(`${server.url}/v1/topics/t/records`, { method: 'POST', headers: { ...headers, 'content-length': '1000' } })
    const answered = once(slow, 'response')
    slow.write(`{"value":"${'x'.repeat(900)}`)
    const work = async () => /millrace_work_bytes (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())![1]
    while ((await work()) !== '910') await new Promise((resolve) => setImmediate(resolve))
    const refused = await fetch(`${server.url}/v1/topics/t/records`, { method: 'POST', headers, body: `{"value":"${'y'.repeat(200)}"}` })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({ error_code: 'SERVER_BUSY' })
    // It is not the one that came first that suffers, nor is anything of the other kept.
    slow.end('"}'.padEnd(1000 - 910, ' '))
    const [response] = (await answered) as [NodeJS.ReadableStream & { statusCode: number }]
    expect([response.statusCode, JSON.parse(await text(response))]).toEqual([200, { offsets: [{ partition: 0, offset: 0 }] }])
    expect((await log.offsets('t'))[0]).toEqual({ partition: 0, start: 0, end: 1 })
  })
})
