import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { open } from 'lmdb'
import { describe, expect, it } from 'vitest'
import { openLog, openStateStore, stateDirectory } from '../../src/log/index.ts'
import { exportRecording, importRecording, Recording, RecordingWriter } from '../../src/runtime/index.ts'
import { millrace } from '../cli/millrace.ts'
import { bytes, readRecords, temporaryDirectory, temporaryLog, values } from './temporary-log.ts'

const run = (directory: string, ...args: string[]) => millrace(['log', ...args, '--data-dir', directory])

const PLAIN = Array.from({ length: 400 }, (_, i) => `plain ${i} ${'p'.repeat(1000)}`)

/** A data directory with topics, values, holds and state. */
async function filled(): Promise<string> {
  const directory = join(temporaryDirectory(), 'data')
  const log = await openLog({ directory, maintainEveryMs: 0 })
  await log.createTopic('plain')
  await log.createTopic('keyed', { compact: true })
  for (let i = 0; i < PLAIN.length; i += 10) {
    await log.commit({
      appends: [
        { topic: 'plain', records: values(...PLAIN.slice(i, i + 10)) },
        { topic: 'keyed', records: [{ key: bytes(`k${i % 30}`), value: Buffer.alloc(40_000, `${i} `) }] },
      ],
      puts: [{ key: `position/${i}`, value: bytes(`${i}`) }],
      holds: [{ owner: 'p', topic: 'plain', partition: 0, offset: i }],
    })
  }
  await log.close()
  const states = await openStateStore({ directory: stateDirectory(directory) })
  const changes = Array.from({ length: 3000 }, (_, i) => ({
    node: 'n',
    key: bytes(`${i}`),
    value: Buffer.alloc(200, `${i} `),
  }))
  await states.save('pipeline/p', changes)
  await states.save('pipeline/q', changes.slice(0, 10))
  await states.close()
  for (const place of [directory, stateDirectory(directory)]) await leaveOutFreePages(place)
  return directory
}

/** So that a flip anywhere hits something that is in use. */
async function leaveOutFreePages(directory: string): Promise<void> {
  const copy = temporaryDirectory()
  const environment = open({ path: directory })
  await environment.backup(copy, true)
  await environment.close()
  renameSync(join(copy, 'data.mdb'), join(directory, 'data.mdb'))
}

