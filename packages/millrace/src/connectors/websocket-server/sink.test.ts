import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { never, type TestContext, testContext } from '../../../test/connectors/context.ts'
import { OPCODE } from '../../wire/index.ts'
import { MillraceErrors, type OptionValue } from '../../kernel/index.ts'
import type { Sink } from '../connector.ts'
import { resolveTable } from '../table-options.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(
  options: Record<string, OptionValue> = {},
  context: TestContext = testContext(),
): Promise<{ sink: Sink; url: string; context: TestContext }> {
  const { connector, connectorOptions } = resolveTable(
    { connector: 'websocket_server', port: 0, ...options },
    context.table,
  )
  const sink = await connector.sink!(connectorOptions, context)
  await sink.open(never)
  cleanups.push(() => sink.close({ kind: 'stopped' }))
  return { sink, url: context.urls.at(-1)!, context }
}

function rows(...texts: string[]) {
  let end = 0
  return {
    bytes: Buffer.from(texts.join('')),
    offsets: Uint32Array.from([0, ...texts.map((text) => (end += Buffer.byteLength(text)))]),
  }
}

interface Client {
  readonly ws: WebSocket
  readonly messages: string[]
  /** Resolves when `count` messages are there. */
  has(count: number): Promise<readonly string[]>
  readonly closed: Promise<[code: number, reason: string]>
}

async function client(url: string, protocols: string[] = [], options: ClientOptions = {}): Promise<Client> {
  const ws = new WebSocket(url, protocols, options)
  const messages: string[] = []
  let wake = (): void => undefined
  ws.on('message', (data, isBinary) => {
    expect(isBinary).toBe(false)
    messages.push(String(data))
    wake()
  })
  const closed = new Promise<[number, string]>((resolve) =>
    ws.once('close', (code, reason) => resolve([code, String(reason)])),
  )
  await once(ws, 'open')
  cleanups.push(() => ws.terminate())
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

async function refusal(url: string, options: ClientOptions = {}): Promise<number> {
  const ws = new WebSocket(url, options)
  ws.on('error', () => undefined)
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number }]
  ws.terminate()
  return response.statusCode
}

const wide = (i: number) => `{"i":${i},"k":"${i % 3}","pad":"${'x'.repeat(10_000)}"}`
const number = (message: string) => (JSON.parse(message) as { i: number }).i

/** A client that reads nothing after its handshake. */
async function deafClient(url: string): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url)
  const socket = connectTcp(Number(port), hostname)
  cleanups.push(() => socket.destroy())
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  )
  await once(socket, 'data')
  socket.pause()
  return socket
}

