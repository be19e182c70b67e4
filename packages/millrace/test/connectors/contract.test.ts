import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { SimulatedExchange, symbolNames } from '../../src/connectors/index.ts'
import { sinkContract, sourceContract } from './contract.ts'

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

const folder = mkdtempSync(join(tmpdir(), 'millrace-contract-'))
cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newPath = (): string => join(folder, `file-${files++}`)
const lines = Array.from({ length: 500 }, (_, i) => `{"line":${i}}`)

async function server(onClient: (ws: WebSocket) => void): Promise<string> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  wss.on('connection', onClient)
  await once(wss, 'listening')
  cleanups.push(() => {
    for (const ws of wss.clients) ws.terminate()
    wss.close()
  })
  return `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`
}

sourceContract({
  connector: 'websocket',
  finite: async () => {
    const endpoint = await server((ws) => {
      for (const line of lines) ws.send(line)
      ws.close(1000)
    })
    return { options: { endpoint, end_of_input: 'clean_close' }, payloads: lines }
  },
  quiet: async () => ({ options: { endpoint: await server(() => undefined) }, first: 0 }),
  breaking: async () => {
    const endpoint = await server((ws) => {
      for (const line of lines.slice(1)) ws.send(line)
      ws.send(lines[0]!, () => ws.terminate())
    })
    return { options: { endpoint }, payloads: [...lines.slice(1), lines[0]!] }
  },
  endless: async () => {
    let sent = 0
    const message = Buffer.alloc(256 * 1024)
    const endpoint = await server((ws) => {
      const next = () => ws.send(message, (error) => error ?? ((sent += message.length), next()))
      next()
    })
    return { options: { endpoint }, sent: () => sent, limit: 256 * 1024 * 1024 }
  },
  bad: [
    [{}, 'needs option "endpoint"'],
    [{ endpoint: 'http://x' }, 'ws://'],
    [{ endpoint: 'ws://x', ping_interval: 'often' }, '"often" is no duration'],
    [{ endpoint: 'ws://x', max_message_size: 'big' }, '"big" is no size'],
    [{ endpoint: 'ws://x', end_of_input: 'maybe' }, 'end_of_input'],
    [{ endpoint: 'ws://x', 'reconnect.max_retries': -1 }, '"-1" is no whole number'],
    [{ endpoint: 'ws://x', type: 'sink' }, 'is no sink'],
  ],
})

sourceContract({
  connector: 'single_file',
  finite: async () => {
    const path = newPath()
    writeFileSync(path, lines.join('\n'))
    return { options: { path }, payloads: lines }
  },
  quiet: async () => {
    const path = newPath()
    execFileSync('mkfifo', [path])
    const writer = openSync(path, 'r+')
    // A read that waits in the system for a pipe lets nobody go before something comes.
    cleanups.push(
      () => closeSync(writer),
      () => writeFileSync(writer, '\n\n\n\n'),
    )
    return { options: { path }, first: 0 }
  },
  bad: [
    [{}, 'needs option "path"'],
    [{ path: '' }, 'path'],
    [{ path: 'x', wait_for_control: 'perhaps' }, '"perhaps" is neither true nor false'],
    [{ path: 'x', max_line_size: '-1' }, '"-1" is no size'],
  ],
})

sourceContract({
  connector: 'simulator',
  finite: async () => {
    const exchange = new SimulatedExchange({ seed: 5, symbols: symbolNames(3) })
    const payloads = Array.from({ length: 2500 }, (_, i) => exchange.encode(exchange.next(1_767_225_600_000_000 + i)))
    return { options: { seed: 5, symbols: 3, count: 2500, rate: 'unlimited', start_time: '2026-01-01' }, payloads }
  },
  quiet: async () => ({ options: { rate: 0.001 }, first: 1 }),
  bad: [
    [{ rate: 'fast' }, '"fast" is no rate'],
    [{ symbols: '0' }, '"0" gives no symbols'],
    [{ start_time: 'soon' }, '"soon" is no time'],
    [{ seed: 1.5 }, '"1.5" is no whole number'],
  ],
})

sinkContract({
  connector: 'single_file',
  target: async () => {
    const path = newPath()
    return { options: { path }, read: async () => (await readFile(path, 'utf8')).split('\n').slice(0, -1) }
  },
  unwritable: [
    async () => [{ path: folder }, 'FILE_NOT_WRITABLE'],
    async () => [{ path: join(folder, 'absent', 'x') }, 'FILE_NOT_WRITABLE'],
  ],
  bad: [[{ type: 'lookup', path: 'x' }, 'type']],
})

sinkContract({
  connector: 'stdout',
  target: async ({ stdout }) => ({
    options: {},
    read: async () => String(stdout.read()).split('\n').slice(0, -1),
  }),
  unwritable: [],
  bad: [[{ format: 'jsonl' }, 'there is no format "jsonl"']],
})

sinkContract({
  connector: 'blackhole',
  target: async ({ notices }) => ({
    options: {},
    read: async () => {
      const count = Number(/took (\d+) rows/.exec(notices.join())?.[1])
      return Array.from({ length: count }, (_, i) => `{"i":${i}}`)
    },
  }),
  unwritable: [],
  bad: [[{ type: 'source' }, 'is no source']],
})

sinkContract({
  connector: 'websocket_server',
  target: async (context) => {
    const received: string[] = []
    let ended: Promise<unknown> | undefined
    return {
      options: { port: 0 },
      opened: async () => {
        const ws = new WebSocket(context.urls.at(-1)!)
        ws.on('message', (data) => received.push(String(data)))
        ended = once(ws, 'close')
        await once(ws, 'open')
      },
      read: async () => {
        await ended
        return received
      },
    }
  },
  unwritable: [
    async () => {
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      cleanups.push(() => taken.close())
      return [{ port: (taken.address() as AddressInfo).port }, 'CONNECTOR_ADDRESS_IN_USE']
    },
  ],
  bad: [
    [{}, 'needs option "port"'],
    [{ port: 'http' }, '"http" is no whole number'],
    [{ port: 1, path: 'x y' }, 'is no path'],
    [{ port: 1, slow_client: 'conflate' }, 'needs "conflate.key"'],
    [{ port: 1, slow_client: 'wait' }, 'slow_client'],
    [{ port: 1, queue_size: 'much' }, '"much" is no size'],
  ],
})
