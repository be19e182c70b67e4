import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { listen, type Listener } from '../wire/index.ts'
import { runProgram } from './exit.ts'
import { recordCommand } from './record.ts'
import { replayCommand } from './replay.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let printed = ''
let exitCode: typeof process.exitCode
const onPrint = new Set<() => void>()
beforeEach(() => {
  exitCode = process.exitCode
  printed = ''
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text)
      for (const look of onPrint) look()
      return true
    })
  }
})
const listeners: Listener[] = []
afterEach(async () => {
  process.exitCode = exitCode
  vi.restoreAllMocks()
  await Promise.all(listeners.splice(0).map((l) => l.close({ graceMs: 0 })))
})

async function millrace(...args: string[]): Promise<number> {
  const program = new Command('millrace').addCommand(replayCommand()).addCommand(recordCommand())
  await runProgram(program, ['node', 'millrace', ...args])
  return Number(process.exitCode ?? 0)
}

/** Resolves with the first match in what was printed. */
function toPrint(pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    const look = (): void => {
      const match = pattern.exec(printed)
      if (match === null) return
      onPrint.delete(look)
      resolve(match[0])
    }
    onPrint.add(look)
    look()
  })
}

/** What the operating system would do, but for this command only. */
function sendSignal(name: 'SIGINT' | 'SIGTERM'): void {
  const listener = process.listeners(name).at(-1) as (name: string) => void
  listener(name)
}

function receive(url: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const got: string[] = []
    const ws = new WebSocket(url)
    ws.on('message', (data) => got.push(data.toString()))
    ws.on('close', () => resolve(got))
    ws.on('error', reject)
  })
}

const LINES = ['{"n":1}', '{"n":2}', '{"n":3}']
function capture(): string {
  const file = join(folder, 'capture.jsonl')
  writeFileSync(file, LINES.join('\n'))
  return file
}

