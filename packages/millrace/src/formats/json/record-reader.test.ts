import { describe, expect, it } from 'vitest'
import {
  BIGINT,
  BOOLEAN,
  type DataType,
  DECIMAL,
  DOUBLE,
  JSON_TYPE,
  skipJsonSpace,
  TEXT,
  TIMESTAMP,
  valueAt,
} from '../../kernel/index.ts'
import { RowStore } from '../column-store.ts'
import type { DecodeColumn } from '../format.ts'
import { KeyOrder } from './key-order.ts'
import { layoutOf } from './layout.ts'
import { type RecordReader, recordReader } from './record-reader.ts'

const column = (name: string, type: DataType, path?: readonly string[]): DecodeColumn => ({
  name,
  type,
  path,
  nullable: true,
})

/** A reader that has learnt from `samples`, and how it treats one record. */
function readerFor(columns: readonly DecodeColumn[], samples: readonly string[]) {
  const layout = layoutOf(columns)
  const order = new KeyOrder()
  for (const sample of samples) {
    const bytes = Buffer.from(sample)
    order.observe(layout, bytes, skipJsonSpace(bytes, 0, bytes.length), bytes.length)
  }
  const rows = new RowStore(columns.map((c) => c.type))
  const reader: RecordReader = recordReader(columns, layout, order, 'auto', rows)
  reader.bind()
  const read = (text: string): unknown[] | false => {
    const bytes = Buffer.from(text)
    if (!reader.read(bytes, 0, bytes.length, 0)) return false
    rows.length = 1
    return rows.take().map((c) => valueAt(c, 0))
  }
  return { reader, read }
}

describe('generated record reader', () => {
  const trade = '{"e":"trade","s":"BTC","p":"1.50","n":7,"T":1723161255205,"m":true,"x":[1,{"y":null}],"d":-0.5}'
  const columns = [
    column('s', TEXT),
    column('p', DECIMAL),
    column('n', BIGINT),
    column('T', TIMESTAMP),
    column('m', BOOLEAN),
    column('x', JSON_TYPE),
    column('d', DOUBLE),
  ]
  const expected = ['BTC', { unscaled: 150, scale: 2 }, 7, 1723161255205000, true, '[1,{"y":null}]', -0.5]

  it('reads a record of the shape learnt without a miss', () => {
    const { reader, read } = readerFor(columns, [trade])
    expect(read(trade)).toEqual(expected)
    expect(reader.takeMisses()).toBe(0)
  })

  it('reads any order, spacing and unknown keys, and counts what it did not predict', () => {
    const { reader, read } = readerFor(columns, [trade])
    const shuffled = JSON.stringify(Object.fromEntries([['new', 1], ...Object.entries(JSON.parse(trade)).reverse()]))
    expect(read(shuffled)).toEqual(expected)
    expect(reader.takeMisses()).toBeGreaterThan(5)
    const pretty = JSON.stringify(JSON.parse(trade), null, 2)
    expect((read(pretty) || []).slice(0, 4)).toEqual(expected.slice(0, 4))
    expect(read(`\n ${trade} `)).toEqual(expected)
    expect(read('{}')).toEqual(Array.from({ length: 7 }, () => null))
  })

  it('learns the white space between members', () => {
    const spaced = '{"a": 1, "s": "x", "b": null, "n": 3}'
    const { reader, read } = readerFor([column('s', TEXT), column('n', BIGINT)], [spaced])
    expect(read(spaced)).toEqual(['x', 3])
    expect(reader.takeMisses()).toBe(0)
  })

  it('follows several shapes without a miss', () => {
    const shapes = ['{"e":1,"s":"a","n":1}', '{"u":1,"s":"b","q":2}', '{"e":1,"n":4}']
    const { reader, read } = readerFor([column('s', TEXT), column('n', BIGINT)], shapes)
    expect(shapes.map(read)).toEqual([
      ['a', 1],
      ['b', null],
      [null, 4],
    ])
    expect(reader.takeMisses()).toBe(0)
  })

  it('reads long numbers itself', () => {
    const record = '{"n":1491318144456507320,"T":1723161255208123456,"p":"0.1234567890123456789","d":57.66149333333333}'
    const { read } = readerFor(columns, [record])
    expect(read(record)).toEqual([
      null,
      { unscaled: 1234567890123456789n, scale: 19 },
      1491318144456507320n,
      1723161255208123,
      null,
      null,
      57.66149333333333,
    ])
  })

  it('reads records of more keys than fit one function', () => {
    const names = Array.from({ length: 80 }, (_, i) => `field_${i}`)
    const record = JSON.stringify(Object.fromEntries(names.map((n, i) => [n, i % 2 === 0 ? i : `t${i}`])))
    const wanted = names.slice(0, 40).map((n, i) => column(n, i % 2 === 0 ? BIGINT : TEXT))
    const { read } = readerFor(wanted, [record])
    expect(read(record)).toEqual(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? i : `t${i}`)))
  })

  it('leaves to the interpreter what it was not made for', () => {
    const { read } = readerFor(columns, [trade])
    for (const text of [
      '[]',
      '{"s":"a","s":"b"}',
      '{"\\u0073":"a"}',
      '{"n":1.5}',
      '{"n":1',
      '{"n":1}}',
      '{"n":1,}',
      '',
    ]) {
      expect(read(text)).toBe(false)
    }
  })

  it('keeps names of columns out of the code', () => {
    const names = ['"];throw 1;//', '\\', '`${1}`', '\n', '"a":1,"b']
    const { read } = readerFor(
      names.map((n) => column(n, BIGINT)),
      [],
    )
    expect(read('{"`${1}`":5,"a":1,"b":2}')).toEqual([null, null, 5, null, null])
  })
})
