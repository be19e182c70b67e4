import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTimestamp, parseTimestamp } from '../../src/kernel/index.ts'
import { compileScript } from '../../src/runtime/index.ts'
import { MODES, runQuery, type StreamEvent } from './harness/run-query.ts'
import { type ModelGroup, type ModelQuery, type ModelRow, modelWindows } from './windows-model.ts'

const SECOND = 1_000_000
/** When all rows arrive; the harness starts its clock here. */
const ARRIVAL = parseTimestamp('2024-01-01T00:00:00Z') as number
const SKEW = 100 * SECOND
/** The default of max_future_skew for a feed. */
const DAY = 86_400 * SECOND

/** Tenths of seconds around the arrival, so that many fall on the borders of windows; NULL; far in the future. */
const times = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -600, max: 600 }).map((t) => ARRIVAL + t * 100_000) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom(ARRIVAL + SKEW, ARRIVAL + SKEW + 1, 253_402_300_799_000_000) },
)
const values = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: -20n, max: 20n }) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.constantFrom(2n ** 53n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)) },
)
const row = (tables: number): fc.Arbitrary<ModelRow> =>
  fc.record({
    table: fc.integer({ min: 0, max: tables - 1 }),
    k: fc.constantFrom('a', 'b', null, 'é'),
    v: values,
    ts: times,
  })
/** What arrives in one step comes from one table. */
const steps = (tables: number) =>
  fc.array(fc.tuple(row(tables), fc.integer({ min: 0, max: 3 })), { maxLength: 50 }).map((rows) => {
    const pushes: ModelRow[][] = []
    for (const [next, cut] of rows) {
      const open = pushes.at(-1)
      if (open === undefined || cut === 0 || open[0]!.table !== next.table) pushes.push([next])
      else open.push(next)
    }
    return pushes
  })

const seconds = (min: number, max: number) => fc.integer({ min, max }).map((s) => s * SECOND)
const windows = fc.oneof(
  seconds(1, 30).map((size) => ({ kind: 'tumble' as const, size })),
  fc
    .tuple(seconds(1, 20), seconds(0, 20))
    .map(([slide, more]) => ({ kind: 'hop' as const, slide, size: slide + more })),
  seconds(1, 15).map((gap) => ({ kind: 'session' as const, gap })),
)

const WHERE = [
  { sql: '', keeps: () => true },
  { sql: 'WHERE v % 3 = 0 OR v IS NULL', keeps: (r: ModelRow) => r.v === null || r.v % 3n === 0n },
  {
    sql: "WHERE k <> 'a' AND v < 9007199254740993",
    keeps: (r: ModelRow) => r.k !== null && r.k !== 'a' && r.v !== null && r.v < 2n ** 53n + 1n,
  },
] as const

const AGGREGATES =
  'COUNT(*) AS n, COUNT(v) AS vs, SUM(v) AS s, MIN(v) AS low, MAX(v) AS high, COUNT(DISTINCT v) AS d, FIRST_VALUE(v) AS f, ' +
  "LAST_VALUE(k) AS l, ARRAY_AGG(v) AS list, LAST_VALUE(v ORDER BY ts, v NULLS FIRST) AS latest, SUM(v) FILTER (WHERE k = 'b') AS b"

const cases = fc.integer({ min: 1, max: 2 }).chain((tables) =>
  fc.record({
    pushes: steps(tables),
    window: windows,
    delays: fc.array(
      fc.integer({ min: 0, max: 100 }).map((t) => t * 100_000),
      { minLength: tables, maxLength: tables },
    ),
    lateness: fc.oneof(fc.constant(0), seconds(1, 20)),
    skewed: fc.boolean(),
    keyed: fc.boolean(),
    where: fc.constantFrom(...WHERE),
    open: fc.boolean(),
  }),
)
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never

const duration = (micros: number) => `INTERVAL '${micros / SECOND} seconds'`

function windowSql({ window }: Case): string {
  switch (window.kind) {
    case 'tumble':
      return `TUMBLE(${duration(window.size)})`
    case 'hop':
      return `HOP(${duration(window.slide)}, ${duration(window.size)})`
    case 'session':
      return `SESSION(${duration(window.gap)})`
  }
}

function script(c: Case, query: string): string {
  const options = [
    `connector = 'websocket', endpoint = 'ws://test', format = 'json', allowed_lateness = '${c.lateness / SECOND} seconds'`,
    ...(c.skewed ? [`max_future_skew = '${SKEW / SECOND} seconds'`] : []),
  ].join(', ')
  const names = c.delays.map((_, i) => `t${i}`)
  const tables = c.delays.map(
    (delay, i) =>
      `CREATE TABLE t${i} (k TEXT, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - ${duration(delay)}) WITH (${options});`,
  )
  const all = names.map((n) => `SELECT k, v, ts FROM ${n}`).join(' UNION ALL ')
  return `${tables.join('\n')}\nCREATE VIEW rows_ AS ${all};\n${query}`
}

function payload({ k, v, ts }: ModelRow): string {
  const time = ts === null ? null : formatTimestamp(ts)
  return `{"k":${JSON.stringify(k)},"v":${v},"ts":${JSON.stringify(time)}}`
}

function modelOf(c: Case): ModelQuery {
  const latest = ARRIVAL + (c.skewed ? SKEW : DAY)
  return { window: c.window, delays: c.delays, lateness: c.lateness, latest, keyed: c.keyed, where: c.where.keeps }
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)

