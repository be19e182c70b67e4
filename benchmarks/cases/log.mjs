import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from '../../packages/millrace/dist/log/index.js'
import { alternate, assertEqual, percentile } from '../lib/measure.mjs'

/** The lmdb package is Millrace's, and found from there. */
const { open: openLmdb } = createRequire(new URL('../../packages/millrace/package.json', import.meta.url))('lmdb')

const RECORDS = 300_000
const RECORD_BYTES = 166
const BATCH = 1000
const IN_FLIGHT = 100
const ROUNDS = 3
const TAIL_ROUNDS = 300

/** Durable appends, scans and the way from append to a waiting reader; beside LMDB with one key per record. */
export async function log() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-log-'))
  const ours = await openLog({ directory: join(folder, 'ours'), maintainEveryMs: 0 })
  const theirs = openLmdb({
    path: join(folder, 'lmdb'),
    overlappingSync: false,
    keyEncoding: 'binary',
    encoding: 'binary',
    mapSize: 2 ** 36,
  })
  try {
    await ours.createTopic('bench')
    const rounds = { ours: 0, theirs: 0 }
    const appended = await alternate(
      ROUNDS,
      () => rate(RECORDS, () => appendOurs(ours, rounds.ours++)),
      () => rate(RECORDS, () => appendTheirs(theirs, rounds.theirs++)),
    )
    const total = RECORDS * rounds.ours
    assertEqual(await scanOurs(ours), await scanTheirs(theirs), 'log')
    const scanned = await alternate(
      ROUNDS,
      () => rate(total, () => scanOurs(ours)),
      () => rate(total, () => scanTheirs(theirs)),
    )
    const [{ bytes }] = await ours.partitionStatistics('bench')
    const disk = { ours: bytes / total, baseline: statSync(join(folder, 'lmdb/data.mdb')).size / total }
    const tail = await tailLatency(ours, theirs)
    const against = 'LMDB, one key per record'
    return [
      {
        name: 'log append',
        ...appended,
        unit: 'durable records/s',
        target: 1.5,
        against,
        detail: `${RECORD_BYTES}-byte records`,
      },
      { name: 'log scan', ...scanned, unit: 'records/s', target: 6, against, detail: 'checksums verified' },
      { name: 'log disk', ...disk, ratio: disk.baseline / disk.ours, unit: 'bytes/record', target: 1, against },
      {
        name: 'log tail p50',
        ours: tail.ours.p50,
        baseline: tail.theirs.p50,
        ratio: tail.theirs.p50 / tail.ours.p50,
        unit: 'ms from append to reader',
        target: 0.8,
        against: 'one durable put',
        detail: `p99 ${tail.ours.p99.toFixed(2)} against ${tail.theirs.p99.toFixed(2)} ms`,
      },
    ]
  } finally {
    await ours.close()
    await theirs.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Record n of a batch begins with a byte that both scans add up. */
const values = Array.from({ length: BATCH }, (_, n) => Buffer.alloc(RECORD_BYTES, n % 251))
const records = values.map((value) => ({ value, timestamp: 1 }))

async function appendOurs(target) {
  const under = []
  for (let n = 0; n < RECORDS; n += BATCH) {
    under.push(target.append({ topic: 'bench', records }))
    if (under.length >= IN_FLIGHT) await under.shift()
  }
  await Promise.all(under)
}

async function appendTheirs(db, round) {
  const key = (n) => {
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeDoubleBE(n)
    return bytes
  }
  const under = []
  for (let n = 0; n < RECORDS; n += BATCH) {
    const first = round * RECORDS + n
    under.push(
      db.batch(() => {
        for (let i = 0; i < BATCH; i++) void db.put(key(first + i), values[i])
      }),
    )
    if (under.length >= IN_FLIGHT) await under.shift()
  }
  await Promise.all(under)
}

async function scanOurs(target) {
  let sum = 0
  let count = 0
  for await (const block of await target.reader('bench')) {
    const { bytes, offsets } = block
    for (let i = 0; i < block.count; i++) sum += bytes[offsets[i]]
    count += block.count
  }
  return { sum, count }
}

async function scanTheirs(db) {
  let sum = 0
  let count = 0
  for (const { value } of db.getRange()) {
    sum += value[0]
    count++
  }
  return { sum, count }
}

async function rate(count, work) {
  const start = performance.now()
  await work()
  return (count * 1000) / (performance.now() - start)
}

/** One record at a time, so that nothing is shared with a neighbour's commit. */
async function tailLatency(target, db) {
  await target.createTopic('tail')
  const reader = await target.reader('tail', { follow: true })
  const times = { ours: [], theirs: [] }
  for (let n = 0; n < TAIL_ROUNDS; n++) {
    let start = performance.now()
    const next = reader.next()
    void target.append({ topic: 'tail', records: [records[0]] })
    await next
    times.ours.push(performance.now() - start)
    start = performance.now()
    await db.put(Buffer.from(`tail ${n}`), values[0])
    times.theirs.push(performance.now() - start)
  }
  const figures = (list) => {
    const sorted = list.toSorted((a, b) => a - b)
    return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
  }
  return { ours: figures(times.ours), theirs: figures(times.theirs) }
}
