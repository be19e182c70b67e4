import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { encodeFrame, OPCODE } from '../../wire/index.ts'
import { ReplayServer, type ReplayEvent, type ReplayOptions } from './replay-server.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-replay-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string | Buffer): string {
  const path = join(folder, String(++files))
  writeFileSync(path, content)
  return path
}

const servers: ReplayServer[] = []
async function serve(options: ReplayOptions): Promise<ReplayServer> {
  const server = await ReplayServer.start({ speed: 'max', ...options })
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((s) => s.close()))
})

interface Visit {
  readonly frames: readonly string[]
  readonly binary: readonly boolean[]
  /** 1006: the connection ended without a close frame. */
  readonly code: number
  readonly error: string | undefined
  readonly arrivals: readonly number[]
}

interface Guest {
  /** Called after every frame with the number of frames so far. */
  readonly onFrame?: (count: number, ws: WebSocket) => void
  readonly onOpen?: (ws: WebSocket) => void
}

/** One connection of a client that knows nothing of replays, from the handshake to the end. */
function visit(url: string, guest: Guest = {}): Promise<Visit> {
  return new Promise((done) => {
    const ws = new WebSocket(url, { maxPayload: 0 })
    const frames: string[] = []
    const binary: boolean[] = []
    const arrivals: number[] = []
    let error: string | undefined
    ws.on('open', () => guest.onOpen?.(ws))
    ws.on('message', (data: Buffer, isBinary) => {
      frames.push(data.toString(isBinary ? 'base64' : 'utf8'))
      binary.push(isBinary)
      arrivals.push(performance.now())
      guest.onFrame?.(frames.length, ws)
    })
    ws.on('error', (e: NodeJS.ErrnoException) => (error = e.code ?? e.message))
    ws.on('close', (code) => done({ frames, binary, code, error, arrivals }))
  })
}

/** Comes back until the server says that it is over. */
async function visitUntilClean(url: string): Promise<Visit[]> {
  const visits: Visit[] = []
  do visits.push(await visit(url))
  while (visits.at(-1)!.code !== 1000)
  return visits
}

const MESSAGES = Array.from({ length: 12 }, (_, i) => JSON.stringify({ n: i, pad: 'x'.repeat(i * 40) }))
/** More than the buffers of the kernel hold. */
const BULK = Array.from({ length: 400 }, (_, i) => `${i} ${'z'.repeat(50_000)}`)
const LINES = MESSAGES.join('\n')
const frameLine = (conn: string, ts: number, data: string): string => JSON.stringify({ t: 'recv', conn, ts, data })

