import { describe, expect, it } from 'vitest'
import { compileScript } from '../../src/runtime/index.ts'
import { MODES, runQuery } from '../sql/harness/run-query.ts'

/** Statements and values at the edge of sense: an error or the right answer, soon, and never a crash. */
const OPTIONS = "WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json')"
const TABLE = `CREATE TABLE t (a BIGINT, s TEXT, j JSON, b BOOLEAN, d DECIMAL, ts TIMESTAMP, WATERMARK FOR ts) ${OPTIONS}`
const ROW = '{"a":1,"s":"x","j":{"k":1},"b":true,"ts":"2024-01-01T00:00:00Z"}'
/** Far beyond what they take, far below what anything quadratic would. */
const SOON = { timeout: 10_000 }

const times = (n: number, text: string | ((i: number) => string | number)) =>
  Array.from({ length: n }, (_, i) => (typeof text === 'string' ? text : text(i)))

function codes(sql: string): string[] {
  return compileScript({ name: 'limits.sql', text: `${TABLE}; ${sql}` }).errors.map((e) => e.code)
}

async function rows(sql: string, payloads: readonly string[] = [ROW], table = TABLE) {
  const script = compileScript({ name: 'limits.sql', text: `${table}; ${sql}` }, { badData: 'drop' })
  expect(script.errors.map((e) => e.message)).toEqual([])
  const run = async (codegen: boolean) => {
    const mode = MODES.find((m) => m.codegen === codegen && m.batchRows === 1000)!
    return runQuery(script, [{ kind: 'push', table: 't', at: null, payloads }], { open: false, changes: false }, mode)
  }
  const generated = await run(true)
  expect(await run(false)).toEqual(generated)
  return generated
}

describe('statements too deep or too long are refused', () => {
  it.each([
    ['parentheses', `SELECT ${'('.repeat(5000)}a${')'.repeat(5000)} FROM t`],
    ['parentheses never closed', `SELECT ${'('.repeat(100_000)}`],
    ['minus signs', `SELECT ${'- '.repeat(5000)}a FROM t`],
    ['NOTs', `SELECT ${'NOT '.repeat(5000)}b FROM t`],
    ['sums', `SELECT ${times(10_000, 'a').join(' + ')} FROM t`],
    ['concatenations', `SELECT ${times(10_000, 's').join(' || ')} FROM t`],
    ['arrows', `SELECT j${"->'k'".repeat(5000)} FROM t`],
    ['dots', `SELECT j${'.k'.repeat(5000)} FROM t`],
    ['casts', `SELECT a${'::TEXT'.repeat(5000)} FROM t`],
    ['CASEs', `SELECT ${'CASE WHEN b THEN '.repeat(2000)}a${' END'.repeat(2000)} FROM t`],
    ['calls', `SELECT ${'upper('.repeat(3000)}s${')'.repeat(3000)} FROM t`],
    ['subqueries', `SELECT * FROM ${'(SELECT * FROM '.repeat(3000)}t${')'.repeat(3000)}`],
    [
      'set operations',
      `${times(5000, (i) => `SELECT a FROM t ${i % 2 === 0 ? 'EXCEPT' : 'UNION ALL'}`).join(' ')} SELECT a FROM t`,
    ],
    ['types', `CREATE TABLE u (x ${'STRUCT<a '.repeat(1000)}INT${'>'.repeat(1000)}) ${OPTIONS}`],
    ['array types', `CREATE TABLE u (x INT${'[]'.repeat(5000)}) ${OPTIONS}`],
    ['a long literal', `SELECT '${'x'.repeat(1 << 20)}' FROM t`],
    ['hops', `SELECT COUNT(*), HOP(INTERVAL '1 microsecond', INTERVAL '30 days') AS w FROM t GROUP BY w`],
  ])('%s', SOON, (_, sql) => {
    expect(codes(sql)).toEqual(['SQL_LIMIT'])
  })

  it('a window longer than time', () => {
    expect(codes(`SELECT COUNT(*), TUMBLE(INTERVAL '${'9'.repeat(15)} days') AS w FROM t GROUP BY w`)).toEqual([
      'SQL_WINDOW',
    ])
  })
})

