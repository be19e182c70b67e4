import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  bytes,
  readBlocks,
  readRecords,
  temporaryDirectory,
  temporaryLog,
  text,
  values,
} from '../../test/log/temporary-log.ts'
import { ManualClock } from '../kernel/index.ts'
import { openLog, type Log, type LogRecord } from './index.ts'

const offsetsOf = async (log: Log, topic: string) => (await readRecords(log, topic)).map((r) => r.offset)

describe('append and scan', () => {
  it('gives back what was appended, with offsets in order', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { partitions: 2 })
    const headers = [
      { name: 'schema', value: bytes('7') },
      { name: 'schema', value: bytes('') },
      { name: '', value: bytes('\0') },
    ]
    const first = await log.append({
      topic: 't',
      partition: 1,
      records: [
        { value: bytes('a'), key: bytes('k'), headers, timestamp: 5 },
        { value: null, key: bytes(''), timestamp: 3 },
        { value: bytes(''), timestamp: 4 },
      ],
    })
    expect(first).toEqual({ topic: 't', partition: 1, firstOffset: 0, count: 3 })
    const second = await log.append({ topic: 't', partition: 1, records: values('b') })
    expect(second.firstOffset).toBe(3)
    const records = await readRecords(log, 't', { partition: 1 })
    expect(records.map(({ offset, key, value, headers }) => ({ offset, key, value, headers }))).toEqual([
      {
        offset: 0,
        key: 'k',
        value: 'a',
        headers: [
          ['schema', '7'],
          ['schema', ''],
          ['', '\0'],
        ],
      },
      { offset: 1, key: '', value: null, headers: [] },
      { offset: 2, key: null, value: '', headers: [] },
      { offset: 3, key: null, value: 'b', headers: [] },
    ])
    expect(records.slice(0, 3).map((r) => r.timestamp)).toEqual([5, 3, 4])
    expect(await readRecords(log, 't')).toEqual([])
    expect(await log.offsets('t')).toEqual([
      { partition: 0, start: 0, end: 0 },
      { partition: 1, start: 0, end: 4 },
    ])
  })

  it('numbers appends in the order of the calls, however many share a commit', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const appended = await Promise.all(
      Array.from({ length: 500 }, (_, i) => log.append({ topic: 't', records: values(`${i}`) })),
    )
    expect(appended.map((a) => a.firstOffset)).toEqual(Array.from({ length: 500 }, (_, i) => i))
    expect((await readRecords(log, 't')).map((r) => r.value)).toEqual(appended.map((_, i) => `${i}`))
    expect(log.statistics().commits).toBeLessThan(10)
  })

  it('copies the bytes during the call', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const value = bytes('before')
    const pending = log.append({ topic: 't', records: [{ value }] })
    value.fill(0)
    await pending
    expect((await readRecords(log, 't'))[0]!.value).toBe('before')
  })

  it('hands out packed blocks that readers own', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const offsets = Uint32Array.of(1, 3, 3, 6)
    await log.append({
      topic: 't',
      records: { bytes: bytes('-abcde'), offsets, timestamps: Float64Array.of(1, 2, 3) },
      checked: true,
    })
    const [block] = await readBlocks(log, 't')
    expect([...block!.timestamps]).toEqual([1, 2, 3])
    expect([0, 1, 2].map((i) => text(block!.value(i)))).toEqual(['ab', '', 'cde'])
    expect(block).toMatchObject({
      partition: 0,
      firstOffset: 0,
      nextOffset: 3,
      count: 3,
      checked: true,
      sparseOffsets: null,
    })
    block!.bytes.fill(0)
    expect((await readRecords(log, 't')).map((r) => r.value)).toEqual(['ab', '', 'cde'])
  })

  it('starts and ends in the middle of blocks', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const all = Array.from({ length: 5000 }, (_, i) => `${i} ${'x'.repeat(200)}`)
    await log.append({ topic: 't', records: values(...all) })
    const read = await readRecords(log, 't', { from: { offset: 1234 }, to: 3456 })
    expect(read.map((r) => r.value)).toEqual(all.slice(1234, 3456))
    expect(read[0]!.offset).toBe(1234)
    expect(await readRecords(log, 't', { from: 'latest' })).toEqual([])
  })

  it('refuses offsets it does not have, and records it cannot keep', async () => {
    const log = await temporaryLog()
    await log.createTopic('keyed', { compact: true })
    await expect(log.append({ topic: 'keyed', records: values('a') })).rejects.toMatchObject({ code: 'LOG_INVALID' })
    await expect(log.append({ topic: 'none', records: values('a') })).rejects.toMatchObject({
      code: 'LOG_UNKNOWN_TOPIC',
    })
    await expect(log.append({ topic: 'keyed', partition: 1, records: [] })).rejects.toMatchObject({
      code: 'LOG_UNKNOWN_TOPIC',
    })
    await expect(
      log.append({ topic: 'keyed', records: [{ key: bytes('k'), value: null, timestamp: Number.NaN }] }),
    ).rejects.toMatchObject({ code: 'LOG_INVALID' })
    await expect((await log.reader('keyed', { from: { offset: -1 } })).next()).rejects.toMatchObject({
      code: 'LOG_OFFSET_OUT_OF_RANGE',
    })
  })

  it('survives closing: any sizes, several topics and partitions', async () => {
    const record = fc.record({
      size: fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: 0, max: 300 }) },
        { weight: 3, arbitrary: fc.integer({ min: 10_000, max: 200_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 262_000, max: 700_000 }) },
      ),
      key: fc.option(fc.string({ maxLength: 8 })),
      headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 })), { maxLength: 2 }),
      tombstone: fc.boolean(),
    })
    const append = fc.record({
      topic: fc.constantFrom('a', 'ä/\0"😀\ud800'),
      partition: fc.integer({ min: 0, max: 2 }),
      records: fc.array(record, { maxLength: 30 }),
      reopen: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(append, { maxLength: 25 }), async (appends) => {
        const directory = temporaryDirectory()
        let log = await openLog({ directory, maintainEveryMs: 0 })
        const expected = new Map<string, unknown[]>()
        try {
          for (const topic of ['a', 'ä/\0"😀\ud800']) await log.createTopic(topic, { partitions: 3 })
          let n = 0
          for (const { topic, partition, records, reopen } of appends) {
            const place = `${topic}:${partition}`
            const list = expected.get(place) ?? []
            expected.set(place, list)
            const appended = records.map(({ size, key, headers, tombstone }): LogRecord => {
              const value = tombstone ? null : Buffer.alloc(size, `${n++} `)
              list.push({
                offset: list.length,
                key,
                value: text(value),
                timestamp: n,
                headers: headers.map(([name, v]) => [name.toWellFormed(), v]),
              })
              return {
                key: key === null ? null : bytes(key),
                value,
                timestamp: n,
                headers: headers.map(([name, v]) => ({ name, value: bytes(v) })),
              }
            })
            await log.append({ topic, partition, records: appended })
            if (reopen) {
              await log.close()
              log = await openLog({ directory, maintainEveryMs: 0 })
            }
          }
          await log.close()
          log = await openLog({ directory, maintainEveryMs: 0 })
          for (const [place, list] of expected) {
            const at = place.lastIndexOf(':')
            const read = await readRecords(log, place.slice(0, at), { partition: Number(place.slice(at + 1)) })
            expect(read).toEqual(list)
          }
          expect((await log.verify()).filter((r) => r.damage !== null)).toEqual([])
        } finally {
          await log.close()
        }
      }),
      { numRuns: 25 },
    )
  })
})

