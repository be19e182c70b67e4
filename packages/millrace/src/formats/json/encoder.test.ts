import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arrayOf,
  batchOf,
  BIGINT,
  BOOLEAN,
  BYTEA,
  type Column,
  columnOf,
  type DataType,
  DATE,
  DECIMAL,
  DOUBLE,
  INT,
  INTERVAL,
  JSON_TYPE,
  keyOf,
  parseOptions,
  REAL,
  schemaOf,
  structOf,
  TEXT,
  TIME,
  TIMESTAMP,
  type Value,
  valueAt,
} from '../../kernel/index.ts'
import { JsonEncoder } from './encoder.ts'
import { InterpretedDecoder } from './interpreter.ts'
import { jsonFormat } from './json-format.ts'
import { type JsonOptions, jsonOptions } from './options.ts'
import { jsonText } from './value-text.ts'

function optionsOf(given: Readonly<Record<string, string>> = {}): JsonOptions {
  const raw = Object.entries(given).map(([key, value]) => ({ key, value }))
  return parseOptions(jsonOptions, raw, 'format "json"').value as JsonOptions
}

function write(type: DataType, values: readonly Value[], given: Readonly<Record<string, string>> = {}): string[] {
  const schema = schemaOf(['v', type])
  const { bytes, offsets } = new JsonEncoder(schema, optionsOf(given)).encode(
    batchOf(
      schema,
      values.map((v) => [v]),
    ),
  )
  return values.map((_, i) => {
    const text = Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString()
    expect(text).toMatch(/^\{"v":.*\}$/s)
    return text.slice(5, -1)
  })
}

