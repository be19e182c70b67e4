import { afterAll, describe, expect, it } from 'vitest'
import { type Log, openLog } from '../../src/log/index.ts'
import { inlineExecutor } from '../../src/runtime/index.ts'
import { loadPipeline } from '../../src/runtime/pipelines/checkpoint.ts'
import { readJournal } from '../../src/runtime/pipelines/journal.ts'
import { sourcesOf } from '../../src/runtime/pipelines/pipeline-definition.ts'
import { ReplayInput } from '../../src/runtime/pipelines/replay-input.ts'
import { StepOutput } from '../../src/runtime/pipelines/step-output.ts'
import { Scratch } from '../cli/millrace.ts'
import { killRounds, Reader, showRound, Writer } from './kill-clients.ts'
import { serve, type Serving } from './serving.ts'
import { expected, type Group, SCRIPT, trade } from './trades.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

const ROUNDS = killRounds(6)
const DIRECTORY_ROUNDS = 50
const VIEWS = ['per_second', 'bursts', 'totals', 'early', 'quiet']

interface Line {
  readonly key: string | null
  readonly value: unknown
}

interface WindowRow {
  readonly k: string
  readonly w: { readonly start: string; readonly end: string }
  readonly c: number
  readonly s: number
}

async function linesOf(url: string, topic: string): Promise<Line[]> {
  const text = await (await fetch(`${url}/v1/topics/${topic}/records?limit=100000000`)).text()
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line)
}

interface Status {
  readonly name: string
  readonly state: string
  readonly lag: number
  readonly snapshot: object | null
}

async function pipelinesOf(url: string): Promise<readonly Status[]> {
  return ((await (await fetch(`${url}/v1/pipelines`)).json()) as { pipelines: Status[] }).pipelines
}

