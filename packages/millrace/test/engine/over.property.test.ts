import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileScript } from '../../src/runtime/index.ts'
import { MODES, runQuery, type StreamEvent } from '../sql/harness/run-query.ts'
import { type ModelCall, overByArrival, overByEventTime, type ModelRow, HOUR } from './over-model.ts'

const INLINE = MODES.filter((m) => m.executor === 'inline')
const START = 1_704_067_200

const value = fc.option(fc.oneof(fc.bigInt({ min: -9n, max: 9n }), fc.constantFrom(2n ** 62n, -(2n ** 53n) - 1n)), {
  freq: 6,
})
const rowsArbitrary = fc.array(
  fc.record({
    k: fc.constantFrom('a', 'b', null),
    v: value,
    ts: fc.option(fc.integer({ min: 0, max: 25 }), { freq: 25 }),
    /** Seconds of processing time before the row comes. */
    pause: fc.constantFrom(0, 0, 0, 0, 1, HOUR, HOUR + 6, 2 * HOUR),
  }),
  { maxLength: 40 },
)

const offsets = fc
  .tuple(fc.integer({ min: -5, max: 0 }), fc.integer({ min: 0, max: 3 }))
  .map(([start, length]) => [start, Math.min(start + length, 0)] as const)
const frames = fc.record({
  unit: fc.constantFrom('rows' as const, 'range' as const),
  offsets,
  unbounded: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
})
const framed = fc
  .tuple(fc.constantFrom('count', 'sum', 'min', 'max', 'first_value', 'last_value', 'array_agg'), frames)
  .map(
    ([
      name,
      {
        unit,
        offsets: [start, end],
        unbounded,
      },
    ]): ModelCall => ({
      name,
      frame: { unit, start: unbounded ? null : start, end },
    }),
  )
const numbered = fc.constantFrom<ModelCall>(
  { name: 'row_number' },
  { name: 'rank' },
  { name: 'dense_rank' },
  { name: 'lag', rows: 1 },
  { name: 'lag', rows: 3 },
)
/** Only RANGE frames with a start: partitions are forgotten. */
const ranges = fc.array(
  framed.filter((c) => c.frame!.unit === 'range' && c.frame!.start !== null),
  { minLength: 1, maxLength: 3 },
)
const calls = fc.oneof(
  ranges,
  fc.array(fc.oneof({ weight: 4, arbitrary: framed }, numbered), { minLength: 1, maxLength: 4 }),
)

function seconds(offset: number): string {
  return offset === 0
    ? 'CURRENT ROW'
    : `INTERVAL '${Math.abs(offset)} seconds' ${offset < 0 ? 'PRECEDING' : 'FOLLOWING'}`
}

function rows(offset: number): string {
  return offset === 0 ? 'CURRENT ROW' : `${Math.abs(offset)} ${offset < 0 ? 'PRECEDING' : 'FOLLOWING'}`
}

function sqlOf({ name, frame, rows: distance }: ModelCall): string {
  if (name === 'lag') return `lag(v, ${distance}, -77) OVER (PARTITION BY k ORDER BY ts)`
  if (frame === undefined) return `${name}() OVER (PARTITION BY k ORDER BY ts)`
  const bound = frame.unit === 'rows' ? rows : seconds
  const start = frame.start === null ? 'UNBOUNDED PRECEDING' : bound(frame.start)
  const between = `${frame.unit.toUpperCase()} BETWEEN ${start} AND ${bound(frame.end)}`
  return `${name}(${name === 'count' ? '*' : 'v'}) OVER (PARTITION BY k ORDER BY ts ${between})`
}

type Input = {
  readonly k: string | null
  readonly v: bigint | null
  readonly ts: number | null
  readonly pause: number
}