describe('JSON encoder', () => {
  it('writes numbers exactly', () => {
    expect(write(BIGINT, [0, -1, 1491318144456507320n, 9007199254740991, -1_000_000_000, 999_999_999])).toEqual([
      '0',
      '-1',
      '1491318144456507320',
      '9007199254740991',
      '-1000000000',
      '999999999',
    ])
    expect(write(DOUBLE, [0.1, 1e21, -0, 5e-324, 100, Number.NaN, Number.POSITIVE_INFINITY, null])).toEqual([
      '0.1',
      '1e+21',
      '-0',
      '5e-324',
      '100',
      'null',
      'null',
      'null',
    ])
    expect(write(REAL, [Math.fround(0.1), Math.fround(16777216), Math.fround(3.4e38)])).toEqual([
      '0.1',
      '16777216',
      '3.4e+38',
    ])
  })

  it('writes a DECIMAL by its value, DECIMAL(p, s) with all its places', () => {
    const values: Value[] = [
      { unscaled: 150, scale: 2 },
      { unscaled: -5, scale: 3 },
      { unscaled: 0, scale: 0 },
      { unscaled: 1200, scale: 0 },
    ]
    expect(write(DECIMAL, values)).toEqual(['1.5', '-0.005', '0', '1200'])
    expect(write({ kind: 'DECIMAL', precision: 10, scale: 4 }, values)).toEqual([
      '1.5000',
      '-0.0050',
      '0.0000',
      '1200.0000',
    ])
    expect(write(DECIMAL, [{ unscaled: 123456789012345678901234567890n, scale: 10 }])).toEqual([
      '12345678901234567890.123456789',
    ])
    expect(write(DECIMAL, values.slice(0, 2), { 'json.decimal_encoding': 'string' })).toEqual(['"1.5"', '"-0.005"'])
  })

  it('writes a DECIMAL as the bytes of its unscaled value', () => {
    const type: DataType = { kind: 'DECIMAL', precision: 10, scale: 2 }
    const given = { 'json.decimal_encoding': 'bytes' }
    const values = ['1.27', '1.28', '-1.28', '-1.29', '0'].map((t) => ({
      unscaled: Math.round(Number(t) * 100),
      scale: 2,
    }))
    expect(write(type, values, given)).toEqual(
      [[0x7f], [0, 0x80], [0x80], [0xff, 0x7f], [0]].map((b) => `"${Buffer.from(b).toString('base64')}"`),
    )
    expect(jsonFormat.checkSchema([{ name: 'd', type: DECIMAL, nullable: true }], optionsOf(given))).toHaveLength(1)
  })

  it('writes times as text, or as numbers on request', () => {
    const t = 1723161255208000
    expect(write(TIMESTAMP, [t, t + 123, t - 208000, -1, null])).toEqual([
      '"2024-08-08T23:54:15.208Z"',
      '"2024-08-08T23:54:15.208123Z"',
      '"2024-08-08T23:54:15Z"',
      '"1969-12-31T23:59:59.999999Z"',
      'null',
    ])
    expect(write(TIMESTAMP, [t, -1], { 'json.timestamp_format': 'unix_millis' })).toEqual(['1723161255208', '-1'])
    expect(write(TIMESTAMP, [t], { 'json.timestamp_format': 'unix_nanos' })).toEqual(['1723161255208000000'])
    expect(write(TIMESTAMP, [9e15 * 300], {})).toEqual(write(TIMESTAMP, [BigInt(9e15) * 300n]))
    expect(write(DATE, [19943])).toEqual(['"2024-08-08"'])
    expect(write(TIME, [45_000_500_000])).toEqual(['"12:30:00.500"'])
    expect(write(INTERVAL, [{ months: 1, days: 2, micros: 3_000_000 }])).toEqual(['"1 month 2 days 00:00:03"'])
  })

  it('writes text as JSON does, ill-formed text included', () => {
    const texts = ['', 'plain', 'a"b\\c\n', 'ü€😀', '\ud800', '\u007f\u2028', 'x'.repeat(500), `${'y'.repeat(60)}é`]
    expect(write(TEXT, texts)).toEqual(texts.map((t) => JSON.stringify(t)))
  })

  it('keeps JSON verbatim but for line breaks', () => {
    expect(write(JSON_TYPE, ['{"a": 1.50}', '[1,\r\n 2]', null])).toEqual(['{"a": 1.50}', '[1,  2]', 'null'])
  })

  it('writes bytes, arrays and structs', () => {
    expect(write(BYTEA, [new Uint8Array([1, 2])])).toEqual(['"AQI="'])
    expect(write(arrayOf(DECIMAL), [[{ unscaled: 15, scale: 1 }, null], []])).toEqual(['[1.5,null]', '[]'])
    const type = structOf([
      { name: 'a"', type: INT, nullable: true },
      { name: 'b', type: structOf([]), nullable: true },
    ])
    expect(write(type, [[1, []], [null, null], null])).toEqual(['{"a\\"":1,"b":{}}', '{"a\\"":null,"b":null}', 'null'])
    expect(write(arrayOf(type), [[[1, []]]])).toEqual(['[{"a\\"":1,"b":{}}]'])
  })

  it('writes visible fields only, and ends rows with the separator', () => {
    const schema = {
      fields: [
        { name: 'a', type: INT, nullable: true },
        { name: '$rowtime', type: TIMESTAMP, nullable: true, hidden: true },
        { name: 'b', type: BOOLEAN, nullable: true },
      ],
    }
    const { bytes, offsets } = new JsonEncoder(schema, optionsOf()).encode(
      batchOf(schema, [
        [1, 0, true],
        [null, 0, false],
      ]),
      Buffer.from('\n'),
    )
    expect(Buffer.from(bytes).toString()).toBe('{"a":1,"b":true}\n{"a":null,"b":false}\n')
    expect([...offsets]).toEqual([0, 17, 38])
    const hidden = { fields: [schema.fields[1]!] }
    expect(Buffer.from(new JsonEncoder(hidden, optionsOf()).encode(batchOf(hidden, [[0]])).bytes).toString()).toBe('{}')
  })

  it('agrees with the text of single values, and reads back', { timeout: 60_000 }, () => {
    const int = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer({ min: -1000, max: 1000 }),
      fc
        .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
        .map((n) => (BigInt(Number(n)) === n && Number.isSafeInteger(Number(n)) ? Number(n) : n))
        .map((n) => (n === 0 ? 0 : n)),
    )
    const values: readonly (readonly [DataType, fc.Arbitrary<Value>])[] = [
      [BIGINT, int],
      [DECIMAL, fc.record({ unscaled: int, scale: fc.nat({ max: 12 }) })],
      [{ kind: 'DECIMAL', precision: 38, scale: 6 }, fc.record({ unscaled: int, scale: fc.nat({ max: 6 }) })],
      [
        TIMESTAMP,
        fc
          .integer({ min: -62_000_000_000, max: 250_000_000_000 })
          .chain((s) => fc.nat({ max: 999_999 }).map((us) => s * 1e6 + us))
          .filter(Number.isSafeInteger),
      ],
      [
        DOUBLE,
        fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.tuple(fc.maxSafeInteger(), fc.nat({ max: 16 })).map(([n, e]) => n / 10 ** e),
        ),
      ],
      [REAL, fc.float({ noNaN: true, noDefaultInfinity: true })],
      [TEXT, fc.string({ unit: 'binary', maxLength: 60 })],
      [BYTEA, fc.uint8Array({ maxLength: 9 })],
      [arrayOf(INT), fc.array(fc.integer(), { maxLength: 3 })],
    ]
    for (const [type, arbitrary] of values) {
      fc.assert(
        fc.property(fc.array(fc.option(arbitrary, { freq: 5 }), { minLength: 1, maxLength: 5 }), (rows) => {
          const texts = write(type, rows)
          const column = columnOf(type, rows)
          expect(texts).toEqual(rows.map((_, i) => jsonText(type, valueAt(column, i), optionsOf())))
          const decoder = new InterpretedDecoder([{ name: 'v', type, nullable: true }], 'auto')
          for (const text of texts) {
            const bytes = Buffer.from(`{"v":${text}}`)
            expect(decoder.decode(bytes, 0, bytes.length)).toBe(1)
          }
          const back: Column = decoder.take()[0]!
          expect(rows.map((_, i) => keyOf(type, valueAt(back, i)))).toEqual(rows.map((v) => keyOf(type, v)))
        }),
        { numRuns: 100 },
      )
    }
  })
})
