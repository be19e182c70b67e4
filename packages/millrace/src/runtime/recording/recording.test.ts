import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detectFormat } from './format.ts'
import { Recording, type ConnectionChoice, type RecordingOptions } from './recording.ts'
import type { RecordedEvent } from './recorded-event.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-recording-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string | Buffer, name = 'recording'): string {
  const path = join(folder, `${++files}-${name}`)
  writeFileSync(path, content)
  return path
}

async function all(source: AsyncIterable<readonly RecordedEvent[]>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const batch of source) events.push(...batch)
  return events
}

const text = (event: RecordedEvent): string => Buffer.from(event.payload as string).toString()

async function texts(path: string, options?: RecordingOptions): Promise<string[]> {
  const recording = await Recording.open(path, options)
  return (await all(recording.events())).map(text)
}

async function framesOf(recording: Recording, choice: ConnectionChoice): Promise<string[]> {
  return (await all(recording.frames(choice))).map(text)
}

const frameLine = (t: string, conn: string, ts: number, data?: string): string =>
  JSON.stringify({ t, conn, ts, ...(data === undefined ? {} : { data }) })

describe('detectFormat', () => {
  it.each([
    ['lines', ['{"a":1}', '{"a":2}']],
    ['lines', ['hello', '1723161253937085768 {"a":1}']],
    ['lines', ['1 2 3', '4 5 6']],
    ['lines', ['{"t":"trade","conn":"x"}']],
    ['lines', []],
    ['timed', ['1723161253937085768 {"a":1}', '1723161253937085769 plain text']],
    ['timed', ['0 {"a":1}', '1000 [2]']],
    [
      'frames',
      ['{"t":"connect","conn":"a","ts":1.5}', '{"conn":"a","t":"recv","data":"x"}', '{"t":"recv","conn":"a","da'],
    ],
  ] as const)('takes for %s: %j', (format, lines) => {
    expect(detectFormat(lines)).toBe(format)
  })
})

