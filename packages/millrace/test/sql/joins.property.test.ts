import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileScript } from '../../src/runtime/index.ts'
import { MODES, runQuery, type StreamEvent } from './harness/run-query.ts'
import { type JoinModel, type JoinRow, nearest, nestedLoop, onTime, TYPES } from './joins-model.ts'

const START = Date.parse('2024-01-01T00:00:00Z')
const DELAY = 5

/** Rows of a and b as they arrive, in steps of one table each. */
interface Push {
  readonly table: 'a' | 'b'
  readonly rows: readonly JoinRow[]
}

const rows = fc.array(
  fc.record({
    table: fc.constantFrom<'a' | 'b'>('a', 'b'),
    k: fc.constantFrom('x', 'x', 'y', 'é', null),
    v: fc.option(fc.integer({ min: 0, max: 5 }), { freq: 8 }),
    ts: fc.option(fc.integer({ min: 0, max: 40 }), { freq: 20 }),
    cut: fc.boolean(),
  }),
  { minLength: 8, maxLength: 40 },
)

/** Times that mostly go up, so that not most rows are late. */
const pushes = fc.tuple(rows, fc.boolean()).map(([list, sorted]): Push[] => {
  const steps: { table: 'a' | 'b'; rows: JoinRow[] }[] = []
  list.forEach(({ table, k, v, ts, cut }, id) => {
    const row: JoinRow = { id, k, v, ts: ts === null ? null : sorted ? id + (ts % 8) : ts }
    const open = steps.at(-1)
    if (open === undefined || cut || open.table !== table) steps.push({ table, rows: [row] })
    else open.rows.push(row)
  })
  return steps
})

const TABLES = ['a', 'b'].map(
  (name) =>
    `CREATE TABLE ${name} (id BIGINT, k TEXT, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '${DELAY} seconds')
     WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json')`,
)

function eventsOf(steps: readonly Push[]): StreamEvent[] {
  return steps.map(({ table, rows: pushed }) => ({
    kind: 'push',
    table,
    at: null,
    payloads: pushed.map((r) =>
      JSON.stringify({ ...r, ts: r.ts === null ? null : new Date(START + r.ts * 1000).toISOString() }),
    ),
  }))
}

function rowsOf(steps: readonly Push[], table: 'a' | 'b'): JoinRow[] {
  return steps.filter((s) => s.table === table).flatMap((s) => s.rows)
}

const IN_PROCESS = MODES.filter((m) => m.executor === 'inline')

/** The rows of every mode, which must not only be the same but come in the same order, unless the result is a changelog. */
async function run(sql: string, steps: readonly Push[], ordered: boolean): Promise<string[]> {
  const script = compileScript({ name: 'test.sql', text: [...TABLES, sql].join(';\n') }, { badData: 'drop' })
  expect(script.errors.map((e) => e.message)).toEqual([])
  const options = { open: false, changes: false }
  let first: readonly string[] | undefined
  for (const mode of IN_PROCESS) {
    const result = await runQuery(script, eventsOf(steps), options, mode)
    first ??= result.rows
    if (ordered) expect(result.rows, mode.name).toEqual(first)
    else expect([...result.rows].sort(), mode.name).toEqual([...first].sort())
  }
  return [...first!].map((r) => JSON.stringify(Object.values(JSON.parse(r) as object))).sort()
}

const KEYWORDS = {
  inner: 'JOIN',
  left: 'LEFT JOIN',
  right: 'RIGHT JOIN',
  full: 'FULL JOIN',
  semi: 'SEMI JOIN',
  anti: 'ANTI JOIN',
} as const

function select(type: (typeof TYPES)[number], right: string, on: string, left = 'a'): string {
  const half = type === 'semi' || type === 'anti'
  return `SELECT a.id AS a, ${half ? 'CAST(NULL AS BIGINT)' : 'b.id'} AS b FROM ${left} ${KEYWORDS[type]} ${right} ON ${on}`
}

/** Conditions on pairs, as SQL and as the model has them; NULL is not true. */
const RESIDUALS = [
  { sql: '', holds: () => true },
  { sql: ' AND a.v < b.v', holds: (a: JoinRow, b: JoinRow) => a.v !== null && b.v !== null && a.v < b.v },
  { sql: ' AND b.v > 2', holds: (_: JoinRow, b: JoinRow) => b.v !== null && b.v > 2 },
  { sql: ' AND a.v <> 1', holds: (a: JoinRow) => a.v !== null && a.v !== 1 },
  {
    sql: ' AND a.v IS NOT DISTINCT FROM b.v',
    holds: (a: JoinRow, b: JoinRow) => a.v === b.v,
  },
]

const equal = (a: JoinRow, b: JoinRow) => a.k !== null && a.k === b.k

