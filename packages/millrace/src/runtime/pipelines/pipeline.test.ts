import { describe, expect, it } from 'vitest'
import { bytes, readRecords } from '../../../test/log/temporary-log.ts'
import { faultyLog, type Fate, gone } from '../../../test/runtime/pipelines/faulty-log.ts'
import {
  append,
  bench,
  define,
  EXECUTOR,
  Piped,
  results,
  SECOND,
  standing,
  START,
} from '../../../test/runtime/pipelines/piping.ts'
import { formatTimestamp, MillraceError } from '../../kernel/index.ts'
import type { Log, ReadOptions } from '../../log/index.ts'
import { captureKey, encodeCapture } from '../capture/capture-state.ts'
import { inlineExecutor } from '../executor/inline-executor.ts'
import { workerExecutor } from '../executor/worker-executor.ts'
import { loadPipeline } from './checkpoint.ts'
import { forgetPipeline } from './forget-pipeline.ts'
import { type JournalEntry, readJournal } from './journal.ts'
import { journalTopic, pipelineOwner } from './pipeline-definition.ts'
import { recomputeResults } from './recompute.ts'

const NUMBERS = `CREATE TABLE t (n BIGINT) WITH (connector = 'topic', idle_timeout = 'off');\n`
const DOUBLED = define(`${NUMBERS}SELECT n, n * 2 AS twice FROM t`)
const COUNTED = define(`${NUMBERS}SELECT n % 2 AS odd, count(*) AS n FROM t GROUP BY n % 2`)
const TIMED = (timeout: string): string =>
  `CREATE TABLE t (k TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH (connector = 'topic', idle_timeout = '${timeout}', max_future_skew = 'off');\n`
const PER_SECOND = "SELECT k, TUMBLE(INTERVAL '1 second') AS w, count(*) AS n FROM t GROUP BY k, w"

const numbers = (from: number, to: number): object[] => Array.from({ length: to - from }, (_, i) => ({ n: from + i }))
const at = (seconds: number): string => formatTimestamp(START + seconds * SECOND)

async function journal(log: Log, name = 'm'): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = []
  for await (const entry of readJournal(log, name, 0, 0)) entries.push(entry)
  return entries
}

async function values(log: Log, topic = 'm'): Promise<unknown[]> {
  return (await readRecords(log, topic)).map(({ value }) => (value === null ? null : (JSON.parse(value) as unknown)))
}

/** Where readers of a topic begin. */
function watchedReaders(log: Log): { readonly log: Log; readonly starts: (readonly [string, unknown])[] } {
  const starts: (readonly [string, unknown])[] = []
  const watched = new Proxy(log, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'reader') return value.bind(target) as unknown
      return (topic: string, options: ReadOptions = {}) => {
        starts.push([topic, options.from])
        return target.reader(topic, options)
      }
    },
  })
  return { log: watched, starts }
}

