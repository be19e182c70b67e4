import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayOf, BIGINT, DECIMAL, DOUBLE, TEXT, type Value } from '../../src/kernel/index.ts'
import {
  call as callExpr,
  columnRef,
  type AggregateCall,
  type Dataflow,
  type EarlyEmit,
  type OverCall,
  overCallType,
  type OverFrame,
  type OverNode,
  type OverOrder,
  type PlanNode,
  type WindowSpec,
} from '../../src/plan/index.ts'
import {
  aggregate,
  AT_ROWTIME,
  AT_WATERMARK,
  call,
  dataflow,
  KEY,
  lateFilter,
  MARK,
  output,
  REAL,
  source,
  TIMED,
  union,
  upsert,
  VALUE,
  watermark,
  windowAggregate,
} from './plans.ts'
import { CALM, runSteps, type Step, type Weather } from './stepping.ts'

/**
 * A pipeline is a pure function of its journal: after a crash its steps are run again, and what comes out must be what came out before, row
 * by row. So nothing but the steps may decide on the rows and their order: not where snapshots are, nor restoring from them, nor the
 * order in which a store gives entries back, nor how work was cut into slices, nor whether code is generated.
 */

const CALLS: readonly AggregateCall[] = [
  call('count', BIGINT),
  call('sum', DECIMAL, [VALUE]),
  call('avg', DOUBLE, [REAL]),
  call('stddev', DOUBLE, [REAL]),
  call('max', BIGINT, [VALUE]),
  call('min', TEXT, [KEY]),
  call('first_value', BIGINT, [VALUE]),
  call('last_value', BIGINT, [VALUE], { orderBy: [{ column: REAL, descending: true, nullsFirst: false }] }),
  call('sum', DOUBLE, [REAL], { distinct: true }),
  call('array_agg', arrayOf(BIGINT), [VALUE]),
  call('array_agg', arrayOf(TEXT), [KEY], { distinct: true }),
]