describe('what is wide runs', () => {
  it.each([
    ['AND', `SELECT a FROM t WHERE ${times(10_000, (i) => `a <> ${i + 5}`).join(' AND ')}`],
    ['OR', `SELECT a FROM t WHERE ${times(10_000, (i) => `a = ${i}`).join(' OR ')}`],
    ['IN', `SELECT a FROM t WHERE a IN (${times(40_000, (i) => i).join(',')})`],
    ['CASE', `SELECT CASE ${times(5000, (i) => `WHEN a = ${i} THEN ${i}`).join(' ')} END AS a FROM t`],
    [
      'views upon views',
      `${times(1000, (i) => `CREATE VIEW v${i} AS SELECT a, s FROM ${i === 0 ? 't' : `v${i - 1}`};`).join('\n')} SELECT a FROM v999`,
    ],
    ['subqueries', `SELECT a FROM ${'(SELECT * FROM '.repeat(99)}t${')'.repeat(99)}`],
  ])('%s', SOON, async (_, sql) => {
    expect((await rows(sql)).rows).toEqual(['{"a":1}'])
  })

  it('10,000 columns', SOON, async () => {
    const names = times(10_000, (i) => `c${i}`)
    const table = `CREATE TABLE t (${names.map((n) => `${n} BIGINT`).join(', ')}) ${OPTIONS}`
    const record = `{${names.map((n, i) => `"${n}":${i}`).join(',')}}`
    expect((await rows('SELECT * FROM t', [record], table)).rows).toEqual([record])
  })

  it('1,000 aggregates', SOON, async () => {
    const {
      rows: [row],
    } = await rows(`SELECT ${times(1000, (i) => `SUM(a + ${i}) AS c${i}`).join(', ')} FROM t`)
    expect(row).toBe(`{${times(1000, (i) => `"c${i}":${i + 1}`).join(',')}}`)
  })

  it('a union of 50 readings of one table, counted in windows', SOON, async () => {
    const union = times(50, 'SELECT a, ts FROM t').join(' UNION ALL ')
    const { rows: counted } = await rows(`SELECT COUNT(*) AS n FROM (${union}) GROUP BY TUMBLE(INTERVAL '1 second')`, [
      ROW,
      ROW,
    ])
    expect(counted).toEqual(['{"n":100}'])
  })

  it('views that double their rows', SOON, async () => {
    const views = times(10, (i) => {
      const before = i === 0 ? 't' : `v${i - 1}`
      return `CREATE VIEW v${i} AS SELECT a FROM ${before} UNION ALL SELECT a FROM ${before};`
    })
    expect((await rows(`${views.join('\n')} SELECT COUNT(*) AS n FROM v9`)).rows).toEqual(['{"n":1024}'])
  })
})

describe('values', () => {
  it('JSON may nest 1,000 deep, not 100,000', SOON, async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    const run = await rows(
      'SELECT a FROM t WHERE j IS NOT NULL',
      [100_000, 1000, 999].map((depth, i) => `{"a":${i},"j":${nested(depth)}}`),
    )
    expect(run).toEqual({ rows: ['{"a":2}'], counts: ['bad_rows t 2'] })
  })

  it('of a mebibyte', SOON, async () => {
    const long = 'a'.repeat(1 << 20)
    const payloads = [JSON.stringify({ a: 1, s: long }), JSON.stringify({ a: 2, s: `${long}b`, j: long })]
    const { rows: found } = await rows(
      "SELECT a, length(s) AS n, upper(s) = s AS u FROM t WHERE s LIKE '%a%a%a%b'",
      payloads,
    )
    expect(found).toEqual(['{"a":2,"n":1048577,"u":false}'])
  })

  it('numbers of a mebibyte and of a huge exponent', SOON, async () => {
    const digits = '1'.repeat(1 << 20)
    const payloads = [
      `{"a":${digits}}`,
      `{"a":1e${digits}}`,
      `{"d":${digits}}`,
      `{"d":1e${digits}}`,
      `{"d":1e999999999}`,
      `{"a":1e3}`,
    ]
    expect(await rows('SELECT a, d FROM t', payloads)).toEqual({
      rows: ['{"a":1000,"d":null}'],
      counts: ['bad_rows t 5'],
    })
  })

  it('text is not repeated without end', SOON, async () => {
    const { counts } = await rows("SELECT repeat(s, 1000000000) AS r, lpad(s, 2000000000, 'x') AS l FROM t")
    expect(counts).toEqual(['row_errors project_2 1'])
  })

  it('regular expressions run in linear time', SOON, async () => {
    const { rows: found } = await rows("SELECT regexp_like(s, '(a+)+$') AS r FROM t", [
      JSON.stringify({ s: `${'a'.repeat(50_000)}b` }),
    ])
    expect(found).toEqual(['{"r":false}'])
  })
})