describe('sealed blocks', () => {
  it('all have the same size, or whole multiples for large records', async () => {
    const directory = temporaryDirectory()
    const log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('t')
    for (let i = 0; i < 40; i++) await log.append({ topic: 't', records: values('x'.repeat(20_000 + i)) })
    await log.append({ topic: 't', records: [{ value: Buffer.alloc(600_000) }] })
    await log.append({ topic: 't', records: values('end') })
    const [statistics] = await log.partitionStatistics('t')
    const pages = 64 * 4096
    // 13 records of 20 kB in each of the first three, one in the fourth before the large record, which has three times the size.
    expect(statistics).toMatchObject({ sealedBlocks: 5, tailChunks: 1, end: 42 })
    expect(statistics!.bytes - 200).toBeLessThan(7 * pages)
    expect(statistics!.bytes).toBeGreaterThanOrEqual(7 * pages)
    await log.close()
  })
})

describe('topics', () => {
  it('are made, altered, deleted and made again', async () => {
    const directory = temporaryDirectory()
    let log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('t', { retentionMs: 1000 })
    await expect(log.createTopic('t')).rejects.toMatchObject({ code: 'LOG_TOPIC_EXISTS' })
    await expect(log.createTopic('')).rejects.toMatchObject({ code: 'LOG_INVALID' })
    await log.append({ topic: 't', records: values('old') })
    await log.alterTopic('t', { partitions: 2 })
    await expect(log.alterTopic('t', { partitions: 1 })).rejects.toMatchObject({ code: 'LOG_INVALID' })
    await log.append({ topic: 't', partition: 1, records: values('new') })
    const reader = await log.reader('t', { follow: true, from: 'latest' })
    const waiting = reader.next()
    await log.deleteTopic('t')
    await expect(waiting).rejects.toMatchObject({ code: 'LOG_UNKNOWN_TOPIC' })
    await log.createTopic('t')
    expect(await readRecords(log, 't')).toEqual([])
    await log.close()
    log = await openLog({ directory, maintainEveryMs: 0 })
    expect(log.topics().map((t) => [t.name, t.config.partitions, t.config.retentionMs])).toEqual([['t', 1, null]])
    expect(await readRecords(log, 't')).toEqual([])
    await log.close()
  })
})

