import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  BYTEA,
  type Column,
  DATE,
  type DataType,
  DECIMAL,
  DOUBLE,
  INT,
  INTERVAL,
  JSON_TYPE,
  keyOf,
  REAL,
  SMALLINT,
  structOf,
  TEXT,
  TIME,
  TIMESTAMP,
  type TimestampUnit,
  UBIGINT,
  valueAt,
} from '../../kernel/index.ts'
import type { DecodeColumn, Decoder } from '../format.ts'
import { GeneratedDecoder } from './generated-decoder.ts'
import { InterpretedDecoder } from './interpreter.ts'

const KEYS = [
  'a',
  'b',
  'p',
  'data',
  'E',
  'e',
  'price',
  '__proto__',
  'constructor',
  'toString',
  'ключ',
  'a b',
  '',
  'x'.repeat(70),
]

const TYPES: readonly DataType[] = [
  TEXT,
  BOOLEAN,
  SMALLINT,
  INT,
  BIGINT,
  UBIGINT,
  DOUBLE,
  REAL,
  DECIMAL,
  { kind: 'DECIMAL', precision: 10, scale: 2 },
  { kind: 'DECIMAL', precision: 38, scale: 18 },
  TIMESTAMP,
  DATE,
  TIME,
  INTERVAL,
  JSON_TYPE,
  BYTEA,
  arrayOf(DECIMAL),
  structOf([
    { name: 'a', type: DECIMAL, nullable: true },
    { name: 'b', type: TEXT, nullable: false },
  ]),
]

const key = fc.constantFrom(...KEYS)

const columns: fc.Arbitrary<DecodeColumn[]> = fc.array(
  fc.record({
    name: key,
    path: fc.option(fc.array(key, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    type: fc.constantFrom(...TYPES),
    nullable: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  }),
  { minLength: 1, maxLength: 8 },
)

const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((d) => JSON.stringify(d)),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc
    .tuple(fc.integer({ min: -99999, max: 999999 }), fc.integer({ min: 0, max: 99999999 }))
    .map(([a, b]) => `${a}.${b}`),
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '1e3',
    '1E-3',
    '12.50e1',
    '1e400',
    '1723161255208',
    '1723161255208123',
    '1491318144456507320',
    '1531228000.123456',
    '999999999999999',
    '1000000000000000',
    '9007199254740993',
    '0.00000001',
    '123456789012345.6',
    '255',
    '32768',
    '-32769',
  ),
)

const text = fc
  .oneof(
    fc.constantFrom(
      'BTCUSDT',
      '',
      'true',
      '2024-08-08T23:54:00Z',
      '2024-08-08T23:54:00.123456Z',
      '2024-02-30T00:00:00Z',
      '2024-08-08 23:54:00.1+02:00',
      '2024-08-08',
      '12:30:00.5',
      '1 day',
      'aGVsbG8=',
      '\u0000',
      '\ud800',
      'ü€😀',
      'a"b\\c',
      '007',
      '+5',
      '.5',
      '5.',
      'NaN',
      ' 1',
    ),
    number,
    fc.string({ unit: 'binary', maxLength: 40 }),
  )
  .map((s) => JSON.stringify(s))

const space = fc.constantFrom('', '', '', '', ' ', '\n', '\t ')

const value: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    text,
    fc.constantFrom('null', 'true', 'false', '{}', '[]', ' [ ] '),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    tie('object'),
  ),
  object: fc
    .tuple(
      fc.array(
        fc.tuple(
          fc.oneof(
            key.map((k) => JSON.stringify(k)),
            fc.constantFrom('"\\u0061"', '"ab\\n"'),
          ),
          tie('value'),
          space,
        ),
        { maxLength: 6 },
      ),
      space,
    )
    .map(([members, blank]) => `{${blank}${members.map(([k, v, s]) => `${k}${s}:${s}${v}${s}`).join(`,${blank}`)}}`),
})).object

