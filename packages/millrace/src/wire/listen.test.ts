import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connect } from './connect.ts'
import { encodeFrame } from './frame.ts'
import { listen, type Listener, type ListenOptions, type ServerConnection } from './listen.ts'
import { OPCODE } from './opcode.ts'

const listeners: Listener[] = []

async function start(options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen({ port: 0, onClient: () => {}, ...options })
  listeners.push(listener)
  return listener
}

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((l) => l.close({ graceMs: 0 })))
})

/** Sends `text` on a plain TCP connection and resolves with all the server said until it closed. */
function speak(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(text))
    let heard = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (heard += chunk))
    socket.on('end', () => resolve(heard))
    socket.on('error', reject)
  })
}

function upgrade(path: string, ...headers: string[]): string {
  const fixed = ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  return `${[`GET ${path} HTTP/1.1`, ...fixed, ...headers].join('\r\n')}\r\n\r\n`
}

describe('listen', () => {
  it('delivers frames written to the raw socket beside those of ws', async () => {
    const server = await start({
      path: '/feed',
      onClient: ({ ws, socket }) => {
        socket.write(Buffer.concat([encodeFrame(OPCODE.text, 'one'), encodeFrame(OPCODE.binary, Buffer.from([1, 2]))]))
        ws.send('three')
        socket.write(encodeFrame(OPCODE.text, 'four'))
      },
    })
    expect(server.url).toBe(`ws://127.0.0.1:${server.port}/feed`)
    const { ws } = await connect({ url: server.url })
    const heard: string[] = []
    const all = new Promise<void>((resolve) => {
      ws.on('message', (data, binary) => {
        heard.push(`${binary ? 'binary' : 'text'} ${data.toString()}`)
        if (heard.length === 4) resolve()
      })
    })
    ws.resume()
    await all
    expect(heard).toEqual(['text one', 'binary \x01\x02', 'text three', 'text four'])
    expect(server.clients.size).toBe(1)
    ws.close()
  })

  it('says that an address is in use', async () => {
    const server = await start()
    await expect(start({ port: server.port })).rejects.toMatchObject({
      code: 'CONNECTOR_ADDRESS_IN_USE',
      message: `address "127.0.0.1:${server.port}" is in use`,
    })
  })

  it('says that an address is not one of this machine', async () => {
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'CONNECTOR_IO' })
  })

  it('refuses other paths, origins, versions and plain requests', async () => {
    const server = await start({
      path: '/ws',
      allowOrigin: (origin) => origin === undefined || origin === 'https://good.example',
    })
    const version = 'Sec-WebSocket-Version: 13'
    expect(await speak(server.port, upgrade('/other', version))).toMatch(/^HTTP\/1.1 404 /)
    expect(await speak(server.port, upgrade('/ws/', version))).toMatch(/^HTTP\/1.1 404 /)
    expect(await speak(server.port, upgrade('/ws', 'Sec-WebSocket-Version: 8'))).toMatch(
      /^HTTP\/1.1 426 [^]*Version: 13/,
    )
    for (const origin of [
      'https://evil.example',
      'null',
      'https://good.example.evil.example',
      'https://good.example:444',
    ]) {
      expect(await speak(server.port, upgrade('/ws', version, `Origin: ${origin}`))).toMatch(/^HTTP\/1.1 403 /)
    }
    expect(await speak(server.port, 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 426 /,
    )
    const { ws } = await connect({ url: `${server.url}?token=1`, headers: [['Origin', 'https://good.example']] })
    expect(ws.readyState).toBe(WebSocket.OPEN)
    expect(server.clients.size).toBe(1)
  })

  it('refuses one client too many', async () => {
    const server = await start({ maxClients: 1 })
    await connect({ url: server.url })
    await expect(connect({ url: server.url })).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
  })

  it('ends a handshake that does not come to its end', async () => {
    const server = await start({ handshakeMs: 50 })
    const half = await speak(server.port, 'GET /ws HTTP/1.1\r\nHost: x\r\n')
    expect(half).toMatch(/^HTTP\/1.1 408 /)
    expect(await speak(server.port, '')).toMatch(/^HTTP\/1.1 408 /)
  })

  it('closes a client whose message is over the limit at the header', async () => {
    const server = await start({ maxMessageBytes: 1000 })
    const { ws } = await connect({ url: server.url })
    const closed = once(ws, 'close')
    ws.resume()
    ws.send('x'.repeat(1001))
    expect((await closed)[0]).toBe(1009)
  })

  it('chooses a subprotocol only from its list', async () => {
    const server = await start({ subprotocols: ['v2', 'v1'] })
    expect((await connect({ url: server.url, subprotocols: ['v1', 'v2'] })).protocol).toBe('v2')
    await expect(connect({ url: server.url, subprotocols: ['v3'] })).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_CONNECTED',
    })
    const echo = await start({ subprotocols: 'any' })
    expect((await connect({ url: echo.url, subprotocols: ['v3', 'v1'] })).protocol).toBe('v3')
  })

  it('says goodbye to its clients when it closes, and does not wait for those that do not answer', async () => {
    const accepted: ServerConnection[] = []
    const server = await start({ onClient: (client) => accepted.push(client) })
    const polite = await connect({ url: server.url })
    const mute = connectTcp(server.port, '127.0.0.1')
    mute.write(upgrade('/', 'Sec-WebSocket-Version: 13'))
    await once(mute, 'data')
    const idle = connectTcp(server.port, '127.0.0.1')
    await once(idle, 'connect')
    idle.on('error', () => {})

    const closed = once(polite.ws, 'close')
    polite.ws.resume()
    await server.close({ code: 1012, reason: 'restart', graceMs: 100 })
    const [code, reason] = await closed
    expect([code, String(reason)]).toEqual([1012, 'restart'])
    expect(accepted).toHaveLength(2)
    expect(server.clients.size).toBe(0)
    mute.destroy()
    await expect(connect({ url: server.url })).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
  })
})