describe('joins equal a nested loop over the rows that are not late', () => {
  it('interval joins', { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        pushes,
        fc.constantFrom(...TYPES),
        fc.integer({ min: -10, max: 10 }),
        fc.integer({ min: 0, max: 12 }),
        fc.constantFrom(...RESIDUALS),
        fc.boolean(),
        async (steps, type, lower, width, residual, keyed) => {
          const upper = lower + width
          const bounds = `b.ts BETWEEN a.ts + INTERVAL '${lower} seconds' AND a.ts + INTERVAL '${upper} seconds'`
          const sql = select(type, 'b', `${keyed ? 'a.k = b.k AND ' : ''}${bounds}${residual.sql}`)
          const model: JoinModel = {
            left: onTime(rowsOf(steps, 'a'), DELAY),
            right: onTime(rowsOf(steps, 'b'), DELAY),
            matches: (a, b) =>
              (!keyed || equal(a, b)) && b.ts! - a.ts! >= lower && b.ts! - a.ts! <= upper && residual.holds(a, b),
          }
          expect(await run(sql, steps, true)).toEqual(nestedLoop(type, model).sort())
        },
      ),
      { numRuns: 150 },
    ))

  it('joins of rows in the same window', { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        pushes,
        fc.constantFrom(...TYPES),
        fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 10, 12), // Days are whole multiples of these.
        fc.constantFrom(...RESIDUALS),
        async (steps, type, size, residual) => {
          const windowed = (t: string) => `TABLE(TUMBLE(TABLE ${t}, DESCRIPTOR(ts), INTERVAL '${size} seconds')) AS ${t}`
          const sql = select(
            type,
            windowed('b'),
            `a.k = b.k AND a.window_start = b.window_start${residual.sql}`,
            windowed('a'),
          )
          const start = (r: JoinRow) => Math.floor(r.ts! / size)
          const model: JoinModel = {
            left: inOpenWindows(rowsOf(steps, 'a'), size),
            right: inOpenWindows(rowsOf(steps, 'b'), size),
            matches: (a, b) => equal(a, b) && start(a) === start(b) && residual.holds(a, b),
          }
          expect(await run(sql, steps, true)).toEqual(nestedLoop(type, model).sort())
        },
      ),
      { numRuns: 100 },
    ))

  it('joins without bounds of time', { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(pushes, fc.constantFrom(...TYPES), fc.constantFrom(...RESIDUALS), async (steps, type, residual) => {
        const sql = select(type, 'b', `a.k = b.k${residual.sql}`)
        const model: JoinModel = {
          left: rowsOf(steps, 'a'),
          right: rowsOf(steps, 'b'),
          matches: (a, b) => equal(a, b) && residual.holds(a, b),
        }
        expect(await run(sql, steps, type === 'inner')).toEqual(nestedLoop(type, model).sort())
      }),
      { numRuns: 150 },
    ))

  it('joins of changelogs', { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(pushes, fc.constantFrom(...TYPES), fc.constantFrom(...RESIDUALS), async (steps, type, residual) => {
        // The last id of each v: a row is taken back whenever another one follows.
        const latest = (t: string) => `(SELECT v, MAX(k) AS k, MAX(id) AS id FROM ${t} GROUP BY v) AS ${t}`
        const sql = select(type, latest('b'), `a.k = b.k${residual.sql}`, latest('a'))
        const model: JoinModel = {
          left: grouped(rowsOf(steps, 'a')),
          right: grouped(rowsOf(steps, 'b')),
          matches: (a, b) => equal(a, b) && residual.holds(a, b),
        }
        expect(await run(sql, steps, false)).toEqual(nestedLoop(type, model).sort())
      }),
      { numRuns: 100 },
    ))

  it('as-of joins', { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        pushes,
        fc.constantFrom('backward' as const, 'forward' as const, 'nearest' as const),
        fc.boolean(),
        fc.option(fc.integer({ min: 0, max: 10 })),
        async (steps, direction, strict, tolerance) => {
          const comparison = { backward: strict ? '>' : '>=', forward: strict ? '<' : '<=', nearest: null }[direction]
          const on = comparison === null ? 'a.k = b.k' : `a.k = b.k AND a.ts ${comparison} b.ts`
          const within = tolerance === null ? '' : ` WITHIN INTERVAL '${tolerance} seconds'`
          const sql = `SELECT a.id AS a, b.id AS b FROM a ASOF ${direction === 'nearest' ? 'NEAREST ' : ''}LEFT JOIN b ON ${on}${within}`
          const expected = nearest({
            left: onTime(rowsOf(steps, 'a'), DELAY),
            right: onTime(rowsOf(steps, 'b'), DELAY),
            direction,
            strict: strict && direction !== 'nearest',
            tolerance,
          })
          expect(await run(sql, steps, true)).toEqual(expected.sort())
        },
      ),
      { numRuns: 200 },
    ))
})

/** Rows whose window has not closed before them. */
function inOpenWindows(list: readonly JoinRow[], size: number): JoinRow[] {
  let watermark = Number.NEGATIVE_INFINITY
  return list.filter(({ ts }) => {
    if (ts === null) return false
    const kept = (Math.floor(ts / size) + 1) * size > watermark
    watermark = Math.max(watermark, ts - DELAY)
    return kept
  })
}

/** SELECT v, MAX(k), MAX(id) GROUP BY v. */
function grouped(list: readonly JoinRow[]): JoinRow[] {
  const groups = new Map<number | null, JoinRow>()
  for (const row of list) {
    const known = groups.get(row.v)
    const k = known?.k == null ? row.k : row.k === null || known.k > row.k ? known.k : row.k
    groups.set(row.v, { ...row, k, id: Math.max(known?.id ?? 0, row.id) })
  }
  return [...groups.values()]
}
