import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { BIGINT, batchOf, type RecordBatch, schemaOf, TEXT } from '../../kernel/index.ts'
import { LineWriter } from './line-writer.ts'
import { NdjsonPrinter, type NdjsonSettings } from './ndjson-printer.ts'
import type { Completeness } from './row-printer.ts'

const COUNTS = schemaOf(['symbol', TEXT], ['n', BIGINT])

function batch(...rows: readonly (readonly [weight: number, symbol: string, n: number])[]): RecordBatch {
  const values = rows.map(([, symbol, n]) => [symbol, n])
  return batchOf(
    COUNTS,
    values,
    Int32Array.from(rows, ([weight]) => weight),
  )
}

interface Run {
  readonly updating: readonly boolean[]
  readonly batches: readonly (readonly [output: number, batch: RecordBatch])[]
  readonly end?: Completeness
  readonly settings?: Partial<NdjsonSettings>
}

async function printed({ updating, batches, end = 'whole', settings = {} }: Run): Promise<string[]> {
  const stream = new PassThrough()
  const printer = new NdjsonPrinter(
    new LineWriter(stream),
    updating.map((u) => ({ schema: COUNTS, updating: u })),
    { bounded: true, limit: Number.POSITIVE_INFINITY, onLimit: () => undefined, ...settings },
  )
  const all = text(stream)
  for (const [output, rows] of batches) await printer.print(output, rows)
  await printer.finish(end)
  stream.end()
  return (await all).split('\n').slice(0, -1)
}

describe('NdjsonPrinter', () => {
  it('prints appended rows as they are', async () => {
    const lines = await printed({
      updating: [false],
      batches: [
        [
          0,
          batchOf(COUNTS, [
            ['é', 1],
            ['b', 2],
          ]),
        ],
      ],
    })
    expect(lines).toEqual(['{"symbol":"é","n":1}', '{"symbol":"b","n":2}'])
  })

  it('prints what an updating output finally holds when input is bounded', async () => {
    const batches = [
      [0, batch([1, 'a', 1], [2, 'b', 1])],
      [0, batch([-1, 'a', 1], [1, 'a', 2], [-1, 'b', 1])],
    ] as const
    expect(await printed({ updating: [true], batches })).toEqual(['{"symbol":"b","n":1}', '{"symbol":"a","n":2}'])
  })

  it('prints every change otherwise, copies one by one', async () => {
    const batches = [[0, batch([-1, 'a', 1], [2, 'a', 2])]] as const
    expect(await printed({ updating: [true], batches, settings: { bounded: false } })).toEqual([
      '{"op":"delete","row":{"symbol":"a","n":1}}',
      '{"op":"insert","row":{"symbol":"a","n":2}}',
      '{"op":"insert","row":{"symbol":"a","n":2}}',
    ])
  })

  it('says which query a row belongs to when there are several', async () => {
    const batches = [
      [1, batch([1, 'b', 1])],
      [0, batchOf(COUNTS, [['a', 1]])],
    ] as const
    expect(await printed({ updating: [false, true], batches, settings: { bounded: false } })).toEqual([
      '{"query":2,"op":"insert","row":{"symbol":"b","n":1}}',
      '{"query":1,"row":{"symbol":"a","n":1}}',
    ])
  })

  it('prints final rows after a stop, but none after a failure', async () => {
    const batches = [[0, batch([1, 'a', 1])]] as const
    expect(await printed({ updating: [true], batches, end: 'stopped' })).toEqual(['{"symbol":"a","n":1}'])
    expect(await printed({ updating: [true], batches, end: 'failed' })).toEqual([])
  })

  it('ends at the limit, in the middle of a batch too', async () => {
    let reached = 0
    const lines = await printed({
      updating: [false],
      batches: [
        [0, batchOf(COUNTS, [['a', 1]])],
        [
          0,
          batchOf(COUNTS, [
            ['b', 1],
            ['c', 1],
          ]),
        ],
        [0, batchOf(COUNTS, [['d', 1]])],
      ],
      settings: { limit: 2, onLimit: () => reached++ },
    })
    expect(lines).toEqual(['{"symbol":"a","n":1}', '{"symbol":"b","n":1}'])
    expect(reached).toBe(1)
  })
})
