import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { never } from '../../../test/connectors/context.ts'
import type { EncodedRows } from '../../formats/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import type { Position } from '../connector.ts'
import { singleFile } from './definition.ts'
import { SingleFileSink } from './sink.ts'
import { SingleFileSource } from './source.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-file-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let folder = root
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'))
})

function options(path: string, more: Record<string, unknown> = {}) {
  return singleFile.options.parse({ path, ...more }) as ConstructorParameters<typeof SingleFileSource>[0]
}

async function readAll(
  path: string,
  from: Position | null = null,
  more = {},
): Promise<{ lines: string[]; positions: Position[] }> {
  const source = new SingleFileSource(options(path, more))
  await source.connect(from)
  const lines: string[] = []
  const positions: Position[] = []
  try {
    for (let delivery = await source.read(never); delivery !== null; delivery = await source.read(never)) {
      lines.push(...delivery.payloads.map((p) => Buffer.from(p.value).toString()))
      positions.push(delivery.position!)
    }
  } finally {
    await source.close()
  }
  return { lines, positions }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error as MillraceError).code,
  )
}

function rows(...texts: string[]): EncodedRows {
  const offsets = Uint32Array.from([0, ...texts.map((_, i) => Buffer.byteLength(texts.slice(0, i + 1).join('')))])
  return { bytes: Buffer.from(texts.join('')), offsets }
}

