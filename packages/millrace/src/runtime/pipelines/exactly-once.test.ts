import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultyLog, type Fate, gone } from '../../../test/runtime/pipelines/faulty-log.ts'
import {
  append,
  bench,
  type Bench,
  define,
  EXECUTOR,
  Piped,
  results,
  SECOND,
  standing,
  START,
} from '../../../test/runtime/pipelines/piping.ts'
import { formatTimestamp } from '../../kernel/index.ts'
import type { Append, LogRecord, PackedValues } from '../../log/index.ts'
import { inlineExecutor } from '../executor/inline-executor.ts'
import { type PipelineDefinition, recomputeResults } from './index.ts'
import type { SnapshotPolicy } from './snapshotter.ts'

/** Each run has topics of its own in the same log. */
const table = (
  run: string,
): string => `CREATE TABLE trades_${run} (symbol TEXT, price DECIMAL, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
  WITH (connector = 'topic', idle_timeout = 'off', max_future_skew = 'off');\n`

const QUERIES = {
  rows: 'SELECT symbol, price * 2 AS twice, ts FROM trades_RUN WHERE price > 3',
  tumble: `SELECT symbol, TUMBLE(INTERVAL '5 seconds') AS w, sum(price) AS total, count(*) AS n FROM trades_RUN GROUP BY symbol, w`,
  session: `SELECT symbol, SESSION(INTERVAL '1 seconds') AS w, sum(price) AS total FROM trades_RUN GROUP BY symbol, w`,
  upsert: 'SELECT symbol, sum(price) AS total, count(*) AS n FROM trades_RUN GROUP BY symbol',
}

/** What comes in, a group of records at a time. */
const FEED = Array.from({ length: 5 }, (_, group) =>
  Array.from({ length: 8 }, (_, i) => {
    const n = group * 8 + i
    return {
      symbol: 'abc'[(n * 7) % 3]!,
      price: 1 + ((n * 31) % 9),
      ts: formatTimestamp(START + n * 0.7 * SECOND - (n % 3) * SECOND),
    }
  }),
)

const NEVER: SnapshotPolicy = { everyMs: 1e9, everyBytes: Number.POSITIVE_INFINITY }
const EVERY_STEP: SnapshotPolicy = { everyMs: 1e9, everyBytes: 0 }

function definitionOf(sql: string, run: string): PipelineDefinition {
  return define(table(run) + sql.replaceAll('trades_RUN', `trades_${run}`), `m_${run}`)
}

/** Feeds from group `from` on, as long as the pipeline runs, one after the other or all at once; answers with the group that comes next. */
async function feed({ log }: Bench, run: string, piped: Piped, from: number, waits: boolean): Promise<number> {
  let next = from
  while (next < FEED.length && piped.pipeline.state !== 'failed') {
    await append(log, `trades_${run}`, FEED[next++]!)
    if (waits) await piped.pipeline.drain()
  }
  return next
}

/** Runs until the log fails, as often as there are fates, and once more to the end. Answers how often it failed. */
async function run(
  made: Bench,
  name: string,
  sql: string,
  fates: readonly ((commit: number) => Fate)[] = [],
  snapshots: SnapshotPolicy = NEVER,
  waits = true,
): Promise<number> {
  const definition = definitionOf(sql, name)
  await made.log.createTopic(`trades_${name}`)
  let next = 0
  let failures = 0
  for (const fate of fates) {
    const piped = new Piped({ ...made, log: faultyLog(made.log, fate) }, definition, {
      snapshots,
      steps: { stepBytes: 1 },
    }).start()
    next = await feed(made, name, piped, next, waits)
    await piped.pipeline.drain()
    await piped.pipeline.stop()
    if (piped.errors.length > 0) failures++
  }
  const last = new Piped(made, definition, { snapshots }).start()
  await feed(made, name, last, next, waits)
  await last.pipeline.drain()
  await last.pipeline.stop()
  expect(last.pipeline.state).toBe('stopped')
  await expectJournalled(made, definition)
  return failures
}

const fails = (from: number) => (commit: number) => (commit >= from ? gone() : 'kept')
const losesAnswer = (at: number) => (commit: number) => (commit < at ? 'kept' : commit === at ? 'lost' : gone())

function recordsOf({ records }: Append): { key: string | null; value: string | null }[] {
  if (!('offsets' in records))
    return records.map(({ key, value }: LogRecord) => ({ key: textOf(key), value: textOf(value) }))
  const { bytes, offsets, keys, tombstones }: PackedValues = records
  return Array.from({ length: offsets.length - 1 }, (_, i) => ({
    key: keys === undefined ? null : textOf(keys.bytes.subarray(keys.offsets[i], keys.offsets[i + 1])),
    value: tombstones?.[i] === 1 ? null : textOf(bytes.subarray(offsets[i], offsets[i + 1])),
  }))
}

function textOf(bytes: Uint8Array | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString()
}

/** The results are what the journal says, computed from its beginning. */
async function expectJournalled({ log }: Bench, definition: PipelineDefinition): Promise<void> {
  const recomputed: unknown[] = []
  for await (const appends of recomputeResults(log, definition, inlineExecutor, EXECUTOR)) {
    recomputed.push(...appends.filter(({ topic }) => topic === definition.name).flatMap(recordsOf))
  }
  const there = (await results(log, definition.name)) as { key: string | null; value: string | null }[]
  expect(there.map(({ key, value }) => ({ key, value }))).toEqual(recomputed)
}

describe('a pipeline whose process dies', () => {
  for (const [query, sql] of Object.entries(QUERIES)) {
    for (const [how, snapshots] of Object.entries({ never: NEVER, 'after every step': EVERY_STEP })) {
      it(`has each result of ${query} once, at whatever commit; snapshots ${how}`, async () => {
        const made = await bench()
        const told = query === 'upsert' ? standing : results
        await run(made, 'whole', sql)
        const expected = await told(made.log, 'm_whole')
        expect(await readCount(made, 'm_whole')).toBeGreaterThan(5)
        for (const crash of [fails, losesAnswer]) {
          for (let commit = 0; ; commit++) {
            const name = `${crash.name}_${commit}`
            const failures = await run(made, name, sql, [crash(commit)], snapshots)
            expect(await told(made.log, `m_${name}`)).toEqual(expected)
            if (failures > 0) continue
            expect(commit).toBeGreaterThan(FEED.length)
            break
          }
        }
      }, 60_000)
    }
  }

  it('has each result once however often and wherever it dies, with snapshots now and then', async () => {
    const made = await bench()
    await run(made, 'whole', QUERIES.tumble)
    const expected = await results(made.log, 'm_whole')
    const crashes = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.boolean()), { maxLength: 5 })
    let runs = 0
    await fc.assert(
      fc.asyncProperty(crashes, fc.integer({ min: 0, max: 2000 }), fc.boolean(), async (deaths, everyBytes, waits) => {
        const name = String(runs++)
        const fates = deaths.map(([commit, lost]) => (lost ? losesAnswer(commit) : fails(commit)))
        await run(made, name, QUERIES.tumble, fates, { everyMs: 1e9, everyBytes }, waits)
        expect(await results(made.log, `m_${name}`)).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})

async function readCount({ log }: Bench, topic: string): Promise<number> {
  return (await results(log, topic)).length
}