describe('log verify', { timeout: 120_000 }, () => {
  it('covers topics, values and the state of pipelines', async () => {
    const directory = await filled()
    const { code, stdout, stderr } = await run(directory, 'verify')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      '"plain" partition 0: 400 records, sound',
      '"keyed" partition 0: 40 records, sound',
      'state of "pipeline/p": 1 snapshot of 638 kB, sound',
      expect.stringMatching(/^state of "pipeline\/q": 1 snapshot of .* kB, sound$/),
      '',
    ])
    expect((await run(directory, 'verify', 'keyed')).stdout).toBe('"keyed" partition 0: 40 records, sound\n')
    expect((await run(directory, 'verify', 'none')).code).toBe(65)
  })

  it('names what is damaged: a block, a value, a chunk of state', async () => {
    const directory = await filled()
    // Everywhere: unused parts of pages may have copies.
    const flip = (file: string, find: string, shift: number): (() => void) => {
      const path = join(directory, file)
      const content = readFileSync(path)
      const damaged = Buffer.from(content)
      let count = 0
      for (let at = content.indexOf(find); at !== -1; at = content.indexOf(find, at + 1), count++)
        damaged[at + shift]! ^= 16
      expect(count).toBeGreaterThan(0)
      writeFileSync(path, damaged)
      return () => writeFileSync(path, content)
    }
    const cases = [
      [
        'data.mdb',
        'plain 399',
        3,
        /^"plain" partition 0: \d+ records, damaged: at offset \d+: its checksum is wrong$/m,
      ],
      ['data.mdb', '390 390 390', 5, /^"keyed" partition 0: .* damaged: at offset /m],
      ['data.mdb', 'position/390', 2, /^damaged: table "values": its keys are out of order$/m],
      ['data.mdb', 'position/390', 16, /^damaged: value "position\/390": its checksum is wrong$/m],
      [
        'state/data.mdb',
        '2999 2999 2999',
        4,
        /^state of "pipeline\/p": .* damaged: Snapshot 1: chunk \d+ cannot be read/m,
      ],
    ] as const
    for (const [file, find, shift, line] of cases) {
      const mend = flip(file, find, shift)
      const { code, stdout, stderr } = await run(directory, 'verify')
      expect(stdout).toMatch(line)
      expect([code, stderr]).toEqual([74, expect.stringContaining('[LOG_CORRUPT]')])
      mend()
    }
    expect((await run(directory, 'verify')).code).toBe(0)
  })

  it('never calls sound what has lost something, wherever a bit flips', async () => {
    const sound = await filled()
    const directory = join(temporaryDirectory(), 'data')
    // The pages of LMDB's trees, where no checksum is.
    const pages = (['data.mdb', 'state/data.mdb'] as const).flatMap((file) => {
      const content = readFileSync(join(sound, file))
      return Array.from({ length: Math.floor(content.length / 4096) }, (_, page) => ({ file, content, page })).filter(
        ({ page }) =>
          [1, 2].includes(content.readUInt16LE(page * 4096 + 18)) &&
          content.readBigUInt64LE(page * 4096) === BigInt(page),
      )
    })
    expect(pages.length).toBeGreaterThanOrEqual(8)
    let reported = 0
    for (let trial = 0; trial < 12; trial++) {
      cpSync(sound, directory, { recursive: true })
      const { file, content, page } = pages[(trial * 7919) % pages.length]!
      // Headers and the lists of entries behind them, where a flip matters most.
      const at = page * 4096 + 20 + ((trial * 5) % 24)
      const handle = openSync(join(directory, file), 'r+')
      writeSync(handle, Uint8Array.of(content[at]! ^ (1 << (trial % 8))), 0, 1, at)
      closeSync(handle)
      const { code } = await run(directory, 'verify')
      expect([0, 74]).toContain(code)
      if (code === 74) {
        reported++
        continue
      }
      const log = await openLog({ directory, maintainEveryMs: 0 })
      expect((await readRecords(log, 'plain')).map((r) => r.value)).toEqual(PLAIN)
      expect((await readRecords(log, 'keyed')).length).toBe(40)
      expect((await log.entries('position/')).length).toBe(40)
      await log.close()
      const states = await openStateStore({ directory: stateDirectory(directory) })
      expect((await states.owners()).toSorted()).toEqual(['pipeline/p', 'pipeline/q'])
      await states.close()
    }
    expect(reported).toBeGreaterThan(3)
  })

  it('refuses files that were cut off before they are mapped, and says which', async () => {
    for (const file of ['data.mdb', 'state/data.mdb']) {
      for (const length of [300_000, 4096, 10]) {
        const directory = await filled()
        truncateSync(join(directory, file), length)
        const { code, stderr } = await run(directory, 'verify')
        expect(code).toBe(74)
        expect(stderr).toContain(`data file "${join(directory, file)}" is damaged`)
      }
    }
  })

  it('passes on what else is wrong with a data directory', async () => {
    const directory = await filled()
    const log = await openLog({ directory, maintainEveryMs: 0 })
    const { code, stderr } = await run(directory, 'verify')
    expect([code, stderr]).toEqual([69, expect.stringContaining(`in use by process ${process.pid}`)])
    await log.close()
  })
})

describe('log compact', { timeout: 120_000 }, () => {
  it('runs retention and compaction to the end, and says what came of it', async () => {
    const directory = join(temporaryDirectory(), 'data')
    let log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('keyed', { compact: true })
    await log.createTopic('short')
    const append = async (keys: number) => {
      for (let i = 0; i < 100; i++) {
        await log.append({
          topic: 'keyed',
          records: [{ key: bytes(`k${i % keys}`), value: Buffer.alloc(20_000, `${i} `) }],
        })
      }
    }
    await append(100)
    for (let i = 0; i < 5; i++) await log.append({ topic: 'short', records: [{ value: Buffer.alloc(250_000) }] })
    await log.maintain()
    // A few blocks that are not worth a compaction by themselves.
    for (let i = 0; i < 40; i++)
      await log.append({ topic: 'keyed', records: [{ key: bytes('k1'), value: Buffer.alloc(20_000) }] })
    await log.maintain()
    expect(log.statistics().compactedRecords).toBe(0)
    await log.alterTopic('short', { retentionBytes: 0 })
    await log.close()
    const { code, stdout } = await run(directory, 'compact')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^"keyed" partition 0: 2\.8 MB to 2\.3 MB, 30 records compacted$/m)
    expect(stdout).toMatch(
      /^"short" partition 0: 1\.3 MB to 512 kB, 0 records compacted, the first 3 offsets expired$/m,
    )
    log = await openLog({ directory, maintainEveryMs: 0 })
    const keys = (await readRecords(log, 'keyed')).map((r) => r.key)
    expect(new Set(keys).size).toBe(100)
    expect(keys.length).toBeLessThan(115)
    expect((await log.verify()).map((r) => r.damage)).toEqual([null, null])
    await log.close()
    expect((await run(directory, 'compact', 'none')).code).toBe(65)
  })
})

