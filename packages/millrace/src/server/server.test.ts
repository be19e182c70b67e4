import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Log, openLog } from '../log/index.ts'
import { startServer } from './start-server.ts'
import type { Server, ServerOptions } from './server-options.ts'

let folder: string
let log: Log
let server: Server

async function restart(options: Partial<ServerOptions> = {}): Promise<void> {
  await server?.close(1000)
  server = await startServer({ log, port: 0, ...options })
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-server-'))
  log = await openLog({ directory: folder })
  server = await startServer({ log, port: 0, version: '1.2.3' })
})

afterEach(async () => {
  await server.close(1000)
  await log.close()
  rmSync(folder, { recursive: true })
})

const records = (topic: string, query = '') => `${server.url}/v1/topics/${encodeURIComponent(topic)}/records${query}`

async function post(topic: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(records(topic), {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-ndjson', ...headers },
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function read(topic: string, query = ''): Promise<string[]> {
  const response = await fetch(records(topic, query))
  expect(response.status).toBe(200)
  return (await response.text()).split('\n').slice(0, -1)
}

interface Client {
  readonly ws: WebSocket
  readonly messages: string[]
  readonly closed: Promise<[code: number, reason: string]>
  has(count: number): Promise<string[]>
}

async function client(path: string): Promise<Client> {
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}${path}`)
  const messages: string[] = []
  let wake = (): void => undefined
  ws.on('message', (data) => {
    messages.push(String(data))
    wake()
  })
  const closed = new Promise<[number, string]>((resolve) => ws.once('close', (code, reason) => resolve([code, String(reason)])))
  await once(ws, 'open')
  return {
    ws,
    messages,
    closed,
    has: async (count) => {
      while (messages.length < count) await new Promise<void>((resolve) => (wake = resolve))
      return messages
    },
  }
}

const parsed = (messages: readonly string[]) => messages.map((m) => JSON.parse(m) as Record<string, unknown>)

describe('POST and GET of records', () => {
  it('keep the text of every value, and what stands beside it', async () => {
    const sent = [
      '{"value":{"id":1491318144456507320,"price":1.50,"deep":[1,{"a":"\\u00e9"}]},"key":"a","headers":{"x":"1","é":"ü"},"timestamp":"2026-01-31T12:00:00.123456Z"}',
      '{"value": 0.10 , "key":{"k":1}}',
      '{"value":"text","partition":0}',
      '{"value":"AP8=","value_encoding":"base64","key":"/w==","key_encoding":"base64"}',
      '{"value":"no json\\n","value_encoding":"text"}',
      '{"value":null,"key":"gone"}',
      '{"value":"null","value_encoding":"text","headers":[["a","1"],["a","AP8=","base64"]]}',
    ]
    const answer = await post('things', sent.join('\n'))
    expect(answer).toEqual({ status: 200, body: { offsets: sent.map((_, offset) => ({ partition: 0, offset })) } })
    const lines = await read('things')
    expect(lines[0]).toBe(`{"partition":0,"offset":0,"timestamp":"2026-01-31T12:00:00.123456Z","key":"a","value":{"id":1491318144456507320,"price":1.50,"deep":[1,{"a":"\\u00e9"}]},"headers":{"x":"1","é":"ü"}}`)
    const tails = lines.map((line) => line.replace(/^.*?"key":/, '"key":'))
    expect(tails.slice(1)).toEqual([
      '"key":"{\\"k\\":1}","value":0.10,"headers":{}}',
      '"key":null,"value":"text","headers":{}}',
      '"key":"/w==","key_encoding":"base64","value":"AP8=","value_encoding":"base64","headers":{}}',
      '"key":null,"value":"no json\\n","value_encoding":"text","headers":{}}',
      '"key":"gone","value":null,"headers":{}}',
      '"key":null,"value":"null","value_encoding":"text","headers":[["a","1"],["a","AP8=","base64"]]}',
    ])
    // What was read can be written, and reads the same again.
    await post('copy', lines.join('\n'))
    expect(await read('copy')).toEqual(lines)
  })

  it('take an array too, and hand out any part', async () => {
    const { body } = await post('t', JSON.stringify([1, 2, 3, 4, 5].map((value) => ({ value }))), { 'content-type': 'application/json; charset=utf-8' })
    expect((body['offsets'] as unknown[]).length).toBe(5)
    const values = async (query: string) => parsed(await read('t', query)).map((r) => r['value'])
    expect(await values('?offset=1&limit=2')).toEqual([2, 3])
    expect(await values('?offset=-2')).toEqual([4, 5])
    expect(await values('?offset=-100')).toEqual([1, 2, 3, 4, 5])
    expect(await values('?offset=latest')).toEqual([])
    expect(await values('?offset=earliest&limit=1')).toEqual([1])
    const beyond = await fetch(records('t', '?offset=6'))
    expect([beyond.status, await beyond.json()]).toMatchObject([416, { error_code: 'LOG_OFFSET_OUT_OF_RANGE', details: { start: 0, end: 5 } }])
    expect((await fetch(records('t', '?partition=1'))).status).toBe(404)
    expect((await fetch(records('none'))).status).toBe(404)
    expect((await fetch(records('t', '?offset=x'))).status).toBe(400)
    expect((await fetch(records('t', '?ofset=1'))).status).toBe(400)
  })

  it('spread keys over partitions as Kafka does, and keep the order within each', async () => {
    await log.createTopic('wide', { partitions: 3 })
    const keys = Array.from({ length: 60 }, (_, i) => `key-${i % 7}`)
    const { body } = await post('wide', keys.map((key, i) => JSON.stringify({ key, value: i })).join('\n'))
    const places = body['offsets'] as { partition: number; offset: number }[]
    const seen = new Map<string, number>()
    for (const [i, key] of keys.entries()) {
      expect(seen.get(key) ?? places[i]!.partition).toBe(places[i]!.partition)
      seen.set(key, places[i]!.partition)
    }
    expect(new Set(seen.values()).size).toBeGreaterThan(1)
    for (const [i, { partition, offset }] of places.entries()) {
      expect(parsed(await read('wide', `?partition=${partition}&offset=${offset}&limit=1`))[0]).toMatchObject({ value: i })
    }
    expect(await post('wide', '{"value":1,"partition":3}')).toMatchObject({ status: 404, body: { error_code: 'LOG_UNKNOWN_TOPIC' } })
  })

  it('say everything that is wrong, and append nothing then', async () => {
    const lines = ['{"value":1}', '{"valeu":1}', '[1]', '{"value":1,}', '{"key":1}', '{"value":1,"partition":-1}', '{"value":1,"headers":{"a":1}}', '{"value":1,"timestamp":"soon"}', '']
    const { status, body } = await post('t', lines.join('\n'))
    expect([status, body['error_code']]).toEqual([400, 'DATA_BAD_RECORD'])
    const faults = (body['details'] as { records: { record: number; message: string }[] }).records
    expect(faults.map(({ record }) => record)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(faults[0]!.message).toContain('Did you mean "value"')
    expect(log.topic('t')).toBeUndefined()
    expect(await post('t', '{"value":1')).toMatchObject({ status: 400 })
    expect(await post('t', '[{"value":1},]', { 'content-type': 'application/json' })).toMatchObject({ status: 400, body: { error_code: 'REQUEST_INVALID' } })
    expect(await post('t', '{"value":1}', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({ status: 415 })
    expect(await post('t', '{"value":1}', { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 })
    expect(await post('$gaps', '{"value":1}')).toMatchObject({ status: 400, body: { error_code: 'LOG_INVALID' } })
  })

  it('keep to their limits', async () => {
    await restart({ maxBodyBytes: 1000, maxRecordBytes: 100, newTopics: null })
    expect(await post('t', '{"value":1}')).toMatchObject({ status: 404, body: { error_code: 'LOG_UNKNOWN_TOPIC' } })
    await log.createTopic('t')
    const wide = JSON.stringify({ value: 'x'.repeat(99) })
    expect(await post('t', wide)).toMatchObject({ status: 413, body: { error_code: 'LIMIT_MESSAGE_SIZE', details: { records: [{ record: 0 }] } } })
    expect(await post('t', `${JSON.stringify({ value: 'x'.repeat(90) })}\n`.repeat(20))).toMatchObject({ status: 413 })
    // Without a length in front.
    const request = httpRequest(records('t'), { method: 'POST', headers: { 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' } })
    request.on('error', () => undefined)
    request.write(' '.repeat(600))
    request.write(' '.repeat(600))
    const [response] = (await once(request, 'response')) as [{ statusCode: number }]
    expect(response.statusCode).toBe(413)
    request.destroy()
    expect(await read('t')).toEqual([])
  })

  it('are idempotent for a producer', async () => {
    const from = (sequence: number, ...values: number[]) =>
      post('t', values.map((value) => `{"value":${value}}`).join('\n'), { 'producer-id': 'p', 'producer-sequence': String(sequence) })
    const offsets = (...list: number[]) => ({ status: 200, body: { offsets: list.map((offset) => ({ partition: 0, offset })) } })
    expect(await from(0, 10, 11)).toEqual(offsets(0, 1))
    await post('t', '{"value":"between"}')
    expect(await from(0, 10, 11)).toEqual(offsets(0, 1))
    expect(await from(1, 11, 12, 13)).toEqual(offsets(1, 3, 4))
    expect(await from(5, 15)).toMatchObject({ status: 409, body: { error_code: 'LOG_SEQUENCE' } })
    // Both at once: one of them appends.
    expect(await Promise.all([from(4, 14), from(4, 14)])).toEqual([offsets(5), offsets(5)])
    expect(parsed(await read('t')).map((r) => r['value'])).toEqual([10, 11, 'between', 12, 13, 14])
    expect(await post('t', '{"value":1}', { 'producer-id': 'p' })).toMatchObject({ status: 400 })
    await log.close()
    log = await openLog({ directory: folder })
    await restart()
    expect(await from(3, 13, 14, 15)).toEqual(offsets(4, 5, 6))
    // Another topic of the same name knows nothing of it.
    expect((await fetch(`${server.url}/v1/topics/t`, { method: 'DELETE' })).status).toBe(204)
    expect(await from(0, 1)).toEqual(offsets(0))
  })
})

describe('topics', () => {
  it('are listed, described and deleted, whatever their names', async () => {
    const name = 'a/b ü%?#'
    await post(name, '{"value":1}')
    expect(await (await fetch(`${server.url}/v1/topics`)).json()).toMatchObject({ topics: [{ name, partitions: 1 }] })
    const path = `${server.url}/v1/topics/${encodeURIComponent(name)}`
    expect(await (await fetch(path)).json()).toMatchObject({ name, partitions: [{ partition: 0, start: 0, end: 1 }] })
    expect((await fetch(path, { method: 'DELETE' })).status).toBe(204)
    expect((await fetch(path, { method: 'DELETE' })).status).toBe(404)
    expect((await fetch(path)).status).toBe(404)
    expect((await fetch(path, { method: 'PUT' })).status).toBe(405)
    expect((await fetch(`${server.url}/v2`)).status).toBe(404)
    expect((await fetch(`${server.url}/v1/topics/%ff`)).status).toBe(400)
  })
})

describe('health and metrics', () => {
  it('tell alive from ready', async () => {
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    expect(await (await fetch(`${server.url}/readyz?verbose`)).json()).toMatchObject({
      status: 'ready',
      checks: [{ name: 'server', status: 'ok' }, { name: 'log', status: 'ok' }],
    })
    server.stop()
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503)
    expect(await post('t', '{"value":1}')).toMatchObject({ status: 503, body: { error_code: 'SERVER_STOPPING' } })
  })

  it('warn of a retention that holds too little', async () => {
    await log.createTopic('short', { retentionBytes: 1_000_000 })
    await post('short', JSON.stringify({ value: 'x'.repeat(400_000) }))
    const { status, checks } = (await (await fetch(`${server.url}/readyz?verbose`)).json()) as { status: string; checks: object[] }
    expect(status).toBe('ready')
    expect(checks).toContainEqual(expect.objectContaining({ name: 'topic "short"', status: 'warning' }))
  })

  it('count', async () => {
    await post('t', '{"value":1}\n{"value":2}')
    await fetch(`${server.url}/v1/topics/none`)
    const text = await (await fetch(`${server.url}/metrics`)).text()
    for (const line of [
      'millrace_client_messages_total{direction="in"} 2',
      'millrace_client_acknowledged_total 2',
      'millrace_log_records_total 2',
      'millrace_clients 0',
      'millrace_http_requests_total{path="/v1/topics/{topic}",status="404"} 1',
      'millrace_client_dropped_total{reason="keep_alive"} 0',
    ]) {
      expect(text).toContain(`\n${line}\n`)
    }
    expect(text).toMatch(/\nmillrace_event_loop_lag_seconds\{quantile="0.99"\} \d/)
    expect(text).toMatch(/\nmillrace_log_append_seconds_count 1\n/)
    expect(text).toContain('version="1.2.3"')
  })
})

describe('access', () => {
  const status = (headers: Record<string, string>, method = 'GET', path = '/v1/topics') =>
    new Promise<[number, Record<string, unknown>]>((resolve, reject) => {
      const request = httpRequest(`${server.url}${path}`, { method, headers }, (response) => {
        response.resume()
        resolve([response.statusCode!, response.headers])
      })
      request.on('error', reject)
      request.end()
    })

  it('is refused to hosts and origins that nobody listed', async () => {
    await restart({ origins: ['https://app.example'], hosts: ['box.example'] })
    for (const host of ['evil.example', 'localhost.evil.example', 'evil.example:80', 'box.example.evil', '[::1', 'localhost:1:2']) {
      expect((await status({ host }))[0]).toBe(403)
    }
    for (const host of ['localhost', 'LOCALHOST:9', '127.0.0.1:1', '[::1]:80', '10.1.2.3', 'box.example:80']) {
      expect((await status({ host }))[0]).toBe(200)
    }
    for (const origin of ['https://evil.example', 'null', 'https://app.example.evil', 'http://app.example', 'https://app.example:444']) {
      expect((await status({ origin }))[0]).toBe(403)
      const ws = new WebSocket(`${server.url.replace('http', 'ws')}/v1/subscribe/t`, { origin })
      ws.on('error', () => undefined)
      const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number }]
      expect(response.statusCode).toBe(403)
      ws.terminate()
    }
    const [ok, headers] = await status({ origin: 'https://app.example' })
    expect([ok, headers['access-control-allow-origin']]).toEqual([200, 'https://app.example'])
    expect((await status({ origin: server.url, host: new URL(server.url).host }))[0]).toBe(200)
    expect((await status({ origin: 'https://app.example', 'access-control-request-method': 'POST' }, 'OPTIONS'))[0]).toBe(204)
  })

  it('does not listen where others can reach it unless told', async () => {
    await expect(startServer({ log, port: 0, host: '0.0.0.0' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    const open = await startServer({ log, port: 0, host: '0.0.0.0', insecure: true })
    expect((await fetch(`http://127.0.0.1:${open.port}/livez`)).status).toBe(200)
    await open.close()
  })
})