/** Pushes of rows that come at one moment. */
function eventsOf(input: readonly Input[]): { events: StreamEvent[]; model: ModelRow[] } {
  const events: { kind: 'push'; table: string; at: string; payloads: string[] }[] = []
  const model: ModelRow[] = []
  let now = START
  for (const [id, { k, v, ts, pause }] of input.entries()) {
    now += pause
    const at = new Date(now * 1000).toISOString()
    if (events.at(-1)?.at !== at) events.push({ kind: 'push', table: 't', at, payloads: [] })
    const time = ts === null ? null : new Date((START + ts) * 1000).toISOString()
    events.at(-1)!.payloads.push(`{"id":${id},"k":${JSON.stringify(k)},"v":${v},"ts":${JSON.stringify(time)}}`)
    model.push({ id, k, v, ts, arrival: now })
  }
  return { events, model }
}

async function run(
  watermark: string,
  list: readonly ModelCall[],
  events: readonly StreamEvent[],
  mode: (typeof MODES)[number],
) {
  const table = `CREATE TABLE t (id BIGINT, k TEXT, v BIGINT, ts TIMESTAMP${watermark}) WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json')`
  const columns = list.map((call, i) => `CAST(${sqlOf(call)} AS TEXT) AS c${i}`).join(', ')
  const script = compileScript({ name: 'over.sql', text: `${table}; SELECT id, ${columns} FROM t` })
  expect(script.errors.map((e) => e.message)).toEqual([])
  return runQuery(script, events, { open: false, changes: false }, mode)
}

function shown(rows: readonly { readonly id: number; readonly results: readonly (string | null)[] }[]): string[] {
  return rows.map(({ id, results }) =>
    JSON.stringify(Object.fromEntries([['id', id], ...results.map((r, i) => [`c${i}`, r])])),
  )
}

describe('window functions equal a naive recompute', () => {
  it('answered as rows come', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(rowsArbitrary, calls, fc.constantFrom(...INLINE), async (input, list, mode) => {
        const { events, model } = eventsOf(input)
        const result = await run('', list, events, mode)
        const expected = overByArrival(model, list)
        expect(result.rows).toEqual(shown(expected.rows))
        expect(result.counts).toEqual(expected.withoutTime === 0 ? [] : [`null_time_rows t ${expected.withoutTime}`])
      }),
      { numRuns: 300 },
    )
  })

  it('answered in order of event time, late rows apart, in one order whatever the batches', {
    timeout: 300_000,
  }, async () => {
    const ahead = framed.chain((call) =>
      fc
        .integer({ min: 0, max: 4 })
        .map((more): ModelCall => ({ ...call, frame: { ...call.frame!, end: call.frame!.end + more } })),
    )
    const lists = fc.array(
      fc.oneof({ weight: 4, arbitrary: ahead }, numbered, fc.constant<ModelCall>({ name: 'lag', rows: 2 })),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    await fc.assert(
      fc.asyncProperty(rowsArbitrary, lists, fc.constantFrom(...INLINE), async (input, list, mode) => {
        const { events, model } = eventsOf(input.map((row) => ({ ...row, pause: 0 })))
        const watermark = ", WATERMARK FOR ts AS ts - INTERVAL '4 seconds'"
        const result = await run(watermark, list, events, mode)
        const expected = overByEventTime(model, list, 4)
        const byId = (lines: readonly string[]) => [...lines].sort((a, b) => JSON.parse(a).id - JSON.parse(b).id)
        expect(byId(result.rows)).toEqual(byId(shown(expected.rows)))
        const counts = [
          ...(expected.late === 0 ? [] : [`late_rows t ${expected.late}`]),
          ...(expected.withoutTime === 0 ? [] : [`null_time_rows t ${expected.withoutTime}`]),
        ]
        expect(result.counts).toEqual(counts)
        const other = await run(watermark, list, events, INLINE[0]!)
        expect(result.rows).toEqual(other.rows)
        const looksAhead = list.some((c) => c.frame?.unit === 'rows' && c.frame.end > 0)
        if (!looksAhead) expect(result.rows).toEqual(shown(expected.rows))
      }),
      { numRuns: 300 },
    )
  })
})
