import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileScript } from '../../src/runtime/index.ts'
import { MODES, runQuery } from '../sql/harness/run-query.ts'
import { evaluateText } from './evaluate.ts'

/** `exact`: their text is ours. `real`: numbers are near. `list`: values of both are JSON. */
type Kind = 'exact' | 'real' | 'list'

/** Calls of ours and of DuckDB over columns v BIGINT, d DECIMAL, x and y DOUBLE, s TEXT, b BOOLEAN. */
const AGGREGATES: readonly (readonly [ours: string, theirs: string, kind: Kind])[] = [
  ['count(s)', 'count(s)', 'exact'],
  ['count(DISTINCT v)', 'count(DISTINCT v)', 'exact'],
  ['count_if(v > 0)', 'count(CASE WHEN v > 0 THEN 1 END)', 'exact'],
  ['sum(v)', 'sum(v)', 'exact'],
  ['min(s)', 'min(s)', 'exact'],
  ['max(d)', 'max(d)', 'real'],
  ['bool_and(v > 0)', 'bool_and(v > 0)', 'exact'],
  ['bool_or(v > 0)', 'bool_or(v > 0)', 'exact'],
  ['bit_and(v)', 'bit_and(v)', 'exact'],
  ['bit_or(v)', 'bit_or(v)', 'exact'],
  ['bit_xor(v)', 'bit_xor(v)', 'exact'],
  ["string_agg(s, '|' ORDER BY id)", "string_agg(s, '|' ORDER BY id)", 'exact'],
  ['first_value(v ORDER BY id)', 'first(v ORDER BY id)', 'exact'],
  ['last_value(s ORDER BY id)', 'last(s ORDER BY id)', 'exact'],
  ['array_agg(v ORDER BY id)', 'array_agg(v ORDER BY id)', 'list'],
  ['stddev(x)', 'stddev(x)', 'real'],
  ['var_pop(x)', 'var_pop(x)', 'real'],
  ['covar_samp(y, x)', 'covar_samp(y, x)', 'real'],
  ['covar_pop(y, x)', 'covar_pop(y, x)', 'real'],
  ['corr(y, x)', 'corr(y, x)', 'real'],
  ['regr_slope(y, x)', 'regr_slope(y, x)', 'real'],
  ['regr_intercept(y, x)', 'regr_intercept(y, x)', 'real'],
  ['regr_r2(y, x)', 'regr_r2(y, x)', 'real'],
  ['regr_avgx(y, x)', 'regr_avgx(y, x)', 'real'],
  ['regr_avgy(y, x)', 'regr_avgy(y, x)', 'real'],
  ['regr_sxx(y, x)', 'regr_sxx(y, x)', 'real'],
  ['regr_syy(y, x)', 'regr_syy(y, x)', 'real'],
  ['regr_sxy(y, x)', 'regr_sxy(y, x)', 'real'],
  ['regr_count(y, x)', 'regr_count(y, x)', 'exact'],
  ['median(v)', 'median(v)', 'real'],
  ['median(d)', 'median(d::DOUBLE)', 'real'],
  ['median(x)', 'median(x)', 'real'],
  ['percentile_cont(v, 0.3)', 'quantile_cont(v, 0.3)', 'real'],
  ['percentile_cont(d, 0.95)', 'quantile_cont(d::DOUBLE, 0.95)', 'real'],
  ['percentile_cont(x, 0.01)', 'quantile_cont(x, 0.01)', 'real'],
  ['percentile_disc(s, 0.5)', 'quantile_disc(s, 0.5)', 'exact'],
  ['percentile_disc(v, 0.9)', 'quantile_disc(v, 0.9)', 'exact'],
  ['approx_percentile_cont(x, 0.7)', 'quantile_cont(x, 0.7)', 'real'],
  ['approx_median(v)', 'median(v)', 'real'],
  ['approx_distinct(s)', 'count(DISTINCT s)', 'exact'],
  ['maxk(v, 3)', 'max(v, 3)', 'list'],
  ['mink(s, 2)', 'min(s, 2)', 'list'],
]

const cents = fc.integer({ min: -5000, max: 5000 })
const rowArbitrary = fc.record({
  k: fc.constantFrom('a', 'b'),
  v: fc.option(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer())),
  d: fc.option(cents.map((c) => (c / 100).toFixed(2))),
  x: fc.option(cents.map((c) => c / 8)),
  y: fc.option(cents.map((c) => c / 16)),
  s: fc.option(fc.constantFrom('a', 'bb', 'é', '', 'Z', "it's", '👍')),
  b: fc.option(fc.boolean()),
})
const callArbitrary = fc.tuple(
  fc.constantFrom(...AGGREGATES),
  fc.constantFrom('', ' FILTER (WHERE b)', ' FILTER (WHERE v IS NULL OR v > 2)'),
)