describe('ingest over WebSocket', () => {
  it('acknowledges in order what is durable', async () => {
    const { ws, has } = await client('/v1/ingest/t')
    expect(parsed(await has(1))).toEqual([{ ready: { topic: 't', sequence: 0 } }])
    for (let i = 0; i < 500; i++) ws.send(`{"value":${i}}`)
    const acks = parsed((await has(501)).slice(1))
    expect(acks).toEqual(Array.from({ length: 500 }, (_, i) => ({ ack: { sequence: i, partition: 0, offset: i } })))
    expect(parsed(await read('t', '?limit=1000')).map((r) => r['value'])).toEqual(Array.from({ length: 500 }, (_, i) => i))
    ws.close()
  })

  it('takes messages as values', async () => {
    const { ws, has } = await client('/v1/ingest/t?raw=true')
    ws.send('{"a":1.0}')
    ws.send('no json')
    ws.send(Buffer.from([0, 255]))
    await has(4)
    expect((await read('t')).map((line) => /"value":.*(?=,"headers")/.exec(line)![0])).toEqual([
      '"value":{"a":1.0}',
      '"value":"no json","value_encoding":"text"',
      '"value":"AP8=","value_encoding":"base64"',
    ])
    ws.close()
  })

  it('answers a bad record in its place', async () => {
    const { ws, has, closed } = await client('/v1/ingest/t')
    for (const text of ['{"value":1}', '{"x":2}', '{"value":3}']) ws.send(text)
    ws.send(Buffer.from('x'))
    const answers = parsed((await has(5)).slice(1))
    expect(answers).toMatchObject([
      { ack: { sequence: 0, offset: 0 } },
      { error: { sequence: 1, error_code: 'DATA_BAD_RECORD' } },
      { ack: { sequence: 2, offset: 1 } },
      { error: { sequence: 3 } },
    ])
    const strict = await client('/v1/ingest/t?producer_id=p')
    for (const text of ['{"value":4}', '{"x":5}', '{"value":6}']) strict.ws.send(text)
    expect(await strict.closed).toEqual([4400, 'DATA_BAD_RECORD'])
    expect(parsed(strict.messages.slice(1))).toMatchObject([{ ack: { sequence: 0, offset: 2 } }, { error: { sequence: 1 } }])
    await server.close()
    expect((await closed)[0]).toBe(1012)
  })

  it('goes on where a producer was', async () => {
    const first = await client('/v1/ingest/t?producer_id=p')
    for (let i = 0; i < 10; i++) first.ws.send(`{"value":${i}}`)
    await first.has(11)
    first.ws.terminate()
    const again = await client('/v1/ingest/t?producer_id=p&sequence=7')
    for (let i = 7; i < 15; i++) again.ws.send(`{"value":${i}}`)
    const [ready, ...acks] = parsed(await again.has(9))
    expect(ready).toEqual({ ready: { topic: 't', sequence: 7, producer_id: 'p', next: 10 } })
    expect(acks).toEqual(Array.from({ length: 8 }, (_, i) => ({ ack: { sequence: 7 + i, partition: 0, offset: 7 + i } })))
    const ahead = await client('/v1/ingest/t?producer_id=p&sequence=16')
    ahead.ws.send('{"value":16}')
    expect(await ahead.closed).toEqual([4400, 'LOG_SEQUENCE'])
    expect(parsed(await read('t')).map((r) => r['value'])).toEqual(Array.from({ length: 15 }, (_, i) => i))
    again.ws.close()
  })

  it('reads no more than it can hold', async () => {
    const { ws, has } = await client('/v1/ingest/t?raw=true')
    const text = 'x'.repeat(100_000)
    for (let i = 0; i < 300; i++) ws.send(text)
    const acks = parsed((await has(301)).slice(1))
    expect(acks.at(-1)).toEqual({ ack: { sequence: 299, partition: 0, offset: 299 } })
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('\nmillrace_work_bytes 0\n')
    ws.close()
  })

  it('refuses what it does not know', async () => {
    expect(await (await client('/v1/ingest/$gaps')).closed).toEqual([4400, 'topic "$gaps" cannot be changed from outside'])
    expect((await (await client('/v1/ingest/t?sequence=x')).closed)[0]).toBe(4400)
    await restart({ newTopics: null })
    const unknown = await client('/v1/ingest/t')
    expect((await unknown.closed)[0]).toBe(4400)
    expect(parsed(unknown.messages)).toMatchObject([{ error: { error_code: 'LOG_UNKNOWN_TOPIC' } }])
  })
})

