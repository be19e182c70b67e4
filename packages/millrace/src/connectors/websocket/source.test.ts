import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { never, type TestContext, testContext } from '../../../test/connectors/context.ts'
import { ManualClock, MillraceError } from '../../kernel/index.ts'
import type { Source } from '../connector.ts'
import { resolveTable } from '../table-options.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(
  onClient: (ws: WebSocket, path: string) => void,
  options: ServerOptions = {},
): Promise<{ url: string; server: WebSocketServer }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
  server.on('connection', (ws, request) => onClient(ws, request.url ?? ''))
  await once(server, 'listening')
  cleanups.push(() => {
    for (const ws of server.clients) ws.terminate()
    server.close()
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

async function source(options: Record<string, string | number>, context: TestContext = testContext()): Promise<Source> {
  const { connector, connectorOptions } = resolveTable({ connector: 'websocket', format: 'json', ...options }, 't')
  const created = await connector.source!(connectorOptions, context)
  cleanups.push(() => created.close())
  return created
}

/** Reads until the source has given `count` payloads, or ends. */
async function texts(from: Source, count = Infinity): Promise<string[]> {
  const all: string[] = []
  while (all.length < count) {
    const delivery = await from.read(never)
    if (delivery === null) break
    expect(delivery.payloads.length).toBeGreaterThan(0)
    all.push(...delivery.payloads.map((payload) => Buffer.from(payload.value).toString()))
    await delivery.ack()
  }
  return all
}

async function failure(work: Promise<unknown>): Promise<MillraceError> {
  const outcome = await work.then(
    () => null,
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(MillraceError)
  return outcome as MillraceError
}

describe('websocket source', () => {
  it('delivers text and binary messages with the time of their arrival', async () => {
    const clock = new ManualClock(1_700_000_000_000_000)
    const { url } = await serve((ws) => {
      ws.send('{"a":1}')
      ws.send(Buffer.from([0, 255]))
    })
    const reader = await source({ endpoint: url }, testContext('t', clock))
    await reader.connect(null, never)
    const payloads = []
    while (payloads.length < 2) payloads.push(...(await reader.read(never))!.payloads)
    expect(payloads.map((p) => [...p.value])).toEqual([[...Buffer.from('{"a":1}')], [0, 255]])
    expect(payloads.map((p) => p.timestamp)).toEqual([1_700_000_000_000_000, 1_700_000_000_000_000])
  })

  it('sends headers, subprotocols and subscription messages, with variables filled in', async () => {
    const heard: string[] = []
    let request: Record<string, unknown> = {}
    const { url, server } = await serve(
      (ws, path) => {
        request['path'] = path
        ws.on('message', (data) => {
          heard.push(data.toString())
          if (heard.length === 2) ws.send('subscribed')
        })
      },
      { handleProtocols: (offered) => [...offered].at(-1)! },
    )
    server.on('connection', (_, { headers }) => (request = { ...request, ...headers }))
    const context = testContext()
    Object.assign(context.variables, { TOKEN: 'to:k,X-Fake: e"n', NAME: 'n' })
    const reader = await source(
      {
        endpoint: `${url}/feed/{{ NAME }}?k={{NAME}}`,
        headers:
          'Authorization: Bearer {{ TOKEN }},X-Client-ID: millrace, Host: other.example, Sec-WebSocket-Protocol: a, b',
        subscription_messages: '[\n "{\\"auth\\":\\"{{ TOKEN }}\\"}", "{\\"op\\":\\"subscribe\\"}"]',
      },
      context,
    )
    await reader.connect(null, never)
    expect(await texts(reader, 1)).toEqual(['subscribed'])
    expect(heard).toEqual(['{"auth":"to:k,X-Fake: e\\"n"}', '{"op":"subscribe"}'])
    expect(request).toMatchObject({
      path: '/feed/n?k=n',
      authorization: 'Bearer to:k,X-Fake: e"n',
      'x-client-id': 'millrace',
      host: 'other.example',
      'sec-websocket-protocol': 'a,b',
    })
    expect(request).not.toHaveProperty('x-fake')
  })

  it('delivers what was received before a loss, then states the loss, and subscribes again', async () => {
    const subscriptions: string[] = []
    let gone: () => void
    const over = new Promise<void>((resolve) => (gone = resolve))
    const { url } = await serve((ws) => {
      ws.once('close', () => gone())
      ws.on('message', (data) => {
        subscriptions.push(data.toString())
        ws.send('one')
        ws.send('two')
        if (subscriptions.length === 1) ws.close(1012, 'restarting')
      })
    })
    const context = testContext()
    context.variables['V'] = 'first'
    const reader = await source({ endpoint: url, 'subscription_messages.0': 'sub {{ V }}' }, context)
    await reader.connect(null, never)
    // Everything arrives, the loss included, before the first read.
    await over
    expect(await texts(reader, 2)).toEqual(['one', 'two'])
    const loss = await failure(reader.read(never))
    expect(loss.code).toBe('CONNECTOR_NOT_CONNECTED')
    expect(loss.message).toContain('1012: restarting')
    context.variables['V'] = 'second'
    await reader.connect(null, never)
    expect(await texts(reader, 2)).toEqual(['one', 'two'])
    expect(subscriptions).toEqual(['sub first', 'sub second'])
  })

  it.each([
    ['never', {}, 1000, 'lost'],
    ['clean_close', {}, 1000, 'end'],
    ['clean_close', {}, undefined, 'end'],
    ['clean_close', {}, 1001, 'lost'],
    ['clean_close', {}, 4000, 'lost'],
    ['clean_close', {}, 'cut', 'lost'],
    ['any_close', {}, 1000, 'end'],
    ['any_close', {}, 'cut', 'end'],
    ['never', { 'reconnect.max_retries': 0 }, 'cut', 'end'],
  ] as const)('end_of_input = %s, %j, closed with %s: %s', async (end_of_input, more, how, expected) => {
    const { url } = await serve((ws) => {
      ws.send('last', () => {
        if (how === 'cut') ws.terminate()
        else ws.close(how)
      })
    })
    const reader = await source({ endpoint: url, end_of_input, ...more })
    await reader.connect(null, never)
    if (expected === 'end') {
      expect(await texts(reader)).toEqual(['last'])
      expect(await reader.read(never)).toBeNull()
    } else {
      expect(await texts(reader, 1)).toEqual(['last'])
      expect((await failure(reader.read(never))).code).toBe('CONNECTOR_NOT_CONNECTED')
    }
  })

  it('closes with 1009 on a message over the limit and says so', async () => {
    let closed: Promise<unknown[]> | undefined
    const { url } = await serve((ws) => {
      closed = once(ws, 'close')
      ws.send('small')
      ws.send('x'.repeat(2000))
    })
    const reader = await source({ endpoint: url, max_message_size: '1 KiB' })
    await reader.connect(null, never)
    expect(await texts(reader, 1)).toEqual(['small'])
    const loss = await failure(reader.read(never))
    expect(loss.code).toBe('CONNECTOR_NOT_CONNECTED')
    expect(loss.message).toContain('larger than "max_message_size" (1024 bytes)')
    expect((await closed!)[0]).toBe(1009)
  })

  it('pings a silent server and drops one that does not answer', async () => {
    const { url } = await serve(() => undefined, { autoPong: false } as ServerOptions)
    const reader = await source({ endpoint: url, ping_interval: '20ms', ping_timeout: '20ms' })
    await reader.connect(null, never)
    expect((await failure(reader.read(never))).message).toContain('no answer to a ping')
  })

  it('stays with a server that answers pings but sends nothing, unless told otherwise', async () => {
    let pings = 0
    let enough: () => void
    const pinged = new Promise<void>((resolve) => (enough = resolve))
    const { url } = await serve((ws) => {
      ws.on('ping', () => {
        if (++pings === 3) enough()
      })
    })
    const reader = await source({ endpoint: url, ping_interval: '20ms', ping_timeout: '5s' })
    await reader.connect(null, never)
    await pinged
    const idle = await source({ endpoint: url, ping_interval: '20ms', 'connection.idle_timeout': '100ms' })
    await idle.connect(null, never)
    expect((await failure(idle.read(never))).message).toContain('no message for 0.1 s')
  })

  it('stops reading from the socket while nobody reads from it', async () => {
    const total = 64
    const message = Buffer.alloc(512 * 1024, 'x')
    let sent = 0
    const { url } = await serve((ws) => {
      const send = () => {
        if (sent < total) ws.send(message, () => (sent++, send()))
        else ws.close(1000)
      }
      send()
    })
    const reader = await source({
      endpoint: url,
      end_of_input: 'clean_close',
      ping_interval: '20ms',
      ping_timeout: '20ms',
    })
    await reader.connect(null, never)
    // Nothing happens when the server is held up: it is when nothing more gets through for a while.
    let before = -1
    while (sent !== before) {
      before = sent
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    expect(sent).toBeLessThan(total)
    let received = 0
    for (let delivery = await reader.read(never); delivery !== null; delivery = await reader.read(never)) {
      for (const { value } of delivery.payloads) received += value.length
    }
    expect(received).toBe(total * message.length)
  })

  it.each([401, 403])('does not try again after %i', async (status) => {
    const http = createHttp()
    http.on('upgrade', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    cleanups.push(() => http.close())
    const reader = await source({ endpoint: `ws://127.0.0.1:${(http.address() as AddressInfo).port}` })
    const error = await failure(reader.connect(null, never))
    expect(error.code).toBe('CONNECTOR_REFUSED')
    expect(error.entry.retry).toBe('never')
  })

  it('says who cannot be reached, and that it may be tried again', async () => {
    const { url, server } = await serve(() => undefined)
    server.close()
    const reader = await source({ endpoint: `${url}/path?secret=1` })
    const error = await failure(reader.connect(null, never))
    expect(error.entry.retry).toBe('reconnect')
    expect(error.message).toContain(url)
    expect(error.message).not.toContain('secret')
  })

  it('names a missing variable before connecting, also one that goes missing later', async () => {
    const { url } = await serve((ws) => ws.close())
    const missing = await failure(source({ endpoint: url, headers: 'A: {{ NOT_THERE }}' }))
    expect(missing.code).toBe('CONFIG_VARIABLE_MISSING')
    expect(missing.message).toContain('NOT_THERE')
    const context = testContext()
    context.variables['T'] = 'x'
    const reader = await source({ endpoint: url, subscription_message: '{{ T }}' }, context)
    await reader.connect(null, never)
    await failure(reader.read(never))
    context.variables['T'] = undefined
    expect((await failure(reader.connect(null, never))).code).toBe('CONFIG_VARIABLE_MISSING')
  })

  it('never shows the value of a variable', async () => {
    const secret = 'Sekret-Value'
    const { url } = await serve((ws) => ws.close(1008, 'bad token'))
    const everywhere = { headers: 'Authorization: {{ S }}', subscription_message: '{{ S }}' }
    const attempts: Record<string, string>[] = [
      { endpoint: 'ws://{{ S }}.invalid/x', ...everywhere },
      { endpoint: '{{ S }}', ...everywhere },
      { endpoint: 'ws://{{ S }}@127.0.0.1:1/{{ S }}', ...everywhere },
      { endpoint: `${url}/{{ S }}#{{ S }}`, ...everywhere },
      { endpoint: `${url}/{{ S }}`, headers: 'Sec-WebSocket-Protocol: {{ S }} {{ S }}' },
      { endpoint: `${url}/{{ S }}`, headers: 'X: {{ L }}' },
      { endpoint: `${url}/{{ S }}`, ...everywhere },
    ]
    for (const options of attempts) {
      const context = testContext()
      Object.assign(context.variables, { S: secret, L: `${secret}\r\nHost: x` })
      const reader = await source(options, context)
      const error = await failure(reader.connect(null, never).then(() => reader.read(never)))
      const shown = [
        error.message,
        error.detail,
        error.hint,
        error.stack,
        String(error.cause),
        ...context.notices,
        ...context.urls,
      ]
      expect(shown.join('\n').toLowerCase()).not.toContain(secret.toLowerCase())
    }
  })

  it('warns about long subscriptions and sends them whole', async () => {
    const { url } = await serve((ws) => ws.on('message', (data) => ws.send(String(data.toString().length))))
    const context = testContext()
    const reader = await source({ endpoint: url, subscription_message: 'x'.repeat(3000) }, context)
    await reader.connect(null, never)
    expect(await texts(reader, 1)).toEqual(['3000'])
    expect(context.notices.join()).toContain('longer than 2048')
  })

  it('settles a pending connect and read when it is aborted or closed', async () => {
    const http = createHttp()
    http.on('upgrade', () => undefined)
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    cleanups.push(() => (http.closeAllConnections(), http.close()))
    const silent = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`
    const abort = new AbortController()
    const aborted = (await source({ endpoint: silent })).connect(null, abort.signal)
    abort.abort()
    expect((await failure(aborted)).code).toBe('CANCELLED')
    const closing = await source({ endpoint: silent })
    const pending = closing.connect(null, never)
    await closing.close()
    expect((await failure(pending)).code).toBe('CANCELLED')
  })
})

describe('websocket source over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
  const openssl = makeCertificate(folder)

  it.skipIf(!openssl)('trusts the certificates of tls.cafile and no others (needs the openssl program)', async () => {
    const https = createHttps({
      key: readFileSync(join(folder, 'key.pem')),
      cert: readFileSync(join(folder, 'cert.pem')),
    })
    const server = new WebSocketServer({ server: https })
    server.on('connection', (ws) => ws.send('over TLS'))
    https.listen(0, '127.0.0.1')
    await once(https, 'listening')
    cleanups.push(() => {
      for (const ws of server.clients) ws.terminate()
      https.closeAllConnections()
      https.close()
      rmSync(folder, { recursive: true })
    })
    const endpoint = `wss://localhost:${(https.address() as AddressInfo).port}`
    const trusting = await source({ endpoint, 'tls.cafile': join(folder, 'cert.pem') })
    await trusting.connect(null, never)
    expect(await texts(trusting, 1)).toEqual(['over TLS'])
    const distrusting = await failure((await source({ endpoint })).connect(null, never))
    expect(distrusting.code).toBe('CONNECTOR_REFUSED')
    expect(distrusting.hint).toContain('tls.cafile')
  })

  it('calls a file that is missing or holds no certificate an error of configuration', async () => {
    const other = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    cleanups.push(() => rmSync(other, { recursive: true }))
    writeFileSync(join(other, 'empty.pem'), 'nothing')
    for (const [name, message] of [
      ['absent.pem', 'cannot be read'],
      ['empty.pem', 'holds no certificate'],
    ] as const) {
      const reader = await source({ endpoint: 'wss://127.0.0.1:1', 'tls.cafile': join(other, name) })
      const error = await failure(reader.connect(null, never))
      expect(error.code).toBe('CONFIG_OPTION_INVALID')
      expect(error.message).toContain(message)
    }
  })
})

function makeCertificate(folder: string): boolean {
  const command =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost'
  try {
    execFileSync(
      'openssl',
      [...command.split(' '), '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
      { stdio: 'ignore' },
    )
    return true
  } catch {
    return false
  }
}