describe('ReplayServer', () => {
  it('serves every format, packed or not, and closes cleanly', async () => {
    const timed = MESSAGES.map((m, i) => `${1723161253937085768n + BigInt(i)} ${m}`).join('\n')
    const frames = MESSAGES.map((m, i) => frameLine('a', 1618677816 + i / 1000, m)).join('\n')
    for (const content of [LINES, timed, frames, gzipSync(frames), gzipSync(timed)]) {
      const server = await serve({ recording: file(content) })
      const { frames: got, code, binary } = await visit(server.url)
      expect(got).toEqual(MESSAGES)
      expect(code).toBe(1000)
      expect(binary).not.toContain(true)
      expect(server.frames).toBe(12)
    }
  })

  it('sends text where text was recorded and binary where binary was', async () => {
    const server = await serve({
      recording: file(
        `${frameLine('a', 1, 'é')}\n{"t":"recv","conn":"a","ts":1,"b64":"AP+A"}\n{"t":"send","conn":"a","ts":2,"data":"no"}\n`,
      ),
    })
    const { frames, binary } = await visit(server.url)
    expect(frames).toEqual(['é', 'AP+A'])
    expect(binary).toEqual([false, true])
  })

  it('carries frames of every header size', async () => {
    const messages = [0, 1, 125, 126, 127, 65_535, 65_536, 3_000_000].map((n) => `"${'y'.repeat(n)}"`)
    const server = await serve({ recording: file(messages.join('\n')) })
    const { frames } = await visit(server.url)
    expect(frames.map((f) => f.length)).toEqual(messages.map((m) => m.length))
    expect(frames.every((f, i) => f === messages[i])).toBe(true)
  })

  it('serves only its path', async () => {
    const server = await serve({ recording: file(LINES), path: '/feed' })
    expect(server.url).toMatch(/:\d+\/feed$/)
    expect((await visit(server.url)).frames).toHaveLength(12)
    expect((await visit(server.url.replace('/feed', '/other'))).error).toContain('404')
  })

  it('serves an empty recording by closing', async () => {
    const server = await serve({ recording: file(''), loop: true })
    expect(await visit(server.url)).toMatchObject({ frames: [], code: 1000 })
  })

  it('waits for the messages of the client', async () => {
    const server = await serve({ recording: file(LINES), waitForMessages: 2 })
    const said: string[] = []
    const { frames } = await visit(server.url, {
      onOpen: (ws) => {
        ws.ping()
        ws.once('pong', () => {
          said.push('first')
          ws.send('first')
          ws.ping()
          ws.once('pong', () => {
            said.push('second')
            ws.send('second')
          })
        })
      },
      onFrame: () => expect(said).toEqual(['first', 'second']),
    })
    expect(frames).toHaveLength(12)
  })

  it('keeps the recorded pace, faster by the speed', async () => {
    const content = [0, 0.4, 0.4, 0.8].map((s, i) => frameLine('a', 1000 + s, `m${i}`)).join('\n')
    const server = await serve({ recording: file(content), speed: 4 })
    const { arrivals } = await visit(server.url)
    const since = arrivals.map((t) => t - arrivals[0]!)
    // Timers may be late, never early by more than their own resolution.
    expect(since[1]).toBeGreaterThan(90)
    expect(since[2]! - since[1]!).toBeLessThan(60)
    expect(since[3]).toBeGreaterThan(190)
    const fast = await serve({ recording: file(content), speed: 1000 })
    const quick = await visit(fast.url)
    expect(quick.arrivals[3]! - quick.arrivals[0]!).toBeLessThan(100)
  })

  it('loops until the client leaves', async () => {
    const server = await serve({ recording: file(LINES), loop: true })
    const { frames } = await visit(server.url, { onFrame: (count, ws) => count === 100 && ws.close() })
    expect(frames.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => MESSAGES[i % 12]))
    expect((await visit(server.url, { onFrame: (count, ws) => count === 1 && ws.close() })).frames[0]).toBe(MESSAGES[0])
  })

  it('gives a client that left by itself the beginning again', async () => {
    const server = await serve({ recording: file(LINES), speed: 1, dropEvery: 100 })
    await visit(server.url, { onFrame: (count, ws) => count === 3 && ws.terminate() })
    expect((await visit(server.url)).frames).toEqual(MESSAGES)
  })

  it('waits for slow clients instead of piling up frames', async () => {
    const server = await serve({ recording: file(BULK.join('\n')) })
    const client = new WebSocket(server.url)
    await once(client, 'open')
    client.pause()
    // The kernel takes a few megabytes, then nothing moves.
    for (let before = -1; before !== server.frames; ) {
      before = server.frames
      await new Promise((next) => setTimeout(next, 100))
    }
    expect(server.frames).toBeLessThan(350)
    const got: string[] = []
    client.on('message', (data) => got.push(data.toString()))
    const closed = once(client, 'close')
    client.resume()
    expect((await closed)[0]).toBe(1000)
    expect(got.every((g, i) => g === BULK[i])).toBe(true)
    expect(got).toHaveLength(400)
  })

  describe('of several connections', () => {
    const content = [
      frameLine('a', 1, 'a1'),
      frameLine('b', 2, 'b1'),
      frameLine('a', 3, 'a2'),
      frameLine('c', 4, 'c1'),
      frameLine('b', 5, 'b2'),
    ].join('\n')

    it('gives the n-th client the n-th one, and counts round', async () => {
      const server = await serve({ recording: file(content) })
      const got: (readonly string[])[] = []
      for (let i = 0; i < 4; i++) got.push((await visit(server.url)).frames)
      expect(got).toEqual([['a1', 'a2'], ['b1', 'b2'], ['c1'], ['a1', 'a2']])
    })

    it('picks one by name', async () => {
      const server = await serve({ recording: file(content), conn: 'b' })
      expect((await visit(server.url)).frames).toEqual(['b1', 'b2'])
      expect((await visit(server.url)).frames).toEqual(['b1', 'b2'])
      await expect(serve({ recording: file(content), conn: 'delta' })).rejects.toMatchObject({ code: 'USAGE' })
    })

    it('finishes after one delivery of each', async () => {
      const server = await serve({ recording: file(content), once: true })
      const got = await Promise.all([visit(server.url), visit(server.url), visit(server.url)])
      await server.finished
      expect(got.map((v) => v.frames.join()).sort()).toEqual(['a1,a2', 'b1,b2', 'c1'])
      expect((await visit(server.url)).error).toBe('ECONNREFUSED')
    })

    it('finishes after the one that was asked for', async () => {
      const server = await serve({ recording: file(content), once: true, conn: 'c' })
      await visit(server.url)
      await server.finished
      expect(server.clients).toBe(1)
    })
  })

  it('once: a client that leaves early does not count', async () => {
    const server = await serve({ recording: file(BULK.join('\n')), once: true })
    await visit(server.url, { onFrame: (count, ws) => count === 1 && ws.terminate() })
    expect((await visit(server.url)).frames).toHaveLength(400)
    await server.finished
    expect(server.clients).toBe(2)
  })

  it('tells what happens', async () => {
    const events: ReplayEvent[] = []
    const server = await serve({ recording: file(LINES), once: true, dropEvery: 7, onEvent: (e) => events.push(e) })
    await visitUntilClean(server.url)
    await server.finished
    expect(events.map((e) => [e.kind, e.client, e.frames])).toEqual([
      ['connected', 1, 0],
      ['broken', 1, 7],
      ['connected', 2, 7],
      ['completed', 2, 12],
    ])
  })

  it('reports a recording that cannot be read on, to the client and to its owner', async () => {
    const server = await serve({ recording: file(`${frameLine('a', 1, 'good')}\n{"t":"recv","conn":"a"}\n`) })
    expect((await visit(server.url)).code).toBe(1011)
    await expect(server.finished).rejects.toMatchObject({ code: 'DATA_BAD_RECORD' })
  })

  it('survives a client that breaks the protocol', async () => {
    const server = await serve({ recording: file(LINES), waitForMessages: 1 })
    const closed = await visit(server.url, {
      // A client must mask its frames.
      onOpen: (ws) => ws.send('not masked', { mask: false }),
    })
    expect(closed).toMatchObject({ code: 1002, frames: [] })
    expect((await visit(server.url, { onOpen: (ws) => ws.send('go') })).frames).toEqual(MESSAGES)
  })

  it.each([
    [{ loop: true, once: true }, 'exclude each other'],
    [{ speed: 0 }, 'not a positive number'],
    [{ speed: Number.NaN }, 'not a positive number'],
    [{ dropEvery: 0 }, 'every 0 frames'],
    [{ dropAt: [0] }, 'from 1 up'],
    [{ closeCode: 1006 }, 'must not be sent'],
    [{ reset: true, stall: true }, 'exclude each other'],
  ] as const)('refuses %j', async (options, message) => {
    await expect(serve({ recording: file(LINES), ...options })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    })
  })

  it('says when its port is taken and when its file is absent', async () => {
    const server = await serve({ recording: file(LINES) })
    await expect(serve({ recording: file(LINES), port: server.port })).rejects.toMatchObject({
      code: 'CONNECTOR_ADDRESS_IN_USE',
    })
    await expect(serve({ recording: join(folder, 'absent') })).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' })
  })
})