describe('Recording', () => {
  it('reads one message a line, whatever the line ends', async () => {
    expect(await texts(file('{"a":1}\n\n{"b":"é"}\r\nlast'))).toEqual(['{"a":1}', '{"b":"é"}', 'last'])
    expect(await texts(file(''))).toEqual([])
    expect(await texts(file('\n\n'))).toEqual([])
  })

  it('reads times in nanoseconds', async () => {
    const recording = await Recording.open(file('1723161253937085768 {"a":1}\n1723161254024619568  x \n'))
    expect(recording.format).toBe('timed')
    const events = await all(recording.events())
    expect(events.map(text)).toEqual(['{"a":1}', ' x '])
    expect(events[0]!.timeMs).toBeCloseTo(1723161253937.0857, 3)
    expect(events[1]!.timeMs).toBeCloseTo(1723161254024.6196, 3)
  })

  it('reads frame files with text and binary frames', async () => {
    const path = file(
      [
        frameLine('connect', 'a', 1618677816.8434298),
        frameLine('send', 'a', 1618677817, 'subscribe'),
        frameLine('recv', 'a', 1618677817.5, 'line\nbreak "quoted" €'),
        '{"t":"recv","conn":"a","ts":1618677818,"b64":"AP8="}',
      ].join('\n'),
    )
    const recording = await Recording.open(path)
    expect(recording.format).toBe('frames')
    const events = await all(recording.events())
    expect(events.map((e) => [e.kind, e.conn, e.timeMs, e.binary])).toEqual([
      ['connect', 'a', 1618677816.8434298 * 1000, false],
      ['send', 'a', 1618677817000, false],
      ['recv', 'a', 1618677817500, false],
      ['recv', 'a', 1618677818000, true],
    ])
    expect(events[2]!.payload).toBe('line\nbreak "quoted" €')
    expect(Buffer.from(events[3]!.payload as Uint8Array)).toEqual(Buffer.from([0, 255]))
  })

  it('unpacks gzip by its magic, not by its name, and several members of it', async () => {
    expect(await texts(file(gzipSync('one\ntwo\n'), 'packed'))).toEqual(['one', 'two'])
    expect(await texts(file(Buffer.concat([gzipSync('one\n'), gzipSync('two\n')])))).toEqual(['one', 'two'])
    expect(await texts(file('{"not":"packed"}', 'plain.gz'))).toEqual(['{"not":"packed"}'])
  })

  it('takes a cut file for what it holds', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => frameLine('recv', 'a', i, `message ${i} ${Math.sin(i)}`))
    const cut = file(`${lines[0]}\n${lines[1]}\n${lines[2]!.slice(0, 30)}`)
    expect(await texts(cut)).toHaveLength(2)

    const packed = gzipSync(`${lines.join('\n')}\n`)
    const got = await texts(file(packed.subarray(0, packed.length / 2)))
    expect(got.length).toBeGreaterThan(500)
    expect(got.length).toBeLessThan(2000)
    expect(got).toEqual(lines.slice(0, got.length).map((line) => JSON.parse(line).data))
  })

  it('refuses a line that is no event, naming file and line', async () => {
    const path = file(`${frameLine('recv', 'a', 1, 'x')}\n\n{"t":"recv","conn":"a"}\n`)
    await expect(texts(path)).rejects.toMatchObject({
      code: 'DATA_BAD_RECORD',
      message: `line 3 of recording "${path}" cannot be read: it has neither "data" nor "b64"`,
    })
    await expect(texts(file('1723161253937085768 {"a":1}\noops\n'), { format: 'timed' })).rejects.toMatchObject({
      code: 'DATA_BAD_RECORD',
    })
  })

  it('says why a file cannot be read', async () => {
    await expect(Recording.open(join(folder, 'none'))).rejects.toMatchObject({
      code: 'FILE_NOT_READABLE',
      message: expect.stringContaining('does not exist'),
    })
    await expect(Recording.open(folder)).rejects.toMatchObject({ message: expect.stringContaining('it is a directory') })
    const damaged = gzipSync(Array.from({ length: 5000 }, (_, i) => `${Math.sin(i)}\n`).join(''))
    damaged.fill(0xff, 200, 400)
    await expect(texts(file(damaged))).rejects.toMatchObject({
      code: 'FILE_NOT_READABLE',
      message: expect.stringContaining('damaged'),
    })
  })

  it('has no text frame that is not UTF-8', async () => {
    const recording = await Recording.open(file(Buffer.from('ok\n\xff\xfe\n€\n', 'latin1')))
    expect((await all(recording.events())).map((e) => e.binary)).toEqual([false, true, true])
    const utf8 = await Recording.open(file('ok\n€\n'))
    expect((await all(utf8.events())).map((e) => e.binary)).toEqual([false, false])
  })

  it('reads any lines across any chunks', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.nat(400_000).map((n) => 'x'.repeat(n)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.boolean(), async (raw, packed) => {
        const lines = raw.map((l) => l.replaceAll(/[\r\n]/g, ' '))
        const content = lines.join('\n')
        const got = await texts(file(packed ? gzipSync(content) : content), { format: 'lines' })
        const want = lines.filter((l) => l !== '')
        expect(got.length).toBe(want.length)
        got.forEach((g, i) => expect(g === want[i]).toBe(true))
      }),
      { numRuns: 40 },
    )
  })

  describe('of several connections', () => {
    const lines = [
      frameLine('connect', 'a', 1),
      frameLine('connect', 'b', 1),
      frameLine('recv', 'b', 2, 'b1'),
      frameLine('send', 'a', 2, 'not for clients'),
      frameLine('recv', 'a', 3, 'a1'),
      frameLine('recv', 'c', 4, 'c1'),
      frameLine('recv', 'b', 5, 'b2'),
    ]

    it('finds one by its place in order of appearance, counting round', async () => {
      const recording = await Recording.open(file(lines.join('\n')))
      expect(await framesOf(recording, { ordinal: 4 })).toEqual(['b1', 'b2'])
      expect(recording.knownConnections).toEqual(['a', 'b', 'c'])
      expect(await framesOf(recording, { ordinal: 0 })).toEqual(['a1'])
      expect(await framesOf(recording, { ordinal: 1 })).toEqual(['b1', 'b2'])
      expect(await framesOf(recording, { ordinal: 2 })).toEqual(['c1'])
    })

    it('finds one by name, and says which there are', async () => {
      const recording = await Recording.open(file(lines.join('\n')))
      expect(await framesOf(recording, { name: 'b' })).toEqual(['b1', 'b2'])
      await expect(framesOf(recording, { name: 'other' })).rejects.toMatchObject({
        code: 'USAGE',
        hint: expect.stringContaining('"b"'),
      })
      const plain = await Recording.open(file('x\n'))
      await expect(framesOf(plain, { name: 'other' })).rejects.toMatchObject({
        hint: expect.stringContaining('one connection without a name'),
      })
    })
  })
})