function shown(group: ModelGroup, keyed: boolean): string {
  const all = group.rows.map((r) => r.v)
  const vs = all.filter((v) => v !== null)
  const sum = (list: readonly bigint[]) => (list.length === 0 ? null : list.reduce((a, b) => a + b))
  const sorted = [...vs].sort(compare)
  const latest = [...group.rows].sort((a, b) => {
    if (a.ts !== b.ts) return a.ts! - b.ts!
    if (a.v === null || b.v === null) return a.v === b.v ? 0 : a.v === null ? -1 : 1
    return compare(a.v, b.v)
  })
  const fields: [string, string][] = [
    ...(keyed ? [['k', JSON.stringify(group.k)] as [string, string]] : []),
    ['w', `{"start":"${formatTimestamp(group.start)}","end":"${formatTimestamp(group.end)}"}`],
    ['n', String(all.length)],
    ['vs', String(vs.length)],
    ['s', String(sum(vs))],
    ['low', String(sorted[0] ?? null)],
    ['high', String(sorted.at(-1) ?? null)],
    ['d', String(new Set(vs).size)],
    ['f', String(all[0])],
    ['l', JSON.stringify(group.rows.at(-1)!.k)],
    ['list', `[${all.map(String).join(',')}]`],
    ['latest', String(latest.at(-1)!.v)],
    ['b', String(sum(group.rows.filter((r) => r.k === 'b' && r.v !== null).map((r) => r.v!)))],
  ]
  return `{${fields.map(([name, text]) => `"${name}":${text}`).join(',')}}`
}

/** Rows of a joined session in order of arrival. */
function inOrder(group: ModelGroup, rows: readonly ModelRow[]): ModelGroup {
  return { ...group, rows: [...group.rows].sort((a, b) => rows.indexOf(a) - rows.indexOf(b)) }
}

async function runs(
  c: Case,
  sql: string,
  check: (mode: string, rows: readonly string[], counts: ReadonlyMap<string, number>) => void,
) {
  const compiled = compileScript({ name: 'property.sql', text: script(c, sql) }, { badData: 'drop' })
  expect(compiled.errors.map((e) => e.message)).toEqual([])
  const events = c.pushes.map(
    (rows): StreamEvent => ({ kind: 'push', table: `t${rows[0]!.table}`, at: null, payloads: rows.map(payload) }),
  )
  for (const mode of MODES) {
    if (mode.executor === 'worker') continue
    const run = await runQuery(compiled, events, { open: c.open, changes: false }, mode)
    const counts = new Map<string, number>()
    for (const line of run.counts) {
      const [name, , count] = line.split(' ')
      counts.set(name!, (counts.get(name!) ?? 0) + Number(count))
    }
    check(mode.name, run.rows, counts)
  }
}

describe('windowed aggregates from SQL text to rows', () => {
  it('equal a naive recomputation, late rows included, however batches are cut', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const rows = c.pushes.flat()
        const model = modelWindows(rows, modelOf(c))
        const expected = model.groups
          .filter((g) => !c.open || g.closed)
          .map((g) => shown(inOrder(g, rows), c.keyed))
          .sort()
        const key = c.keyed ? 'k, ' : ''
        const sql = `SELECT ${key}${windowSql(c)} AS w, ${AGGREGATES} FROM rows_ ${c.where.sql} GROUP BY ${key}w`
        await runs(c, sql, (mode, actual, counts) => {
          expect([...actual].sort(), mode).toEqual(expected)
          expect(counts.get('late_rows') ?? 0, `late, ${mode}`).toBe(model.late)
          expect(counts.get('null_time_rows') ?? 0, `without time, ${mode}`).toBe(model.withoutTime)
          expect(counts.get('future_rows') ?? 0, `future, ${mode}`).toBe(model.future)
        })
      }),
      { numRuns: 60 },
    )
  })

  it('feed windows behind them, whose rows are never late', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(cases, seconds(1, 60), async (c, size) => {
        const model = modelWindows(c.pushes.flat(), modelOf({ ...c, keyed: true }))
        const outer = new Map<number, { n: number; windows: number }>()
        for (const group of model.groups) {
          const start = Math.floor((group.end - 1) / size) * size
          const at = outer.get(start) ?? { n: 0, windows: 0 }
          outer.set(start, { n: at.n + group.rows.length, windows: at.windows + 1 })
        }
        const expected = [...outer]
          .map(([start, { n, windows: count }]) => `{"start":"${formatTimestamp(start)}","n":${n},"windows":${count}}`)
          .sort()
        const inner = `SELECT k, COUNT(*) AS n, ${windowSql(c)} AS w FROM rows_ ${c.where.sql} GROUP BY k, w`
        const sql = `SELECT o.start AS start, SUM(n) AS n, COUNT(*) AS windows, TUMBLE(${duration(size)}) AS o FROM (${inner}) GROUP BY o`
        const visible = `SELECT start, n, windows FROM (${sql})`
        await runs({ ...c, open: false }, visible, (mode, actual, counts) => {
          expect([...actual].sort(), mode).toEqual(expected)
          expect(counts.get('late_rows') ?? 0, `late, ${mode}`).toBe(model.late)
        })
      }),
      { numRuns: 30 },
    )
  })
})
