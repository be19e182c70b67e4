import { describe, expect, it } from 'vitest'
import {
  BIGINT,
  columnOf,
  type RecordBatch,
  ROWTIME,
  type Schema,
  TEXT,
  TIMESTAMP,
  type Value,
  WATERMARK,
} from '../../kernel/index.ts'
import type { PackedBytes, PackedValues } from '../../log/index.ts'
import { partitioned } from './partitioned.ts'
import type { ResultForm } from './pipeline-definition.ts'
import { resultWriter } from './result-writer.ts'

const VISIBLE: Schema = {
  fields: [
    { name: 'k', type: TEXT, nullable: true },
    { name: 'n', type: BIGINT, nullable: true },
  ],
}
const TIMED: Schema = {
  fields: [
    { name: ROWTIME, type: TIMESTAMP, nullable: true, hidden: true },
    ...VISIBLE.fields,
    { name: WATERMARK, type: TIMESTAMP, nullable: true, hidden: true },
  ],
}
const NOW = 1000

/** `rows`: each with the weight in front. */
function batch(schema: Schema, rows: readonly (readonly [weight: number, ...values: Value[]])[]): RecordBatch {
  return {
    schema,
    length: rows.length,
    columns: schema.fields.map(({ type }, i) =>
      columnOf(
        type,
        rows.map((row) => row[i + 1]!),
      ),
    ),
    weights: Int32Array.from(rows, ([weight]) => weight),
  }
}

const changes = (...rows: readonly (readonly [weight: number, k: string | null, n: number])[]): RecordBatch =>
  batch(VISIBLE, rows)

function texts({ bytes, offsets }: PackedBytes): string[] {
  return Array.from({ length: offsets.length - 1 }, (_, i) =>
    Buffer.from(bytes).toString('utf8', offsets[i], offsets[i + 1]),
  )
}

function header(records: PackedValues, name: string): string | string[] {
  const { value } = records.headers!.find((each) => each.name === name)!
  return 'offsets' in value ? texts(value) : Buffer.from(value).toString()
}

function write(form: ResultForm, ...batches: readonly RecordBatch[]): readonly PackedValues[] {
  const writer = resultWriter({ node: 'output_1', topic: 'm', schema: VISIBLE, form, options: null, settings: {} })
  for (const each of batches) writer.write(each, NOW)
  const records = writer.take(NOW)
  expect(writer.take(NOW)).toEqual([])
  return records
}

/** Key, value and timestamp of every record. */
function upserts(...batches: readonly RecordBatch[]): (string | number | null)[][] {
  return write({ kind: 'upsert', key: [0] }, ...batches).flatMap((records) =>
    texts(records).map((value, i) => [
      texts(records.keys!)[i]!,
      records.tombstones![i] === 1 ? null : value,
      records.timestamps![i]!,
    ]),
  )
}

describe('result writers', () => {
  it('give appended rows the time of their event and the watermark before them', () => {
    const [records, ...more] = write(
      { kind: 'append' },
      batch(TIMED, [
        [1, 5, 'a', 1, null],
        [1, null, 'b', 2, 5],
        [1, 7, 'c', 3, 5],
        [1, 2n ** 60n, 'd', 4, 2n ** 60n],
      ]),
    )
    expect(more).toEqual([])
    expect(texts(records!)).toEqual(['{"k":"a","n":1}', '{"k":"b","n":2}', '{"k":"c","n":3}', '{"k":"d","n":4}'])
    expect([...records!.timestamps!]).toEqual([5, NOW, 7, NOW])
    expect(header(records!, 'watermark')).toEqual(['-62135596800000000', '5', '5', ''])
    expect(header(records!, 'schema')).toMatch(/^[0-9a-f]{16}$/)
    expect(records!.keys).toBeUndefined()
  })

  it('give changes their row as key, and their weight', () => {
    const [records] = write({ kind: 'weights' }, changes([2, 'a', 1], [-1, 'a', 1]))
    expect([texts(records!.keys!), texts(records!), header(records!, 'weight')]).toEqual([
      ['{"k":"a","n":1}', '{"k":"a","n":1}'],
      ['{"k":"a","n":1}', '{"k":"a","n":1}'],
      ['2', '-1'],
    ])
  })

  it('write a changelog for sinks that take one', () => {
    const [records] = write({ kind: 'changelog' }, changes([2, 'a', 1], [-1, 'b', 2]))
    expect(texts(records!)).toEqual([
      '{"op":"insert","row":{"k":"a","n":1}}',
      '{"op":"insert","row":{"k":"a","n":1}}',
      '{"op":"delete","row":{"k":"b","n":2}}',
    ])
    expect([...records!.timestamps!]).toEqual([NOW, NOW, NOW])
  })

  it('write the net change of a step for each key, in whatever order it came', () => {
    expect(upserts(changes([1, 'a', 1]))).toEqual([['{"k":"a"}', '{"k":"a","n":1}', NOW]])
    expect(upserts(changes([-1, 'a', 1], [1, 'a', 2]), changes([-1, 'a', 2], [1, 'a', 3]))).toEqual([
      ['{"k":"a"}', '{"k":"a","n":3}', NOW],
    ])
    expect(upserts(changes([1, 'a', 2], [-1, 'a', 1]))).toEqual([['{"k":"a"}', '{"k":"a","n":2}', NOW]])
    expect(upserts(changes([1, 'a', 2], [-1, 'a', 1]), changes([1, 'a', 1], [-1, 'a', 2]))).toEqual([])
    expect(upserts(changes([-1, 'a', 1], [1, null, 2], [-1, 'b', 1]))).toEqual([
      ['{"k":"a"}', null, NOW],
      ['{"k":null}', '{"k":null,"n":2}', NOW],
      ['{"k":"b"}', null, NOW],
    ])
    expect(upserts(changes([-1, 'a', 1]), changes([1, 'a', 1]))).toEqual([])
    // Rows of a query that takes nothing back replace each other.
    expect(upserts(changes([1, 'a', 1], [1, 'a', 2], [1, 'a', 1]))).toEqual([['{"k":"a"}', '{"k":"a","n":1}', NOW]])
  })

  it('find the columns of the key behind hidden ones, and the time of the row', () => {
    expect(
      upserts(
        batch(TIMED, [
          [1, 5, 'a', 1, null],
          [1, null, 'b', 1, null],
        ]),
      ),
    ).toEqual([
      ['{"k":"a"}', '{"k":"a","n":1}', 5],
      ['{"k":"b"}', '{"k":"b","n":1}', NOW],
    ])
  })

  it('put keyed records into the partition of their key, others together into one', () => {
    const rows = Array.from({ length: 50 }, (_, i) => [1, `k${i}`, i] as const)
    const [keyed] = write({ kind: 'upsert', key: [0] }, changes(...rows))
    const parts = partitioned(keyed!, 4, 0)
    expect(new Set(parts.map(([partition]) => partition))).toEqual(new Set([0, 1, 2, 3]))
    expect(parts.flatMap(([, part]) => texts(part)).sort()).toEqual(texts(keyed!).sort())
    for (const [, part] of parts)
      expect(texts(part).map((row) => `{"k":${row.slice(5).split(',')[0]!}}`)).toEqual(texts(part.keys!))
    const [plain] = write({ kind: 'append' }, changes(...rows))
    expect([0, 1, 5].map((step) => partitioned(plain!, 4, step).map(([partition]) => partition))).toEqual([
      [0],
      [1],
      [1],
    ])
  })
})
