import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from '../../packages/millrace/dist/log/index.js'
import { assertEqual, median, percentile } from '../lib/measure.mjs'
import { startSqlite } from '../lib/sqlite-log.mjs'

/** The lmdb package is Millrace's, and found from there. */
const { open: openLmdb } = createRequire(new URL('../../packages/millrace/package.json', import.meta.url))('lmdb')

const RECORD_BYTES = 166
/** Records in one append, and appends under way: what is under way shares commits. */
const BATCH = 1000
const IN_FLIGHT = 100
/** Records that share a commit in SQLite: as many as in the largest group of ours. */
const SQLITE_GROUP = 50_000
/** Appended in one round; the others are slower by so much that they get fewer. */
const RECORDS = 1_000_000
const RECORDS_OF_OTHERS = 300_000
const ROUNDS = 3
const TAIL_ROUNDS = 200
/** What the log holds when it is opened again. */
const REOPENED = 10_000_000

/**
 * The log beside SQLite (WAL, synchronous=FULL) and LMDB with one key per record: durable appends, scans, room on the disk, the way from
 * an append to a waiting reader; and how soon a log of ten million records serves again.
 */
export async function log() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-log-'))
  const systems = [new Millrace(join(folder, 'millrace')), new Lmdb(join(folder, 'lmdb'))]
  try {
    for (const system of systems) await system.open()
    const sqlite = await startSqlite(join(folder, 'sqlite'))
    if (sqlite !== null) systems.push(new Sqlite(sqlite))
    const appended = await inTurn(systems, async (system) => rate(system.records, await system.append(system.records)))
    const scanned = await inTurn(systems, async (system) => {
      const { ms, sum, count } = await system.scan(system.records)
      assertEqual({ sum, count }, EXPECTED(system.records), 'log')
      return rate(count, ms)
    })
    const bytes = []
    for (const system of systems) bytes.push(await system.bytesPerRecord())
    const tails = []
    for (const system of systems) tails.push((await system.tail(TAIL_ROUNDS)).sort((a, b) => a - b))
    const [ours] = systems
    const reopened = await ours.reopen(REOPENED)
    for (const system of systems) await system.close()

    const others = systems.slice(1).map(({ name, tailTarget }, i) => ({ name, tailTarget, at: i + 1 }))
    const p = (at, fraction) => percentile(tails[at], fraction)
    return [
      {
        name: 'log append',
        ours: appended[0],
        baseline: 1_500_000,
        unit: 'durable records/s',
        target: 1,
        against: '1.5 million',
        detail: `${RECORD_BYTES}-byte records`,
      },
      ...others.map(({ name, at }) => ({
        name: 'log append',
        ours: appended[0],
        baseline: appended[at],
        unit: 'durable records/s',
        target: 2,
        against: name,
      })),
      {
        name: 'log scan',
        ours: scanned[0],
        baseline: 6_000_000,
        unit: 'records/s',
        target: 1,
        against: '6 million',
        detail: 'checksums verified',
      },
      ...others.map(({ name, at }) => ({
        name: 'log scan',
        ours: scanned[0],
        baseline: scanned[at],
        unit: 'records/s',
        target: 2,
        against: name,
      })),
      ...others.map(({ name, tailTarget, at }) => ({
        name: 'log tail (p50)',
        ours: p(0, 0.5),
        baseline: p(at, 0.5),
        ratio: p(at, 0.5) / p(0, 0.5),
        unit: 'ms from append to reader',
        target: tailTarget,
        against: `one durable record in ${name}`,
        detail: `p99 ${p(0, 0.99).toFixed(2)} ms and ${p(at, 0.99).toFixed(2)} ms`,
      })),
      ...others.map(({ name, at }) => ({
        name: 'log disk',
        ours: bytes[0],
        baseline: bytes[at],
        ratio: bytes[at] / bytes[0],
        unit: 'bytes/record',
        target: 1,
        against: name,
      })),
      {
        name: 'log reopen',
        ours: reopened.ms,
        baseline: 2000,
        ratio: 2000 / reopened.ms,
        unit: 'ms until it serves again',
        target: 1,
        against: `2 s for ${REOPENED.toLocaleString('en')} records`,
        detail: `${(reopened.ms / (reopened.bytes / 1e9)).toFixed(1)} ms/GB`,
      },
    ]
  } finally {
    for (const system of systems) await system.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Record n of a batch begins with a byte that all scans add up. */
const values = Array.from({ length: BATCH }, (_, n) => Buffer.alloc(RECORD_BYTES, n % 251))
const EXPECTED = (count) => ({ sum: (count / BATCH) * values.reduce((sum, v) => sum + v[0], 0), count })

const rate = (count, ms) => (count * 1000) / ms

/** Medians of `measure` for each system; they take turns after a warm-up, so that all meet the same neighbours. */
async function inTurn(systems, measure) {
  const figures = systems.map(() => [])
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, system] of systems.entries()) {
      const figure = await measure(system)
      if (round > 0) figures[i].push(figure)
    }
  }
  return figures.map(median)
}

async function timed(work) {
  const start = performance.now()
  const value = await work()
  return { ...value, ms: performance.now() - start }
}

