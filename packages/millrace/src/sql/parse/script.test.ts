import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MillraceErrors } from '../../kernel/index.ts'
import { SNAPSHOT, STANDARD } from '../dialect.ts'
import { printStatement } from '../print/index.ts'
import { parseExpression, parseScript, parseStatement } from './index.ts'

const UNLIMITED = { maxStatementLength: Number.MAX_SAFE_INTEGER }

function codes(text: string, limits = {}): string[] {
  return parseScript(text, STANDARD, limits).errors.map((e) => `${e.code}: ${e.message}`)
}

describe('limits', () => {
  it('refuse a statement that is too long, and go on with the next', () => {
    const long = `SELECT 1 IN (${Array.from({ length: 100_000 }, (_, i) => i).join(',')})`
    const { statements, errors } = parseScript(`SELECT 1; ${long}; SELECT 2`)
    expect(statements).toHaveLength(2)
    expect(errors.map((e) => e.code)).toEqual(['SQL_LIMIT'])
    expect(errors[0]!.span).toEqual({ start: 10, end: 16 })
    expect(codes('SELECT 1', { maxStatementLength: 7 })).toEqual([
      'SQL_LIMIT: the statement has 8 characters, the limit is 7',
    ])
    expect(codes('  SELECT 1  ;', { maxStatementLength: 8 })).toEqual([])
  })

  it.each([
    ['parentheses', '(', '1', ')'],
    ['calls', 'f(', '1', ')'],
    ['minus signs', '- ', '1', ''],
    ['NOT', 'NOT ', 'a', ''],
    ['cases', 'CASE WHEN ', 'a', ' THEN 1 END'],
    ['subqueries', '(SELECT ', '1', ')'],
    ['EXISTS', 'EXISTS (SELECT ', '1', ')'],
    ['casts', 'CAST(', '1', ' AS INT)'],
    ['arrays', '[', '1', ']'],
    ['subscripts', 'a[', '1', ']'],
    ['BETWEEN', '1 BETWEEN (', '1', ') AND 2'],
  ])('refuse 5,000 nested %s without overflow', (_, open, middle, close) => {
    expect(codes(`SELECT ${open.repeat(5000)}${middle}${close.repeat(5000)}`)).toEqual([
      'SQL_LIMIT: the statement nests deeper than 200 levels',
    ])
  })

  it.each([
    ['types', `CREATE TABLE t (a ${'ARRAY<'.repeat(5000)}INT${'>'.repeat(5000)})`],
    ['structs', `CREATE TABLE t (a ${'STRUCT<a '.repeat(5000)}INT${'>'.repeat(5000)})`],
    ['derived tables', `SELECT * FROM ${'(SELECT * FROM '.repeat(5000)}t${')'.repeat(5000)}`],
    ['tables in parentheses', `SELECT * FROM ${'('.repeat(5000)}t${')'.repeat(5000)}`],
    ['queries in parentheses', `${'('.repeat(5000)}SELECT 1${')'.repeat(5000)}`],
    ['EXPLAIN', `${'EXPLAIN '.repeat(5000)}SELECT 1`],
    ['option lists', `SET a = ${'['.repeat(5000)}${']'.repeat(5000)}`],
  ])('refuse 5,000 nested %s without overflow', (_, text) => {
    expect(codes(text)).toEqual(['SQL_LIMIT: the statement nests deeper than 200 levels'])
  })

  it.each([
    ['additions', Array(5000).fill('1').join(' + ')],
    ['casts', `1${'::INT'.repeat(5000)}`],
    ['subscripts', `a${'[1]'.repeat(5000)}`],
    ['array types', `a::INT${'[]'.repeat(5000)}`],
    ['IS NULL', `a${' IS NULL'.repeat(5000)}`],
    ['set operations', Array(5000).fill('1').join(' UNION SELECT ')],
    ['joins', `* FROM ${Array(5000).fill('t').join(' CROSS JOIN ')}`],
  ])('refuse a chain of 5,000 %s', (_, text) => {
    expect(codes(`SELECT ${text}`)).toEqual(['SQL_LIMIT: the statement chains more than 500 operators'])
  })

  it('count levels of nested chains together', () => {
    const chain = (inner: string): string => `(${inner}${' + 1'.repeat(300)})`
    expect(codes(`SELECT ${chain('1')}`)).toEqual([])
    expect(codes(`SELECT ${chain(chain('1'))}`)).toEqual(['SQL_LIMIT: the statement chains more than 500 operators'])
    expect(codes(`SELECT ${chain('1')} * ${chain('1')}`)).toEqual([])
  })

  it('leave a tree that can be printed recursively', () => {
    const deep = `SELECT ${'('.repeat(150)}a${' + 1)'.repeat(150)}${' * 2'.repeat(150)}`
    expect(printStatement(parseStatement(deep))).toContain(' * 2')
  })

  it('do not count what is wide: AND, OR, lists and paths', () => {
    const condition = Array(20_000).fill('a = 1').join(' OR ')
    const { statements, errors } = parseScript(
      `SELECT a${'.a'.repeat(2000)}, 1 IN (${Array(20_000).fill('1').join(',')}) WHERE ${condition}`,
    )
    expect(errors).toEqual([])
    expect(statements).toHaveLength(1)
  })

  it('answer a million elements within seconds on any machine', () => {
    const text = `SELECT 1 IN (${Array.from({ length: 1_000_000 }, (_, i) => i).join(',')})`
    const started = performance.now()
    expect(codes(text)[0]).toMatch(/^SQL_LIMIT/)
    expect(codes(text, UNLIMITED)).toEqual([])
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})

describe('a single statement or expression', () => {
  it('is returned', () => {
    expect(parseStatement('SELECT 1;').kind).toBe('query')
    expect(parseExpression('a + 1 -- sum').kind).toBe('binary')
    expect(parseExpression('"a"', SNAPSHOT)).toMatchObject({ kind: 'string', value: 'a' })
  })

  it('is refused when there are none or several', () => {
    expect(() => parseStatement('')).toThrow('expected one statement, found 0')
    expect(() => parseStatement('SELECT 1; SELECT 2')).toThrow('expected one statement, found 2')
    expect(() => parseExpression('')).toThrow('expected an expression, found the end of the text')
    expect(() => parseExpression('1;')).toThrow('expected the end of the expression, found ";"')
    expect(() => parseExpression('1 2')).toThrow('expected the end of the expression, found the number 2')
  })

  it('throws all of its errors', () => {
    try {
      parseStatement('SELECT; SELECT')
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceErrors)
      expect((error as MillraceErrors).errors).toHaveLength(2)
    }
  })
})

describe('any text', () => {
  const words = `
    SELECT FROM WHERE GROUP BY ORDER WITH VALUES CASE WHEN THEN ELSE END NOT IN BETWEEN AND OR IS NULL LIKE CREATE TABLE
    VIEW INSERT INTO SET AS ON JOIN LEFT INTERVAL OVER ROWS PRECEDING EXISTS CAST EXTRACT TRIM STRUCT ARRAY WATERMARK FOR
    EMIT EVERY MINUTE TO LATERAL DESCRIPTOR
    a t ( ) , ; . * + - = < > :: -> [ ] ' " $$ $1 :x ? 1 1.5 '5' /* */ E'\\ DECIMAL( TABLE(
  `
  const fragment = fc.constantFrom(...words.trim().split(/\s+/), '`', '--\n', '😀', '\u0000', '\ud800')
  const soup = fc
    .array(fragment, { maxLength: 40 })
    .chain((parts) => fc.constantFrom(' ', '').map((glue) => parts.join(glue)))

  it.each([STANDARD, SNAPSHOT])('gives statements or syntax errors with a place in the text ($name)', (dialect) => {
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: 'binary', maxLength: 60 })), (text) => {
        for (const error of parseScript(text, dialect).errors) {
          expect(['SQL_SYNTAX', 'SQL_LIMIT'], error.stack).toContain(error.code)
          expect(error.span!.start).toBeGreaterThanOrEqual(0)
          expect(error.span!.start).toBeLessThanOrEqual(error.span!.end)
          expect(error.span!.end).toBeLessThanOrEqual(text.length)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('that parses prints as text that parses to the same print', () => {
    fc.assert(
      fc.property(soup, (text) => {
        for (const statement of parseScript(text).statements) {
          const printed = printStatement(statement)
          expect(printStatement(parseStatement(printed))).toBe(printed)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