describe('single_file source', () => {
  it('reads lines, the last one without a break too, and skips empty ones', async () => {
    const path = join(folder, 'a.txt')
    writeFileSync(path, 'one\r\n\ntwo\nthree é')
    expect((await readAll(path)).lines).toEqual(['one', 'two', 'three é'])
    writeFileSync(path, '')
    expect((await readAll(path)).lines).toEqual([])
  })

  it.each(['big.txt', 'big.txt.gz'])('goes on after every position of %s', async (name) => {
    const path = join(folder, name)
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i} ${'x'.repeat(i % 97)}`)
    const text = Buffer.from(lines.map((line, i) => (i % 10 === 0 ? `${line}\r\n\n` : `${line}\n`)).join(''))
    writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
    const { lines: read, positions } = await readAll(path)
    expect(read).toEqual(lines)
    expect(positions.length).toBeGreaterThan(2)
    for (const position of positions) {
      const rest = await readAll(path, JSON.parse(JSON.stringify(position)) as Position)
      expect(rest.lines).toEqual(lines.slice(Number(position['record'])))
    }
  })

  it('delivers exactly the lines of any text, wherever it is cut', async () => {
    const path = join(folder, 'any.txt')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.stringMatching(/^[a-c é]{0,9}$/)), fc.boolean(), async (lines, ends) => {
        writeFileSync(path, lines.join('\n') + (ends ? '\n' : ''))
        expect((await readAll(path)).lines).toEqual(lines.filter((line) => line !== ''))
      }),
      { numRuns: 30 },
    )
  })

  it('says why a file cannot be read', async () => {
    const source = new SingleFileSource(options(join(folder, 'absent')))
    await expect(source.connect(null)).rejects.toMatchObject({
      code: 'FILE_NOT_READABLE',
      message: expect.stringContaining('it does not exist') as string,
    })
    expect(await codeOf(new SingleFileSource(options(folder)).connect(null))).toBe('FILE_NOT_READABLE')
    const path = join(folder, 'short')
    writeFileSync(path, 'a\n')
    expect(await codeOf(readAll(path, { offset: 10, record: 3 }))).toBe('FILE_NOT_READABLE')
    writeFileSync(`${path}.gz`, gzipSync('a\n'))
    expect(await codeOf(readAll(`${path}.gz`, { offset: 10, record: 3 }))).toBe('FILE_NOT_READABLE')
    writeFileSync(`${path}.gz`, gzipSync('abc\n'.repeat(10_000)).subarray(0, 60))
    await expect(readAll(`${path}.gz`)).rejects.toMatchObject({
      message: expect.stringContaining('gzip data is damaged') as string,
    })
  })

  it('delivers what stands before a line that is too long, then fails', async () => {
    const path = join(folder, 'long')
    writeFileSync(path, `a\nb\n${'x'.repeat(5000)}\nc\n`)
    const source = new SingleFileSource(options(path, { max_line_size: '1 KiB' }))
    await source.connect(null)
    expect((await source.read(never))!.payloads).toHaveLength(2)
    await expect(source.read(never)).rejects.toMatchObject({
      code: 'LIMIT_MESSAGE_SIZE',
      message: expect.stringContaining('record 3') as string,
    })
    await source.close()
  })
})

describe('single_file sink', () => {
  it('shows the file only when it is complete', async () => {
    const path = join(folder, 'out.txt')
    const sink = new SingleFileSink(options(path))
    await sink.open()
    await sink.write(rows('one\n', 'two\n'), never)
    await sink.flush()
    expect(readdirSync(folder)).not.toContain('out.txt')
    await sink.write(rows('three\n'), never)
    await sink.close({ kind: 'complete' })
    expect(readdirSync(folder)).toEqual(['out.txt'])
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n')
    await sink.close({ kind: 'complete' })
  })

  it('leaves what was there before when it fails', async () => {
    const path = join(folder, 'out.txt')
    writeFileSync(path, 'before')
    const sink = new SingleFileSink(options(path))
    await sink.open()
    await sink.write(rows('half'), never)
    await sink.flush()
    await sink.close({ kind: 'failed', error: new Error('x') })
    expect(readdirSync(folder)).toEqual(['out.txt'])
    expect(readFileSync(path, 'utf8')).toBe('before')
  })

  it('keeps the rows of a query that was stopped, the mode of the file and a link to it', async () => {
    const path = join(folder, 'out.txt')
    const link = join(folder, 'link.txt')
    writeFileSync(path, 'before', { mode: 0o640 })
    symlinkSync(path, link)
    const sink = new SingleFileSink(options(link))
    await sink.open()
    await sink.write(rows('whole\n'), never)
    await sink.close({ kind: 'stopped' })
    expect(readFileSync(path, 'utf8')).toBe('whole\n')
    expect(statSync(path).mode & 0o777).toBe(0o640)
    expect(readdirSync(folder).sort()).toEqual(['link.txt', 'out.txt'])
  })

  it('compresses what ends in .gz', async () => {
    const path = join(folder, 'out.gz')
    const sink = new SingleFileSink(options(path))
    await sink.open()
    const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i} ${Math.sin(i)}\n`)
    for (let i = 0; i < lines.length; i += 100) await sink.write(rows(...lines.slice(i, i + 100)), never)
    await sink.close({ kind: 'complete' })
    expect(gunzipSync(readFileSync(path)).toString()).toBe(lines.join(''))
    expect((await readAll(path)).lines).toHaveLength(50_000)
  })

  it('says at open why a file cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '')
    const places: readonly (readonly [path: string, why: string])[] = [
      [join(folder, 'absent', 'x'), 'its directory does not exist'],
      [join(folder, 'file', 'x'), 'its directory does not exist'],
      [folder, 'it is a directory'],
    ]
    for (const [path, why] of places) {
      await expect(new SingleFileSink(options(path)).open()).rejects.toMatchObject({
        code: 'FILE_NOT_WRITABLE',
        message: expect.stringContaining(why) as string,
      })
    }
  })

  it('writes to pipes and devices in place', async () => {
    const pipe = join(folder, 'pipe')
    try {
      execFileSync('mkfifo', [pipe])
    } catch {
      return
    }
    const reading = readAll(pipe)
    const sink = new SingleFileSink(options(pipe))
    await sink.open()
    await sink.write(rows('through\n', 'a pipe\n'), never)
    await sink.close({ kind: 'complete' })
    expect((await reading).lines).toEqual(['through', 'a pipe'])
  })
})
