import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { listen, type Listener, type ListenOptions } from '../../wire/index.ts'
import type { RecordingFormat } from './format.ts'
import { recordWebSocket } from './record-websocket.ts'
import { Recording } from './recording.ts'
import { RecordingWriter } from './recording-writer.ts'
import { ReplayServer } from './replay-server.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-record-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const path = (name: string): string => join(folder, `${++files}-${name}`)

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function feed(onClient: ListenOptions['onClient']): Promise<Listener> {
  const listener = await listen({ port: 0, onClient })
  cleanups.push(() => listener.close({ graceMs: 0 }))
  return listener
}

async function replay(file: string): Promise<ReplayServer> {
  const server = await ReplayServer.start({ recording: file, speed: 'max' })
  cleanups.push(() => server.close())
  return server
}

async function frames(
  file: string,
  format?: RecordingFormat,
): Promise<(readonly [binary: boolean, payload: string])[]> {
  const result: (readonly [boolean, string])[] = []
  const recording = await Recording.open(file, format === undefined ? {} : { format })
  for await (const batch of recording.frames({ ordinal: 0 })) {
    for (const { binary, payload } of batch) result.push([binary, Buffer.from(payload as string).toString('latin1')])
  }
  return result
}

describe('recordWebSocket', () => {
  it('writes what went over the connection, with exact times', async () => {
    const server = await feed(({ ws }) => {
      ws.on('message', (data) => ws.send(`you said ${data.toString()}`))
      ws.send('wélcome')
      ws.send(Buffer.from([0, 255]))
    })
    const output = path('talk.jsonl')
    let micros = 1_723_161_253_937_085
    const result = await recordWebSocket(server.url.replace('//', '//user:secret@').replace(/$/, '?token=secret'), {
      output,
      messages: ['{"op":"subscribe"}', 'second'],
      count: 4,
      conn: 'feed 1',
      clock: { now: () => micros++ },
    })
    expect(result).toMatchObject({ ended: 'count', messages: 4, bytes: 8 + 2 + 27 + 15 })
    const content = readFileSync(output, 'utf8')
    expect(content).not.toContain('secret')
    const addr = server.url
    expect(content.trimEnd().split('\n')).toEqual([
      `{"t":"connect","conn":"feed 1","ts":1723161253.937085,"addr":"${addr}"}`,
      `{"t":"send","conn":"feed 1","ts":1723161253.937086,"addr":"${addr}","data":"{\\"op\\":\\"subscribe\\"}"}`,
      `{"t":"send","conn":"feed 1","ts":1723161253.937087,"addr":"${addr}","data":"second"}`,
      '{"t":"recv","conn":"feed 1","ts":1723161253.937088,"data":"wélcome"}',
      '{"t":"recv","conn":"feed 1","ts":1723161253.937089,"b64":"AP8="}',
      '{"t":"recv","conn":"feed 1","ts":1723161253.937090,"data":"you said {\\"op\\":\\"subscribe\\"}"}',
      '{"t":"recv","conn":"feed 1","ts":1723161253.937091,"data":"you said second"}',
    ])
  })

  it('makes recordings that replay as they were recorded, packed ones too', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) =>
      JSON.stringify(
        i % 7 === 0
          ? { t: 'recv', conn: 'a', ts: i / 1000, b64: Buffer.from(`binary ${i}`).toString('base64') }
          : { t: 'recv', conn: 'a', ts: i / 1000, data: `text ${i} € "quoted" \\ \n ${'x'.repeat(i % 300)}` },
      ),
    )
    const original = path('original.jsonl')
    writeFileSync(original, lines.join('\n'))
    for (const name of ['copy.jsonl', 'copy.jsonl.gz']) {
      const server = await replay(original)
      const output = path(name)
      const result = await recordWebSocket(server.url, { output })
      expect(result).toMatchObject({ ended: 'closed', closeCode: 1000, messages: 5000 })
      expect(await frames(output)).toEqual(await frames(original))
      const magic = readFileSync(output).subarray(0, 2).toString('hex')
      expect(magic === '1f8b').toBe(name.endsWith('.gz'))
    }
  })

  it('stops after a duration, and when told to, and the file is whole', async () => {
    const server = await feed(({ ws }) => ws.send('only one'))
    const timed = path('timed.gz')
    expect(await recordWebSocket(server.url, { output: timed, durationMs: 50 })).toMatchObject({
      ended: 'duration',
      messages: 1,
    })
    expect(gunzipSync(readFileSync(timed)).toString()).toMatch(/"data":"only one"}\n$/)

    const stop = new AbortController()
    const stopped = path('stopped')
    const result = await recordWebSocket(server.url, {
      output: stopped,
      signal: stop.signal,
      onProgress: ({ messages }) => messages === 1 && stop.abort(),
    })
    expect(result).toMatchObject({ ended: 'aborted', messages: 1 })
    expect(await frames(stopped)).toEqual([[false, 'only one']])
  })

  it('keeps what it has when the connection is lost', async () => {
    const server = await feed(({ ws, socket }) => {
      ws.send('first')
      ws.send('second', () => socket.end())
    })
    const output = path('lost')
    expect(await recordWebSocket(server.url, { output })).toMatchObject({
      ended: 'closed',
      closeCode: 1006,
      messages: 2,
    })
    expect(await frames(output)).toHaveLength(2)
  })

  it('is a valid recording at any moment', async () => {
    const writer = await RecordingWriter.open(path('growing.gz'))
    await writer.begin()
    const event = { kind: 'recv', conn: 'a', micros: 1e15, binary: false } as const
    writer.write({ ...event, payload: 'one' })
    let seen: unknown[] = []
    while (seen.length === 0) {
      await new Promise((next) => setImmediate(next))
      seen = await frames(writer.file, 'frames')
    }
    expect(seen).toEqual([[false, 'one']])
    writer.write({ ...event, payload: 'two' })
    await writer.close()
    expect(await frames(writer.file)).toHaveLength(2)
  })

  it('refuses a file it cannot write before it connects', async () => {
    const server = await feed(() => {})
    await expect(recordWebSocket(server.url, { output: join(folder, 'no', 'such') })).rejects.toMatchObject({
      code: 'FILE_NOT_WRITABLE',
      message: expect.stringContaining('its directory does not exist'),
    })
    await expect(recordWebSocket(server.url, { output: folder })).rejects.toMatchObject({
      code: 'FILE_NOT_WRITABLE',
      message: expect.stringContaining('it is a directory'),
    })
    expect(server.clients.size).toBe(0)
  })

  it('leaves the file as it was when it cannot connect', async () => {
    const server = await feed(() => {})
    await server.close()
    const absent = path('absent')
    await expect(recordWebSocket(server.url, { output: absent })).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_CONNECTED',
    })
    expect(existsSync(absent)).toBe(false)
    const old = path('old')
    writeFileSync(old, 'precious\n')
    await expect(recordWebSocket(server.url, { output: old })).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_CONNECTED',
    })
    expect(readFileSync(old, 'utf8')).toBe('precious\n')
    await expect(recordWebSocket('http://x', { output: absent })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect(existsSync(absent)).toBe(false)
  })

  it('replaces an older recording', async () => {
    const server = await feed(({ ws }) => {
      ws.send('new')
      ws.close(1000)
    })
    const output = path('replaced')
    writeFileSync(output, 'old '.repeat(1000))
    await recordWebSocket(server.url, { output })
    expect(await frames(output)).toEqual([[false, 'new']])
  })

  it.skipIf(!existsSync('/dev/full'))('says that the disk is full (needs /dev/full)', async () => {
    const server = await feed(({ ws }) => ws.send('x'.repeat(300_000)))
    await expect(recordWebSocket(server.url, { output: '/dev/full', durationMs: 300 })).rejects.toMatchObject({
      code: 'FILE_NOT_WRITABLE',
      message: expect.stringContaining('the disk is full'),
    })
  })
})
