import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatDecimal, normalizeDecimal, parseDecimal } from '../../src/kernel/index.ts'
import { compileScript } from '../../src/runtime/index.ts'
import { MODES, runQuery } from '../sql/harness/run-query.ts'

/** A row by its place in the input; rows come out of order and share times. */
interface Row {
  readonly k: string | null
  readonly v: bigint | null
  /** Ten thousandths. */
  readonly d: number | null
  /** Quarters, so that sums are exact. */
  readonly x: number | null
  readonly s: string | null
  readonly b: boolean | null
  readonly seconds: number
}

const rowArbitrary: fc.Arbitrary<Row> = fc.record({
  k: fc.constantFrom('a', 'b', 'c', null),
  v: fc.option(
    fc.oneof(
      fc.bigInt({ min: -9n, max: 9n }),
      fc.constantFrom(2n ** 53n, -(2n ** 53n) - 1n, 2n ** 62n, 9_007_199_254_740_991n),
    ),
    { freq: 5 },
  ),
  d: fc.option(fc.integer({ min: -100_000, max: 100_000 }), { freq: 5 }),
  x: fc.option(fc.integer({ min: -40, max: 40 }), { freq: 5 }),
  s: fc.option(fc.constantFrom('', 'a', 'B', 'ä', 'zz', '10', '9'), { freq: 5 }),
  b: fc.option(fc.boolean(), { freq: 4 }),
  seconds: fc.integer({ min: 0, max: 20 }),
})

type Kind = 'exact' | 'decimal' | 'real'

/** One column of the query as both write it; `tied`: its value depends on the order of rows of equal time. */
interface Column {
  readonly call: string
  readonly frame: string
  readonly partition: string
  readonly kind: Kind
  readonly tied: boolean
}

const CALLS: readonly (readonly [call: string, kind: Kind])[] = [
  ['count(*)', 'exact'],
  ['count(v)', 'exact'],
  ['count(DISTINCT s)', 'exact'],
  ['count(*) FILTER (WHERE b)', 'exact'],
  ['sum(v)', 'exact'],
  ['sum(v) FILTER (WHERE v > 0)', 'exact'],
  ['sum(d)', 'decimal'],
  ['sum(DISTINCT d)', 'decimal'],
  ['min(v)', 'exact'],
  ['max(v)', 'exact'],
  ['min(d)', 'decimal'],
  ['max(s)', 'exact'],
  ['min(s) FILTER (WHERE NOT b)', 'exact'],
  ['bool_and(b)', 'exact'],
  ['bool_or(b)', 'exact'],
  ['sum(x)', 'real'],
  ['avg(x)', 'real'],
  ['avg(d)', 'real'],
  ['min(x)', 'real'],
  ['max(x)', 'real'],
  ['stddev_samp(x)', 'real'],
  ['var_pop(x)', 'real'],
]
const PLACES: readonly (readonly [call: string, kind: Kind])[] = [
  ['first_value(v)', 'exact'],
  ['last_value(s)', 'exact'],
  ['nth_value(v, 2)', 'exact'],
  ['nth_value(d, 3)', 'decimal'],
]
const NUMBERS = ['row_number()', 'lag(v)', 'lag(s, 2)', 'lag(v, 3, v)', 'lead(v)', 'lead(s, 2)', 'lead(v, 1, id)']
const RANKS = ['rank()', 'dense_rank()']

const rowsFrame = fc
  .tuple(fc.integer({ min: -4, max: 3 }), fc.integer({ min: 0, max: 5 }), fc.boolean())
  .map(
    ([start, length, unbounded]) =>
      `ROWS BETWEEN ${unbounded ? 'UNBOUNDED PRECEDING' : rows(start)} AND ${rows(start + length)}`,
  )
const rangeFrame = fc
  .tuple(fc.integer({ min: -6, max: 3 }), fc.integer({ min: 0, max: 8 }), fc.boolean())
  .map(
    ([start, length, unbounded]) =>
      `RANGE BETWEEN ${unbounded ? 'UNBOUNDED PRECEDING' : seconds(start)} AND ${seconds(start + length)}`,
  )

function rows(offset: number): string {
  return offset === 0 ? 'CURRENT ROW' : `${Math.abs(offset)} ${offset < 0 ? 'PRECEDING' : 'FOLLOWING'}`
}

function seconds(offset: number): string {
  return offset === 0
    ? 'CURRENT ROW'
    : `INTERVAL '${Math.abs(offset)} seconds' ${offset < 0 ? 'PRECEDING' : 'FOLLOWING'}`
}