describe('a pipeline', () => {
  it('reads what is there and what comes, and says where it stands', async () => {
    const made = await bench()
    await made.log.createTopic('t', { partitions: 2 })
    await append(made.log, 't', numbers(0, 10), 0)
    const { pipeline, states } = new Piped(made, DOUBLED).start()
    await pipeline.opened
    expect(made.log.topic('m')).toBeDefined()
    await append(made.log, 't', numbers(10, 15), 1)
    await pipeline.drain()
    const rows = (await values(made.log)) as { n: number; twice: number }[]
    expect(rows.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, i) => i))
    expect(rows.every(({ n, twice }) => twice === 2 * n)).toBe(true)
    const statistics = await pipeline.statistics()
    expect(statistics).toMatchObject({
      name: 'm',
      state: 'running',
      rowsIn: 15,
      rowsOut: 15,
      lag: 0,
      restarts: 0,
      error: null,
    })
    expect(statistics.positions).toEqual({ source_1: [10, 5] })
    expect(() => pipeline.start()).toThrowError(expect.objectContaining({ code: 'PIPELINE_STATE' }) as Error)
    await made.log.alterTopic('t', { partitions: 3 })
    await append(made.log, 't', numbers(15, 16), 2)
    await pipeline.drain()
    await pipeline.stop()
    expect((await pipeline.statistics()).positions).toEqual({ source_1: [10, 5, 1] })
    expect(states).toEqual(['starting', 'running', 'stopping', 'stopped'])
  })

  it('names the schema of its records, and the watermark before those with an event time', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const definition = define(`${TIMED('off')}SELECT k, ts FROM t`)
    const { pipeline } = new Piped(made, definition).start()
    await append(made.log, 't', [{ k: 'a', ts: at(1) }, { k: 'b', ts: at(5) }, { k: 'c', ts: at(3) }, { k: 'd' }])
    await pipeline.drain()
    const records = await readRecords(made.log, 'm')
    const schema = Object.fromEntries(records[0]!.headers)['schema']!
    const kept = await made.log.get(`schema/${schema}`)
    expect(JSON.parse(Buffer.from(kept!).toString())).toEqual(definition.results[0]!.schema)
    expect(schema).toMatch(/^[0-9a-f]{16}$/)
    expect(
      records.map(({ timestamp, headers }) => [
        timestamp - START,
        Number(Object.fromEntries(headers)['watermark']) - START,
      ]),
    ).toEqual([
      // There was none: the first day of the year 1.
      [SECOND, Date.parse('0001-01-01T00:00:00Z') * 1000 - START],
      [5 * SECOND, SECOND],
      [3 * SECOND, 5 * SECOND],
      [0, 5 * SECOND],
    ])
  })

  it('does not read again what it has committed, once it was stopped', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    await append(made.log, 't', numbers(0, 5000))
    const first = new Piped(made, COUNTED).start()
    await first.pipeline.drain()
    await first.pipeline.stop()
    const { log, starts } = watchedReaders(made.log)
    const second = new Piped({ ...made, log }, COUNTED).start()
    await append(made.log, 't', numbers(5000, 5003))
    await second.pipeline.drain()
    await second.pipeline.stop()
    expect(starts.filter(([topic]) => topic === 't')).toEqual([['t', { offset: 5000 }]])
    expect(await second.pipeline.statistics()).toMatchObject({ replayedSteps: 0, rowsIn: 3 })
    expect(await standing(made.log, 'm')).toEqual({
      '{"odd":0}': { odd: 0, n: 2502 },
      '{"odd":1}': { odd: 1, n: 2501 },
    })
  })

  it('writes the net change of a step for each key, and tombstones', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const definition = define(`CREATE TABLE t (k TEXT) WITH (connector = 'topic', changelog = 'weights');
      SELECT k, count(*) AS n FROM t GROUP BY k`)
    const change = (k: string, weight: number) => ({
      value: bytes(JSON.stringify({ k })),
      headers: [{ name: 'weight', value: bytes(String(weight)) }],
    })
    const { pipeline } = new Piped(made, definition).start()
    const step = async (...changes: ReturnType<typeof change>[]): Promise<void> => {
      await made.log.append({ topic: 't', records: changes })
      await pipeline.drain()
    }
    await step(change('a', 1), change('a', 1), change('b', 1))
    await step(change('a', 1), change('a', -1))
    await step(change('b', -1), change('c', 1), change('c', -1))
    const records = await readRecords(made.log, 'm')
    expect(records.map(({ key, value }) => [key, value])).toEqual([
      ['{"k":"a"}', '{"k":"a","n":2}'],
      ['{"k":"b"}', '{"k":"b","n":1}'],
      ['{"k":"b"}', null],
    ])
    expect(made.log.topic('m')!.config.compact).toBe(true)
  })

  it('says of every change how often the row is there, where no key tells rows apart', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const definition = define(
      `CREATE TABLE t (k TEXT) WITH (connector = 'topic', changelog = 'weights'); SELECT k FROM t`,
    )
    const { pipeline } = new Piped(made, definition).start()
    await made.log.append({
      topic: 't',
      records: [1, 2, -3].map((weight) => ({
        value: bytes('{"k":"a"}'),
        headers: [{ name: 'weight', value: bytes(String(weight)) }],
      })),
    })
    await pipeline.drain()
    const records = await readRecords(made.log, 'm')
    expect(records.map(({ key, value, headers }) => [key, value, Object.fromEntries(headers)['weight']])).toEqual(
      ['1', '2', '-3'].map((weight) => ['{"k":"a"}', '{"k":"a"}', weight]),
    )
  })

  it('puts records with a key into the partition of the key', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    await made.log.createTopic('m', { partitions: 4, compact: true })
    await append(made.log, 't', numbers(0, 40))
    const definition = define(`${NUMBERS}SELECT n, count(*) AS c FROM t GROUP BY n`, 'm', null)
    const { pipeline } = new Piped(made, definition).start()
    await pipeline.drain()
    await append(made.log, 't', numbers(0, 40))
    await pipeline.drain()
    const seen = new Map<string, number>()
    for (let partition = 0; partition < 4; partition++) {
      const records = await readRecords(made.log, 'm', { partition })
      expect(records.length).toBeGreaterThan(4)
      for (const { key } of records) expect(seen.get(key!) ?? partition).toBe(seen.set(key!, partition).get(key!))
    }
    expect(seen.size).toBe(40)
  })
})

