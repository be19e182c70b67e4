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
  REAL,
  structOf,
  TEXT,
  TIME,
  TIMESTAMP,
  TINYINT,
  UBIGINT,
  type Value,
} from '../../../kernel/index.ts'
import { canCast, castOf } from './cast.ts'

const PRICE: DataType = { kind: 'DECIMAL', precision: 6, scale: 2 }
const NOON = 1_723_161_240_000_000
const POINT = structOf([
  { name: 'x', type: BIGINT, nullable: true },
  { name: 'y', type: JSON_TYPE, nullable: true },
])

function cast(from: DataType, value: Exclude<Value, null>, to: DataType): Value {
  return castOf(from, to)!(value)
}

describe('casts', () => {
  it.each<[DataType, Exclude<Value, null>, DataType, Value]>([
    [TEXT, ' 42 ', BIGINT, 42],
    [TEXT, '9223372036854775807', BIGINT, 9_223_372_036_854_775_807n],
    [TEXT, '1.50', DECIMAL, { unscaled: 150, scale: 2 }],
    [TEXT, '1e3', DOUBLE, 1000],
    [TEXT, '-Infinity', DOUBLE, Number.NEGATIVE_INFINITY],
    [TEXT, 'Yes', BOOLEAN, true],
    [TEXT, '2024-08-08T23:54:00Z', TIMESTAMP, NOON],
    [TEXT, '2024-08-08', DATE, 19_943],
    [TEXT, '01:00', TIME, 3_600_000_000],
    [TEXT, '1 day 2 hours', INTERVAL, { months: 0, days: 1, micros: 7_200_000_000 }],
    [TEXT, '[1,2]', arrayOf(BIGINT), [1, 2]],
    [BIGINT, 155, TEXT, '155'],
    [DECIMAL, { unscaled: 1500, scale: 3 }, TEXT, '1.5'],
    [PRICE, { unscaled: 150, scale: 2 }, TEXT, '1.50'],
    [DOUBLE, 0.1, TEXT, '0.1'],
    [BOOLEAN, false, TEXT, 'false'],
    [TIMESTAMP, NOON, TEXT, '2024-08-08T23:54:00Z'],
    [BYTEA, new Uint8Array([0xc3, 0xa9]), TEXT, 'é'],
    [arrayOf(DECIMAL), [{ unscaled: 150, scale: 2 }, null], TEXT, '[1.5,null]'],
    [POINT, [1, '{"z":1.0}'], TEXT, '{"x":1,"y":{"z":1.0}}'],
    [DOUBLE, 2.5, BIGINT, 2],
    [DOUBLE, -3.5, BIGINT, -4],
    [DECIMAL, { unscaled: 25, scale: 1 }, BIGINT, 3],
    [DOUBLE, 0.1, DECIMAL, { unscaled: 1, scale: 1 }],
    [DECIMAL, { unscaled: 12345, scale: 3 }, PRICE, { unscaled: 1235, scale: 2 }],
    [DECIMAL, { unscaled: 1, scale: 1 }, DOUBLE, 0.1],
    [DOUBLE, 0.1, REAL, Math.fround(0.1)],
    [BIGINT, 2, BOOLEAN, true],
    [BOOLEAN, true, BIGINT, 1],
    [BIGINT, 1_723_161_240, TIMESTAMP, NOON],
    [BIGINT, 1_723_161_240_000, TIMESTAMP, NOON],
    [DECIMAL, { unscaled: 17_231_612_405, scale: 1 }, TIMESTAMP, NOON + 500_000],
    [DOUBLE, 1_723_161_240_000.5, TIMESTAMP, NOON + 500],
    [TIMESTAMP, NOON, DATE, 19_943],
    [TIMESTAMP, -1, DATE, -1],
    [DATE, 19_943, TIMESTAMP, 19_943 * 86_400_000_000],
    [TIMESTAMP, NOON, TIME, 86_040_000_000],
    [JSON_TYPE, '"BTC"', TEXT, 'BTC'],
    [JSON_TYPE, ' {"a":1} ', TEXT, '{"a":1}'],
    [JSON_TYPE, 'null', TEXT, null],
    [JSON_TYPE, 'null', BIGINT, null],
    [JSON_TYPE, '1491318144456507320', BIGINT, 1_491_318_144_456_507_320n],
    [JSON_TYPE, '"1.50"', DECIMAL, { unscaled: 150, scale: 2 }],
    [JSON_TYPE, '1e2', BIGINT, 100],
    [JSON_TYPE, 'true', BOOLEAN, true],
    [JSON_TYPE, '1723161240000', TIMESTAMP, NOON],
    [JSON_TYPE, '"2024-08-08T23:54:00Z"', TIMESTAMP, NOON],
    [JSON_TYPE, '[1,null,"3"]', arrayOf(BIGINT), [1, null, 3]],
    [JSON_TYPE, '{"y":[1.0],"x":5,"__proto__":1}', POINT, [5, '[1.0]']],
    [JSON_TYPE, '{}', POINT, [null, null]],
    [TEXT, '{"a": 1.50}', JSON_TYPE, '{"a": 1.50}'],
    [DECIMAL, { unscaled: 150, scale: 2 }, JSON_TYPE, '1.5'],
    [TIMESTAMP, NOON, JSON_TYPE, '"2024-08-08T23:54:00Z"'],
    [arrayOf(INT), [1, 2], arrayOf(TEXT), ['1', '2']],
  ])('%j %j to %j', (from, value, to, expected) => {
    expect(cast(from, value, to)).toEqual(expected)
  })

  it.each<[DataType, Exclude<Value, null>, DataType, RegExp]>([
    [TEXT, 'abc', BIGINT, /^"abc" is not a BIGINT$/],
    [TEXT, '1.5', BIGINT, /is not a BIGINT/],
    [TEXT, '1e999', DOUBLE, /is not a DOUBLE/],
    [TEXT, '{', JSON_TYPE, /is not JSON/],
    [TEXT, '2023-02-29', DATE, /is not a DATE/],
    [BIGINT, 128, TINYINT, /^128 is out of range for TINYINT$/],
    [BIGINT, -1, UBIGINT, /out of range for BIGINT UNSIGNED/],
    [DOUBLE, Number.NaN, BIGINT, /^NaN is out of range for BIGINT$/],
    [DOUBLE, 1e19, BIGINT, /out of range/],
    [DOUBLE, Number.POSITIVE_INFINITY, DECIMAL, /is not a DECIMAL/],
    [DECIMAL, { unscaled: 1_000_000, scale: 2 }, PRICE, /out of range for DECIMAL\(6, 2\)/],
    [JSON_TYPE, 'true', BIGINT, /^JSON boolean "true" is not a BIGINT$/],
    [JSON_TYPE, '{"a":1}', BIGINT, /JSON object/],
    [JSON_TYPE, '1', arrayOf(BIGINT), /JSON number "1" is not a BIGINT\[\]/],
    [BYTEA, new Uint8Array([0xff]), TEXT, /not UTF-8/],
  ])('refuses %j %j as %j', (from, value, to, message) => {
    expect(() => cast(from, value, to)).toThrow(message)
  })

  it('knows which types have nothing to do with each other', () => {
    expect(canCast(INTERVAL, BIGINT)).toBe(false)
    expect(canCast(TIMESTAMP, BIGINT)).toBe(false)
    expect(canCast(arrayOf(BIGINT), BIGINT)).toBe(false)
    expect(canCast(BIGINT, DATE)).toBe(false)
  })
})