const partitions = fc.constantFrom('', 'PARTITION BY k ', 'PARTITION BY k, b ', 'PARTITION BY coalesce(k, s) ')
const columnArbitrary: fc.Arbitrary<Column> = fc.oneof(
  { weight: 4, arbitrary: column(fc.constantFrom(...CALLS), rangeFrame, false) },
  { weight: 4, arbitrary: column(fc.constantFrom(...CALLS, ...PLACES), rowsFrame, true) },
  { weight: 2, arbitrary: column(fc.constantFrom(...CALLS), fc.constant(''), false) },
  {
    weight: 2,
    arbitrary: column(fc.constantFrom(...NUMBERS.map((n) => [n, 'exact'] as const)), fc.constant(''), true),
  },
  { weight: 2, arbitrary: column(fc.constantFrom(...RANKS.map((n) => [n, 'exact'] as const)), fc.constant(''), false) },
)

function column(call: fc.Arbitrary<readonly [string, Kind]>, frame: fc.Arbitrary<string>, tied: boolean) {
  return fc
    .record({ call, frame, partition: partitions })
    .map(({ call: [text, kind], ...rest }): Column => ({ ...rest, call: text, kind, tied }))
}

/** How rows of equal time are ordered, for those columns where it matters: by arrival, or by more columns. */
const TIES = ['', ', v DESC NULLS LAST, id', ', s NULLS FIRST, id DESC'] as const

function selected({ call, frame, partition, kind, tied }: Column, tie: string): string {
  const over = `${call} OVER (${partition}ORDER BY ts${tied ? tie : ''} ${frame})`
  return kind === 'real' ? over : `CAST(${over} AS TEXT)`
}

/** Over results of windows, partitions are complete: any order, frames without end, shares of the partition. */
const COMPLETE: readonly (readonly [call: string, kind: Kind])[] = [
  ...CALLS.filter(([call]) => /^(count\(\*\)|sum\(v\)|min\(v\)|max\(v\))$/.test(call)),
  ...PLACES.filter(([call]) => call.includes('(v')),
  ['row_number()', 'exact'],
  ['rank()', 'exact'],
  ['dense_rank()', 'exact'],
  ['percent_rank()', 'real'],
  ['cume_dist()', 'real'],
  ['ntile(3)', 'exact'],
  ['lag(v)', 'exact'],
  ['lead(v, 2, n)', 'exact'],
]
const ORDERS = ['ORDER BY v DESC NULLS LAST, k', 'ORDER BY n, k DESC NULLS FIRST', 'ORDER BY k NULLS FIRST']
const completeArbitrary = fc.record({
  call: fc.constantFrom(...COMPLETE),
  frame: fc.oneof(
    rowsFrame,
    fc.constantFrom(
      '',
      'ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING',
      'RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
    ),
  ),
  order: fc.constantFrom(...ORDERS),
  partition: fc.constantFrom('PARTITION BY w', 'PARTITION BY w, n'),
})

const duckdb = await import('@duckdb/node-api').catch(() => null)
const COLUMNS = 'id BIGINT, k TEXT, v BIGINT, d DECIMAL(18, 4), x DOUBLE, s TEXT, b BOOLEAN, ts TIMESTAMP'

describe.skipIf(duckdb === null)(
  `window functions against DuckDB${duckdb === null ? ' (@duckdb/node-api is not installed)' : ''}`,
  () => {
    let run: (sql: string) => Promise<(string | number | null)[][]>
    let close = () => {}

    beforeAll(async () => {
      const instance = await duckdb!.DuckDBInstance.create(':memory:')
      const connection = await instance.connect()
      run = async (sql) => (await connection.runAndReadAll(sql)).getRowsJson() as (string | number | null)[][]
      close = () => {
        connection.closeSync()
        instance.closeSync()
      }
    })
    afterAll(() => close())

    it('complete partitions: results of windows', { timeout: 300_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            rowArbitrary.map((row) => ({ ...row, v: row.v === null ? null : row.v % 10n })),
            { maxLength: 40 },
          ),
          fc.array(completeArbitrary, { minLength: 1, maxLength: 6 }),
          fc.constantFrom(...MODES.filter((m) => m.executor === 'inline')),
          async (data, columns, mode) => {
            const list = columns
              .map(({ call: [call, kind], frame, order, partition }, i) => {
                const over = `${call} OVER (${partition} ${order} ${/^(rank|dense|percent|cume|ntile|row_n|l)/.test(call) ? '' : frame})`
                return `${kind === 'real' ? over : `CAST(${over} AS TEXT)`} AS c${i}`
              })
              .join(', ')
            await run(`CREATE OR REPLACE TABLE t (${COLUMNS})`)
            const values = data.map((row, id) => `(${[id, ...literals(row)].join(', ')})`)
            if (values.length > 0) await run(`INSERT INTO t VALUES ${values.join(', ')}`)
            const grouped = (w: string) => `SELECT k, ${w} AS w, sum(v) AS v, count(*) AS n FROM t GROUP BY k, w`
            const duck = grouped(
              "epoch_us(time_bucket(INTERVAL '5 seconds', ts, TIMESTAMP '2024-01-01 00:00:00')) // 5000000",
            )
            const theirs = await run(`SELECT k, CAST(w AS TEXT), ${list} FROM (${duck}) ORDER BY w, k`)
            const sql = `SELECT k, ${list}, w FROM (${grouped("TUMBLE(INTERVAL '5 seconds')")})`
            const mine = await ours(data, sql, mode, (a, b) => order(a['w'], b['w']) || order(a['k'], b['k']))
            expect(mine.map((row) => row['k'])).toEqual(theirs.map((row) => row[0]))
            for (const [
              i,
              {
                call: [, kind],
              },
            ] of columns.entries()) {
              for (const [r, row] of mine.entries()) compare(kind, row[`c${i}`] ?? null, theirs[r]![i + 2] ?? null)
            }
          },
        ),
        { numRuns: 150 },
      )
    })

    it('random frames over random rows', { timeout: 300_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(rowArbitrary, { maxLength: 40 }),
          fc.array(columnArbitrary, { minLength: 1, maxLength: 6 }),
          fc.constantFrom(...TIES),
          fc.constantFrom(...MODES.filter((m) => m.executor === 'inline')),
          async (data, columns, tie, mode) => {
            const list = (ties: string) => columns.map((c, i) => `${selected(c, ties)} AS c${i}`).join(', ')
            const values = data.map((row, id) => `(${[id, ...literals(row)].join(', ')})`)
            await run(`CREATE OR REPLACE TABLE t (${COLUMNS})`)
            if (values.length > 0) await run(`INSERT INTO t VALUES ${values.join(', ')}`)
            const theirs = await run(`SELECT id, ${list(tie === '' ? ', id' : tie)} FROM t ORDER BY id`)
            const mine = await ours(data, `SELECT id, ${list(tie)} FROM t`, mode)
            expect(mine.map((row) => Number(row['id']))).toEqual(theirs.map((row) => Number(row[0])))
            for (const [i, { kind }] of columns.entries()) {
              for (const [r, row] of mine.entries()) compare(kind, row[`c${i}`] ?? null, theirs[r]![i + 1] ?? null)
            }
          },
        ),
        { numRuns: 250 },
      )
    })
  },
)

