import { describe, expect, it } from 'vitest'
import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  BYTEA,
  type DataType,
  DATE,
  DECIMAL,
  DOUBLE,
  INT,
  INTERVAL,
  JSON_TYPE,
  parseOptions,
  parseTimestamp,
  REAL,
  structOf,
  TEXT,
  TIME,
  TIMESTAMP,
  UBIGINT,
  type Value,
  valueAt,
} from '../../kernel/index.ts'
import type { DecodeColumn, Decoder } from '../format.ts'
import { jsonFormat } from './json-format.ts'

function decoderOf(
  columns: readonly DecodeColumn[],
  codegen: boolean,
  options: Readonly<Record<string, string | boolean>> = {},
): Decoder {
  const given = Object.entries(options).map(([key, value]) => ({ key, value }))
  const parsed = parseOptions(jsonFormat.options, given, 'format "json"')
  expect(parsed.errors).toEqual([])
  return jsonFormat.decoder(columns, parsed.value as never, { codegen })
}

function decode(decoder: Decoder, text: string): number {
  const bytes = Buffer.from(text)
  return decoder.decode(bytes, 0, bytes.length)
}

/** The value of a column `v` of this type in a record {"v": text}, or the reason there is none. */
function read(type: DataType, text: string, options: Readonly<Record<string, string>> = {}): Value | string {
  const decoder = decoderOf([{ name: 'v', type, nullable: true }], false, options)
  return decode(decoder, `{"v": ${text}}`) === 1 ? valueAt(decoder.take()[0]!, 0) : `bad: ${decoder.bad!.reason}`
}

