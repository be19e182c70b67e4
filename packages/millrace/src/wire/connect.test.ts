import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttp, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { createServer as createTcp, type AddressInfo, type Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { connect } from './connect.ts'
import { encodeFrame } from './frame.ts'
import { listen } from './listen.ts'
import { OPCODE } from './opcode.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function serve(server: Server | TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('connect', () => {
  it('loses no message that comes with the handshake', async () => {
    const server = await listen({
      port: 0,
      onClient: ({ socket }) => {
        for (let i = 0; i < 100; i++) socket.write(encodeFrame(OPCODE.text, `message ${i}`))
      },
    })
    cleanups.push(() => server.close({ graceMs: 0 }))
    const { ws } = await connect({ url: server.url })
    // A whole turn of the event loop passes before anybody listens.
    await new Promise((resolve) => setImmediate(resolve))
    const heard: string[] = []
    const all = new Promise<void>((resolve) => {
      ws.on('message', (data) => {
        heard.push(data.toString())
        if (heard.length === 100) resolve()
      })
    })
    ws.resume()
    await all
    expect(heard).toEqual(Array.from({ length: 100 }, (_, i) => `message ${i}`))
  })

  it('sends headers in order, repeated ones each on its line, and lifts subprotocols', async () => {
    let raw: string[] = []
    const server = await listen({
      port: 0,
      subprotocols: ['b'],
      onClient: ({ request }) => {
        raw = request.rawHeaders
      },
    })
    cleanups.push(() => server.close({ graceMs: 0 }))
    const connection = await connect({
      url: server.url,
      headers: [
        ['Authorization', 'Bearer a:b,c=='],
        ['X-Tag', 'one'],
        ['x-tag', 'two, three'],
        ['Sec-WebSocket-Protocol', 'a, b'],
      ],
    })
    expect(connection.protocol).toBe('b')
    const pairs = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]]] : []))
    expect(pairs).toContainEqual(['Authorization', 'Bearer a:b,c=='])
    expect(pairs.filter(([name]) => name === 'X-Tag')).toEqual([
      ['X-Tag', 'one'],
      ['X-Tag', 'two, three'],
    ])
  })

  it.each([
    [401, 'CONNECTOR_REFUSED'],
    [403, 'CONNECTOR_REFUSED'],
    [302, 'CONNECTOR_NOT_CONNECTED'],
    [404, 'CONNECTOR_NOT_CONNECTED'],
    [429, 'CONNECTOR_NOT_CONNECTED'],
    [503, 'CONNECTOR_NOT_CONNECTED'],
    [200, 'CONNECTOR_NOT_CONNECTED'],
  ])('status %i is %s', async (status, code) => {
    const port = await serve(createHttp((_, response) => response.writeHead(status, { location: 'http://x/' }).end()))
    const url = `ws://127.0.0.1:${port}/v1?token=s3cret`
    const error = await connect({ url }).catch((e: unknown) => e)
    expect(error).toMatchObject({ code, message: expect.stringContaining(String(status)) })
    expect(String(error)).toContain(`ws://127.0.0.1:${port}`)
    expect(JSON.stringify([error, String(error)])).not.toContain('s3cret')
  })

  it('names the reason when nothing listens there', async () => {
    const tcp = createTcp()
    const port = await serve(tcp)
    tcp.close()
    await expect(connect({ url: `ws://127.0.0.1:${port}/x` })).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_CONNECTED',
      message: `"ws://127.0.0.1:${port}" could not be reached: nothing accepts connections there`,
    })
  })

  it('names a host that does not exist', async () => {
    await expect(connect({ url: 'ws://no-such-host.invalid/' })).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_CONNECTED',
      message: expect.stringContaining('no-such-host.invalid'),
    })
  })

  it('gives up on a server that never answers, or only drips', async () => {
    const port = await serve(
      createTcp((socket) => {
        const drip = setInterval(() => socket.write('H'), 5)
        socket.on('close', () => clearInterval(drip))
        socket.on('error', () => {})
      }),
    )
    await expect(connect({ url: `ws://127.0.0.1:${port}/`, handshakeMs: 60 })).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_CONNECTED',
    })
    const silent = await serve(createTcp((socket) => socket.on('error', () => {})))
    await expect(connect({ url: `ws://127.0.0.1:${silent}/`, handshakeMs: 60 })).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_CONNECTED',
      message: expect.stringContaining('took longer than 0.06 s'),
    })
  })

  it('stops when told to', async () => {
    const port = await serve(createTcp((socket) => socket.on('error', () => {})))
    const stop = new AbortController()
    const attempt = connect({ url: `ws://127.0.0.1:${port}/`, signal: stop.signal })
    stop.abort()
    await expect(attempt).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(connect({ url: `ws://127.0.0.1:${port}/`, signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })

  it.each([
    ['ftp://x/', [], 'no WebSocket address'],
    ['feed', [], 'not a URL'],
    ['ws://x/#top', [], 'fragment'],
    ['ws://x/', [['X: y', 'z']], 'not an HTTP token'],
    ['ws://x/', [['X', 'a\r\nHost: evil']], 'does not allow'],
    ['ws://x/', [['Upgrade', 'h2c']], 'belongs to the handshake'],
    ['ws://x/', [['sec-websocket-key', 'k']], 'belongs to the handshake'],
  ] as const)('refuses %s with headers %j', async (url, headers, message) => {
    await expect(connect({ url, headers })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    })
  })
})

const openssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!openssl)('connect over TLS (needs the openssl command)', () => {
  it('trusts a CA file and refuses an authority it does not know', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'ignore' },
    )
    const https = createHttps({ key: readFileSync(key), cert: readFileSync(cert) })
    const wss = new WebSocketServer({ server: https })
    cleanups.push(() => wss.clients.forEach((client) => client.terminate()))
    const port = await serve(https)
    const url = `wss://localhost:${port}/`
    await expect(connect({ url })).rejects.toMatchObject({
      code: 'CONNECTOR_REFUSED',
      message: expect.stringContaining('not trusted'),
    })
    const { ws } = await connect({ url, tlsCa: readFileSync(cert, 'utf8') })
    expect(ws.readyState).toBe(ws.OPEN)
    ws.terminate()
  })
})