/** Text that most likely fits the type. */
function fitting(type: DataType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'BOOLEAN':
      return fc.constantFrom('true', 'false', '"true"', 'null')
    case 'INTEGER':
      return fc.oneof(fc.integer({ min: 0, max: 2 ** (type.bits < 64 ? type.bits - 1 : 60) - 1 }).map(String), number)
    case 'DOUBLE':
    case 'REAL':
    case 'DECIMAL':
      return fc.oneof(
        number,
        number.map((n) => `"${n}"`),
      )
    case 'TIMESTAMP':
      return fc.oneof(
        fc.constantFrom(
          '"2024-08-08T23:54:00Z"',
          '"2024-02-29 23:54:00.1234567Z"',
          '1723161255208',
          '"1531228000.123456"',
          '1491318144456507320',
        ),
        fc.date({ noInvalidDate: true, min: new Date(-1e13), max: new Date(1e14) }).map((d) => JSON.stringify(d)),
        fc.integer({ min: -(2 ** 50), max: 2 ** 50 }).map(String),
      )
    case 'DATE':
      return fc.constantFrom('"2024-08-08"', '19000', 'null')
    case 'TIME':
      return fc.constantFrom('"12:30:00.5"', '0')
    case 'INTERVAL':
      return fc.constantFrom('"1 day"', '"1 hour 3 seconds"')
    case 'BYTEA':
      return fc.constantFrom('"aGVsbG8="', '""')
    case 'ARRAY':
      return fc.array(number, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`)
    case 'STRUCT':
      return fc.tuple(number, text).map(([a, b]) => `{"b":${b},"a": ${a}}`)
    default:
      return fc.oneof(text, value)
  }
}

type Tree = Map<string, string | Tree>

/** A record that holds values for some of the columns, in any order, among other members. */
function recordFor(wanted: readonly DecodeColumn[]): fc.Arbitrary<string> {
  const cells = fc.tuple(...wanted.map((c) => fitting(c.type)))
  const order = fc.shuffledSubarray(
    wanted.map((_, i) => i),
    { minLength: Math.max(0, wanted.length - 1) },
  )
  return fc
    .tuple(
      cells,
      order,
      fc.array(fc.tuple(fc.constantFrom('u', 'v', 'w'), value), { maxLength: 2 }),
      space,
      fc.integer({ min: 0, max: 19 }),
    )
    .map(([texts, columns, more, blank, repeat]) => {
      const root: Tree = new Map()
      for (const c of columns) {
        const path = wanted[c]!.path ?? [wanted[c]!.name]
        let node = root
        for (const key of path.slice(0, -1)) {
          let child = node.get(key)
          if (typeof child !== 'object') node.set(key, (child = new Map()))
          node = child
        }
        node.set(path.at(-1)!, texts[c]!)
      }
      for (const [k, v] of more) root.set(k, v)
      const members = print(root, blank)
      // Now and then every key comes twice.
      return `{${blank}${repeat === 0 ? `${members},${members}` : members}}`
    })
}

function print(tree: Tree, blank: string): string {
  return [...tree]
    .map(([k, v]) => `${JSON.stringify(k)}:${blank}${typeof v === 'string' ? v : `{${print(v, blank)}}`}`)
    .join(`,${blank}`)
}

/** Some bytes replaced, removed or put in. */
const damage = fc.array(
  fc.tuple(
    fc.nat(),
    fc.constantFrom('set', 'cut', 'add', 'end'),
    fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0x22, 0x7b, 0x7d, 0x2c, 0x3a, 0x5c, 0x30)),
  ),
  { maxLength: 1 },
)

function damaged(bytes: Buffer, faults: readonly (readonly [number, string, number])[]): Buffer {
  let result = Buffer.from(bytes)
  for (const [at, kind, byte] of faults) {
    const i = at % (result.length + 1)
    if (kind === 'set' && i < result.length) result[i] = byte
    else if (kind === 'cut') result = Buffer.concat([result.subarray(0, i), result.subarray(i + 1)])
    else if (kind === 'add') result = Buffer.concat([result.subarray(0, i), Buffer.from([byte]), result.subarray(i)])
    else if (kind === 'end') result = result.subarray(0, i)
  }
  return result
}

function keysOf(column: Column): string[] {
  return Array.from({ length: column.length }, (_, row) => keyOf(column.type, valueAt(column, row)))
}

function verdict(decoder: Decoder, bytes: Uint8Array, start: number, end: number): unknown {
  const count = decoder.decode(bytes, start, end)
  return count === -1 ? decoder.bad : count
}

function parses(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    return true
  } catch {
    return false
  }
}

describe('generated decoder', { timeout: 60_000 }, () => {
  it('gives what the interpreter gives, for any columns, records and damage', () => {
    const units = fc.constantFrom<TimestampUnit>('auto', 'seconds', 'millis', 'micros', 'nanos')
    const cases = columns.chain((wanted) => {
      const record = fc.oneof({ weight: 4, arbitrary: recordFor(wanted) }, { weight: 1, arbitrary: value })
      const faults = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: damage })
      return fc.tuple(fc.constant(wanted), fc.array(fc.tuple(record, faults), { minLength: 1, maxLength: 12 }))
    })
    fc.assert(
      fc.property(cases, units, fc.nat({ max: 6 }), fc.boolean(), ([wanted, given], unit, sample, packed) => {
        const generated = new GeneratedDecoder(wanted, unit, sample)
        const interpreted = new InterpretedDecoder(wanted, unit)
        const payloads = given.map(([record, faults]) => damaged(Buffer.from(record), faults))
        // Payloads back to back in one array, as sockets deliver them, or each alone.
        const all = Buffer.concat(payloads)
        let offset = 0
        for (const payload of payloads) {
          const [bytes, start] = packed ? [all, offset] : [payload, 0]
          offset += payload.length
          const expected = verdict(interpreted, bytes, start, start + payload.length)
          expect(verdict(generated, bytes, start, start + payload.length)).toEqual(expected)
          const invalid = typeof expected === 'object' && interpreted.bad!.reason === 'invalid'
          expect(invalid).toBe(!parses(payload))
        }
        expect(generated.length).toBe(interpreted.length)
        expect(generated.take().map(keysOf)).toEqual(interpreted.take().map(keysOf))
      }),
      { numRuns: 1000 },
    )
  })

  it("gives the interpreter's values while records keep one shape", () => {
    const wanted: DecodeColumn[] = TYPES.map((type, i) => ({ name: `c${i}`, type, nullable: true }))
    const cell = fc.oneof(number, text, fc.constantFrom('null', 'true', 'false', '[1.5,"2"]', '{"a":1,"b":"x"}'))
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: TYPES.length, maxLength: TYPES.length }), { minLength: 4, maxLength: 20 }),
        (rows) => {
          const generated = new GeneratedDecoder(wanted, 'auto', 2)
          const interpreted = new InterpretedDecoder(wanted, 'auto')
          for (const row of rows) {
            // One wanted value per record may be odd; the others are dropped so that rows survive.
            row.forEach((text, c) => {
              const bytes = Buffer.from(`{"skip": [1, {"x": "y"}], "c${c}": ${text}, "more": -12.5e3}`)
              expect(verdict(generated, bytes, 0, bytes.length)).toEqual(verdict(interpreted, bytes, 0, bytes.length))
            })
          }
          expect(generated.take().map(keysOf)).toEqual(interpreted.take().map(keysOf))
        },
      ),
      { numRuns: 60 },
    )
  })
})