const calls = fc.subarray([...CALLS], { minLength: 1 })
const keys = fc.constantFrom([KEY], [], [KEY, VALUE], [VALUE])
const window: fc.Arbitrary<WindowSpec> = fc.oneof(
  fc.record({ kind: fc.constant('tumble' as const), size: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    kind: fc.constant('hop' as const),
    slide: fc.integer({ min: 1, max: 4 }),
    size: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({ kind: fc.constant('session' as const), gap: fc.integer({ min: 1, max: 6 }) }),
)
const emit: fc.Arbitrary<EarlyEmit | undefined> = fc.option(
  fc.record({ kind: fc.constant('changes' as const), every: fc.option(fc.integer({ min: 1, max: 20 })) }),
  { nil: undefined },
)

/** What stands between the sources and the result. */
const shapes = fc.record({
  sources: fc.integer({ min: 1, max: 2 }),
  upsert: fc.boolean(),
  random: fc.boolean(),
  partitioned: fc.boolean(),
  idleTimeout: fc.option(fc.integer({ min: 1, max: 30 })),
  end: fc.constantFrom('window', 'aggregate', 'aggregate of windows', 'over event time', 'over arrival', 'rows'),
  window,
  lateness: fc.integer({ min: 0, max: 5 }),
  emit,
  keys,
  calls,
})
type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never

function planOf(shape: Shape): Dataflow {
  const nodes: PlanNode[] = []
  const add = <N extends PlanNode>(node: N): N => {
    nodes.push(node)
    return node
  }
  const timed = Array.from({ length: shape.sources }, (_, i) => {
    const id = `source${i}`
    const updates = shape.upsert && !shape.end.startsWith('over')
    let last: PlanNode = add(updates ? { ...source(id), changelog: 'upsert' } : source(id))
    if (updates) last = add(upsert(`latest${i}`, id))
    if (shape.random) {
      const exprs = last.schema.fields.map((f, at) =>
        at === REAL ? callExpr('random', DOUBLE) : columnRef(at, f.type),
      )
      last = add({
        id: `random${i}`,
        kind: 'project',
        schema: last.schema,
        input: { node: last.id, port: 0 },
        exprs,
      })
    }
    const { idleTimeout } = shape
    return add(watermark(`timed${i}`, last.id, { idleTimeout, partition: shape.partitioned ? KEY : null, mark: MARK }))
  })
  const all = timed.length === 1 ? timed[0]! : add(union('all', ...timed.map((t) => t.id)))
  if (shape.end === 'rows') add(output('result', all))
  else if (shape.end === 'over event time' || shape.end === 'over arrival') {
    const rows = add(lateFilter('on_time', all.id, { kind: 'moment' }, shape.lateness))
    add(output('result', add(overNode(rows.id, shape))))
  } else if (shape.end === 'aggregate') add(output('result', add(aggregate('groups', all.id, shape.calls, shape.keys))))
  else {
    const late = add(lateFilter('on_time', all.id, shape.window, shape.lateness))
    const windows = windowAggregate('windows', late.id, shape.window, shape.calls, shape.keys, shape.lateness)
    const result = add(shape.emit === undefined ? windows : { ...windows, emit: shape.emit })
    add(output('result', result))
    add(output('late', late, 1))
    if (shape.end === 'aggregate of windows') {
      // Grouped by the window, so that its changes show in which batches the windows came.
      const at = shape.keys.length
      const groups = aggregate('groups', 'windows', [call('count', BIGINT)])
      const fields = [result.schema.fields[at]!, ...groups.schema.fields.slice(1)]
      add(output('grouped', add({ ...groups, keys: [at], schema: { fields } })))
    }
  }
  return dataflow(...nodes)
}

function overNode(input: string, { end, keys: partition, lateness: allowedLateness }: Shape): OverNode {
  const order: OverOrder =
    end === 'over arrival' ? { kind: 'arrival', column: AT_ROWTIME } : { kind: 'event_time', ties: [], once: false }
  const frames: OverFrame[] = [
    { unit: 'rows', start: null, end: 0 },
    { unit: 'rows', start: -2, end: 0 },
    { unit: 'range', start: -5, end: 0 },
  ]
  const aggregates = [CALLS[1]!, CALLS[2]!, CALLS[4]!, CALLS[9]!]
  const overCalls: OverCall[] = [
    ...frames.flatMap((frame) => aggregates.map((c): OverCall => ({ kind: 'aggregate', call: c, frame }))),
    { kind: 'row_number', type: BIGINT },
    { kind: 'shift', column: VALUE, offset: -1, otherwise: null, type: BIGINT },
    { kind: 'nth', column: VALUE, n: 1, frame: frames[2]!, type: BIGINT },
    ...(end === 'over arrival'
      ? []
      : [{ kind: 'shift', column: REAL, offset: 1, otherwise: REAL, type: DOUBLE } as const]),
  ]
  const columns = [KEY, VALUE]
  const fields = [
    ...columns.map((c) => TIMED.fields[c]!),
    ...overCalls.map((c, i) => ({ name: `o${i}`, type: overCallType(c), nullable: true })),
    ...TIMED.fields.slice(AT_ROWTIME),
  ]
  return {
    ...{ id: 'over', kind: 'over', schema: { fields }, input: { node: input, port: 0 } },
    ...{
      columns,
      partition,
      order,
      calls: overCalls,
      rowtime: AT_ROWTIME,
      watermark: AT_WATERMARK,
      allowedLateness,
      tables: [],
    },
  }
}

const rows = fc.array(
  fc.record({
    step: fc.integer({ min: -9, max: 12 }),
    key: fc.constantFrom('a', 'b', 'c', null),
    value: fc.option(fc.integer({ min: -2, max: 2 }), { freq: 6 }),
    real: fc.double({ min: -1, max: 1, noNaN: true }),
    deleted: fc.integer({ min: 0, max: 4 }),
  }),
  { maxLength: 12 },
)
const journals = fc.array(
  fc.record({
    pause: fc.integer({ min: 0, max: 15 }),
    seed: fc.nat(),
    inputs: fc.array(fc.tuple(fc.nat({ max: 1 }), rows), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
)

function stepsOf(shape: Shape, journal: typeof journals extends fc.Arbitrary<infer J> ? J : never): Step[] {
  const sources = Array.from({ length: shape.sources }, (_, i) => `source${i}`)
  let now = 1000
  let time = -40
  const steps = journal.map(({ pause, seed, inputs }): Step => {
    now += pause
    const given = inputs.map(([to, list]) => ({
      source: sources[to % sources.length]!,
      rows: list.map(({ step, key, value, real }): Value[] => {
        time += step
        return [time, key, value, real, time - 3, null]
      }),
      weights: list.map(({ deleted }) => (shape.upsert && !shape.end.startsWith('over') && deleted === 0 ? -1 : 1)),
    }))
    return { now, seed, inputs: given, ended: [] }
  })
  return [...steps, { now: now + 1, seed: 0, inputs: [], ended: sources }]
}

const weather: fc.Arbitrary<Weather> = fc.record({
  codegen: fc.boolean(),
  elapsed: fc.array(fc.constantFrom(0, 1, 9), { minLength: 1, maxLength: 7 }),
  outputCredit: fc.constantFrom(1, 5, 1_000_000),
  between: fc.array(fc.constantFrom('nothing' as const, 'snapshot' as const, 'restore' as const), {
    minLength: 1,
    maxLength: 5,
  }),
  entries: fc.constantFrom('as written' as const, 'reversed' as const),
})

describe('what comes out', () => {
  it('depends on the steps alone, to the order of rows', () => {
    fc.assert(
      fc.property(shapes, journals, fc.array(weather, { minLength: 3, maxLength: 3 }), (shape, journal, all) => {
        const plan = planOf(shape)
        const steps = stepsOf(shape, journal)
        const expected = runSteps(plan, steps, CALM)
        for (const each of all) expect(runSteps(plan, steps, each)).toEqual(expected)
        expect(runSteps(plan, steps, { ...CALM, between: ['restore'] })).toEqual(expected)
      }),
      { numRuns: 250 },
    )
  })

  it.each<readonly [string, WindowSpec]>([
    ['tumbling windows', { kind: 'tumble', size: 10 }],
    ['hopping windows', { kind: 'hop', slide: 20, size: 160 }],
    ['sessions', { kind: 'session', gap: 10 }],
  ])('depends on the steps alone where %s close in portions', (_, spec) => {
    const rowAt = (i: number, time: number): Value[] => [time, `k${i % 9000}`, i, i / 7, time, null]
    const batch = (from: number, count: number, time: (i: number) => number) => ({
      source: 'source0',
      rows: Array.from({ length: count }, (_, i) => rowAt(from + i, time(i))),
      weights: new Array<number>(count).fill(1),
    })
    const steps: Step[] = Array.from({ length: 6 }, (_, s) => ({
      now: s,
      seed: s,
      inputs: [
        batch(s * 7000, 4000, (i) => s * 40 + (i % 15)),
        batch(s * 7000 + 4000, 3000, (i) => s * 40 + 10 + (i % 5)),
      ],
      ended: s === 5 ? ['source0'] : [],
    }))
    const shape: Shape = {
      ...{ sources: 1, upsert: false, random: false, partitioned: false, idleTimeout: null, lateness: 0 },
      ...{ end: 'aggregate of windows', window: spec, emit: undefined, keys: [KEY], calls: CALLS.slice(0, 4) },
    }
    const plan = planOf(shape)
    const expected = runSteps(plan, steps, CALM)
    expect(expected.some((step) => step['result']!.length > 5000)).toBe(true)
    for (const between of [['restore'], ['nothing', 'restore', 'snapshot']] as const)
      expect(runSteps(plan, steps, { ...CALM, between, elapsed: [0, 9], entries: 'reversed' })).toEqual(expected)
  })

  it('depends on the steps alone where a call finds more timers to set again than it may', () => {
    const rowAt = (key: string, time: number, mark = -100): Value[] => [time, key, 1, null, mark, null]
    const many = Array.from({ length: 18_000 }, (_, i) => `k${i}`)
    const step = (rows: readonly (readonly Value[])[]): Step => ({
      ...{ now: 0, seed: 0, ended: [] },
      inputs: [{ source: 'source0', rows, weights: rows.map(() => 1) }],
    })
    const steps = [
      step([rowAt('x', -1), ...many.map((key) => rowAt(key, 0)), rowAt('y', 1)]),
      step(many.map((key) => rowAt(key, 5))),
      step([rowAt('z', 12, 12)]),
    ]
    const spec: WindowSpec = { kind: 'session', gap: 10 }
    const counted = [call('count', BIGINT)]
    const sessions = windowAggregate('windows', 'on_time', spec, counted)
    const all = aggregate('all', 'windows', counted, [])
    const nodes = [source('source0'), watermark('timed', 'source0'), lateFilter('on_time', 'timed', spec)]
    const plan = dataflow(...nodes, sessions, all, output('result', all))
    const expected = runSteps(plan, steps, CALM)
    expect(expected[2]!['result']!.length).toBeGreaterThan(1)
    expect(runSteps(plan, steps, { ...CALM, between: ['restore'] })).toEqual(expected)
  })
})