describe('JSON values', () => {
  const micros = (text: string) => parseTimestamp(text)!
  const cases: readonly (readonly [type: DataType, text: string, expected: Value | string])[] = [
    [BIGINT, '1491318144456507320', 1491318144456507320n],
    [BIGINT, '"1491318144456507320"', 1491318144456507320n],
    [BIGINT, '1e3', 1000],
    [BIGINT, '12.0', 12],
    [BIGINT, '12.5', 'bad: type'],
    [BIGINT, '9223372036854775808', 'bad: type'],
    [BIGINT, '1e999999999', 'bad: type'],
    [BIGINT, '"abc"', 'bad: type'],
    [BIGINT, '""', 'bad: type'],
    [BIGINT, 'true', 'bad: type'],
    [UBIGINT, '18446744073709551615', 18446744073709551615n],
    [UBIGINT, '-1', 'bad: type'],
    [INT, '2147483648', 'bad: type'],
    [INT, '-2147483648', -2147483648],
    [DECIMAL, '"61837.63000000"', { unscaled: 6183763000000, scale: 8 }],
    [DECIMAL, '0.1', { unscaled: 1, scale: 1 }],
    [DECIMAL, '123456789012345678901234567890.5', { unscaled: 1234567890123456789012345678905n, scale: 1 }],
    [DECIMAL, '1.5e2', { unscaled: 150, scale: 0 }],
    [DECIMAL, '1e5000', 'bad: type'],
    [{ kind: 'DECIMAL', precision: 5, scale: 2 }, '1.005', { unscaled: 101, scale: 2 }],
    [{ kind: 'DECIMAL', precision: 5, scale: 2 }, '"999.99"', { unscaled: 99999, scale: 2 }],
    [{ kind: 'DECIMAL', precision: 5, scale: 2 }, '999.995', 'bad: type'],
    [{ kind: 'DECIMAL', precision: 5, scale: 2 }, '1000', 'bad: type'],
    [DOUBLE, '0.1', 0.1],
    [DOUBLE, '"1e-7"', 1e-7],
    [DOUBLE, '-0', -0],
    [DOUBLE, '123456789012345678', 123456789012345680],
    [DOUBLE, '1e400', 'bad: type'],
    [DOUBLE, '"NaN"', Number.NaN],
    [DOUBLE, '"0x10"', 'bad: type'],
    [REAL, '0.1', Math.fround(0.1)],
    [BOOLEAN, 'true', true],
    [BOOLEAN, '"false"', false],
    [BOOLEAN, '1', 'bad: type'],
    [TEXT, '"a\\u00fcb"', 'aüb'],
    [TEXT, '12.50', '12.50'],
    [TEXT, 'true', 'true'],
    [TEXT, '{"a": [1, 2]}', '{"a": [1, 2]}'],
    [TEXT, 'null', null],
    [JSON_TYPE, '{"a": 1.50}', '{"a": 1.50}'],
    [JSON_TYPE, '"x\\n"', '"x\\n"'],
    [JSON_TYPE, 'null', null],
    [TIMESTAMP, '1723161255', micros('2024-08-08T23:54:15Z')],
    [TIMESTAMP, '1723161255208', micros('2024-08-08T23:54:15.208Z')],
    [TIMESTAMP, '1723161255208123', micros('2024-08-08T23:54:15.208123Z')],
    [TIMESTAMP, '1723161255208123456', micros('2024-08-08T23:54:15.208123Z')],
    [TIMESTAMP, '"1531228000.123456"', micros('2018-07-10T13:06:40.123456Z')],
    [TIMESTAMP, '1531228000123.4567', micros('2018-07-10T13:06:40.123456Z')],
    [TIMESTAMP, '"2024-08-08T23:54:15.2081234Z"', micros('2024-08-08T23:54:15.208123Z')],
    [TIMESTAMP, '"2024-08-08T23:54:15+02:00"', micros('2024-08-08T21:54:15Z')],
    [TIMESTAMP, '"2024-02-30T00:00:00Z"', 'bad: type'],
    [TIMESTAMP, '1e300', 'bad: type'],
    [DATE, '"2024-08-08"', 19943],
    [DATE, '19943', 19943],
    [TIME, '"12:30:00.5"', 45_000_500_000],
    [INTERVAL, '"1 day 02:00"', { months: 0, days: 1, micros: 7_200_000_000 }],
    [BYTEA, '"aGk="', new Uint8Array([104, 105])],
    [BYTEA, '"a"', 'bad: type'],
    [arrayOf(DECIMAL), '[1.5, "2", null]', [{ unscaled: 15, scale: 1 }, { unscaled: 2, scale: 0 }, null]],
    [arrayOf(arrayOf(INT)), '[[1],[],[2,3]]', [[1], [], [2, 3]]],
    [arrayOf(INT), '[1, "x"]', 'bad: type'],
    [arrayOf(INT), '{}', 'bad: type'],
  ]
  it.each(cases)('%j reads %s', (type, text, expected) => {
    expect(read(type, text)).toStrictEqual(expected)
  })

  it('read numbers in TIMESTAMP columns by the format named', () => {
    expect(read(TIMESTAMP, '5000', { 'json.timestamp_format': 'unix_millis' })).toBe(5_000_000)
    expect(read(TIMESTAMP, '5000', { 'json.timestamp_format': 'UnixMillis' })).toBe(5_000_000)
    expect(read(TIMESTAMP, '5999', { 'json.timestamp_format': 'unix_nanos' })).toBe(5)
    expect(read(TIMESTAMP, '5999.5', { 'json.timestamp_format': 'unix_nanos' })).toBe(5)
    expect(read(TIMESTAMP, '"1970-01-01T00:00:01Z"', { 'json.timestamp_format': 'unix_millis' })).toBe(1_000_000)
    expect(read(TIMESTAMP, '5000')).toBe(5_000_000_000)
  })

  it('fill STRUCT by key, missing fields with NULL, and mind NOT NULL inside', () => {
    const type = structOf([
      { name: 'a', type: INT, nullable: true },
      { name: 'b', type: structOf([{ name: 'c', type: TEXT, nullable: false }]), nullable: true },
    ])
    expect(read(type, '{"b": {"c": "x", "d": 1}}')).toEqual([null, ['x']])
    expect(read(type, '{"a": 1, "b": null}')).toEqual([1, null])
    expect(read(type, '{"b": {}}')).toBe('bad: not_null')
    expect(read(type, '[1]')).toBe('bad: type')
  })
})