describe('a pipeline in a thread of its own', () => {
  it('has the same results, also run again', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const log = faultyLog(made.log, (commit) => (commit < 3 ? 'kept' : gone()))
    const first = new Piped({ ...made, log }, COUNTED, { createExecutor: workerExecutor }).start()
    for (let n = 0; n < 100; n += 20) {
      await append(made.log, 't', numbers(n, n + 20))
      await first.pipeline.drain()
    }
    await first.pipeline.stop()
    const second = new Piped(made, COUNTED, { createExecutor: workerExecutor }).start()
    await second.pipeline.drain()
    await second.pipeline.stop()
    expect(await second.pipeline.statistics()).toMatchObject({ state: 'stopped', replayedSteps: 2 })
    expect(await standing(made.log, 'm')).toEqual({ '{"odd":0}': { odd: 0, n: 50 }, '{"odd":1}': { odd: 1, n: 50 } })
  })
})

describe('time in a pipeline', () => {
  it('closes the windows of a quiet feed by the passing of time, as its journal says', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const definition = define(TIMED('1s') + PER_SECOND)
    const piped = new Piped(made, definition).start()
    await append(made.log, 't', [
      { k: 'a', ts: at(0) },
      { k: 'b', ts: at(0.5) },
    ])
    await piped.pipeline.drain()
    expect(await results(made.log, 'm')).toEqual([])
    const follower = await made.log.reader('m', { follow: true })
    made.clock.advance(10 * SECOND)
    const block = await follower.next()
    expect(block!.count).toBe(2)
    await piped.pipeline.stop()
    const entries = await journal(made.log)
    expect(entries.some((entry) => entry.in.length === 0 && entry.out[0] === 2)).toBe(true)
    const recomputed: number[] = []
    for await (const appends of recomputeResults(made.log, definition, inlineExecutor, EXECUTOR))
      recomputed.push(appends.length)
    expect(recomputed.filter((count) => count > 0)).toHaveLength(1)
  })

  it('never goes back, though the clock does', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    await append(made.log, 't', numbers(0, 1))
    const first = new Piped(made, DOUBLED).start()
    await first.pipeline.drain()
    await first.pipeline.stop()
    made.clock.set(START - 3600 * SECOND)
    const second = new Piped(made, DOUBLED).start()
    await append(made.log, 't', numbers(1, 2))
    await second.pipeline.drain()
    made.clock.set(START + SECOND)
    await append(made.log, 't', numbers(2, 3))
    await second.pipeline.drain()
    expect((await journal(made.log)).map(({ now }) => now - START)).toEqual([0, 0, SECOND])
  })

  it('draws the same random numbers again', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const definition = define(`${NUMBERS}SELECT n, random() AS r FROM t`)
    const first = new Piped(
      { ...made, log: faultyLog(made.log, (commit) => (commit < 4 ? 'kept' : gone())) },
      definition,
    ).start()
    for (let n = 0; n < 6; n++) {
      await append(made.log, 't', numbers(n, n + 1))
      await first.pipeline.drain()
    }
    const second = new Piped(made, definition).start()
    await second.pipeline.drain()
    await second.pipeline.stop()
    expect(await second.pipeline.statistics()).toMatchObject({ state: 'stopped', replayedSteps: 3 })
    const rows = (await values(made.log)) as { n: number; r: number }[]
    expect(rows.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5])
    expect(new Set(rows.map(({ r }) => r)).size).toBe(6)
  })
})