describe('recordings', { timeout: 120_000 }, () => {
  const micros = fc.integer({ min: 1_600_000_000_000_000, max: 1_900_000_000_000_000 })
  const payload = fc.oneof(
    fc.record({ binary: fc.constant(false), payload: fc.string({ unit: 'grapheme', maxLength: 40 }) }),
    fc.record({ binary: fc.constant(true), payload: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({
      binary: fc.constant(true),
      payload: fc.string({ maxLength: 10 }).map((s) => new Uint8Array(Buffer.from(s))),
    }),
  )
  const events = fc.array(
    fc.record({
      kind: fc.constant('recv' as const),
      conn: fc.constantFrom('a', 'ä "b"', 'topic'),
      micros,
      frame: payload,
    }),
    { minLength: 1, maxLength: 50 },
  )

  it('go into a topic and come out again, byte by byte and microsecond by microsecond', async () => {
    await fc.assert(
      fc.asyncProperty(events, fc.constantFrom('in.jsonl', 'in.jsonl.gz'), async (some, name) => {
        const directory = temporaryDirectory()
        const file = join(directory, name)
        const writer = await RecordingWriter.open(file)
        await writer.begin()
        for (const { frame, ...event } of some) writer.write({ ...event, ...frame })
        await writer.close()
        const log = await temporaryLog()
        const imported = await importRecording(log, 'topic', await Recording.open(file))
        expect(imported).toEqual({ records: some.length, skipped: 0 })
        const records = await readRecords(log, 'topic')
        expect(records.map((r) => r.timestamp)).toEqual(some.map((e) => e.micros))
        expect(await exportRecording(log, 'topic', join(directory, `out-${name}`))).toBe(some.length)
        const content = (path: string) => (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path))
        expect(content(join(directory, `out-${name}`)).equals(content(file))).toBe(true)
        await log.close()
      }),
      { numRuns: 40 },
    )
  })

  it('are detected by log import, and asked for at log export', async () => {
    const scratch = temporaryDirectory()
    const directory = join(scratch, 'data')
    const file = join(scratch, 'feed.jsonl')
    const received = '{"t":"recv","conn":"feed","ts":1700000000.000001,"data":"{\\"x\\":1}"}\n'
    writeFileSync(
      file,
      `{"t":"connect","conn":"feed","ts":1700000000.000000,"addr":"ws://x"}\n${received}{"t":"send","conn":"feed","ts":1.5,"data":"hi"}\n`,
    )
    expect((await run(directory, 'import', 'feed', file)).stderr).toBe(
      'imported 1 records into "feed"; 2 lines that are no messages of the server were left out\n',
    )
    expect((await run(directory, 'cat', 'feed')).stdout).toBe(
      '{"partition":0,"offset":0,"timestamp":"2023-11-14T22:13:20.000001Z","key":null,"value":{"x":1},"headers":{}}\n',
    )
    const out = join(scratch, 'out.jsonl')
    expect((await run(directory, 'export', 'feed', '-o', out, '--format', 'recording')).code).toBe(0)
    expect(readFileSync(out, 'utf8')).toBe(received)

    const timed = join(scratch, 'feed.txt')
    writeFileSync(timed, '1700000000000001000 {"x":2}\n1700000000000002000 {"x":3}\n')
    expect((await run(directory, 'import', 'timed', timed)).stderr).toBe('imported 2 records into "timed"\n')
    const plain = join(scratch, 'plain.ndjson')
    writeFileSync(plain, '{"a":1}\n{"a":2}\n')
    expect((await run(directory, 'import', 'plain', plain)).code).toBe(65)
    expect((await run(directory, 'import', 'plain', plain, '--format', 'recording')).stderr).toBe(
      'imported 2 records into "plain"\n',
    )
    expect((await run(directory, 'import', 'plain', '-', '--format', 'recording')).code).toBe(64)
    const records = join(scratch, 'records.ndjson')
    expect((await run(directory, 'export', 'timed', '-o', records)).code).toBe(0)
    expect((await run(directory, 'import', 'again', records)).stderr).toBe('imported 2 records into "again"\n')
    expect((await run(directory, 'cat', 'again')).stdout).toBe((await run(directory, 'cat', 'timed')).stdout)
  })

  it('have no place for deletions, and say so', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    await log.append({ topic: 't', records: [{ key: bytes('k'), value: null }] })
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'sub'))
    await expect(exportRecording(log, 't', join(directory, 'out'))).rejects.toMatchObject({
      code: 'DATA_BAD_RECORD',
      hint: expect.stringContaining('--format records'),
    })
    await expect(exportRecording(log, 't', join(directory, 'sub'))).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' })
    await expect(exportRecording(log, 'none', join(directory, 'x'))).rejects.toMatchObject({
      code: 'LOG_UNKNOWN_TOPIC',
    })
  })
})