describe('websocket_server sink', () => {
  it('sends every row as one text message to every client', async () => {
    const { sink, url } = await serve()
    const clients = [await client(url), await client(url)]
    await sink.write(rows('{"a":1}', '{"a":2}'), never)
    await sink.write(rows('{"a":3}'), never)
    for (const each of clients) expect(await each.has(3)).toEqual(['{"a":1}', '{"a":2}', '{"a":3}'])
  })

  it.each([
    ['?envelope=true', []],
    ['', ['other', 'millrace.envelope']],
  ])('numbers rows for clients that ask for it with %j %j', async (query, protocols) => {
    const { sink, url } = await serve()
    await sink.write(rows('{"a":1}'), never)
    const enveloped = await client(url + query, protocols)
    await sink.write(rows('{"a":"2"}'), never)
    const [hello, row] = await enveloped.has(2)
    expect(JSON.parse(hello!)).toEqual({
      $millrace: { hello: { stream: expect.stringMatching(/^[0-9a-f]{8}$/) as string, next: 1 } },
    })
    expect(row).toBe('{"seq":1,"row":{"a":"2"}}')
  })

  it('resumes, and states what it cannot bring back', async () => {
    const { sink, url } = await serve({ queue_size: 1024, replay_size: 1024 })
    for (let i = 0; i < 40; i++) await sink.write(rows(wide(i)), never)
    const resumed = await client(`${url}?from=38`)
    expect((await resumed.has(2)).map(number)).toEqual([38, 39])
    const late = await client(`${url}?from=3&envelope=true`)
    const [, gap, first] = await late.has(3)
    const { to } = (JSON.parse(gap!) as { $millrace: { gap: { to: number } } }).$millrace.gap
    expect(JSON.parse(gap!)).toEqual({ $millrace: { gap: { from: 3, to, count: to - 2, reason: 'not_retained' } } })
    expect(JSON.parse(first!)).toMatchObject({ seq: to + 1, row: { i: to + 1 } })
  })

  it('disconnects a client that does not read, and delays nobody for it', async () => {
    const { sink, url } = await serve({ queue_size: '256 KiB' })
    const deaf = await deafClient(url)
    const quick = await client(url)
    const total = 2000
    for (let i = 0; i < total; i++) {
      await sink.write(rows(wide(i)), never)
      // The quick client is never further behind than it can be while it keeps up.
      if (i % 10 === 9) await quick.has(i + 1)
    }
    expect(quick.messages.map(number)).toEqual(Array.from({ length: total }, (_, i) => i))
    // Everything before the last frame was written before the policy applied: a close frame with 4429 and the row to resume from.
    const frames = await readFrames(deaf)
    const { opcode, payload } = frames.at(-1)!
    expect(opcode).toBe(OPCODE.close)
    expect(payload.readUInt16BE(0)).toBe(4429)
    expect(payload.toString('utf8', 2)).toMatch(
      new RegExp(`^too slow; resume with from=${frames.length - 1}&stream=[0-9a-f]{8}$`),
    )
    expect(frames.length).toBeLessThan(total)
  })

  it.each(['drop_oldest', 'conflate'] as const)('keeps a slow client with %s', async (policy) => {
    const { sink, url } = await serve({
      queue_size: '64 KiB',
      slow_client: policy,
      ...(policy === 'conflate' ? { 'conflate.key': 'k' } : {}),
    })
    const slow = await client(url)
    slow.ws.pause()
    for (let i = 0; i < 3000; i++) await sink.write(rows(wide(i)), never)
    slow.ws.resume()
    while (number(slow.messages.at(-1) ?? '{}') !== 2999) await slow.has(slow.messages.length + 1)
    const gaps = slow.messages
      .filter((m) => m.startsWith('{"$millrace"'))
      .map((m) => (JSON.parse(m) as { $millrace: { gap: { from: number; to: number; count: number } } }).$millrace.gap)
    const received = slow.messages.filter((m) => !m.startsWith('{"$millrace"')).map(number)
    expect(received).toEqual([...received].sort((a, b) => a - b))
    expect(received.length).toBeLessThan(3000)
    if (policy === 'conflate') {
      expect(gaps).toEqual([])
      expect(received.slice(-3)).toEqual([2997, 2998, 2999])
    } else {
      expect(received.length + gaps.reduce((sum, gap) => sum + gap.count, 0)).toBe(3000)
    }
  })

  it.each([
    [{ kind: 'complete' }, 1000],
    [{ kind: 'stopped' }, 1001],
    [{ kind: 'failed', error: new Error('secret details') }, 1011],
  ] as const)('tells its clients how it ended: %j', async (ending, code) => {
    const { sink, url } = await serve()
    const listening = await client(url)
    await sink.write(rows('last'), never)
    await sink.close(ending)
    expect((await listening.closed)[0]).toBe(code)
    expect((await listening.closed)[1]).not.toContain('secret')
    expect(listening.messages).toEqual(['last'])
    await sink.close(ending)
  })

  it('shares a port between tables with different paths, and frees it after the last', async () => {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const one = await serve({ port, path: '/one' }, testContext('one'))
    const two = await serve({ port, path: '/two' }, testContext('two'))
    const [first, second] = [await client(one.url), await client(two.url)]
    await one.sink.write(rows('1'), never)
    await two.sink.write(rows('2'), never)
    expect([await first.has(1), await second.has(1)]).toEqual([['1'], ['2']])
    await expect(serve({ port, path: '/two' }, testContext('three'))).rejects.toThrow('serves two tables')
    await one.sink.close({ kind: 'complete' })
    await two.sink.write(rows('3'), never)
    expect(await second.has(2)).toEqual(['2', '3'])
    expect(await refusal(one.url)).toBe(404)
    await two.sink.close({ kind: 'complete' })
    const again = await serve({ port, path: '/one' })
    expect(again.url).toBe(one.url)
  })

  it('says at open that an address is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    cleanups.push(() => taken.close())
    const { port } = taken.address() as AddressInfo
    await expect(serve({ port })).rejects.toMatchObject({
      code: 'CONNECTOR_ADDRESS_IN_USE',
      message: `address "127.0.0.1:${port}" is in use`,
    })
  })

  it('lets in web pages it knows, programs, and no more clients than it may', async () => {
    const { url, context } = await serve({ origins: 'https://app.example, http://localhost:5173', max_clients: 2 })
    for (const origin of [
      'https://evil.example',
      'https://app.example.evil',
      'http://app.example',
      'https://app.example:444',
      'HTTPS://APP.EXAMPLE',
      'null',
    ]) {
      expect(await refusal(url, { origin })).toBe(403)
    }
    expect(context.notices.join()).toContain('https://evil.example')
    await client(url, [], { origin: 'https://app.example' })
    await client(url)
    expect(await refusal(url)).toBe(503)
  })

  it('refuses what it does not know', async () => {
    const { url } = await serve()
    expect(await refusal(`${url}x`)).toBe(404)
    expect(await refusal(`${url}?from=-1`)).toBe(400)
    expect(await refusal(`${url}?from=abc`)).toBe(400)
    expect(() => resolveTable({ connector: 'websocket_server', port: 'http' }, 't')).toThrow(MillraceErrors)
  })

  it('tells plain HTTP what it is', async () => {
    const { url } = await serve({ path: '/vwap' }, testContext('served'))
    const answer = async (path: string) => {
      const request = get(new URL(path, url.replace('ws:', 'http:')))
      const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]
      let body = ''
      for await (const chunk of response) body += String(chunk)
      return { status: response.statusCode, body: JSON.parse(body) as unknown }
    }
    const known = { server: 'millrace', streams: [{ path: '/vwap', table: 'served', clients: 0 }] }
    expect(await answer('/')).toMatchObject({ status: 200, body: known })
    expect(await answer('/vwap')).toMatchObject({ status: 200, body: known })
    expect(await answer('/other')).toMatchObject({ status: 404, body: known })
  })
})

async function readFrames(socket: Socket): Promise<{ opcode: number; payload: Buffer }[]> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.resume()
  const frames: { opcode: number; payload: Buffer }[] = []
  let at = 0
  for (;;) {
    await once(socket, 'data')
    const bytes = Buffer.concat(chunks)
    while (at + 4 <= bytes.length) {
      const short = bytes[at + 1]! & 0x7f
      const [header, length] = short < 126 ? [2, short] : [4, bytes.readUInt16BE(at + 2)]
      if (at + header + length > bytes.length) break
      frames.push({ opcode: bytes[at]! & 0x0f, payload: bytes.subarray(at + header, at + header + length) })
      at += header + length
    }
    if (frames.at(-1)?.opcode === OPCODE.close) return frames
  }
}