/** Expressions of ours, and of theirs where they are not the same. */
const SCALARS: readonly (readonly [ours: string, theirs?: string])[] = [
  ["stripaccents('Éclair ñ')", "strip_accents('Éclair ñ')"],
  ["levenshtein('kitten', 'sitting')"],
  ["base64('hello')", "base64('hello'::BLOB)"],
  ["decode64('aMOpbGxv')", "decode(from_base64('aMOpbGxv'))"],
  ["to_timestamp('2024-08-08 23:54:00', '%Y-%m-%d %H:%M:%S')", "strptime('2024-08-08 23:54:00', '%Y-%m-%d %H:%M:%S')"],
  [
    "to_timestamp('08/Aug/24 11:54:00 PM', '%d/%b/%y %I:%M:%S %p')",
    "strptime('08/Aug/24 11:54:00 PM', '%d/%b/%y %I:%M:%S %p')",
  ],
  ["to_timestamp('2024-222 03', '%Y-%j %H')", "strptime('2024-222 03', '%Y-%j %H')"],
  [
    "to_char(TIMESTAMP '2024-08-08 03:04:05.006', '%a %d %B %y %j %I %p %f')",
    "strftime(TIMESTAMP '2024-08-08 03:04:05.006', '%a %d %B %y %j %I %p %f') || '000'",
  ],
  ["month_text(DATE '2024-02-29')", "monthname(DATE '2024-02-29')"],
  ["regexp_extract('order 42 of 99', '[0-9]+')"],
  ["regex_matches('a1b22', '[0-9]+')", "to_json(list_transform(regexp_extract_all('a1b22', '[0-9]+'), x -> [x]))"],
  ["regexp_replace('a1b22', '[0-9]+', '#', 'g')"],
  ["regexp_like('abc', 'B', 'i')", "regexp_matches('abc', 'B', 'i')"],
  ["concat_ws('-', 'a', NULL, 'b')"],
  ["lpad('42', 5, '0')"],
  ["translate('1.234,50', ',.', '.')"],
  ["split_part('a,b,c', ',', 2)"],
  ["starts_with('abc', 'ab')"],
  ["substr('👍👎x', 2, 1)"],
  ["right('BTC-USD', -4)"],
  ["md5('abc')"],
  ["sha256('abc')"],
  ['to_hex(255)', 'lower(to_hex(255))'],
  ['gcd(12, -18)'],
  ['lcm(4, 6)'],
  ['factorial(5)'],
  ['cbrt(27)::BIGINT'],
  ['round(2.5, 0)', 'round(2.5)::BIGINT'],
  ['greatest(1, 2, NULL)'],
  ["date_trunc('week', TIMESTAMP '2024-08-08 23:54:12')"],
  ["date_part('isodow', DATE '2024-08-11')"],
  ['make_date(2024, 2, 29)'],
  ['array_sort(make_array(3, NULL, 1))', "to_json(list_sort([3, NULL, 1], 'ASC', 'NULLS LAST'))"],
  ['array_distinct(make_array(1, 1))', 'to_json(list_distinct([1, 1]))'],
  ['array_slice(make_array(1, 2, 3, 4), 2, 3)', 'to_json(list_slice([1, 2, 3, 4], 2, 3))'],
  ['array_position(make_array(5, 6), 6)', 'list_position([5, 6], 6)'],
  ['flatten(make_array(make_array(1), make_array(2)))', 'to_json(flatten([[1], [2]]))'],
  ["string_to_array('a,b', ',')", "to_json(string_split('a,b', ','))"],
  ['generate_series(1, 7, 3)', 'to_json(generate_series(1, 7, 3))'],
  [`json_array_length('[1, 2]')`, `json_array_length('[1, 2]'::JSON)`],
  [`json_value('{"a": {"b": 7}}', '$.a.b')`, `json_extract_string('{"a": {"b": 7}}', '$.a.b')`],
  [
    `extract_json('[{"a": 1}, {"a": 2}]', '$[*].a')`,
    `to_json(list_transform(json_extract('[{"a": 1}, {"a": 2}]', '$[*].a'), x -> x::VARCHAR))`,
  ],
]

const duckdb = await import('@duckdb/node-api').catch(() => null)
const COLUMNS = 'id BIGINT, k TEXT, v BIGINT, d DECIMAL(18, 2), x DOUBLE, y DOUBLE, s TEXT, b BOOLEAN'
const WITH = "WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json')"