describe('the end of a pipeline', () => {
  it('comes with the end of the captured sources; windows close, and whoever reads its results ends too', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const windows = new Piped(made, define(TIMED('off') + PER_SECOND)).start()
    await append(made.log, 't', [
      { k: 'a', ts: at(0) },
      { k: 'a', ts: at(0.2) },
    ])
    await windows.pipeline.drain()
    await windows.pipeline.opened
    const reader = define(
      `CREATE TABLE m (k TEXT, n BIGINT) WITH (connector = 'topic'); SELECT k, sum(n) AS total FROM m GROUP BY k`,
      'totals',
    )
    const totals = new Piped(made, reader).start()
    expect(await results(made.log, 'm')).toEqual([])
    const state = encodeCapture({ position: null, at: START, finished: true })
    await made.log.commit({ puts: [{ key: captureKey('t'), value: state }] })
    await windows.until('finished')
    expect(await values(made.log)).toMatchObject([{ k: 'a', n: 2 }])
    await totals.until('finished')
    expect(await standing(made.log, 'totals')).toEqual({ '{"k":"a"}': { k: 'a', total: 2 } })
    expect(made.log.holds()).toEqual([])
    const { log, starts } = watchedReaders(made.log)
    const again = new Piped({ ...made, log }, define(TIMED('off') + PER_SECOND)).start()
    await again.until('finished')
    expect(starts).toEqual([])
    expect(await values(made.log)).toHaveLength(1)
  })

  it('comes once, though a source is bounded and finished', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const state = encodeCapture({ position: null, at: START, finished: true })
    await made.log.commit({ puts: [{ key: captureKey('t'), value: state }] })
    const piped = new Piped(made, define(`${NUMBERS}SELECT count(*) AS n FROM t AS OF LATEST`)).start()
    await piped.until('finished')
    expect((await journal(made.log)).map(({ ended }) => ended)).toEqual([['source_1']])
  })

  it('of a bounded source stays where it was at the first start', async () => {
    const made = await bench()
    await made.log.createTopic('t', { partitions: 2 })
    await append(made.log, 't', numbers(0, 3), 0)
    await append(made.log, 't', numbers(3, 5), 1)
    const definition = define(`${NUMBERS}SELECT n FROM t AS OF LATEST`)
    const failing = new Piped(
      { ...made, log: faultyLog(made.log, (commit) => (commit < 1 ? 'kept' : gone())) },
      definition,
    ).start()
    await failing.until('failed')
    await append(made.log, 't', numbers(5, 9), 0)
    const piped = new Piped(made, definition).start()
    await piped.until('finished')
    const read = ((await values(made.log)) as { n: number }[]).map(({ n }) => n)
    expect(read.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
  })
})