/** Starts `count / BATCH` appends in order, with a bounded number of them under way. */
async function pipelined(count, append) {
  const { ms } = await timed(async () => {
    const under = []
    for (let n = 0; n < count; n += BATCH) {
      under.push(append(n))
      if (under.length >= IN_FLIGHT) await under.shift()
    }
    await Promise.all(under)
  })
  return ms
}

class Millrace {
  name = 'Millrace'
  records = RECORDS
  #directory
  #log = null

  constructor(directory) {
    this.#directory = directory
  }

  async open() {
    this.#log = await openLog({ directory: this.#directory, maintainEveryMs: 0 })
    // Retention turns over while it is written, so that the file does not grow for ever.
    await this.#log.createTopic('turnover', { retentionBytes: 2 ** 27 })
    await this.#log.createTopic('bench')
    await this.#log.createTopic('tail')
  }

  append(count) {
    return this.#append('turnover', count)
  }

  async scan(limit) {
    await this.#fill(limit)
    return timed(async () => {
      let sum = 0
      let count = 0
      for await (const block of await this.#log.reader('bench', { to: limit })) {
        const { bytes, offsets } = block
        for (let i = 0; i < block.count; i++) sum += bytes[offsets[i]]
        count += block.count
      }
      return { sum, count }
    })
  }

  /** From the append to a reader that waits for it, one record at a time. */
  async tail(rounds) {
    const reader = await this.#log.reader('tail', { follow: true })
    const times = []
    for (let n = 0; n < rounds; n++) {
      const { ms } = await timed(async () => {
        const next = reader.next()
        void this.#log.append({ topic: 'tail', records: [{ value: values[0] }] })
        await next
      })
      times.push(ms)
    }
    return times
  }

  async bytesPerRecord() {
    const [{ bytes, end }] = await this.#log.partitionStatistics('bench')
    return bytes / end
  }

  /** From opening to having read the newest record and appended another. */
  async reopen(records) {
    await this.#fill(records)
    const [{ bytes }] = await this.#log.partitionStatistics('bench')
    await this.#log.close()
    const { ms } = await timed(async () => {
      this.#log = await openLog({ directory: this.#directory, maintainEveryMs: 0 })
      const reader = await this.#log.reader('bench', { from: { offset: records - 1 } })
      await reader.next()
      await this.#log.append({ topic: 'bench', records: [{ value: values[0] }] })
    })
    return { ms, bytes }
  }

  async close() {
    await this.#log?.close()
  }

  async #fill(count) {
    const [{ end }] = await this.#log.offsets('bench')
    if (end < count) await this.#append('bench', count - end)
  }

  #append(topic, count) {
    const records = values.map((value) => ({ value, timestamp: 1 }))
    return pipelined(count, () => this.#log.append({ topic, records }))
  }
}

class Lmdb {
  name = 'LMDB, one key per record'
  /** Ours wakes a reader in that time. */
  tailTarget = 0.5
  records = RECORDS_OF_OTHERS
  #directory
  #db = null
  #next = 0

  constructor(directory) {
    this.#directory = directory
  }

  async open() {
    this.#db = openLmdb({
      path: this.#directory,
      overlappingSync: false,
      keyEncoding: 'binary',
      encoding: 'binary',
      mapSize: 2 ** 36,
    })
  }

  append(count) {
    return pipelined(count, () => {
      const first = this.#next
      this.#next += BATCH
      return this.#db.batch(() => {
        for (let i = 0; i < BATCH; i++) void this.#db.put(lmdbKey(first + i), values[i])
      })
    })
  }

  scan(limit) {
    return timed(async () => {
      let sum = 0
      let count = 0
      for (const { value } of this.#db.getRange({ limit })) {
        sum += value[0]
        count++
      }
      return { sum, count }
    })
  }

  async tail(rounds) {
    const times = []
    for (let n = 0; n < rounds; n++) times.push((await timed(() => this.#db.put(lmdbKey(this.#next++), values[0]))).ms)
    return times
  }

  bytesPerRecord() {
    return statSync(join(this.#directory, 'data.mdb')).size / this.#next
  }

  async close() {
    await this.#db?.close()
    this.#db = null
  }
}

function lmdbKey(n) {
  const key = Buffer.allocUnsafe(8)
  key.writeDoubleBE(n)
  return key
}

class Sqlite {
  name = 'SQLite (WAL, FULL)'
  /** It commits on the thread that calls it, which waits. */
  tailTarget = 0.15
  records = RECORDS_OF_OTHERS
  #child

  constructor(child) {
    this.#child = child
  }

  async append(count) {
    return (await this.#child.append(count, SQLITE_GROUP, RECORD_BYTES, BATCH)).ms
  }

  scan(limit) {
    return this.#child.scan(limit)
  }

  tail(rounds) {
    return this.#child.single(rounds, RECORD_BYTES)
  }

  bytesPerRecord() {
    return this.#child.bytes() / (RECORDS_OF_OTHERS * (ROUNDS + 1))
  }

  async close() {
    await this.#child?.close()
    this.#child = null
  }
}
