import { describe, expect, it } from 'vitest'
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  INT,
  JSON_TYPE,
  REAL,
  TEXT,
  TIMESTAMP,
  TINYINT,
} from '../../kernel/index.ts'
import { literal } from '../../plan/index.ts'
import { foldCast, numberLiteral, textAs, textLiteralFor } from './literals.ts'

describe('numberLiteral', () => {
  it.each([
    ['0', INT, '0'],
    ['2147483647', INT, '2147483647'],
    ['2147483648', BIGINT, '2147483648'],
    ['-2147483648', INT, '-2147483648'],
    ['9223372036854775807', BIGINT, '9223372036854775807'],
    ['-9223372036854775808', BIGINT, '-9223372036854775808'],
    ['9223372036854775808', DECIMAL, '9223372036854775808'],
    ['0x7fffffffffffffff', BIGINT, '9223372036854775807'],
    ['0b101', INT, '5'],
    ['1.50', DECIMAL, '1.50'],
    ['.5', DECIMAL, '0.5'],
    ['1e3', DOUBLE, '1000'],
    ['-1.5e-3', DOUBLE, '-0.0015'],
  ])('%s', (text, type, value) => {
    expect(numberLiteral(text)).toEqual({ kind: 'literal', type, text: value })
  })

  it('has no value beyond the range of doubles', () => {
    expect(numberLiteral('1e999')).toBeUndefined()
  })
})

describe('textAs', () => {
  it('reads the value a text denotes', () => {
    expect(textAs(' 12 ', INT)).toEqual(literal(INT, 12))
    expect(textAs('t', BOOLEAN)).toEqual(literal(BOOLEAN, true))
    expect(textAs('1.50', DECIMAL)).toEqual({ kind: 'literal', type: DECIMAL, text: '1.50' })
    expect(textAs('1970-01-02', DATE)).toEqual(literal(DATE, 1))
    expect(textAs('1970-01-01 00:00:01', TIMESTAMP)).toEqual(literal(TIMESTAMP, 1_000_000))
    expect(textAs('{"a":1.0}', JSON_TYPE)).toEqual(literal(JSON_TYPE, '{"a":1.0}'))
  })

  it('refuses what denotes none', () => {
    expect(textAs('300', TINYINT)).toBeUndefined()
    expect(textAs('1.5', INT)).toBeUndefined()
    expect(textAs('', DOUBLE)).toBeUndefined()
    expect(textAs('2024-02-30', DATE)).toBeUndefined()
    expect(textAs('{a}', JSON_TYPE)).toBeUndefined()
  })
})

describe('textLiteralFor', () => {
  it('keeps the form of a number, whatever numeric type it meets', () => {
    expect(textLiteralFor('5.5', INT)).toEqual({ kind: 'literal', type: DECIMAL, text: '5.5' })
    expect(textLiteralFor('5', DOUBLE)).toEqual({ kind: 'literal', type: INT, text: '5' })
    expect(textLiteralFor('five', INT)).toBeUndefined()
  })
})

describe('foldCast', () => {
  it('folds only what is exact and always possible', () => {
    expect(foldCast(literal(INT, 5), DECIMAL)).toEqual({ kind: 'literal', type: DECIMAL, text: '5' })
    expect(foldCast(literal(INT, 5), TEXT)).toEqual(literal(TEXT, '5'))
    expect(foldCast(literal(INT, 300), TINYINT)).toBeUndefined()
    expect(foldCast({ kind: 'literal', type: DECIMAL, text: '0.1' }, DOUBLE)).toEqual(literal(DOUBLE, 0.1))
    expect(foldCast({ kind: 'literal', type: DECIMAL, text: '0.1' }, REAL)).toEqual(literal(REAL, Math.fround(0.1)))
    expect(foldCast({ kind: 'literal', type: DECIMAL, text: '1.5' }, INT)).toBeUndefined()
    expect(
      foldCast({ kind: 'literal', type: INT, text: '5' }, { kind: 'DECIMAL', precision: 3, scale: 1 }),
    ).toBeUndefined()
    expect(foldCast({ kind: 'literal', type: TEXT, text: null }, INT)).toEqual({
      kind: 'literal',
      type: INT,
      text: null,
    })
  })
})