describe('commit', () => {
  it('writes records of several topics, values and holds as one', async () => {
    const directory = temporaryDirectory()
    let log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('in')
    await log.createTopic('out')
    const appended = await log.commit({
      appends: [
        { topic: 'in', records: values('1', '2') },
        { topic: 'out', records: values('3') },
        { topic: 'in', records: values('4') },
      ],
      puts: [
        { key: 'position/a', value: bytes('17') },
        { key: 'position/b', value: bytes('') },
        { key: 'other', value: bytes('x') },
      ],
      holds: [{ owner: 'job', topic: 'in', partition: 0, offset: 1 }],
    })
    expect(appended.map((a) => [a.topic, a.firstOffset, a.count])).toEqual([
      ['in', 0, 2],
      ['out', 0, 1],
      ['in', 2, 1],
    ])
    await log.commit({ puts: [{ key: 'other', value: null }] })
    await log.close()
    log = await openLog({ directory, maintainEveryMs: 0 })
    expect(text((await log.get('position/a'))!)).toBe('17')
    expect(await log.get('other')).toBeUndefined()
    expect((await log.entries('position/')).map(([k, v]) => [k, text(v)])).toEqual([
      ['position/a', '17'],
      ['position/b', ''],
    ])
    expect(log.holds()).toEqual([{ owner: 'job', topic: 'in', partition: 0, offset: 1 }])
    await log.close()
  })

  it('is refused as a whole when a part is', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const refused = log.commit({
      appends: [
        { topic: 't', records: values('a') },
        { topic: 'none', records: values('b') },
      ],
      puts: [{ key: 'k', value: bytes('v') }],
    })
    await expect(refused).rejects.toMatchObject({ code: 'LOG_UNKNOWN_TOPIC' })
    expect(await readRecords(log, 't')).toEqual([])
    expect(await log.get('k')).toBeUndefined()
  })
})

describe('follow', () => {
  it('wakes at a commit and misses nothing', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const reader = await log.reader('t', { follow: true })
    const seen: (string | null)[] = []
    const done = (async () => {
      while (seen.length < 3000) {
        const block = (await reader.next())!
        for (let i = 0; i < block.count; i++) seen.push(text(block.value(i)))
      }
    })()
    const all = Array.from({ length: 3000 }, (_, i) => `${i} ${'y'.repeat(300)}`)
    for (let i = 0; i < all.length; i += 30) await log.append({ topic: 't', records: values(...all.slice(i, i + 30)) })
    await done
    expect(seen).toEqual(all)
  })

  it('ends on abort and when the log is closed', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const stop = new AbortController()
    const reader = await log.reader('t', { follow: true })
    const waiting = reader.next(stop.signal)
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
    const again = reader.next()
    await log.close()
    await expect(again).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    await expect(log.append({ topic: 't', records: [] })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  })
})

