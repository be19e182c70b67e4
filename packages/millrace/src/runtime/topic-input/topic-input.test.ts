import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BIGINT, TEXT, TIMESTAMP } from '../../kernel/index.ts'
import { type Log, openLog } from '../../log/index.ts'
import type { SourceNode } from '../../plan/index.ts'
import type { PayloadBlock } from '../executor/executor.ts'
import { type InputGap, type InputRange, readRange, TopicInput } from './index.ts'

let folder: string
let log: Log

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-input-'))
  log = await openLog({ directory: folder })
})

afterEach(async () => {
  await log.close()
  rmSync(folder, { recursive: true })
})

function source(more: Partial<SourceNode> = {}): SourceNode {
  return {
    kind: 'source',
    id: 'source_1',
    schema: { fields: [{ name: 'n', type: BIGINT, nullable: true }] },
    table: 't',
    options: {},
    columns: [{ from: 'payload', path: ['n'], type: BIGINT, nullable: true }],
    badData: 'fail',
    wholePayload: false,
    ...more,
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

async function append(values: readonly string[], partition = 0): Promise<void> {
  await log.append({ topic: 't', partition, records: values.map((value) => ({ value: Buffer.from(value) })) })
}

function valuesOf({ values }: PayloadBlock): string[] {
  if (values.kind === 'list') return values.payloads.map(text)
  const { bytes, offsets } = values
  return Array.from({ length: offsets.length - 1 }, (_, i) => text(bytes.subarray(offsets[i]!, offsets[i + 1]!)))
}

/** Takes until `enough`, or until the input has ended. */
async function drain(input: TopicInput, enough: (ranges: readonly InputRange[]) => boolean): Promise<InputRange[]> {
  const all: InputRange[] = []
  while (!enough(all) && !input.ended) {
    await input.wait(1000)
    all.push(...input.take(1000).ranges)
  }
  return all
}

const recordsIn = (ranges: readonly InputRange[]): number => ranges.reduce((sum, { records }) => sum + records, 0)

describe('TopicInput', () => {
  it('reads history and goes on live, each record once and in order within its partition', async () => {
    await log.createTopic('t', { partitions: 2 })
    await append(Array.from({ length: 500 }, (_, i) => `${i}`), 0)
    await append(Array.from({ length: 300 }, (_, i) => `${i}`), 1)
    const input = await TopicInput.open({ log, sources: [{ node: source(), topic: 't' }], start: { kind: 'earliest' } })
    const late = (async () => {
      for (let i = 500; i < 700; i += 10) await append(Array.from({ length: 10 }, (_, k) => `${i + k}`), 0)
    })()
    const ranges = await drain(input, (all) => recordsIn(all) >= 1000)
    await late
    for (const [partition, count] of [700, 300].entries()) {
      const mine = ranges.filter((r) => r.partition === partition)
      expect(mine.flatMap((r) => valuesOf(r.block))).toEqual(Array.from({ length: count }, (_, i) => `${i}`))
      expect(mine.map((r) => r.from)).toEqual([0, ...mine.slice(0, -1).map((r) => r.to)])
    }
    expect(input.caughtUp).toBe(true)
    expect(input.positions).toEqual({ source_1: [700, 300] })
    await log.alterTopic('t', { partitions: 3 })
    await append(['new'], 2)
    const more = await drain(input, (all) => all.length > 0)
    expect(more.map((r) => [r.partition, r.from, ...valuesOf(r.block)])).toEqual([[2, 0, 'new']])
    input.close()
  })

  it('ends at the offsets the topic had when it was opened, and reads the same range again as one block', async () => {
    await log.createTopic('t')
    for (let i = 0; i < 20; i++) await append([`${2 * i}`, `${2 * i + 1}`])
    const node = source({ from: { kind: 'offset', offset: 3 }, to: { kind: 'latest' } })
    const input = await TopicInput.open({ log, sources: [{ node, topic: 't' }], start: { kind: 'latest' } })
    await append(['too late'])
    const ranges = await drain(input, () => false)
    expect(ranges.flatMap((r) => valuesOf(r.block))).toEqual(Array.from({ length: 37 }, (_, i) => `${i + 3}`))
    expect(input.ended).toBe(true)
    const again = await readRange(log, { node, topic: 't' }, 0, 3, 40)
    expect(valuesOf(again!)).toEqual(ranges.flatMap((r) => valuesOf(r.block)))
    expect([again!.firstOffset, again!.offsets]).toEqual([3, null])
    expect(await readRange(log, { node, topic: 't' }, 0, 41, 41)).toBeNull()
  })

  it('goes on at positions, and states what retention has deleted', async () => {
    await log.createTopic('t', { retentionBytes: 0 })
    const large = 'x'.repeat(100_000)
    for (let i = 0; i < 30; i++) await append([`${i}${large}`])
    await log.maintain()
    const [range] = await log.offsets('t')
    expect(range!.start).toBeGreaterThan(5)
    const gaps: InputGap[] = []
    const input = await TopicInput.open({
      log,
      sources: [{ node: source(), topic: 't' }],
      start: { kind: 'earliest' },
      positions: { source_1: [5] },
      gap: (gap) => gaps.push(gap),
    })
    const ranges = await drain(input, (all) => (all.at(-1)?.to ?? 0) === 30)
    expect(gaps).toEqual([{ source: 'source_1', topic: 't', partition: 0, from: 5, to: range!.start }])
    expect(recordsIn(ranges)).toBe(30 - range!.start)
    input.close()
  })

  it('gives keys of tombstones, weights, watermarks and keys where the source reads them', async () => {
    await log.createTopic('t')
    const header = (name: string, value: string) => ({ name, value: Buffer.from(value) })
    await log.append({
      topic: 't',
      records: [
        { key: Buffer.from('{"k":1}'), value: Buffer.from('{"k":1,"n":2}'), headers: [header('weight', '2'), header('watermark', '7')] },
        { key: Buffer.from('{"k":1}'), value: null, headers: [header('weight', '-2')] },
      ],
    })
    const metadata = [
      { from: 'metadata', key: 'key', type: TEXT },
      { from: 'metadata', key: 'watermark', type: TIMESTAMP },
    ] as const
    const read = async (changelog: NonNullable<SourceNode['changelog']>) =>
      (await readRange(log, { node: source({ changelog, columns: metadata }), topic: 't' }, 0, 0, 2))!
    const upsert = await read('upsert')
    expect([valuesOf(upsert), [...upsert.weights!]]).toEqual([['{"k":1,"n":2}', '{"k":1}'], [1, -1]])
    const weighted = await read('weights')
    expect([...weighted.weights!]).toEqual([2, -2])
    expect([...weighted.watermarks!]).toEqual([7, Number.NaN])
    expect(weighted.keys).toEqual(['{"k":1}', '{"k":1}'])
  })

  it('reads no further ahead than it may', async () => {
    await log.createTopic('t')
    for (let i = 0; i < 50; i++) await append(['x'.repeat(10_000)])
    const input = await TopicInput.open({ log, sources: [{ node: source(), topic: 't' }], start: { kind: 'earliest' }, aheadBytes: 1 })
    await input.wait(1000)
    const { ranges } = input.take(Number.MAX_SAFE_INTEGER)
    expect(recordsIn(ranges)).toBeLessThan(50)
    expect(recordsIn([...ranges, ...(await drain(input, (all) => recordsIn(all) + recordsIn(ranges) === 50))])).toBe(50)
    input.close()
  })

  it('refuses an offset in a topic of several partitions, and a topic that is not there', async () => {
    await log.createTopic('t', { partitions: 2 })
    const open = (topic: string) =>
      TopicInput.open({ log, sources: [{ node: source(), topic }], start: { kind: 'offset', offset: 1 } })
    await expect(open('t')).rejects.toMatchObject({ code: 'SQL_INVALID' })
    await expect(open('u')).rejects.toMatchObject({ code: 'LOG_UNKNOWN_TOPIC' })
  })
})
