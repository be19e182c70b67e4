import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileScript } from '../../src/runtime/index.ts'
import { MODES, runQuery } from './harness/run-query.ts'

const duckdb = await import('@duckdb/node-api').catch(() => null)

interface Row {
  readonly id: number
  readonly k: string | null
  readonly n: string | null
  readonly d: string | null
  readonly ts: string
}

/** All rows of one table in order of time, so that none is late. */
const table = fc
  .array(
    fc.record({
      k: fc.constantFrom('x', 'y', "it's", 'É', '', null),
      n: fc.constantFrom('0', '1', '9007199254740993', '-9223372036854775808', null),
      d: fc.constantFrom('0', '1.0', '1.50', '-0.005', '9007199254740993', null),
      at: fc.integer({ min: 0, max: 30 }),
    }),
    { maxLength: 12 },
  )
  .map((rows) =>
    [...rows]
      .sort((a, b) => a.at - b.at)
      .map(({ at, ...row }, id): Row => ({ id, ...row, ts: `2024-01-01 00:00:${String(at).padStart(2, '0')}` })),
  )

const KEYS = [
  'a.k = b.k',
  'a.n = b.n',
  'a.d = b.d',
  'a.n = b.d',
  'a.k = b.k AND a.n = b.n',
  'a.k IS NOT DISTINCT FROM b.k',
  'upper(a.k) = b.k',
  'a.n + 1 = b.d + 1',
]
const OTHERS = ['', ' AND a.n < b.d', ' AND a.k <> b.k', ' AND b.n IS NULL', ' AND a.d > 0', ' AND (a.k = b.k OR a.n IS NULL)']
const TIMES = [
  '',
  " AND b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '3 seconds'",
  " AND b.ts > a.ts AND b.ts < a.ts + INTERVAL '10 seconds'",
  ' AND a.ts = b.ts',
]

const CREATE = ['a', 'b'].map(
  (name) =>
    `CREATE TABLE ${name} (id BIGINT, k TEXT, n BIGINT, d DECIMAL(24, 4), ts TIMESTAMP, WATERMARK FOR ts)
     WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json')`,
)

async function ours(sql: string, a: readonly Row[], b: readonly Row[]): Promise<string[]> {
  const script = compileScript({ name: 'test.sql', text: [...CREATE, sql].join(';\n') }, { badData: 'drop' })
  expect(script.errors.map((e) => e.message)).toEqual([])
  const payloads = (rows: readonly Row[]) =>
    rows.map((r) => JSON.stringify({ ...r, ts: `${r.ts.replace(' ', 'T')}Z` }))
  const events = [
    { kind: 'push', table: 'a', at: null, payloads: payloads(a) },
    { kind: 'push', table: 'b', at: null, payloads: payloads(b) },
  ] as const
  const { rows } = await runQuery(script, events, { open: false, changes: false }, MODES[0]!)
  return rows.map((r) => JSON.stringify(Object.values(JSON.parse(r) as object))).sort()
}

describe.skipIf(duckdb === null)(
  `joins against DuckDB${duckdb === null ? ' (@duckdb/node-api is not installed)' : ''}`,
  () => {
    let theirs: (sql: string, a: readonly Row[], b: readonly Row[]) => Promise<string[]>
    let close: () => void
    beforeAll(async () => {
      const instance = await duckdb!.DuckDBInstance.create(':memory:')
      const connection = await instance.connect()
      const text = (value: string | null) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`)
      theirs = async (sql, a, b) => {
        for (const [name, rows] of [['a', a], ['b', b]] as const) {
          await connection.run(`CREATE OR REPLACE TABLE ${name} (id BIGINT, k TEXT, n BIGINT, d DECIMAL(24, 4), ts TIMESTAMP)`)
          const values = rows.map((r) => `(${[String(r.id), text(r.k), r.n ?? 'NULL', r.d ?? 'NULL', text(r.ts)].join(', ')})`)
          if (values.length > 0) await connection.run(`INSERT INTO ${name} VALUES ${values.join(', ')}`)
        }
        const result = await connection.runAndReadAll(sql)
        return result.getRowsJson().map((row) => JSON.stringify(row.map((v) => (v === null ? null : Number(v))))).sort()
      }
      close = () => {
        connection.closeSync()
        instance.closeSync()
      }
    })
    afterAll(() => close())

    it('inner and outer joins, with and without bounds of time', { timeout: 120_000 }, () =>
      fc.assert(
        fc.asyncProperty(
          table,
          table,
          fc.constantFrom('JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'),
          fc.constantFrom(...KEYS),
          fc.constantFrom(...OTHERS),
          fc.constantFrom(...TIMES),
          async (a, b, join, key, other, time) => {
            const sql = `SELECT a.id AS a, b.id AS b FROM a ${join} b ON ${key}${other}${time}`
            expect(await ours(sql, a, b)).toEqual(await theirs(sql, a, b))
          },
        ),
        { numRuns: 300 },
      ))

    it('semi and anti joins', { timeout: 120_000 }, () =>
      fc.assert(
        fc.asyncProperty(
          table,
          table,
          fc.boolean(),
          fc.constantFrom(...KEYS),
          fc.constantFrom(...OTHERS),
          fc.constantFrom(...TIMES),
          async (a, b, negated, key, other, time) => {
            const sql = `SELECT a.id AS a FROM a WHERE ${negated ? 'NOT ' : ''}EXISTS (SELECT 1 FROM b WHERE ${key}${other}${time})`
            expect(await ours(sql, a, b)).toEqual(await theirs(sql, a, b))
          },
        ),
        { numRuns: 150 },
      ))

    it('as-of joins, where no two rows of the right side share key and time', { timeout: 120_000 }, () =>
      fc.assert(
        fc.asyncProperty(
          table,
          table,
          fc.constantFrom('ASOF JOIN', 'ASOF LEFT JOIN'),
          fc.constantFrom('>=', '>', '<=', '<'),
          async (a, b, join, comparison) => {
            const seen = new Set<string>()
            const unique = b.filter((r) => !seen.has(`${r.k} ${r.ts}`) && seen.add(`${r.k} ${r.ts}`))
            const sql = `SELECT a.id AS a, b.id AS b FROM a ${join} b ON a.k = b.k AND a.ts ${comparison} b.ts`
            expect(await ours(sql, a, unique)).toEqual(await theirs(sql, a, unique))
          },
        ),
        { numRuns: 200 },
      ))
  },
)