describe.each([
  ['interpreted', false],
  ['generated', true],
])('JSON decoder, %s', (_, codegen) => {
  const column = (name: string, type: DataType, nullable = true, path?: readonly string[]): DecodeColumn => ({
    name,
    type,
    nullable,
    path,
  })

  /** Decodes every record fifty times, so that generated code gets its turn, and returns the last round. */
  function rows(columns: readonly DecodeColumn[], records: readonly string[]): unknown[] {
    const decoder = decoderOf(columns, codegen)
    let results: unknown[] = []
    for (let round = 0; round < 50; round++) {
      const verdicts = records.map((record) => (decode(decoder, record) === 1 ? 1 : decoder.bad!.reason))
      const taken = decoder.take()
      let row = -1
      results = verdicts.map((v) => {
        if (v !== 1) return v
        row++
        return taken.map((c) => valueAt(c, row))
      })
      expect(taken.every((c) => c.length === row + 1)).toBe(true)
      expect(decoder.length).toBe(0)
    }
    return results
  }

  it('ignores unknown keys and gives NULL for missing and null', () => {
    expect(rows([column('a', INT), column('b', TEXT)], ['{"a":1,"x":[{}],"b":"t"}', '{"b":null}', '{}'])).toEqual([
      [1, 't'],
      [null, null],
      [null, null],
    ])
  })

  it('names the column that is missing or does not fit', () => {
    const decoder = decoderOf([column('a', INT, false), column('price', DECIMAL)], codegen)
    for (let i = 0; i < 50; i++) expect(decode(decoder, '{"a":1,"price":"1.5"}')).toBe(1)
    expect(decode(decoder, '{"price":1}')).toBe(-1)
    expect(decoder.bad).toEqual({ reason: 'not_null', column: 'a', message: 'column "a" has no value but is NOT NULL' })
    expect(decode(decoder, '{"a":1,"price":"cheap"}')).toBe(-1)
    expect(decoder.bad).toEqual({
      reason: 'type',
      column: 'price',
      message: 'column "price" cannot take "cheap" as DECIMAL',
    })
    expect(decode(decoder, '{"a":1,"price":1')).toBe(-1)
    expect(decoder.bad).toEqual({ reason: 'invalid', message: 'record is no JSON: the text ends too early' })
    expect(decoder.length).toBe(50)
  })

  it('finds nothing bad in what it does not read only if the text is JSON', () => {
    expect(
      rows([column('a', INT)], ['{"a":1,"b":tru}', '{"a":1,"b":"\u0001"}', '{"a":1} x', '{"a":1,}', '{"a":1,"b":01}']),
    ).toEqual(Array(5).fill('invalid'))
  })

  it('lets the last of repeated keys win, whole', () => {
    const columns = [column('a', INT), column('p', INT, true, ['d', 'p']), column('q', INT, true, ['d', 'q'])]
    expect(
      rows(columns, ['{"a":"x","a":2}', '{"d":{"p":1},"d":{"q":2}}', '{"d":{"p":1},"d":5}', '{"a":1,"\\u0061":3}']),
    ).toEqual([
      [2, null, null],
      [null, null, 2],
      [null, null, null],
      [3, null, null],
    ])
  })

  it('reads paths with shared prefixes, and a prefix as a column of its own', () => {
    const columns = [
      column('s', TEXT, true, ['data', 's']),
      column('data', JSON_TYPE),
      column('deep', INT, true, ['data', 'x', 'y']),
    ]
    expect(rows(columns, ['{"data": {"s":"A", "x":{"y":7}}}', '{"data":[1]}', '{"data":{"x":null}}'])).toEqual([
      ['A', '{"s":"A", "x":{"y":7}}', 7],
      [null, '[1]', null],
      [null, '{"x":null}', null],
    ])
  })

  it('treats names of object members as ordinary keys', () => {
    const columns = [column('__proto__', INT), column('constructor', TEXT), column('toString', BOOLEAN)]
    expect(rows(columns, ['{"__proto__":1,"constructor":"c","toString":true}', '{"__proto__":{"a":1}}', '{}'])).toEqual(
      [[1, 'c', true], 'type', [null, null, null]],
    )
  })

  it('gives a row of NULLs for JSON that is no object', () => {
    expect(rows([column('a', INT)], ['[1]', '5', 'null', ' "x" '])).toEqual([[null], [null], [null], [null]])
    expect(rows([column('a', INT, false)], ['[1]'])).toEqual(['not_null'])
  })

  it('counts rows without columns', () => {
    const decoder = decoderOf([], codegen)
    expect([decode(decoder, '{"a":1}'), decode(decoder, '{'), decode(decoder, '7')]).toEqual([1, -1, 1])
    expect([decoder.length, decoder.take(), decoder.length]).toEqual([2, [], 0])
  })

  it('keeps unstructured records whole', () => {
    const decoder = decoderOf([column('value', JSON_TYPE, false)], codegen, { 'json.unstructured': true })
    for (const text of [' {"a": 1.50} ', 'null', '[]', '{']) decode(decoder, text)
    const [values] = decoder.take()
    expect([0, 1, 2].map((row) => valueAt(values!, row))).toEqual(['{"a": 1.50}', 'null', '[]'])
  })

  it('neither overflows nor stalls on deep nesting', () => {
    const started = performance.now()
    for (const text of [
      '['.repeat(100_000),
      '{"a":'.repeat(100_000),
      `{"b":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    ]) {
      expect(rows([column('a', INT)], [text])).toEqual(['invalid'])
    }
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    expect(
      rows([column('a', INT)], [deep(1000), deep(1001), `{"a":1,"b":${deep(999)}}`, `{"a":1,"b":${deep(1000)}}`]),
    ).toEqual([[null], 'invalid', [1], 'invalid'])
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('keeps one scale per batch and widens exactly', () => {
    const decoder = decoderOf([column('d', DECIMAL)], codegen)
    for (let i = 0; i < 50; i++) decode(decoder, '{"d":1.5}')
    decoder.take()
    for (const text of ['1', '-2.25', 'null', '9007199254740991', '0.00000001']) decode(decoder, `{"d":${text}}`)
    const [d] = decoder.take()
    expect(d).toMatchObject({ kind: 'wide', scale: 8 })
    expect([0, 1, 2, 3, 4].map((row) => valueAt(d!, row))).toEqual([
      { unscaled: 100000000, scale: 8 },
      { unscaled: -225000000, scale: 8 },
      null,
      { unscaled: 900719925474099100000000n, scale: 8 },
      { unscaled: 1, scale: 8 },
    ])
    decode(decoder, '{"d":1.5}')
    expect(decoder.take()[0]).toMatchObject({ kind: 'exact', scale: 1, nulls: null })
  })

  it('grows past its first capacity', () => {
    const decoder = decoderOf([column('a', INT), column('t', TEXT)], codegen)
    for (let i = 0; i < 5000; i++) decode(decoder, `{"a":${i},"t":"t${i % 7}"}`)
    const [a, t] = decoder.take()
    expect([valueAt(a!, 0), valueAt(a!, 4999), valueAt(t!, 4999)]).toEqual([0, 4999, 't1'])
  })

  it('follows a feed that changes its shape', () => {
    const decoder = decoderOf([column('a', INT), column('b', TEXT)], codegen)
    const shapes = [
      (i: number) => `{"a":${i},"b":"x"}`,
      (i: number) => `{"z1":1,"z2":"q","b":"x","z3":null,"a":${i},"z4":[1,2]}`,
    ]
    for (let i = 0; i < 30_000; i++) {
      expect(decode(decoder, shapes[i < 100 ? 0 : 1]!(i))).toBe(1)
      if (decoder.length === 1000) {
        const [a, b] = decoder.take()
        expect([valueAt(a!, 999), valueAt(b!, 999)]).toEqual([i, 'x'])
      }
    }
  })
})
