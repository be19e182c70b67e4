import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayOf, BIGINT, DECIMAL, DOUBLE } from '../../kernel/index.ts'
import type { EarlyEmit, WindowSpec } from '../../plan/index.ts'
import { call, REAL, VALUE, windowedPlan } from '../../../test/engine/plans.ts'
import { type Event, Running, showRow } from '../../../test/engine/running.ts'

const CALLS = [
  call('count', BIGINT),
  call('sum', DECIMAL, [VALUE]),
  call('sum', DOUBLE, [REAL]),
  call('stddev', DOUBLE, [REAL]),
  call('max', BIGINT, [VALUE]),
  call('last_value', BIGINT, [VALUE]),
]
const LISTS = [
  ...CALLS,
  call('count', BIGINT, [VALUE], { distinct: true }),
  call('array_agg', arrayOf(BIGINT), [VALUE]),
]

const window: fc.Arbitrary<WindowSpec> = fc.oneof(
  fc.record({ kind: fc.constant('tumble' as const), size: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    kind: fc.constant('hop' as const),
    slide: fc.integer({ min: 1, max: 6 }),
    size: fc.integer({ min: 1, max: 24 }),
  }),
  fc.record({ kind: fc.constant('session' as const), gap: fc.integer({ min: 1, max: 6 }) }),
)
const step = fc.record({
  step: fc.integer({ min: -9, max: 12 }),
  key: fc.constantFrom('a', 'b', null),
  value: fc.option(fc.integer({ min: -3, max: 3 }), { freq: 6 }),
  real: fc.double({ min: -1, max: 1, noNaN: true }),
  /** Processing time that passes before the row's step. */
  pause: fc.constantFrom(0, 0, 0, 1, 2, 7),
})
const cases = fc.record({
  window,
  lists: fc.boolean(),
  lateness: fc.integer({ min: 0, max: 6 }),
  delay: fc.integer({ min: 0, max: 8 }),
  every: fc.option(fc.integer({ min: 1, max: 10 })),
  steps: fc.array(step, { maxLength: 60 }),
  cuts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
})
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never

interface Options {
  readonly emit: EarlyEmit | undefined
  readonly cuts: readonly number[]
  readonly codegen?: boolean
  readonly restart?: boolean
}

function run(test: Case, { emit, cuts, codegen = true, restart = false }: Options): Running {
  const { lateness, delay } = test
  const calls = test.lists ? LISTS : CALLS
  const plan = windowedPlan(test.window, calls, { lateness, ...(emit === undefined ? {} : { emit }) })
  const running = new Running(plan, { codegen })
  let time = -40
  const events = test.steps.map(({ step: by, ...event }): Event => ({ ...event, ts: (time += by), mark: time - delay }))
  let now = 0
  for (let from = 0, i = 0; from < events.length; i++) {
    const count = cuts[i % cuts.length]!
    for (const { pause } of test.steps.slice(from, from + count)) now += pause
    running.at(now).push(events.slice(from, from + count))
    if (restart) running.restart()
    from += count
  }
  return running.end()
}

/** Rows that are left without their hidden columns, and the order in which windows appear. */
function left(running: Running): string[] {
  const weights = running.weights.get('result') ?? []
  const rows = new Map<string, number>()
  for (const [i, row] of running.result().entries()) {
    const text = showRow(row.slice(0, -1))
    const weight = (rows.get(text) ?? 0) + weights[i]!
    // A row is taken back after it was shown, and shown once.
    expect(weight === 0 || weight === 1, text).toBe(true)
    if (weight === 0) rows.delete(text)
    else rows.set(text, weight)
  }
  return [...rows.keys()].sort()
}

/** Everything that came out, in order. */
const log = (running: Running) =>
  running.result().map((row, i) => `${running.weights.get('result')![i]} ${showRow(row)}`)

describe('early results', () => {
  it('lead to the results of closed windows, whatever the cuts; equal cuts give equal changes', () => {
    fc.assert(
      fc.property(cases, (test) => {
        const expected = left(run(test, { emit: undefined, cuts: [1000] }))
        const emit: EarlyEmit = { kind: 'changes', every: test.every }
        for (const cuts of [[1], [7], [1000], test.cuts]) {
          const plain = run(test, { emit, cuts })
          expect(left(plain)).toEqual(expected)
          expect(plain.graph.stateBytes()).toBe(0)
          expect(log(run(test, { emit, cuts, codegen: false }))).toEqual(log(plain))
          const restored = run(test, { emit, cuts, restart: true })
          expect(log(restored)).toEqual(log(plain))
          expect(restored.graph.stateBytes()).toBe(0)
        }
      }),
      { numRuns: 300 },
    )
  })
})