describe('timestamps', () => {
  it('are searched exactly, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 40 }), {
          minLength: 1,
          maxLength: 8,
        }),
        async (groups) => {
          const log = await temporaryLog()
          await log.createTopic('t')
          for (const times of groups) {
            // Large values, so that there are several sealed blocks.
            await log.append({
              topic: 't',
              records: times.map((timestamp) => ({ value: Buffer.alloc(15_000), timestamp })),
            })
          }
          const all = groups.flat()
          for (let t = -1; t <= 51; t++) {
            const at = all.findIndex((time) => time >= t)
            expect(await log.offsetAt('t', 0, t)).toBe(at === -1 ? all.length : at)
          }
          await log.close()
        },
      ),
      { numRuns: 20 },
    )
  })

  it('of the log never go back, whatever the clock does', async () => {
    const clock = new ManualClock(1_000_000)
    const directory = temporaryDirectory()
    let log = await openLog({ directory, clock, maintainEveryMs: 0 })
    await log.createTopic('t')
    await log.append({ topic: 't', records: values('a') })
    clock.set(10)
    await log.append({ topic: 't', records: values('b') })
    await log.close()
    log = await openLog({ directory, clock, maintainEveryMs: 0 })
    await log.append({ topic: 't', records: values('c') })
    clock.set(2_000_000)
    await log.append({ topic: 't', records: values('d') })
    const times = (await readRecords(log, 't')).map((r) => r.timestamp)
    expect(times).toEqual([1_000_000, 1_000_000, 1_000_000, 2_000_000])
    await log.close()
  })
})

describe('retention', () => {
  const block = Buffer.alloc(250_000)

  it('by bytes keeps the newest blocks and reuses the space', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { retentionBytes: 4 * 64 * 4096 })
    for (let i = 0; i < 20; i++) await log.append({ topic: 't', records: [{ value: block }] })
    const used = log.statistics().fileBytes
    for (let i = 0; i < 100; i++) await log.append({ topic: 't', records: [{ value: block }] })
    await log.maintain()
    const [statistics] = await log.partitionStatistics('t')
    expect(statistics).toMatchObject({ end: 120, sealedBlocks: 4 })
    expect(await offsetsOf(log, 't')).toEqual([115, 116, 117, 118, 119])
    expect(log.statistics().fileBytes).toBeLessThan(used + 4 * 64 * 4096)
    expect(log.statistics().expiredBlocks).toBe(115)
    expect((await log.verify())[0]!.damage).toBeNull()
    await expect((await log.reader('t', { from: { offset: 3 } })).next()).rejects.toMatchObject({
      code: 'LOG_OFFSET_OUT_OF_RANGE',
    })
  })

  it('by time deletes sealed blocks that are older, counted from when they were written', async () => {
    const clock = new ManualClock(0)
    const log = await temporaryLog({ clock })
    await log.createTopic('t', { retentionMs: 1000 })
    for (let i = 0; i < 6; i++) {
      clock.advance(400_000)
      await log.append({ topic: 't', records: [{ value: block, timestamp: 1e15 }] })
    }
    await log.maintain()
    expect((await offsetsOf(log, 't'))[0]).toBe(2)
    clock.advance(1e12)
    await log.maintain()
    // The newest sealed block and the tail stay.
    expect(await offsetsOf(log, 't')).toEqual([4, 5])
  })

  it('keeps what is held, across a restart', async () => {
    const directory = temporaryDirectory()
    let log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('t', { retentionBytes: 0 })
    await log.commit({
      holds: [
        { owner: 'a', topic: 't', partition: 0, offset: 2 },
        { owner: 'b', topic: 't', partition: 0, offset: 4 },
      ],
    })
    for (let i = 0; i < 8; i++) await log.append({ topic: 't', records: [{ value: block }] })
    await log.maintain()
    expect((await log.offsets('t'))[0]!.start).toBe(2)
    await log.close()
    log = await openLog({ directory, maintainEveryMs: 0 })
    await log.commit({ holds: [{ owner: 'a', topic: 't', partition: 0, offset: null }] })
    await log.maintain()
    expect((await log.offsets('t'))[0]!.start).toBe(4)
    expect((await log.verify())[0]!.damage).toBeNull()
    await log.close()
  })
})

