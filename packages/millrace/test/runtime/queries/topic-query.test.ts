import { describe, expect, it } from 'vitest'
import { MillraceError, parseTimestamp } from '../../../src/kernel/index.ts'
import { workerExecutor } from '../../../src/runtime/index.ts'
import { readRecords, temporaryLog } from '../../log/temporary-log.ts'
import { appendRows, planned, rowsOf, start, topicTable } from './querying.ts'

const NUMBERS = topicTable('t', 'n BIGINT')
const PLACED = topicTable(
  't',
  "n BIGINT, at TIMESTAMP METADATA FROM 'timestamp', part INT METADATA FROM 'partition', off BIGINT METADATA FROM 'offset'",
)
const numbers = (from: number, to: number): { n: number }[] =>
  Array.from({ length: to - from }, (_, i) => ({ n: from + i }))

describe('a query over topics', () => {
  it('goes from history to the live end without a seam, wherever the end is when it starts', async () => {
    const query = planned(`${PLACED} SELECT n, part, off FROM t`)
    for (let round = 0; round < 25; round++) {
      const log = await temporaryLog()
      await log.createTopic('t', { partitions: 3 })
      const next = [0, 0, 0]
      const append = async (partition: number, count: number): Promise<void> => {
        const from = next[partition]!
        next[partition] = from + count
        await appendRows(log, 't', numbers(from, from + count), partition)
      }
      for (let i = 0; i < round; i++) await append(i % 3, 1 + ((i * 7919) % 50))
      const running = start(log, query)
      // Commits of all sizes, some under way while history is read.
      const writing = (async () => {
        for (let i = 0; i < 30; i++) {
          await append(i % 3, 1 + ((i * 31) % 17))
          if (i % 5 === round % 5) await new Promise((resolve) => setImmediate(resolve))
        }
      })()
      await writing
      const total = next[0]! + next[1]! + next[2]!
      await running.until((rows) => rows.length >= total)
      await running.live
      await running.query.cancel()
      for (const partition of [0, 1, 2]) {
        const mine = (running.read.rows as { n: number; part: number; off: number }[]).filter(
          (row) => row.part === partition,
        )
        expect(mine.map(({ n }) => n)).toEqual(numbers(0, next[partition]!).map(({ n }) => n))
        expect(mine.map(({ off }) => off)).toEqual(mine.map(({ n }) => n))
      }
    }
  })

  it('reads up to the end there is when it starts, and closes windows there', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { partitions: 2 })
    await appendRows(log, 't', numbers(0, 5000))
    await appendRows(log, 't', numbers(5000, 6000), 1)
    const running = start(
      log,
      planned(`${NUMBERS} SELECT tumble(INTERVAL '1 day') AS w, count(*) AS c FROM t AS OF LATEST GROUP BY w`),
    )
    await running.query.opened
    await appendRows(log, 't', numbers(6000, 7000))
    expect(await running.query.ended).toEqual({ kind: 'finished' })
    expect((running.read.rows as { c: number }[]).reduce((sum, { c }) => sum + c, 0)).toBe(6000)
  })

  it('between positions gives what a filter of all records gives', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const T0 = parseTimestamp('2024-01-01T00:00:00Z') as number
    const second = (i: number): number => T0 + i * 1_000_000
    // Arrival goes back and forth a little, as clocks do.
    const times = Array.from({ length: 300 }, (_, i) => second(i + (i % 7 === 3 ? -2 : 0)))
    for (const [n, timestamp] of times.entries()) {
      await log.append({ topic: 't', records: [{ value: Buffer.from(`{"n":${n}}`), timestamp }] })
    }
    const text = (micros: number): string => new Date(micros / 1000).toISOString()
    const from = (position: string): Promise<unknown[]> =>
      rowsOf(log, planned(`${NUMBERS} SELECT n FROM t ${position}`))
    const range = (start: number, end: number): object[] => numbers(start, end)
    expect(await from('FROM OFFSET 17 AS OF OFFSET 41')).toEqual(range(17, 41))
    expect(await from('AS OF OFFSET 0')).toEqual([])
    expect(await from('FROM OFFSET 299 AS OF LATEST')).toEqual(range(299, 300))
    expect(await from('FROM LATEST AS OF LATEST')).toEqual([])
    expect(await from('FROM OFFSET 298 AS OF NOW()')).toEqual(range(298, 300))
    expect(await from('FROM EARLIEST AS OF OFFSET 2')).toEqual(range(0, 2))
    for (const [a, b] of [
      [0, 300],
      [50, 120],
      [3, 4],
      [149, 151],
      [299, 400],
      [-10, 5],
    ] as const) {
      // The first record that is not older, on both sides.
      const at = (micros: number): number => {
        const found = times.findIndex((time) => time >= micros)
        return found === -1 ? times.length : found
      }
      const rows = await from(`FROM TIMESTAMP '${text(second(a))}' AS OF TIMESTAMP '${text(second(b))}'`)
      expect(rows).toEqual(range(at(second(a)), Math.max(at(second(a)), at(second(b)))))
    }
  })

  it('reads a compacted topic, whose offsets have holes', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { compact: true })
    for (let round = 0; round < 60; round++) {
      const records = Array.from({ length: 200 }, (_, k) => ({
        key: Buffer.from(`k${k % (10 + round)}`),
        value: Buffer.from(JSON.stringify({ n: round * 200 + k, pad: 'x'.repeat(200) })),
      }))
      await log.append({ topic: 't', records })
    }
    await log.maintain()
    const left = await readRecords(log, 't')
    expect(left.length).toBeLessThan(60 * 200)
    const rows = await rowsOf(log, planned(`${PLACED} SELECT n, off FROM t AS OF LATEST`))
    expect(rows).toEqual(left.map(({ offset, value }) => ({ n: (JSON.parse(value!) as { n: number }).n, off: offset })))
  })

  it('states what retention deleted before it was read, and goes on behind it', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { retentionBytes: 0 })
    for (let i = 0; i < 30; i++) await appendRows(log, 't', [{ n: i, pad: 'x'.repeat(100_000) }])
    await log.maintain()
    const first = (await log.offsets('t'))[0]!.start
    expect(first).toBeGreaterThan(4)
    const gaps: unknown[] = []
    const running = start(
      log,
      planned(`${NUMBERS} SELECT n FROM t FROM OFFSET 4 AS OF LATEST`),
      {},
      { gap: (gap) => void gaps.push(gap) },
    )
    expect(await running.query.ended).toEqual({ kind: 'finished' })
    expect(gaps).toEqual([{ table: 't', topic: 't', partition: 0, from: 4, to: first }])
    expect(running.read.rows).toEqual(numbers(first, 30))
    expect((await running.query.statistics()).gaps).toBe(1)
  })

  it('reads two ranges of one topic as two inputs', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    await appendRows(log, 't', numbers(0, 100))
    const query = planned(
      `${NUMBERS} SELECT n FROM t AS OF OFFSET 3 UNION ALL SELECT n FROM t FROM OFFSET 98 AS OF LATEST`,
    )
    const rows = (await rowsOf(log, query)) as { n: number }[]
    expect(rows.map(({ n }) => n).sort((a, b) => a - b)).toEqual([0, 1, 2, 98, 99])
  })

  it('starts live where it is told to', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    await appendRows(log, 't', numbers(0, 10))
    const running = start(log, planned(`${NUMBERS} SELECT n FROM t`), { start: { kind: 'latest' } })
    await running.live
    expect(running.read.rows).toEqual([])
    await appendRows(log, 't', numbers(10, 12))
    await running.until((rows) => rows.length === 2)
    expect(running.read.rows).toEqual(numbers(10, 12))
    expect(await running.query.stop()).toEqual({ kind: 'stopped' })
  })

  it('reads topics that say what they take back', async () => {
    const log = await temporaryLog()
    await log.createTopic('w')
    await log.createTopic('u')
    const weighted = (n: number, weight: number) => ({
      key: Buffer.from(`{"n":${n}}`),
      value: Buffer.from(`{"n":${n}}`),
      headers: [{ name: 'weight', value: Buffer.from(String(weight)) }],
    })
    await log.append({ topic: 'w', records: [weighted(1, 2), weighted(2, 1), weighted(1, -1), weighted(2, -1)] })
    const weights = start(
      log,
      planned(`${topicTable('w', 'n BIGINT', "changelog = 'weights'")} SELECT n FROM w AS OF LATEST`),
    )
    expect(await weights.query.ended).toEqual({ kind: 'finished' })
    expect(weights.read.standing()).toEqual(['{"n":1}'])
    const upsert = (k: string, v: number | null) => ({
      key: Buffer.from(`{"k":"${k}"}`),
      value: v === null ? null : Buffer.from(`{"k":"${k}","v":${v}}`),
    })
    await log.append({
      topic: 'u',
      records: [upsert('a', 1), upsert('b', 2), upsert('a', 3), upsert('b', null), upsert('c', 4)],
    })
    const table = topicTable('u', 'k TEXT PRIMARY KEY, v BIGINT', "changelog = 'upsert'")
    const upserts = start(log, planned(`${table} SELECT count(*) AS c, sum(v) AS s FROM u AS OF LATEST`))
    expect(await upserts.query.ended).toEqual({ kind: 'finished' })
    expect(upserts.read.standing()).toEqual(['{"c":2,"s":7}'])
  })

  it('reads no further ahead than its consumer takes', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const BYTES = 20 * 1024 * 1024
    const pad = 'x'.repeat(1000)
    for (let i = 0; i < BYTES; i += 1_000_000)
      await appendRows(
        log,
        't',
        numbers(0, 1000).map((row) => ({ ...row, pad })),
      )
    let handed = 0
    let release: () => void = () => undefined
    const query = planned(`${topicTable('t', 'n BIGINT, pad TEXT')} SELECT n, pad FROM t`)
    const running = start(
      log,
      query,
      {},
      {
        output: (_, batch) => {
          handed += batch.length
          return new Promise((resolve) => {
            release = resolve
          })
        },
      },
    )
    while (handed === 0) await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve))
    const { sources } = await running.query.statistics()
    // One step was taken and waits.
    expect(handed).toBeLessThanOrEqual(1024)
    expect(Object.values(sources)[0]!.bytes).toBeLessThan(2 * 1024 * 1024)
    release()
    expect(await running.query.cancel()).toEqual({ kind: 'stopped' })
  })

  it('is cancelled at once, while its consumer makes it wait and while it waits for records', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    await appendRows(log, 't', numbers(0, 100_000))
    const query = planned(`${NUMBERS} SELECT n FROM t`)
    let reached: () => void = () => undefined
    const handed = new Promise<void>((resolve) => {
      reached = resolve
    })
    const stuck = start(
      log,
      query,
      {},
      {
        output: () => {
          reached()
          return new Promise(() => undefined)
        },
      },
    )
    await handed
    const idle = start(log, query, { start: { kind: 'latest' } })
    await idle.live
    const abort = new AbortController()
    const busy = start(log, query, { signal: abort.signal })
    await busy.until((rows) => rows.length > 0)
    const begin = performance.now()
    abort.abort()
    expect(await Promise.all([stuck.query.cancel(), idle.query.cancel(), busy.query.ended])).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'stopped' })),
    )
    // Without waiting for anything; how long exactly, a machine with other work does not say.
    expect(performance.now() - begin).toBeLessThan(1000)
    expect(busy.read.rows.length).toBeLessThan(100_000)
  })

  it('lets others have the event loop while it scans', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    const pad = 'x'.repeat(150)
    for (let i = 0; i < 20; i++)
      await appendRows(
        log,
        't',
        numbers(0, 10_000).map((row) => ({ ...row, pad })),
      )
    const query = planned(`${NUMBERS} SELECT n % 100 AS k, count(*) AS c FROM t AS OF LATEST GROUP BY k`)
    await rowsOf(log, query)
    let turns = 0
    let scanning = true
    const turn = (): void => {
      turns++
      if (scanning) setImmediate(turn)
    }
    setImmediate(turn)
    const begin = process.cpuUsage()
    await rowsOf(log, query)
    scanning = false
    const { user, system } = process.cpuUsage(begin)
    // Of this process alone, since the machine may have other work; collecting garbage is in it.
    expect((user + system) / 1000 / turns).toBeLessThan(25)
  })

  it('gives the same in a worker', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { partitions: 2 })
    await appendRows(log, 't', numbers(0, 20_000))
    await appendRows(log, 't', numbers(20_000, 30_000), 1)
    const query = planned(`${NUMBERS} SELECT n % 10 AS k, sum(n) AS s FROM t AS OF LATEST GROUP BY k`)
    const inline = start(log, query)
    const worker = start(log, query, { createExecutor: workerExecutor })
    expect(await Promise.all([inline.query.ended, worker.query.ended])).toEqual([
      { kind: 'finished' },
      { kind: 'finished' },
    ])
    expect(worker.read.standing()).toEqual(inline.read.standing())
    expect(worker.read.standing()).toHaveLength(10)
  })

  it('fails with what is wrong, and says nothing after it', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { partitions: 2 })
    const failed = async (sql: string): Promise<string> => {
      const end = await start(log, planned(`${NUMBERS} ${sql}`)).query.ended
      return end.kind === 'failed' && end.error instanceof MillraceError ? end.error.code : end.kind
    }
    expect(await failed('SELECT n FROM t FROM OFFSET 3')).toBe('SQL_INVALID')
    await log.append({ topic: 't', records: [{ value: Buffer.from('{"n":"x"}') }] })
    expect(await failed('SELECT n FROM t')).toBe('DATA_BAD_RECORD')
    const running = start(log, planned(`${NUMBERS} SELECT n FROM t`), { start: { kind: 'latest' } })
    await running.live
    await log.deleteTopic('t')
    expect(await running.query.ended).toMatchObject({ kind: 'failed', error: { code: 'LOG_UNKNOWN_TOPIC' } })
  })
})
