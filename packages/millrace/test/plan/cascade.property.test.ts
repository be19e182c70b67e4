import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Value } from '../../src/kernel/index.ts'
import { parseScript, planScript } from '../../src/sql/index.ts'
import { Running, showRow } from '../engine/running.ts'
import { catalog } from './catalog.ts'

const SECOND = 1_000_000

interface Row {
  readonly ts: number
  readonly key: string
}

const rows = fc.array(
  fc.record({ ts: fc.integer({ min: 0, max: 120 }).map((s) => s * SECOND), key: fc.constantFrom('a', 'b', 'c') }),
  {
    maxLength: 60,
  },
)

/** How rows come: in any order before a watermark far behind, or in order right before the watermark, maybe with lateness allowed. */
const arrivals = [
  { sorted: false, watermark: "WATERMARK FOR ts AS ts - INTERVAL '5 minutes'", options: '' },
  { sorted: true, watermark: 'WATERMARK FOR ts', options: '' },
  { sorted: true, watermark: 'WATERMARK FOR ts', options: ", allowed_lateness = '17 seconds'" },
] as const
const ways = fc.record({ cut: fc.constantFrom(1, 7, 1000), arrival: fc.constantFrom(...arrivals) })

/** The final rows of a query over t(ts, k), none of which is late. */
function run(
  sql: string,
  unordered: readonly Row[],
  { cut, arrival }: { cut: number; arrival: (typeof arrivals)[number] },
): string[] {
  const input = arrival.sorted ? unordered.toSorted((a, b) => a.ts - b.ts) : unordered
  const { statements, errors } = parseScript(`
    CREATE TABLE t (ts TIMESTAMP, k TEXT, ${arrival.watermark}) WITH (connector = 'websocket'${arrival.options});
    ${sql}`)
  expect(errors).toEqual([])
  const plan = planScript(statements, catalog)
  expect(plan.errors).toEqual([])
  const running = new Running(plan.dataflow!).at(0)
  const [source] = plan.dataflow!.nodes
  const values: Value[][] = input.map((r) => source!.schema.fields.map((f) => (f.name === 'ts' ? r.ts : r.key)))
  for (let from = 0; from < values.length; from += cut)
    running.pushRows(source!.schema, values.slice(from, from + cut), source!.id)
  running.end(source!.id)
  expect(running.count('late_rows')).toBe(0)
  const output = plan.outputs[0]!
  const visible = output.schema.fields.length
  return running
    .result(output.nodeId)
    .map((row) => showRow(row.slice(0, visible)))
    .sort()
}

interface Counted {
  readonly start: number
  readonly end: number
  readonly n: number
}

/** Rows per key and window, as SELECT k, w, count(*) GROUP BY k, w gives them. */
function counted(
  input: readonly Row[],
  windows: (times: readonly number[]) => readonly (readonly [start: number, end: number])[],
): Counted[] {
  return ['a', 'b', 'c'].flatMap((key) => {
    const times = input.filter((r) => r.key === key).map((r) => r.ts)
    return windows(times).map(([start, end]) => ({ start, end, n: times.filter((t) => t >= start && t < end).length }))
  })
}

function hops(slide: number, size: number) {
  return (times: readonly number[]): (readonly [number, number])[] => {
    const starts = new Set<number>()
    for (const t of times) {
      for (let start = Math.floor(t / slide) * slide; start > t - size; start -= slide) starts.add(start)
    }
    return [...starts].map((start) => [start, start + size] as const)
  }
}

function sessions(gap: number) {
  return (times: readonly number[]): (readonly [number, number])[] => {
    const found: [number, number][] = []
    for (const t of [...times].sort((a, b) => a - b)) {
      const last = found.at(-1)
      if (last !== undefined && t < last[1]) last[1] = t + gap
      else found.push([t, t + gap])
    }
    return found
  }
}

/** Per inner window: how many keys it has, and the most rows of one. */
function regrouped(inner: readonly Counted[]): string[] {
  const groups = new Map<string, Counted[]>()
  for (const c of inner) groups.set(`${c.start}-${c.end}`, [...(groups.get(`${c.start}-${c.end}`) ?? []), c])
  return [...groups.values()]
    .map((g) => showRow([[g[0]!.start, g[0]!.end], g.length, Math.max(...g.map((c) => c.n))]))
    .sort()
}

const WINDOWS = [
  { sql: "TUMBLE(INTERVAL '10 seconds')", windows: hops(10 * SECOND, 10 * SECOND) },
  { sql: "HOP(INTERVAL '10 seconds', INTERVAL '30 seconds')", windows: hops(10 * SECOND, 30 * SECOND) },
  { sql: "HOP(INTERVAL '10 seconds', INTERVAL '25 seconds')", windows: hops(10 * SECOND, 25 * SECOND) },
  { sql: "SESSION(INTERVAL '7 seconds')", windows: sessions(7 * SECOND) },
] as const

describe('grouping by the window of an inner query', () => {
  it.each(WINDOWS.map((w) => [w.sql, w] as const))(
    '%s equals a naive recompute, whatever the batches',
    (_, { sql, windows }) => {
      fc.assert(
        fc.property(rows, ways, (input, way) => {
          const actual = run(
            `SELECT w, count(*) AS keys, max(n) AS most
           FROM (SELECT k, ${sql} AS w, count(*) AS n FROM t GROUP BY k, w) GROUP BY w;`,
            input,
            way,
          )
          expect(actual).toEqual(regrouped(counted(input, windows)))
        }),
        { numRuns: 150 },
      )
    },
  )
})

describe('a window over the results of another', () => {
  it('takes each result at the end of its window', () => {
    fc.assert(
      fc.property(rows, ways, (input, way) => {
        const actual = run(
          `CREATE VIEW inner_ AS SELECT k, HOP(INTERVAL '10 seconds', INTERVAL '30 seconds') AS w, count(*) AS n FROM t GROUP BY k, w;
           SELECT TUMBLE(INTERVAL '1 minute') AS minute, sum(n) AS n FROM inner_ GROUP BY minute;`,
          input,
          way,
        )
        const minutes = new Map<number, number>()
        for (const { end, n } of counted(input, hops(10 * SECOND, 30 * SECOND))) {
          const start = Math.floor((end - 1) / (60 * SECOND)) * 60 * SECOND
          minutes.set(start, (minutes.get(start) ?? 0) + n)
        }
        expect(actual).toEqual(
          [...minutes].map(([start, n]) => JSON.stringify([[start, start + 60 * SECOND], String(n)])).sort(),
        )
      }),
      { numRuns: 150 },
    )
  })
})