describe('compaction', () => {
  it('keeps the last record of each key, with its offset', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.boolean(), fc.integer({ min: 0, max: 60_000 })), {
          minLength: 60,
          maxLength: 250,
        }),
        fc.integer({ min: 1, max: 3 }),
        async (changes, rounds) => {
          const clock = new ManualClock(1)
          const log = await temporaryLog({ clock })
          await log.createTopic('t', { compact: true, tombstoneMs: 0 })
          const last = new Map<number, { offset: number; value: string | null }>()
          let offset = 0
          for (let round = 0; round < rounds; round++) {
            for (const [key, tombstone, size] of changes) {
              const value = tombstone ? null : Buffer.alloc(size, `${offset} `)
              await log.append({ topic: 't', records: [{ key: bytes(`key ${key}`), value }] })
              last.set(key, { offset: offset++, value: text(value) })
              clock.advance(1)
            }
            await log.maintain()
            const read = await readRecords(log, 't')
            expect(read.map((r) => r.offset)).toEqual(read.map((r) => r.offset).toSorted((a, b) => a - b))
            const latest = new Map(read.map((r) => [r.key, r]))
            for (const [key, expected] of last) {
              const found = latest.get(`key ${key}`)
              if (expected.value !== null || found !== undefined) expect(found).toMatchObject(expected)
            }
            expect((await log.verify())[0]!.damage).toBeNull()
            const statistics = (await log.partitionStatistics('t'))[0]!
            for (let from = 0; from < statistics.end; from += 17) {
              const rest = await readRecords(log, 't', { from: { offset: from } })
              expect(rest.map((r) => r.offset)).toEqual(read.map((r) => r.offset).filter((o) => o >= from))
            }
          }
          await log.close()
        },
      ),
      { numRuns: 15 },
    )
  })

  it('removes what was superseded, and old tombstones', async () => {
    const clock = new ManualClock(0)
    const log = await temporaryLog({ clock })
    await log.createTopic('t', { compact: true, tombstoneMs: 1000 })
    const value = Buffer.alloc(1000)
    const write = async (key: string, v: Uint8Array | null) => {
      await log.append({ topic: 't', records: [{ key: bytes(key), value: v }] })
    }
    await write('gone', value)
    await write('gone', null)
    await write('kept', value)
    for (let i = 0; i < 1000; i++) await write('often', value)
    await log.maintain()
    const keys = (await readRecords(log, 't')).map((r) => r.key)
    expect(keys.slice(0, 2)).toEqual(['gone', 'kept'])
    expect(keys.length).toBeLessThan(300)
    clock.advance(2_000_000)
    for (let i = 0; i < 1000; i++) await write('often', value)
    await log.maintain()
    expect((await readRecords(log, 't')).map((r) => r.key)[0]).toBe('kept')
    expect(log.statistics().compactedRecords).toBeGreaterThan(1400)
  })
})