const COUNT = [call('count', BIGINT)]
const early = (spec: WindowSpec, every: number | null = null) =>
  new Running(windowedPlan(spec, COUNT, { emit: { kind: 'changes', every } }))
/** [weight, start, end, count] of the changes since the last look. */
function changes(running: Running): number[][] {
  const weights = running.weights.get('result') ?? []
  const seen = running.result().map(([, span, count], i) => [weights[i]!, ...(span as number[]), count as number])
  running.rows.set('result', [])
  running.weights.set('result', [])
  return seen
}

describe('early results of', () => {
  it('tumbling windows replace what was shown after each batch, and stand when the window closes', () => {
    const running = early({ kind: 'tumble', size: 10 }).push([{ ts: 1 }, { ts: 2 }])
    expect(changes(running)).toEqual([[1, 0, 10, 2]])
    running.push([{ ts: 3 }])
    expect(changes(running)).toEqual([
      [-1, 0, 10, 2],
      [1, 0, 10, 3],
    ])
    running.push([{ ts: 10 }])
    expect(changes(running)).toEqual([[1, 10, 20, 1]])
  })

  it('windows that close within the batch come out final', () => {
    const running = early({ kind: 'tumble', size: 10 }).push([{ ts: 1 }])
    changes(running)
    running.push([{ ts: 2 }, { ts: 25 }])
    expect(changes(running)).toEqual([
      [-1, 0, 10, 1],
      [1, 0, 10, 2],
      [1, 20, 30, 1],
    ])
  })

  it('hopping windows show each open window of a changed pane', () => {
    const running = early({ kind: 'hop', slide: 5, size: 10 }).push([{ ts: 7 }])
    expect(changes(running)).toEqual([
      [1, 0, 10, 1],
      [1, 5, 15, 1],
    ])
    running.push([{ ts: 12 }])
    expect(changes(running)).toEqual([
      [-1, 5, 15, 1],
      [1, 5, 15, 2],
      [1, 10, 20, 1],
    ])
  })

  it('sessions take back all that has become one', () => {
    const node = { ...windowedPlan({ kind: 'session', gap: 5 }, COUNT, { emit: { kind: 'changes', every: null } }) }
    const running = new Running(node)
    const mark = 0
    running.push([
      { ts: 1, mark },
      { ts: 9, mark },
    ])
    expect(changes(running)).toEqual([
      [1, 1, 6, 1],
      [1, 9, 14, 1],
    ])
    running.push([{ ts: 5, mark }])
    expect(changes(running)).toEqual([
      [-1, 1, 6, 1],
      [-1, 9, 14, 1],
      [1, 1, 14, 3],
    ])
  })

  it('a period come at its first tick, and only what has changed since', () => {
    const running = early({ kind: 'tumble', size: 10 }, 100)
    running
      .at(1000)
      .push([{ ts: 1 }])
      .push([{ ts: 2 }, { ts: 2, key: 'other' }])
    expect(changes(running)).toEqual([])
    running.at(1099).restart()
    expect(changes(running)).toEqual([])
    running.at(1100)
    expect(changes(running)).toEqual([
      [1, 0, 10, 2],
      [1, 0, 10, 1],
    ])
    running
      .restart()
      .at(1150)
      .push([{ ts: 3 }])
      .restart()
      .at(1199)
      .restart()
      .at(1350)
    expect(changes(running)).toEqual([
      [-1, 0, 10, 2],
      [1, 0, 10, 3],
    ])
    running.at(1900)
    expect(changes(running)).toEqual([])
    expect(running.push([{ ts: 4 }]).graph.stateBytes()).toBeGreaterThan(0)
    running.end()
    expect(changes(running)).toEqual([
      [-1, 0, 10, 3],
      [1, 0, 10, 4],
    ])
  })

  it('many sessions that become one are taken back in portions', () => {
    const running = early({ kind: 'session', gap: 2 }, 100).at(0)
    const mark = -1
    const singles = Array.from({ length: 6000 }, (_, i): Event => ({ ts: i * 3, mark }))
    running.push(singles).at(100)
    expect(changes(running).length).toBe(6000)
    running.push(singles.map((e): Event => ({ ts: e.ts! + 1, mark }))).at(200)
    const all = changes(running)
    expect(all.filter(([weight]) => weight === -1).length).toBe(6000)
    running
      .push(singles.map((e): Event => ({ ts: e.ts! + 2, mark })))
      .at(300)
      .end()
    expect(running.result().length).toBe(6001)
    expect(changes(running).filter(([weight]) => weight === 1)).toEqual([[1, 0, 6000 * 3 + 1, 18_000]])
  })
})