function literals({ k, v, d, x, s, b, seconds: at }: Row): string[] {
  const text = (value: string | null) => (value === null ? 'NULL' : `'${value}'`)
  return [
    text(k),
    v === null ? 'NULL' : `${v}`,
    d === null ? 'NULL' : `${d / 10_000}`,
    x === null ? 'NULL' : `${x / 4}`,
    text(s),
    b === null ? 'NULL' : `${b}`,
    `TIMESTAMP '2024-01-01 00:00:${String(at).padStart(2, '0')}'`,
  ]
}

type Shown = Record<string, unknown>
const byId = (a: Shown, b: Shown) => Number(a['id']) - Number(b['id'])

/** NULLs last, as DuckDB sorts; windows by their text. */
function order(a: unknown, b: unknown): number {
  const [x, y] = [a, b].map((v) => (v === null ? '\uffff' : typeof v === 'string' ? v : JSON.stringify(v)))
  return x! < y! ? -1 : x! > y! ? 1 : 0
}

async function ours(data: readonly Row[], sql: string, mode: (typeof MODES)[number], sort = byId): Promise<Shown[]> {
  const table = `CREATE TABLE t (${COLUMNS}, WATERMARK FOR ts AS ts - INTERVAL '30 seconds') WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json')`
  const script = compileScript({ name: 'over.sql', text: `${table}; ${sql}` })
  expect(script.errors.map((e) => `${e.message} ${sql}`)).toEqual([])
  const payloads = data.map(
    ({ k, v, d, x, s, b, seconds: at }, id) =>
      `{"id":${id},"k":${JSON.stringify(k)},"v":${v},"d":${d === null ? null : d / 10_000},"x":${x === null ? null : x / 4},"s":${JSON.stringify(s)},"b":${b},"ts":"2024-01-01T00:00:${String(at).padStart(2, '0')}Z"}`,
  )
  const events = [0, 13, 26].map((from) => ({
    kind: 'push' as const,
    table: 't',
    at: null,
    payloads: payloads.slice(from, from + 13),
  }))
  const run = await runQuery(
    script,
    [...events, { kind: 'push', table: 't', at: null, payloads: payloads.slice(39) }],
    { open: false, changes: false },
    mode,
  )
  expect(run.counts).toEqual([])
  return run.rows.map((row) => JSON.parse(row) as Shown).sort(sort)
}

function compare(kind: Kind, mine: unknown, theirs: string | number | null): void {
  if (mine === null || theirs === null) return expect(mine).toBe(theirs)
  if (kind === 'real')
    return expect(Math.abs(Number(mine) - Number(theirs))).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(Number(theirs))))
  if (kind === 'exact') return expect(String(mine)).toBe(String(theirs))
  const canonical = (value: unknown) => formatDecimal(normalizeDecimal(parseDecimal(String(value))!))
  expect(canonical(mine)).toBe(canonical(theirs))
}
