import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayOf, BIGINT, DECIMAL, type Value } from '../../kernel/index.ts'
import type { WindowSpec } from '../../plan/index.ts'
import { call, TS, VALUE, windowedPlan } from '../../../test/engine/plans.ts'
import { type Event, Running, showRow } from '../../../test/engine/running.ts'

const CALLS = [
  call('count', BIGINT),
  call('sum', DECIMAL, [VALUE]),
  call('avg', DECIMAL, [VALUE]),
  call('min', BIGINT, [VALUE]),
  call('max', BIGINT, [VALUE]),
  call('first_value', BIGINT, [VALUE]),
  call('last_value', BIGINT, [VALUE]),
  call('last_value', BIGINT, [VALUE], { orderBy: [{ column: TS, descending: false, nullsFirst: false }] }),
  // What is below keeps sets and lists, which panes are not shared with.
  call('count', BIGINT, [VALUE], { distinct: true }),
  call('array_agg', arrayOf(BIGINT), [VALUE]),
]
const WITHOUT_LISTS = CALLS.slice(0, -2)

/** Behind key and window. */
const AVERAGE = 2 + CALLS.findIndex((c) => c.name === 'avg')

interface Case {
  readonly window: WindowSpec
  readonly lists: boolean
  readonly lateness: number
  readonly delay: number
  readonly events: readonly Event[]
  readonly cuts: readonly number[]
}

const window: fc.Arbitrary<WindowSpec> = fc.oneof(
  fc.record({ kind: fc.constant('tumble' as const), size: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    kind: fc.constant('hop' as const),
    slide: fc.integer({ min: 1, max: 6 }),
    size: fc.integer({ min: 1, max: 24 }),
  }),
  fc.record({ kind: fc.constant('session' as const), gap: fc.integer({ min: 1, max: 6 }) }),
)

/** A walk through time with steps back and forth, from before the epoch on. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    window,
    lists: fc.boolean(),
    lateness: fc.integer({ min: 0, max: 6 }),
    delay: fc.integer({ min: 0, max: 8 }),
    steps: fc.array(
      fc.record({
        step: fc.integer({ min: -9, max: 12 }),
        key: fc.constantFrom('a', 'b', 'c', null),
        value: fc.option(fc.constantFrom(1, 2, 3, -7, 9_007_199_254_740_991), { freq: 6 }),
        timeless: fc.integer({ min: 0, max: 15 }),
      }),
      { maxLength: 60 },
    ),
    cuts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
  })
  .map(({ steps, delay, ...rest }) => {
    let time = -40
    const events = steps.map(({ step, key, value, timeless }): Event => {
      time += step
      return timeless === 0 ? { ts: null, key, value } : { ts: time, key, value, mark: time - delay }
    })
    return { ...rest, delay, events }
  })

interface Group {
  readonly key: string | null
  start: number
  end: number
  readonly rows: { readonly at: number; readonly event: Event }[]
}

/** Row by row from the definitions: which windows take it, which have closed before it. */
function recompute({ window: spec, lateness, events }: Case): { groups: Group[]; late: number; timeless: number } {
  const groups: Group[] = []
  let late = 0
  let timeless = 0
  let mark = Number.NEGATIVE_INFINITY
  for (const [at, event] of events.entries()) {
    const { ts, key = 'k' } = event
    if (ts === null) {
      timeless++
      continue
    }
    const open = (end: number) => end + lateness > mark
    if (spec.kind === 'session') {
      if (!open(ts + spec.gap)) late++
      else {
        const joined = groups.filter((g) => g.key === key && open(g.end) && ts < g.end && g.start < ts + spec.gap)
        const into: Group = joined[0] ?? { key, start: ts, end: ts + spec.gap, rows: [] }
        if (joined.length === 0) groups.push(into)
        for (const other of joined.slice(1)) {
          groups.splice(groups.indexOf(other), 1)
          into.rows.push(...other.rows)
          into.start = Math.min(into.start, other.start)
          into.end = Math.max(into.end, other.end)
        }
        into.start = Math.min(into.start, ts)
        into.end = Math.max(into.end, ts + spec.gap)
        into.rows.push({ at, event })
      }
    } else {
      const slide = spec.kind === 'tumble' ? spec.size : spec.slide
      const last = Math.floor(ts / slide) * slide
      if (last + spec.size > ts && !open(last + spec.size)) late++
      for (let start = last; start + spec.size > ts; start -= slide) {
        if (!open(start + spec.size)) continue
        let group = groups.find((g) => g.key === key && g.start === start)
        if (group === undefined) {
          group = { key, start, end: start + spec.size, rows: [] }
          groups.push(group)
        }
        group.rows.push({ at, event })
      }
    }
    mark = Math.max(mark, event.mark!)
  }
  return { groups, late, timeless }
}

function expectedRow({ key, start, end, rows }: Group, lists: boolean): string {
  const ordered = [...rows].sort((a, b) => a.at - b.at).map((r) => r.event)
  const values = ordered.map((e) => e.value ?? null)
  const present = values.filter((v) => v !== null).map(Number)
  const sum = present.reduce((s, v) => s + BigInt(v), 0n)
  const byTime = [...ordered].sort((a, b) => a.ts! - b.ts!)
  return showRow([
    key,
    [start, end],
    ordered.length,
    present.length === 0 ? null : { unscaled: sum, scale: 0 },
    present.length === 0 ? null : Math.min(...present),
    present.length === 0 ? null : Math.max(...present),
    values[0]!,
    values.at(-1)!,
    byTime.at(-1)!.value!,
    ...(lists ? [new Set(present).size, values] : []),
    end - 1,
  ])
}

/** A result row in the form of `expectedRow`: the average is checked against sum and count elsewhere. */
function shownRow(row: readonly Value[]): string {
  return showRow(row.filter((_, i) => i !== AVERAGE).slice(0, -1))
}

function run(test: Case, cuts: readonly number[], restart: boolean): Running {
  const running = new Running(
    windowedPlan(test.window, test.lists ? CALLS : WITHOUT_LISTS, { lateness: test.lateness }),
  )
  for (let from = 0, i = 0; from < test.events.length; i++) {
    const count = cuts[i % cuts.length]!
    running.push(test.events.slice(from, from + count))
    if (restart) running.restart()
    from += count
  }
  return running.end()
}

describe('windows', () => {
  it('equal a naive recompute for any cut of the rows into batches, with and without restarts', () => {
    fc.assert(
      fc.property(cases, (test) => {
        const expected = recompute(test)
        const whole = run(test, [1000], false)
        expect(whole.result().map(shownRow).sort()).toEqual(
          expected.groups.map((g) => expectedRow(g, test.lists)).sort(),
        )
        expect(whole.count('late_rows')).toBe(expected.late)
        expect(whole.result('late').length).toBe(expected.late)
        expect(whole.count('null_time_rows')).toBe(expected.timeless)
        const ends = whole.result().map((r) => (r[1] as number[])[1]!)
        expect(ends).toEqual([...ends].sort((a, b) => a - b))
        for (const cuts of [[1], [7], test.cuts]) {
          for (const restart of [false, true]) {
            const other = run(test, cuts, restart)
            expect(other.result().map(showRow)).toEqual(whole.result().map(showRow))
            expect(other.count('late_rows')).toBe(expected.late)
            expect(other.graph.stateBytes()).toBe(0)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