describe('subscriptions', () => {
  const cursors = (messages: readonly string[]) => parsed(messages).map((m) => m['cursor'] as string)
  const append = (topic: string, from: number, to: number, pad = '') =>
    log.append({ topic, records: Array.from({ length: to - from }, (_, i) => ({ value: Buffer.from(`{"n":${from + i}${pad}}`) })) })
  const numbers = (messages: readonly string[]) =>
    parsed(messages).flatMap((m) => (m['value'] === undefined ? [] : [(m['value'] as { n: number }).n]))
  const upTo = (n: number, from = 0) => Array.from({ length: n - from }, (_, i) => from + i)

  it('start where they are told and go on live', async () => {
    await log.createTopic('t')
    await append('t', 0, 3)
    const all = await client('/v1/subscribe/t?from=earliest')
    const late = await client('/v1/subscribe/t')
    const after = await client('/v1/subscribe/t?from=0:1')
    expect(parsed(await late.has(1))).toEqual([{ $millrace: { subscribed: { topic: 't', cursor: '0:2' } } }])
    await append('t', 3, 5)
    expect(numbers(await all.has(6))).toEqual([0, 1, 2, 3, 4])
    expect(numbers(await after.has(4))).toEqual([2, 3, 4])
    expect(numbers(await late.has(3))).toEqual([3, 4])
    expect(cursors(all.messages.slice(1))).toEqual(['0:0', '0:1', '0:2', '0:3', '0:4'])
    expect(all.messages[1]).toMatch(/^\{"cursor":"0:0","timestamp":"\d{4}-[^"]+Z","key":null,"value":\{"n":0\}\}$/)
    const moment = (parsed(all.messages)[4] as unknown as { timestamp: string }).timestamp
    const since = await client(`/v1/subscribe/t?from=${encodeURIComponent(moment)}`)
    expect(numbers(await since.has(3))).toEqual([3, 4])
  })

  it('have no seam between history and now, nor after coming back', { timeout: 60_000 }, async () => {
    await log.createTopic('t', { partitions: 2 })
    const total = 30_000
    let written = 0
    const writing = (async () => {
      while (written < total) {
        const records = upTo(Math.min(total, written + 100), written).map((n) => ({ value: Buffer.from(`{"n":${n},"pad":"${'x'.repeat(200)}"}`) }))
        written += records.length
        await log.commit({
          appends: [0, 1].map((partition) => ({ topic: 't', partition, records: records.filter((_, i) => i % 2 === partition) })),
        })
      }
    })()
    const collect = async (stopEvery: number): Promise<number[]> => {
      const seen: number[] = []
      let from = 'earliest'
      while (seen.length < total) {
        const { ws, messages } = await client(`/v1/subscribe/t?from=${from}`)
        let taken = 0
        await new Promise<void>((resolve) => {
          const check = (): void => {
            if (messages.length > stopEvery || seen.length + messages.length > total) resolve()
          }
          ws.on('message', check)
          check()
        })
        ws.terminate()
        for (const message of parsed(messages.splice(0)) as { cursor?: string; value?: { n: number } }[]) {
          if (message.cursor === undefined) continue
          from = message.cursor
          seen.push(message.value!.n)
          taken++
        }
        expect(taken).toBeGreaterThan(0)
      }
      return seen
    }
    const results = await Promise.all([collect(total * 2), collect(total * 2), collect(7000), collect(1000)])
    await writing
    for (const seen of results) {
      expect(seen.length).toBe(total)
      for (const partition of [0, 1]) {
        // Within a partition in order; every record once.
        expect(seen.filter((n) => n % 2 === partition)).toEqual(upTo(total).filter((n) => n % 2 === partition))
      }
    }
  })

  it('say the gaps of a captured source, where they are and when they come', async () => {
    const gap = (offset: number) => ({ topic: 'feed', partition: 0, offset, from: '2026-01-31T12:00:00Z', to: null, reason: 'lost', count: null })
    const said = (offset: number) => ({ topic: '$gaps', records: [{ key: Buffer.from('feed'), value: Buffer.from(JSON.stringify(gap(offset))) }] })
    const record = (n: number) => ({ topic: 'feed', records: [{ value: Buffer.from(String(n)) }] })
    await log.createTopic('feed')
    await log.createTopic('$gaps')
    await log.commit({ appends: [record(0), said(1)] })
    await log.commit({ appends: [record(1)] })
    const { has, ws } = await client('/v1/subscribe/feed?from=earliest')
    const late = await client('/v1/subscribe/feed?from=0:0')
    const history = parsed(await has(4)).slice(1)
    expect(history).toContainEqual({ $millrace: { gap: gap(1) } })
    expect(history.filter((m) => 'value' in m).map((m) => m['value'])).toEqual([0, 1])
    expect(parsed(await late.has(3)).slice(1)).toMatchObject([{ $millrace: { gap: gap(1) } }, { value: 1 }])
    await log.commit({ appends: [said(2), record(2)] })
    await log.commit({ appends: [said(3)] })
    expect(parsed(await has(7)).slice(4)).toMatchObject([{ $millrace: { gap: gap(2) } }, { value: 2 }, { $millrace: { gap: gap(3) } }])
    const later = await client('/v1/subscribe/feed?from=latest')
    expect(parsed(await later.has(2))[1]).toMatchObject({ $millrace: { gap: gap(3) } })
    for (const socket of [ws, late.ws, later.ws]) socket.terminate()
  })

  it('let a slow client read later, and delay nobody else', { timeout: 60_000 }, async () => {
    await restart({ queueBytes: 64 * 1024 })
    await log.createTopic('t')
    const slow = await client('/v1/subscribe/t')
    const fast = await client('/v1/subscribe/t')
    await Promise.all([slow.has(1), fast.has(1)])
    slow.ws.pause()
    const pad = `,"pad":"${'x'.repeat(10_000)}"`
    for (let i = 0; i < 2000; i += 100) {
      await append('t', i, i + 100, pad)
      await fast.has(1 + i + 100)
    }
    expect(slow.messages.length).toBeLessThan(1500)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(Number(/millrace_client_fell_behind_total (\d+)/.exec(metrics)![1])).toBeGreaterThan(0)
    slow.ws.resume()
    expect(numbers(await slow.has(2001))).toEqual(upTo(2000))
    await append('t', 2000, 2010)
    expect(numbers(await slow.has(2011)).slice(2000)).toEqual(upTo(2010, 2000))
  })

  it('state what retention took from them', { timeout: 60_000 }, async () => {
    await restart({ queueBytes: 64 * 1024 })
    await log.createTopic('t', { retentionBytes: 2 * 1024 * 1024 })
    const slow = await client('/v1/subscribe/t?from=earliest')
    await slow.has(1)
    slow.ws.pause()
    const pad = `,"pad":"${'x'.repeat(10_000)}"`
    for (let i = 0; i < 3000; i += 100) await append('t', i, i + 100, pad)
    await log.maintain()
    const [range] = await log.offsets('t')
    expect(range!.start).toBeGreaterThan(1500)
    slow.ws.resume()
    while (numbers(slow.messages.slice(-1))[0] !== 2999) await slow.has(slow.messages.length + 1)
    const gaps = parsed(slow.messages).flatMap((m) => (m['$millrace'] as { gap?: { from: number; to: number; partition: number; reason: string } } | undefined)?.gap ?? [])
    expect(gaps).toEqual([{ partition: 0, from: expect.any(Number) as number, to: expect.any(Number) as number, reason: 'retention' }])
    const lost = upTo(gaps[0]!.to + 1, gaps[0]!.from)
    expect([...numbers(slow.messages), ...lost].sort((a, b) => a - b)).toEqual(upTo(3000))
  })

  it('follow partitions that are added', async () => {
    await log.createTopic('t')
    const { has } = await client('/v1/subscribe/t')
    await has(1)
    await log.alterTopic('t', { partitions: 2 })
    await log.append({ topic: 't', partition: 1, records: [{ value: Buffer.from('{"n":7}') }] })
    expect(parsed(await has(2))[1]).toMatchObject({ cursor: '0:-1,1:0', value: { n: 7 } })
  })

  it('end with a word when the topic is gone, or never was', async () => {
    await log.createTopic('t')
    const { has, closed, messages } = await client('/v1/subscribe/t')
    await has(1)
    await log.deleteTopic('t')
    expect((await closed)[0]).toBe(4400)
    expect(parsed(messages)[1]).toMatchObject({ error: { error_code: 'LOG_UNKNOWN_TOPIC' } })
    expect(await (await client('/v1/subscribe/t')).closed).toEqual([4400, 'the log has no topic "t"'])
    await log.createTopic('t')
    expect((await (await client('/v1/subscribe/t?from=0:5')).closed)[0]).toBe(4400)
    expect((await (await client('/v1/subscribe/t?from=yesterday')).closed)[0]).toBe(4400)
    const again = await client('/v1/subscribe/t?from=0:-1')
    expect(parsed(await again.has(1))).toEqual([{ $millrace: { subscribed: { topic: 't', cursor: '0:-1' } } }])
    await server.close()
    expect((await again.closed)[0]).toBe(1012)
  })
})
