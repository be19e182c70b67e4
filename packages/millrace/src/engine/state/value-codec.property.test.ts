import fc from 'fast-check'
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
  INTERVAL,
  JSON_TYPE,
  MillraceError,
  normalizeInt,
  structOf,
  TEXT,
  TIME,
  TIMESTAMP,
  type Value,
} from '../../kernel/index.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { readValue, writeValue } from './value-codec.ts'

const int = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(normalizeInt)
const safe = fc.maxSafeInteger()
const text = fc.string({ unit: 'binary' })
const broken = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 })
  .map((units) => String.fromCharCode(...units))

const typed: fc.Arbitrary<readonly [DataType, Value]> = fc.oneof(
  fc.tuple(fc.constant(BOOLEAN), fc.boolean()),
  fc.tuple(fc.constantFrom(BIGINT, DATE, TIME, TIMESTAMP), fc.oneof(int, safe)),
  fc.tuple(fc.constant(DOUBLE), fc.double()),
  fc.tuple(fc.constant(DECIMAL), fc.record({ unscaled: int, scale: fc.nat({ max: 300 }) }, { noNullPrototype: true })),
  fc.tuple(fc.constantFrom(TEXT, JSON_TYPE), fc.oneof(text, broken)),
  fc.tuple(fc.constant(BYTEA), fc.uint8Array()),
  fc.tuple(
    fc.constant(INTERVAL),
    fc.record({ months: fc.integer(), days: fc.integer(), micros: safe }, { noNullPrototype: true }),
  ),
  fc.tuple(fc.constant(arrayOf(TEXT)), fc.array(fc.option(text))),
  fc.tuple(
    fc.constant(
      structOf([
        { name: 'a', type: BIGINT, nullable: true },
        { name: 'b', type: arrayOf(DOUBLE), nullable: true },
      ]),
    ),
    fc.tuple(fc.option(int), fc.option(fc.array(fc.option(fc.double())))),
  ),
)

describe('values as bytes', () => {
  it('come back as they were, one after the other', () => {
    fc.assert(
      fc.property(fc.array(typed), (list) => {
        const writer = new ByteWriter()
        for (const [type, value] of list) {
          writeValue(writer, type, value)
          writeValue(writer, type, null)
        }
        const reader = new ByteReader(writer.take())
        for (const [type, value] of list) {
          expect(readValue(reader, type)).toStrictEqual(value)
          expect(readValue(reader, type)).toBeNull()
        }
      }),
    )
  })

  it('that end early are refused', () => {
    const writer = new ByteWriter()
    writeValue(writer, TEXT, 'hello')
    const bytes = writer.take()
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readValue(new ByteReader(bytes.subarray(0, length)), TEXT)).toThrow(MillraceError)
    }
  })
})