describe('errors of a pipeline', () => {
  /** Refuses a commit and what is asked for before the answer arrives, as a log does. */
  function fullOnce(which: number): (commit: number) => Fate {
    let isFull = false
    return (commit) => {
      if (commit === which) {
        isFull = true
        setImmediate(() => {
          isFull = false
        })
      }
      return isFull ? new MillraceError('LOG_FULL', 'the disk is full') : 'kept'
    }
  }

  it('of the outside are tried again from what is durable', async () => {
    for (let which = 0; which < 8; which++) {
      const made = await bench()
      await made.log.createTopic('t')
      const piped = new Piped({ ...made, log: faultyLog(made.log, fullOnce(which)) }, DOUBLED, {
        snapshots: { everyMs: 1e9, everyBytes: which % 2 === 0 ? 0 : 1e9 },
      }).start()
      for (let n = 0; n < 6; n++) await append(made.log, 't', numbers(n, n + 1))
      await piped.pipeline.drain()
      await piped.pipeline.stop()
      expect(piped.pipeline.state).toBe('stopped')
      if (which < 3) expect(piped.errors).toEqual([{ code: 'LOG_FULL', retryIn: 0 }])
      expect(((await values(made.log)) as { n: number }[]).map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5])
    }
  })

  it.each([false, true])('of a snapshot lose nothing of the state (of the last one: %s)', async (last) => {
    const made = await bench()
    await made.log.createTopic('t')
    let full = false
    const state = new Proxy(made.state, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'save') return value.bind(target) as unknown
        return async (...asked: Parameters<typeof target.save>) => {
          const id = await target.save(...asked)
          if (full) throw new MillraceError('LOG_FULL', 'the disk is full')
          return id
        }
      },
    })
    const snapshots = last ? undefined : { everyMs: 1e9, everyBytes: 0 }
    const piped = new Piped({ ...made, state }, COUNTED, snapshots === undefined ? {} : { snapshots }).start()
    await append(made.log, 't', numbers(0, 10))
    await piped.pipeline.drain()
    full = true
    await append(made.log, 't', numbers(10, 20))
    if (last) await piped.pipeline.drain()
    else await piped.until('recovering')
    await piped.pipeline.stop()
    full = false
    const again = new Piped({ ...made, state }, COUNTED).start()
    await append(made.log, 't', numbers(20, 30))
    await again.pipeline.drain()
    await again.pipeline.stop()
    expect(again.errors).toEqual([])
    expect(await standing(made.log, 'm')).toMatchObject({ '{"odd":0}': { n: 15 }, '{"odd":1}': { n: 15 } })
  })

  it('of the user leave it failed until somebody acts, and retention free', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const definition = define(
      `CREATE TABLE t (n BIGINT) WITH (connector = 'topic', bad_data = 'fail', idle_timeout = 'off'); SELECT n FROM t`,
    )
    const piped = new Piped(made, definition).start()
    await append(made.log, 't', numbers(0, 2))
    await piped.pipeline.drain()
    await append(made.log, 't', ['no json'])
    await piped.until('failed')
    expect(piped.errors).toEqual([{ code: 'DATA_BAD_RECORD', retryIn: null }])
    expect(made.log.holds()).toEqual([])
    piped.pipeline.resume()
    await piped.until('failed')
    expect(piped.errors).toHaveLength(2)
    expect(await values(made.log)).toEqual([{ n: 0 }, { n: 1 }])
    const mended = define(`${NUMBERS}SELECT n FROM t`)
    const second = new Piped(made, mended).start()
    await append(made.log, 't', numbers(2, 3))
    await second.pipeline.drain()
    expect(await values(made.log)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
  })

  it('of too much state end with what a larger limit mends', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const definition = define(`${NUMBERS}SELECT n, count(*) AS c FROM t GROUP BY n`)
    const small = new Piped(made, definition, { executor: { ...EXECUTOR, stateLimit: 20_000 } }).start()
    for (let n = 0; n < 5000; n += 500) await append(made.log, 't', numbers(n, n + 500))
    await small.until('failed')
    expect(small.errors[0]!.code).toBe('LIMIT_STATE')
    const large = new Piped(made, definition).start()
    await large.pipeline.drain()
    expect(Object.keys(await standing(made.log, 'm'))).toHaveLength(5000)
    expect(await readRecords(made.log, 'm')).toHaveLength(5000)
  })

  it('are final when running again gives another result, or the journal has a gap', async () => {
    for (const [forged, code] of [
      [{ step: 1, now: START, seed: 1, in: [], ended: [], out: [1, 77] }, 'PIPELINE_DIVERGED'],
      [{ step: 1, now: START, seed: 1, in: [['source_1', 0, 0, 1]], ended: [], out: [1, 77] }, 'PIPELINE_DIVERGED'],
      [{ step: 2, now: START, seed: 1, in: [], ended: [], out: [0, 0] }, 'STATE_CORRUPT'],
    ] as const) {
      const made = await bench()
      await made.log.createTopic('t')
      const first = new Piped(
        { ...made, log: faultyLog(made.log, (commit) => (commit < 2 ? 'kept' : gone())) },
        DOUBLED,
      ).start()
      await append(made.log, 't', numbers(0, 2))
      await first.pipeline.drain()
      await first.pipeline.stop()
      await made.log.append({ topic: journalTopic('m'), records: [{ value: bytes(JSON.stringify(forged)) }] })
      const second = new Piped(made, DOUBLED).start()
      await second.until('failed')
      expect(second.errors).toEqual([{ code, retryIn: null }])
      expect(await values(made.log)).toHaveLength(2)
    }
  })
})