describe('faults', () => {
  it('drops with FIN after every N frames and loses none', async () => {
    for (let n = 1; n <= 13; n++) {
      const server = await serve({ recording: file(LINES), dropEvery: n })
      const visits = await visitUntilClean(server.url)
      expect(visits.flatMap((v) => v.frames)).toEqual(MESSAGES)
      const dropped = visits.slice(0, -1)
      expect(dropped.every((v) => v.code === 1006 && v.error === undefined && v.frames.length === n)).toBe(true)
      expect(visits).toHaveLength(Math.floor(12 / n) + 1)
    }
  })

  it('loses none at random places either, under a client that talks all the time', async () => {
    const messages = Array.from({ length: 3000 }, (_, i) => `${i} ${'w'.repeat((i * 7919) % 700)}`)
    const path = file(messages.join('\n'))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { maxLength: 6 }), async (dropAt) => {
        const server = await serve({ recording: path, dropAt })
        const got: string[] = []
        let visits = 0
        let code = 0
        do {
          const seen = await visit(server.url, {
            onOpen: (ws) => ws.send('subscribe'),
            onFrame: (count, ws) => count % 50 === 0 && ws.ping(),
          })
          got.push(...seen.frames)
          code = seen.code
          visits++
        } while (code !== 1000)
        expect(visits).toBe(dropAt.length + 1)
        expect(got.length).toBe(3000)
        expect(got.every((g, i) => g === messages[i])).toBe(true)
        await server.close()
      }),
      { numRuns: 15 },
    )
  })

  it('goes on with its schedule while nobody is connected', async () => {
    const content = [0, 0.5, 1, 1.5].map((s, i) => frameLine('a', 1000 + s, `m${i}`)).join('\n')
    const server = await serve({ recording: file(content), speed: 1, dropAt: [1] })
    const started = performance.now()
    await visit(server.url)
    // Time itself is what is tested: the second frame falls due while nobody is there.
    await new Promise((next) => setTimeout(next, 1100))
    const { frames, arrivals } = await visit(server.url)
    expect(frames).toEqual(['m1', 'm2', 'm3'])
    expect(arrivals[1]! - arrivals[0]!).toBeLessThan(400)
    expect(arrivals[2]! - started).toBeGreaterThan(1450)
  })

  it('resets: the frame at the break is lost, what follows goes on', async () => {
    const server = await serve({ recording: file(LINES), dropAt: [4, 8], reset: true })
    const visits = await visitUntilClean(server.url)
    expect(visits.map((v) => v.code)).toEqual([1006, 1006, 1000])
    const got = visits.flatMap((v) => v.frames)
    expect(got).not.toContain(MESSAGES[4])
    expect(got).toEqual(got.filter((g) => MESSAGES.includes(g)))
    expect(visits[2]!.frames).toEqual(MESSAGES.slice(9))
    // The place counts frames that are gone: after 8 of them comes the second break.
    expect(visits[1]!.frames.every((f) => MESSAGES.slice(5, 8).includes(f))).toBe(true)
  })

  it.each([
    [{ dropAt: [4] }, 'takes'],
    [{ dropAt: [4], reset: true }, 'refuses'],
    [{ reset: true }, 'refuses'],
  ] as const)('%j: the broken connection %s what the client still sends', async (options, how) => {
    const server = await serve({ recording: file(LINES), waitForMessages: 1, ...options })
    const socket = connectTcp({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    let error: Error | undefined
    socket.on('error', (e) => (error = e))
    socket.write(
      [
        'GET / HTTP/1.1',
        'Host: x',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        '',
        '',
      ].join('\r\n'),
    )
    await once(socket, 'data')
    socket.resume()
    socket.write(encodeFrame(OPCODE.text, 'go', 'client'))
    // A reset that comes together with data shows as an end at first; writing tells the two apart.
    await Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => {})
    const closed = new Promise((done) => socket.once('close', done))
    socket.write(encodeFrame(OPCODE.text, 'still there', 'client'), () => socket.end())
    if (!socket.closed) await closed
    expect(error === undefined ? 'takes' : 'refuses').toBe(how)
  })

  it('closes with a code, at places or at the end', async () => {
    const server = await serve({ recording: file(LINES), dropEvery: 5, closeCode: 1012 })
    const visits = await visitUntilClean(server.url)
    expect(visits.map((v) => [v.code, v.frames.length])).toEqual([
      [1012, 5],
      [1012, 5],
      [1000, 2],
    ])
    expect(visits.flatMap((v) => v.frames)).toEqual(MESSAGES)
    const end = await serve({ recording: file(LINES), closeCode: 4001, once: true })
    expect(await visit(end.url)).toMatchObject({ code: 4001, frames: MESSAGES })
    await end.finished
  })

  it('stalls: the connection stays, nothing comes, no pong either, and the next client goes on', async () => {
    const server = await serve({ recording: file(LINES), dropAt: [4], stall: true })
    const stalled = new WebSocket(server.url)
    const got: string[] = []
    let pongs = 0
    const four = new Promise<void>((next) => {
      stalled.on('message', (data) => got.push(data.toString()) === 4 && next())
    })
    stalled.on('pong', () => pongs++)
    await four
    stalled.ping()
    const rest = await visit(server.url)
    expect(rest.frames).toEqual(MESSAGES.slice(4))
    expect(got).toEqual(MESSAGES.slice(0, 4))
    expect(pongs).toBe(0)
    expect(stalled.readyState).toBe(WebSocket.OPEN)
    const closed = once(stalled, 'close')
    stalled.close()
    await closed
  })

  it('answers pings as long as it does not stall', async () => {
    const server = await serve({ recording: file(LINES), waitForMessages: 1 })
    const client = new WebSocket(server.url)
    await once(client, 'open')
    client.ping('are you there')
    expect(String((await once(client, 'pong'))[0])).toBe('are you there')
    client.terminate()
  })
})