describe('damage', () => {
  it('a file that was cut off is refused before it is mapped', async () => {
    const directory = temporaryDirectory()
    const log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('t')
    for (let i = 0; i < 8; i++) await log.append({ topic: 't', records: [{ value: Buffer.alloc(250_000) }] })
    await log.close()
    truncateSync(join(directory, 'data.mdb'), 1_000_000)
    await expect(openLog({ directory })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    truncateSync(join(directory, 'data.mdb'), 100)
    await expect(openLog({ directory })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
  })

  it('a file with another size of pages is refused before it is mapped', async () => {
    const directory = temporaryDirectory()
    await (await openLog({ directory, maintainEveryMs: 0 })).close()
    const handle = openSync(join(directory, 'data.mdb'), 'r+')
    writeSync(handle, Uint8Array.of(0, 0), 0, 2, 48)
    closeSync(handle)
    await expect(openLog({ directory })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
  })

  it('flipped bits inside blocks are found, never read as records', async () => {
    const directory = temporaryDirectory()
    const file = join(directory, 'data.mdb')
    let log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('t')
    const all = Array.from({ length: 4000 }, (_, i) => `record ${i} ${'z'.repeat(180)}`)
    for (let i = 0; i < all.length; i += 100)
      await log.append({ topic: 't', records: values(...all.slice(i, i + 100)) })
    await log.close()
    const sound = readFileSync(file)
    const handle = openSync(file, 'r+')
    onTestFinished(() => closeSync(handle))
    // Blocks begin with this magic; sealed and deleted ones alike.
    const starts: number[] = []
    for (let at = sound.indexOf('1MRL'); at !== -1; at = sound.indexOf('1MRL', at + 1)) starts.push(at)
    expect(starts.length).toBeGreaterThan(3)
    let found = 0
    for (let trial = 0; trial < 60; trial++) {
      const start = starts[trial % starts.length]!
      const at = start + (trial < 20 ? trial * 4 : (trial * 3571) % 20_000)
      const put = (byte: number) => writeSync(handle, Uint8Array.of(byte), 0, 1, at)
      put(sound[at]! ^ (1 << (trial % 8)))
      log = await openLog({ directory, maintainEveryMs: 0 })
      const read: (string | null)[] = []
      let refused = false
      try {
        const reader = await log.reader('t', { to: all.length })
        for (let block = await reader.next(); block !== null; block = await reader.next()) {
          for (let i = 0; i < block.count; i++) read.push(text(block.value(i)))
        }
      } catch (error) {
        refused = true
        expect(error).toMatchObject({ code: 'LOG_CORRUPT' })
      }
      expect(read).toEqual(all.slice(0, read.length))
      const [report] = await log.verify('t')
      expect(report!.damage !== null).toBe(refused)
      if (refused) {
        found++
        expect(report!.damage!.offset).toBe(read.length)
      } else expect(read.length).toBe(all.length)
      await log.close()
      put(sound[at]!)
    }
    expect(found).toBeGreaterThan(10)
  })
})

describe('a hold that comes while a topic is compacted', () => {
  it('keeps what it holds from then on', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { compact: true })
    const value = Buffer.alloc(250_000)
    for (let i = 0; i < 64; i++) await log.append({ topic: 't', records: [{ key: bytes(`${i % 3}`), value }] })
    const compacted = log.maintain()
    while (log.statistics().compactedRecords === 0) await setImmediate()
    await log.commit({ holds: [{ owner: 'a', topic: 't', partition: 0, offset: 40 }] })
    const held = (await offsetsOf(log, 't')).filter((offset) => offset >= 40)
    expect(held).toHaveLength(24)
    await compacted
    expect((await offsetsOf(log, 't')).filter((offset) => offset >= 40)).toEqual(held)
    await log.commit({ holds: [{ owner: 'a', topic: 't', partition: 0, offset: null }] })
    await log.compact('t')
    expect(await offsetsOf(log, 't')).toEqual([60, 61, 62, 63])
    expect((await log.verify())[0]!.damage).toBeNull()
  })
})

describe('holds', () => {
  it('go with their topic', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const hold = { owner: 'a', topic: 't', partition: 0, offset: 0 }
    await log.commit({ holds: [hold] })
    await log.deleteTopic('t')
    expect(log.holds()).toEqual([])
    await log.createTopic('t')
    expect(log.holds()).toEqual([])
    await log.commit({ holds: [hold] })
    expect(log.holds()).toEqual([hold])
  })
})

describe('while retention and compaction go on', () => {
  it('readers and verify meet no damage, only what is gone', async () => {
    const log = await temporaryLog()
    await log.createTopic('expiring', { retentionBytes: 3 * 64 * 4096 })
    await log.createTopic('compacted', { compact: true })
    let writing = true
    const write = (async () => {
      for (let i = 0; i < 400; i++) {
        await Promise.all([
          log.append({ topic: 'expiring', records: [{ value: Buffer.alloc(200_000) }] }),
          log.append({ topic: 'compacted', records: [{ key: bytes(`${i % 7}`), value: Buffer.alloc(100_000) }] }),
        ])
      }
      writing = false
    })()
    let reads = 0
    const read = (async () => {
      while (writing) {
        const reader = await log.reader(reads++ % 2 === 0 ? 'expiring' : 'compacted')
        try {
          while ((await reader.next()) !== null);
        } catch (error) {
          expect(error).toMatchObject({ code: 'LOG_OFFSET_OUT_OF_RANGE' })
        }
        await log.offsetAt('expiring', 0, 0)
      }
    })()
    const verify = (async () => {
      while (writing) {
        expect((await log.verify()).map((r) => r.damage)).toEqual([null, null])
        await log.maintain()
      }
    })()
    await Promise.all([write, read, verify])
    expect(reads).toBeGreaterThan(10)
    expect(log.statistics().compactedRecords).toBeGreaterThan(100)
  })
})