describe('retention and a pipeline', () => {
  const filler = (from: number): object[] =>
    Array.from({ length: 500 }, (_, i) => ({ n: from + i, filler: 'x'.repeat(2000) }))

  /** A topic that keeps nothing but what is held. */
  async function filled(release: boolean) {
    const made = await bench()
    await made.log.createTopic('t', { retentionBytes: 0 })
    const piped = new Piped(made, DOUBLED).start()
    await append(made.log, 't', numbers(0, 3))
    await piped.pipeline.drain()
    await piped.pipeline.stop({ release })
    for (let n = 0; n < 3000; n += 500) await append(made.log, 't', filler(n))
    await made.log.maintain()
    return { made, start: (await made.log.offsets('t'))[0]!.start }
  }

  it('keeps what a stopped pipeline has not read', async () => {
    const { made, start } = await filled(false)
    expect(start).toBeLessThanOrEqual(3)
    const piped = new Piped(made, DOUBLED).start()
    await piped.pipeline.drain()
    expect(await values(made.log)).toHaveLength(3003)
    expect(piped.gaps).toEqual([])
  })

  it('deletes it once the pipeline lets go, which states the gap once', async () => {
    const { made, start } = await filled(true)
    expect(start).toBeGreaterThan(100)
    const crash = new Piped(
      { ...made, log: faultyLog(made.log, (commit) => (commit < 2 ? 'kept' : gone())) },
      DOUBLED,
    ).start()
    await crash.until('failed')
    const piped = new Piped(made, DOUBLED).start()
    await piped.pipeline.drain()
    await piped.pipeline.stop()
    expect(await values(made.log)).toHaveLength(3 + 3003 - start)
    expect(await values(made.log, '$gaps')).toEqual([
      {
        topic: 't',
        partition: 0,
        offset: start,
        from: null,
        to: null,
        reason: 'retention deleted the records before the pipeline read them',
        count: start - 3,
        pipeline: 'm',
      },
    ])
    expect([...crash.gaps, ...piped.gaps]).toHaveLength(1)
  })

  it('lets go of everything when it is stopped for good while it waits to try again', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    let full = false
    const log = faultyLog(made.log, () => (full ? new MillraceError('LOG_FULL', 'the disk is full') : 'kept'))
    const retry = { initialDelay: 3_600_000_000, maxDelay: 3_600_000_000, maxRetries: null }
    const piped = new Piped({ ...made, log }, COUNTED, { retry }).start()
    await append(made.log, 't', numbers(0, 10))
    await piped.pipeline.drain()
    full = true
    await append(made.log, 't', numbers(10, 20))
    await piped.until('recovering')
    full = false
    await piped.pipeline.stop({ release: true })
    expect(piped.pipeline.state).toBe('stopped')
    expect(made.log.holds()).toEqual([])
    piped.pipeline.start()
    await piped.pipeline.drain()
    await piped.pipeline.stop()
    expect(await standing(made.log, 'm')).toMatchObject({ '{"odd":0}': { n: 10 }, '{"odd":1}': { n: 10 } })
  })

  it('keeps what it needs of partitions that come while it runs', async () => {
    const made = await bench()
    await made.log.createTopic('t', { retentionBytes: 0 })
    let dead = false
    const dying = faultyLog(made.log, () => (dead ? gone() : 'kept'))
    const crashing = new Piped({ ...made, log: dying }, DOUBLED).start()
    await append(made.log, 't', numbers(0, 3))
    await crashing.pipeline.drain()
    await made.log.alterTopic('t', { partitions: 2 })
    for (let n = 0; n < 3000; n += 500) {
      await append(made.log, 't', filler(n), 1)
      await crashing.pipeline.drain()
    }
    dead = true
    await append(made.log, 't', numbers(3, 4))
    await crashing.until('failed')
    await made.log.maintain()
    const { log, starts } = watchedReaders(made.log)
    const again = new Piped({ ...made, log }, DOUBLED).start()
    await again.pipeline.drain()
    expect(again.errors).toEqual([])
    expect(starts).toContainEqual(['t', { offset: 0 }])
    expect(await again.pipeline.statistics()).toMatchObject({ positions: { source_1: [4, 3000] }, gaps: 0 })
    await again.pipeline.stop()
  })

  it('keeps what it needs of partitions that came while it was stopped', async () => {
    const made = await bench()
    await made.log.createTopic('t', { retentionBytes: 0 })
    const piped = new Piped(made, DOUBLED).start()
    await piped.pipeline.drain()
    await piped.pipeline.stop()
    await made.log.alterTopic('t', { partitions: 2 })
    await append(made.log, 't', numbers(0, 3), 1)
    piped.pipeline.start()
    await piped.pipeline.opened
    await piped.until('running')
    expect(made.log.holds()).toContainEqual({ owner: 'pipeline/m', topic: 't', partition: 1, offset: 0 })
    await piped.pipeline.drain()
    expect(await values(made.log)).toHaveLength(3)
  })

  it('states what it has missed of a partition it did not know', async () => {
    const made = await bench()
    await made.log.createTopic('t', { retentionBytes: 0 })
    const piped = new Piped(made, DOUBLED).start()
    await piped.pipeline.drain()
    await piped.pipeline.stop({ release: true })
    await made.log.alterTopic('t', { partitions: 2 })
    for (let n = 0; n < 3000; n += 500) await append(made.log, 't', filler(n), 1)
    await made.log.maintain()
    const start = (await made.log.offsets('t'))[1]!.start
    expect(start).toBeGreaterThan(100)
    piped.pipeline.start()
    await piped.pipeline.drain()
    expect(piped.gaps).toEqual([{ source: 'source_1', topic: 't', partition: 1, from: 0, to: start }])
    expect(await values(made.log)).toHaveLength(3000 - start)
  })

  it('lets go of what it has read when it is quiet', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const { pipeline } = new Piped(made, COUNTED, { snapshots: { everyMs: 5, everyBytes: 1e9 } }).start()
    await append(made.log, 't', numbers(0, 10))
    await pipeline.drain()
    while ((await pipeline.statistics()).snapshot === null) await new Promise((resolve) => setImmediate(resolve))
    const { snapshot } = await pipeline.statistics()
    expect(snapshot).toMatchObject({ at: START, bytes: expect.any(Number) as number })
    expect(snapshot!.bytes).toBeGreaterThan(0)
    expect(made.log.holds().find(({ topic }) => topic === 't')!.offset).toBe(10)
  })

  it('holds no more than the last snapshot needs', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const piped = new Piped(made, COUNTED).start()
    await append(made.log, 't', numbers(0, 10))
    await piped.pipeline.drain()
    await piped.pipeline.stop()
    const holds = made.log.holds().map(({ owner, topic, offset }) => `${owner} ${topic} ${offset}`)
    const end = (await made.log.offsets(journalTopic('m')))[0]!.end
    expect(holds.sort()).toEqual([`pipeline/m ${journalTopic('m')} ${end}`, 'pipeline/m t 10'])
  })
})