/** Resolves when no pipeline is behind the topics it reads. */
async function caughtUp(url: string): Promise<void> {
  for (;;) {
    const pipelines = await pipelinesOf(url)
    expect(pipelines.filter(({ state }) => state === 'failed')).toEqual([])
    if (pipelines.length === VIEWS.length && pipelines.every(({ state, lag }) => state === 'running' && lag === 0)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const sorted = (groups: readonly Group[]): string[] => groups.map((group) => JSON.stringify(group)).sort()

function groupsOf(lines: readonly Line[]): string[] {
  return sorted(
    lines.map(({ value }) => {
      const { k, w, c, s } = value as WindowRow
      return [k, Date.parse(w.start), Date.parse(w.end), c, s]
    }),
  )
}

interface Kept {
  readonly key: string | null
  readonly value: string | null
}

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

async function recordsOf(log: Log, topic: string): Promise<Kept[]> {
  const records: Kept[] = []
  for await (const block of await log.reader(topic)) {
    for (let i = 0; i < block.count; i++) records.push({ key: text(block.key(i)), value: text(block.value(i)) })
  }
  return records
}

/** Everything a view has ever put out, computed anew from the first step of its journal, without any snapshot. */
async function recompute(log: Log, name: string): Promise<Kept[]> {
  const { definition } = (await loadPipeline(log, name))!
  const output = new StepOutput(log, definition)
  const settings = { codegen: false, batchRows: 4096, stateLimit: 2 ** 30 }
  const executor = await inlineExecutor(JSON.stringify(definition.dataflow), settings, output, [], new AbortController().signal)
  const input = new ReplayInput(log, sourcesOf(definition))
  const records: Kept[] = []
  for await (const entry of readJournal(log, name, 0, 0)) {
    output.begin(entry.step, entry.now)
    await executor.step(await input.step(entry))
    for (const { topic, records: packed } of output.take().appends) {
      if (topic !== name || !('offsets' in packed)) continue
      const { bytes, offsets, keys, tombstones } = packed
      for (let i = 0; i + 1 < offsets.length; i++) {
        const key = keys === undefined ? null : keys.bytes.subarray(keys.offsets[i], keys.offsets[i + 1])
        const value = tombstones?.[i] === 1 ? null : bytes.subarray(offsets[i], offsets[i + 1])
        records.push({ key: text(key), value: text(value) })
      }
    }
  }
  await executor.close()
  return records
}

describe('millrace serve', () => {
  // Everything is compared at the end of a directory's rounds, in memory.
  for (let from = 0; from < ROUNDS; from += DIRECTORY_ROUNDS) {
    const to = Math.min(from + DIRECTORY_ROUNDS, ROUNDS)
    const title = `gives every result once over kill -9, equal to a recompute (rounds ${from + 1} to ${to})`
    it(title, { timeout: 120_000 + (to - from) * 15_000 }, () => killAndCompare(from, to))
  }
})

/** Kills a server of its own in every round, and compares what all its views say in the end. */
async function killAndCompare(from: number, to: number): Promise<void> {
  const dataDir = scratch.path(`data-${from}`)
  const script = scratch.write('views.sql', SCRIPT)
  const start = (): Promise<Serving> => serve([script, '--data-dir', dataDir, '--snapshot-every', '150ms'])
  let serving = await start()
  const url = (): string => serving.url
  const writer = new Writer('trades', trade)
  const readers = new Map(VIEWS.map((view) => [view, new Reader(view)]))
  const writing = writer.run(url)
  const reading = [...readers.values()].map((reader) => reader.run(url))
  for (let round = from; round < to; round++) {
    showRound(round + 1, ROUNDS, writer.acks.length)
    const wanted = writer.acks.length + 300 + Math.floor(Math.random() * 3000)
    while (writer.acks.length < wanted) await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 50))
    // In every other round some state has been saved, and the journal is run from there.
    while (round % 2 === 1 && !(await pipelinesOf(serving.url)).some(({ snapshot }) => snapshot !== null)) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    serving.child.kill('SIGKILL')
    await serving.exit
    serving = await start()
  }
  writer.stop()
  await writing
  await caughtUp(serving.url)
  const count = writer.acks.length

  const trades = await linesOf(serving.url, 'trades')
  expect(trades.map(({ value }) => (value as { n: number }).n)).toEqual(Array.from({ length: count }, (_, n) => n))
  const { perSecond, bursts, totals } = expected(count)
  expect(groupsOf(await linesOf(serving.url, 'per_second'))).toEqual(sorted(perSecond))
  expect(groupsOf(await linesOf(serving.url, 'bursts'))).toEqual(sorted(bursts))
  const last = new Map((await linesOf(serving.url, 'totals')).map(({ value }) => value as { k: string; c: number; s: number }).map((row) => [row.k, row]))
  expect(new Map([...last].map(([k, { c, s }]) => [k, [c, s]]))).toEqual(totals)

  for (const view of VIEWS) {
    const ends = ((await (await fetch(`${serving.url}/v1/topics/${view}`)).json()) as { partitions: { end: number }[] }).partitions
    const reader = readers.get(view)!
    while (reader.seen.length < ends[0]!.end) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  serving.child.kill('SIGTERM')
  expect(await serving.exit).toEqual({ code: 0, signal: null })
  for (const reader of readers.values()) reader.stop()
  await Promise.all(reading)

  const log = await openLog({ directory: dataDir })
  try {
    for (const view of VIEWS) {
      const kept = await recordsOf(log, view)
      expect(kept.length, view).toBeGreaterThan(0)
      expect(await recompute(log, view), view).toEqual(kept)
      const seen = readers.get(view)!.seen
      expect(seen.map(({ cursor }) => cursor), view).toEqual(seen.map((_, i) => `0:${i}`))
      expect(seen.map(({ value }) => value), view).toEqual(kept.slice(0, seen.length).map(({ value }) => JSON.parse(value ?? 'null') as unknown))
    }
  } finally {
    await log.close()
  }
}
