import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OptionValue } from '../../kernel/index.ts'
import { type Log, openLog } from '../../log/index.ts'
import { ReplayServer, type ReplayOptions } from '../recording/index.ts'
import { Templates } from '../templates.ts'
import { Capture, captureRetention } from './capture.ts'
import { GAPS_TOPIC } from './gap-record.ts'

let folder: string
let log: Log
const servers: ReplayServer[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-capture-'))
  log = await openLog({ directory: join(folder, 'log') })
})

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  await log.close()
  rmSync(folder, { recursive: true })
})

const payload = (n: number): string => `{"n":${n},"price":1.50}`

async function feed(count: number, options: Partial<ReplayOptions> = {}): Promise<ReplayServer> {
  const file = join(folder, `feed-${servers.length}.ndjson`)
  writeFileSync(file, Array.from({ length: count }, (_, n) => `${payload(n)}\n`).join(''))
  const server = await ReplayServer.start({ recording: file, speed: 'max', ...options })
  servers.push(server)
  return server
}

function capture(url: string, more: Record<string, OptionValue> = {}): { capture: Capture; notices: string[] } {
  const notices: string[] = []
  const options = {
    connector: 'websocket',
    endpoint: url,
    'reconnect.initial_delay': '5ms',
    end_of_input: 'clean_close',
    format: 'json',
    ...more,
  }
  const templates = new Templates(() => undefined)
  return { capture: new Capture({ log, table: 'feed', options, templates, notice: (text) => notices.push(text) }), notices }
}

async function recordsOf(topic: string) {
  const records: { offset: number; key: string | null; value: string; timestamp: number; checked: boolean }[] = []
  for await (const block of await log.reader(topic)) {
    for (let i = 0; i < block.count; i++) {
      const key = block.key(i)
      records.push({
        offset: block.offset(i),
        key: key === null ? null : Buffer.from(key).toString(),
        value: Buffer.from(block.value(i) ?? []).toString(),
        timestamp: block.timestamps[i]!,
        checked: block.checked,
      })
    }
  }
  return records
}

async function gaps() {
  return (await recordsOf(GAPS_TOPIC)).map((r) => ({ key: r.key, ...(JSON.parse(r.value) as { offset: number; from: string; to: string; reason: string }) }))
}

describe('a capture', () => {
  it('writes every message down as it is, with its arrival, over lost connections, which are gaps', async () => {
    const before = Date.now() * 1000
    const server = await feed(5000, { dropAt: [700, 1500, 4999] })
    const { capture: captured } = capture(server.url)
    expect(await captured.ended).toEqual({ kind: 'finished' })
    const records = await recordsOf('feed')
    expect(records.map((r) => r.value)).toEqual(Array.from({ length: 5000 }, (_, n) => payload(n)))
    expect(records.every((r, i) => r.timestamp >= (records[i - 1]?.timestamp ?? before - 2000))).toBe(true)
    expect(records.every((r) => r.checked)).toBe(true)
    expect((await gaps()).map(({ key, offset }) => [key, offset])).toEqual([
      ['feed', 700],
      ['feed', 1500],
      ['feed', 4999],
    ])
    for (const { from, to } of await gaps()) expect(Date.parse(to)).toBeGreaterThanOrEqual(Date.parse(from))
    expect(captured.statistics()).toMatchObject({ state: 'ended', records: 5000, reconnects: 3, gaps: 3, pendingRecords: 0 })
    expect(log.topic('feed')!.config).toMatchObject({ retentionMs: 86_400_000, retentionBytes: 1024 ** 3 })
    // Group commit: many records share a transaction.
    expect(log.statistics().commits).toBeLessThan(1000)
  })

  it('loses a frame that was cut, and says where', async () => {
    const server = await feed(1000, { dropAt: [300], reset: true })
    const { capture: captured } = capture(server.url)
    await captured.ended
    const numbers = (await recordsOf('feed')).map((r) => (JSON.parse(r.value) as { n: number }).n)
    const [gap] = await gaps()
    const lost = Array.from({ length: 1000 }, (_, n) => n).filter((n) => !numbers.includes(n))
    expect(lost.length).toBeGreaterThan(0)
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, n) => n).filter((n) => !lost.includes(n)))
    expect(gap!.offset).toBe(lost[0])
    expect(lost.at(-1)).toBe(lost[0]! + lost.length - 1)
  })

  it('states the time in which it did not run', async () => {
    const server = await feed(10)
    await capture(server.url).capture.ended
    await capture(server.url).capture.ended
    expect((await recordsOf('feed')).length).toBe(20)
    expect(await gaps()).toMatchObject([{ offset: 10, reason: 'the capture was not running' }])
  })

  it('drains when stopped', async () => {
    const server = await feed(100_000, { loop: true })
    const { capture: captured } = capture(server.url)
    while (captured.statistics().records < 20_000) await new Promise((resolve) => setImmediate(resolve))
    expect(await captured.stop()).toEqual({ kind: 'stopped' })
    const { records, pendingRecords } = captured.statistics()
    expect(pendingRecords).toBe(0)
    const values = (await recordsOf('feed')).map((r) => r.value)
    expect(values.length).toBe(records)
    expect(values).toEqual(Array.from({ length: records }, (_, n) => payload(n % 100_000)))
    expect(await gaps()).toEqual([])
  })

  it('goes on in a file where it was', async () => {
    const path = join(folder, 'in.ndjson')
    const text = (n: number): string => `${payload(n)}\n`
    writeFileSync(path, text(0) + text(1))
    const run = () =>
      new Capture({
        log,
        table: 'feed',
        options: { connector: 'single_file', path, format: 'json' },
        templates: new Templates(() => undefined),
        notice: () => undefined,
      }).ended
    expect(await run()).toEqual({ kind: 'finished' })
    expect(await run()).toEqual({ kind: 'finished' })
    expect((await recordsOf('feed')).map((r) => r.value)).toEqual([payload(0), payload(1)])
    expect(log.topic(GAPS_TOPIC)).toBeDefined()
    expect(await gaps()).toEqual([])
  })

  it('fails with the reason when the source is lost for good', async () => {
    const server = await feed(10)
    await server.close()
    const { capture: captured, notices } = capture(server.url, { 'reconnect.max_retries': 2 })
    expect(await captured.ended).toMatchObject({ kind: 'failed', error: { code: 'CONNECTOR_RETRIES_EXHAUSTED' } })
    expect(notices[0]).toContain('connecting again')
  })

  it('keeps what the table says', () => {
    const options = { connector: 'websocket', endpoint: 'ws://localhost:1/', format: 'json' }
    expect(captureRetention({ ...options, retention: '7 days' }, 't')?.retentionMs).toBe(7 * 86_400_000)
    expect(captureRetention({ ...options, retention_bytes: '2 GiB' }, 't')).toEqual({
      retentionMs: 24 * 3_600_000,
      retentionBytes: 2 * 1024 ** 3,
    })
    expect(captureRetention({ ...options, retention: 'none' }, 't')).toBeNull()
  })
})