describe.skipIf(duckdb === null)(
  `functions against DuckDB${duckdb === null ? ' (@duckdb/node-api is not installed)' : ''}`,
  () => {
    let run: (sql: string) => Promise<unknown[][]>
    let close = () => {}

    beforeAll(async () => {
      const instance = await duckdb!.DuckDBInstance.create(':memory:')
      const connection = await instance.connect()
      run = async (sql) => (await connection.runAndReadAll(sql)).getRowsJson() as unknown[][]
      close = () => {
        connection.closeSync()
        instance.closeSync()
      }
    })
    afterAll(() => close())

    it('aggregates of random rows, with and without FILTER', { timeout: 300_000 }, async () => {
      const columns = ['k', 'v', 'd', 'x', 'y', 's', 'b'] as const
      await fc.assert(
        fc.asyncProperty(
          fc.array(rowArbitrary, { maxLength: 40 }),
          fc.array(callArbitrary, { minLength: 1, maxLength: 8 }),
          fc.constantFrom(...MODES.filter((m) => m.executor === 'inline')),
          async (rows, calls, mode) => {
            await run(`CREATE OR REPLACE TABLE t (${COLUMNS})`)
            const values = rows.map((row, id) => `(${[id, ...columns.map((c) => literal(row[c]))].join(', ')})`)
            if (values.length > 0) await run(`INSERT INTO t VALUES ${values.join(', ')}`)
            const theirs = await run(
              `SELECT k, ${calls.map(([[, call, kind], filter]) => read(call + filter, kind)).join(', ')} FROM t GROUP BY k ORDER BY k`,
            )
            const list = calls.map(([[call], filter], i) => `${call}${filter} AS c${i}`).join(', ')
            const script = compileScript({
              name: 'test.sql',
              text: `CREATE TABLE t (${COLUMNS}) ${WITH}; SELECT k, ${list} FROM t GROUP BY k`,
            })
            expect(script.errors.map((e) => e.message)).toEqual([])
            const payloads = rows.map((row, id) => JSON.stringify({ id, ...row }))
            const { rows: ours } = await runQuery(
              script,
              [{ kind: 'push', table: 't', at: null, payloads }],
              { open: false, changes: false },
              mode,
            )
            const sorted = ours
              .map((row) => JSON.parse(row) as Record<string, unknown>)
              .sort((a, b) => (String(a['k']) < String(b['k']) ? -1 : 1))
            expect(sorted.map((row) => row['k'])).toEqual(theirs.map(([k]) => k))
            for (const [r, row] of sorted.entries())
              for (const [i, [[call, , kind], filter]] of calls.entries())
                expectSame(row[`c${i}`], theirs[r]![i + 1], kind, `${call}${filter} of ${String(row['k'])}`)
          },
        ),
        { numRuns: 150 },
      )
    })

    it.each(SCALARS.map(([ours, theirs = ours]) => [ours, theirs] as const))('%s', async (ours, theirs) => {
      const [row] = await run(`SELECT CAST(${theirs} AS VARCHAR)`)
      const text = row![0] === null ? 'NULL' : String(row![0])
      expect(evaluateText(ours).replace(/^(\d{4}-\d\d-\d\d)T([\d:.]+)Z$/, '$1 $2')).toBe(text)
    })
  },
)

function literal(value: string | number | boolean | null): string {
  return value === null ? 'NULL' : typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
}

function read(call: string, kind: Kind): string {
  return kind === 'real'
    ? `CAST(${call} AS DOUBLE)`
    : kind === 'list'
      ? `CAST(to_json(${call}) AS VARCHAR)`
      : `CAST(${call} AS VARCHAR)`
}

/** Where a statistic is not defined, theirs is NaN or NULL and ours NULL. */
function expectSame(ours: unknown, theirs: unknown, kind: Kind, message: string): void {
  if (kind === 'exact') return expect(ours === null ? null : String(ours), message).toBe(theirs)
  if (kind === 'list') return expect(ours, message).toEqual(theirs === null ? null : JSON.parse(String(theirs)))
  if (theirs === null || theirs === 'NaN') return expect(ours, message).toBeNull()
  const wanted = Number(theirs)
  expect(ours, message).not.toBeNull()
  expect(Math.abs(Number(ours) - wanted), `${message}: ${String(ours)}, not ${wanted}`).toBeLessThanOrEqual(
    1e-9 * Math.max(1, Math.abs(wanted)),
  )
}