const BINANCE = resolve('../shared/data/binance-spot/frames.txt.gz')
describe.skipIf(!existsSync(BINANCE))('the binance recording (skipped where ../shared/data is absent)', () => {
  it('arrives whole at full speed, with drops and without', async () => {
    const want = createHash('sha256')
    let lines = 0
    for (const line of gunzipSync(readFileSync(BINANCE)).toString('latin1').split('\n')) {
      if (line === '') continue
      want.update(line.slice(line.indexOf(' ') + 1), 'latin1').update('\n')
      lines++
    }
    const digest = want.digest('hex')
    expect(lines).toBe(179_318)
    for (const dropAt of [[], [1, 77, 10_000, 10_001, 100_000, 179_317]]) {
      const server = await serve({ recording: BINANCE, dropAt, once: true })
      const got = createHash('sha256')
      let frames = 0
      let code = 0
      while (code !== 1000) {
        code = await new Promise<number>((done) => {
          const ws = new WebSocket(server.url, { perMessageDeflate: false })
          ws.on('message', (data: Buffer) => {
            got.update(data).update('\n')
            frames++
          })
          ws.on('close', done)
        })
      }
      await server.finished
      expect(frames).toBe(179_318)
      expect(got.digest('hex')).toBe(digest)
    }
  })
})