describe('another definition', () => {
  const totals = (where: string) =>
    define(`${NUMBERS}SELECT n % 2 AS odd, count(*) AS n FROM t WHERE ${where} GROUP BY n % 2`)

  it('goes on with the state, also behind steps that the old one made before a crash', async () => {
    for (const crash of [false, true]) {
      const made = await bench()
      await made.log.createTopic('t')
      const log = faultyLog(made.log, (commit) => (crash && commit >= 2 ? gone() : 'kept'))
      const first = new Piped({ ...made, log }, totals('n < 10')).start()
      await append(made.log, 't', numbers(0, 20))
      await first.pipeline.drain()
      await first.pipeline.stop()
      const second = new Piped(made, totals('n > 0')).start()
      await append(made.log, 't', numbers(20, 22))
      await second.pipeline.drain()
      expect(await standing(made.log, 'm')).toEqual({ '{"odd":0}': { odd: 0, n: 6 }, '{"odd":1}': { odd: 1, n: 6 } })
      expect((await loadPipeline(made.log, 'm'))!.definition).toEqual(totals('n > 0'))
    }
  })

  it('is refused when its operators keep something else', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    const first = new Piped(made, COUNTED).start()
    await first.pipeline.opened
    await first.pipeline.drain()
    await first.pipeline.stop()
    const other = define(`${NUMBERS}SELECT n % 2 AS odd, sum(n) AS n FROM t GROUP BY n % 2`)
    const second = new Piped(made, other).start()
    await second.until('failed')
    expect(second.errors).toEqual([{ code: 'CATALOG_CHANGED', retryIn: null }])
    await second.pipeline.drop()
    const third = new Piped(made, other).start()
    await append(made.log, 't', numbers(0, 4))
    await third.pipeline.drain()
    expect(await standing(made.log, 'm')).toEqual({ '{"odd":0}': { odd: 0, n: 2 }, '{"odd":1}': { odd: 1, n: 4 } })
  })

  it('leaves nothing behind when the pipeline is forgotten', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    await append(made.log, 't', numbers(0, 4))
    const piped = new Piped(made, COUNTED).start()
    await piped.pipeline.drain()
    await piped.pipeline.stop()
    expect(await made.state.owners()).toEqual([pipelineOwner('m')])
    await forgetPipeline(made.log, made.state, 'm')
    await forgetPipeline(made.log, made.state, 'm')
    expect(await made.state.owners()).toEqual([])
    expect(made.log.holds()).toEqual([])
    expect(made.log.topic(journalTopic('m'))).toBeUndefined()
    expect(await made.log.entries('pipeline/')).toEqual([])
  })
})