describe('millrace replay', () => {
  it('says where it listens, serves, and exits 0 with --once', async () => {
    const done = millrace('replay', capture(), '--port', '0', '--path', '/feed', '--speed', 'max', '--once')
    const url = await toPrint(/ws:\/\/127\.0\.0\.1:\d+\/feed/)
    expect(await receive(url)).toEqual(LINES)
    expect(await done).toBe(0)
    expect(printed).toMatch(/sent 3 frames to 1 client/)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('closes its clients on %s and exits %i', async (name, code) => {
    const before = process.listenerCount(name)
    const done = millrace('replay', capture(), '--port', '0', '--stall')
    const url = await toPrint(/ws:\S+/)
    const client = new WebSocket(url)
    const frames = new Promise<void>((resolve) => client.once('message', () => resolve()))
    const closed = new Promise<number>((resolve) => client.once('close', resolve))
    await frames
    sendSignal(name)
    expect(await done).toBe(code)
    expect(await closed).toBe(1001)
    expect(process.listenerCount(name)).toBe(before)
  })

  it.each([
    [['replay', 'absent.jsonl'], 66, 'does not exist'],
    [['replay'], 64, "missing required argument 'capture'"],
    [['replay', 'x', '--port', '99999'], 64, 'from 0 to 65535'],
    [['replay', 'x', '--speed', 'quick'], 64, 'or max'],
    [['replay', 'x', '--drop-at', '3,0'], 64, 'from 1 up'],
    [['replay', 'x', '--format', 'pcap'], 64, 'Allowed choices are lines, timed, frames'],
    [['replay', 'x', '--sped', '1'], 64, '--speed'],
    [['replay', 'CAPTURE', '--loop', '--once'], 64, 'exclude each other'],
    [['replay', 'CAPTURE', '--close-code', '1006'], 64, 'must not be sent'],
    [['replay', 'CAPTURE', '--conn', 'a'], 64, 'no connection "a"'],
    [['replay', '--help'], 0, 'Exit codes:'],
    [['record', '--help'], 0, 'Exit codes:'],
  ] as const)('%j exits %i', async (args, code, message) => {
    expect(await millrace(...args.map((a) => (a === 'CAPTURE' ? capture() : a)))).toBe(code)
    expect(printed).toContain(message)
  })

  it('exits 69 when its port is taken', async () => {
    const other = await listen({ port: 0, onClient: () => {} })
    listeners.push(other)
    expect(await millrace('replay', capture(), '--port', String(other.port))).toBe(69)
    expect(printed).toContain(`address "127.0.0.1:${other.port}" is in use [CONNECTOR_ADDRESS_IN_USE]`)
  })
})

describe('millrace record', () => {
  it('records what a server sends after the messages it was sent', async () => {
    const feed = await listen({
      port: 0,
      onClient: ({ ws, request }) => {
        ws.on('message', (data) => {
          ws.send(`${request.headers['x-key']} ${data.toString()}`)
          if (data.toString() === 'b') ws.close(1000)
        })
      },
    })
    listeners.push(feed)
    const output = join(folder, 'out.jsonl')
    expect(await millrace('record', feed.url, '-o', output, '-s', 'a', '-s', 'b', '-H', 'X-Key: k:1, 2')).toBe(0)
    const lines = readFileSync(output, 'utf8')
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l))
    expect(lines.map((l) => [l.t, l.data])).toEqual([
      ['connect', undefined],
      ['send', 'a'],
      ['send', 'b'],
      ['recv', 'k:1, 2 a'],
      ['recv', 'k:1, 2 b'],
    ])
    expect(printed).toMatch(/recorded 2 messages \(16 B\)/)
  })

  it('stops at a count, at a duration and at a signal', async () => {
    const feed = await listen({ port: 0, onClient: ({ ws }) => [1, 2, 3].forEach((n) => ws.send(String(n))) })
    listeners.push(feed)
    const output = join(folder, 'limits.jsonl')
    expect(await millrace('record', feed.url, '-o', output, '--count', '2')).toBe(0)
    expect(readFileSync(output, 'utf8').match(/"recv"/g)).toHaveLength(2)
    expect(await millrace('record', feed.url, '-o', output, '--duration', '50ms')).toBe(0)
    expect(readFileSync(output, 'utf8').match(/"recv"/g)).toHaveLength(3)

    const answered = new Promise<void>((resolve) => {
      void listen({
        port: 0,
        onClient: ({ ws }) => {
          ws.ping()
          ws.once('pong', () => resolve())
        },
      }).then((quiet) => {
        listeners.push(quiet)
        interrupted = millrace('record', quiet.url, '-o', output)
      })
    })
    let interrupted: Promise<number> | undefined
    await answered
    sendSignal('SIGINT')
    expect(await interrupted).toBe(130)
    expect(printed).toContain('recorded 0 messages')
  })

  it('says that a connection was lost, and keeps the file', async () => {
    const feed = await listen({ port: 0, onClient: ({ ws, socket }) => ws.send('one', () => socket.end()) })
    listeners.push(feed)
    const output = join(folder, 'lost.jsonl')
    expect(await millrace('record', feed.url, '-o', output)).toBe(69)
    expect(printed).toContain('the connection ended with 1006')
    expect(readFileSync(output, 'utf8')).toContain('"data":"one"')
  })

  it.each([
    [['ws://127.0.0.1:1/', '-o', 'OUT'], 69, 'nothing accepts connections there'],
    [['http://127.0.0.1:1/', '-o', 'OUT'], 78, 'ws://'],
    [['ws://127.0.0.1:1/', '-o', 'no/such/folder/x'], 73, 'its directory does not exist'],
    [['ws://127.0.0.1:1/', '-o', 'OUT', '--cafile', 'absent.pem'], 66, 'absent.pem'],
    [['ws://127.0.0.1:1/', '-o', 'OUT', '-H', 'nonsense'], 64, 'Name: value'],
    [['ws://127.0.0.1:1/', '-o', 'OUT', '--duration', '30'], 64, 'with a unit'],
    [['ws://127.0.0.1:1/'], 64, '--output'],
  ] as const)('%j exits %i and leaves no file', async (args, code, message) => {
    const output = join(folder, 'never.jsonl')
    expect(await millrace('record', ...args.map((a) => (a === 'OUT' ? output : a)))).toBe(code)
    expect(printed).toContain(message)
    expect(existsSync(output)).toBe(false)
  })
})
