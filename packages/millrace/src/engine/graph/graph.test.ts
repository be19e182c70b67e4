import { describe, expect, it } from 'vitest'
import { batchOf, BIGINT, BOOLEAN, DOUBLE, MillraceError, type Schema } from '../../kernel/index.ts'
import { call as callExpr, columnRef, literal, type Expr, type FilterNode, type ProjectNode } from '../../plan/index.ts'
import {
  aggregate,
  call,
  dataflow,
  EVENT,
  lateFilter,
  output,
  source,
  VALUE,
  watermark,
  windowAggregate,
} from '../../../test/engine/plans.ts'
import { type Event, Running, showRow } from '../../../test/engine/running.ts'
import { Graph } from './graph.ts'
import { SeededRandom } from './random.ts'

const COUNT = call('count', BIGINT)
const value = columnRef(VALUE, BIGINT)
const number = (n: number): Expr => literal(BIGINT, n)

function filter(id: string, input: string, predicate: Expr): FilterNode {
  return { id, kind: 'filter', schema: EVENT, input: { node: input, port: 0 }, predicate }
}

function project(id: string, input: string, schema: Schema, ...exprs: Expr[]): ProjectNode {
  return { id, kind: 'project', schema, input: { node: input, port: 0 }, exprs }
}

const QUOTIENT: Schema = { fields: [{ name: 'q', type: BIGINT, nullable: true }] }
const events = (...values: readonly (number | null)[]): Event[] => values.map((v, i) => ({ ts: i, value: v }))

describe('graph', () => {
  it('filters, projects and leaves out rows without result', () => {
    const keep = filter('keep', 'source', callExpr('gt', BOOLEAN, value, number(-1)))
    const quotient = project('quotient', 'keep', QUOTIENT, callExpr('divide', BIGINT, number(100), value))
    for (const codegen of [true, false]) {
      const running = new Running(dataflow(source(), keep, quotient, output('result', quotient)), { codegen })
      running.push(events(5, -3, 0, null, 7)).end()
      expect(running.result()).toEqual([[20], [14]])
      expect(running.errors.map((e) => e.code)).toEqual(['DATA_EXPRESSION'])
      expect(running.count('row_errors')).toBe(1)
    }
  })

  it('runs several queries over one source', () => {
    const even = filter(
      'even',
      'source',
      callExpr('eq', BOOLEAN, callExpr('modulo', BIGINT, value, number(2)), number(0)),
    )
    const all = aggregate('all', 'source', [COUNT], [])
    const some = aggregate('some', 'even', [COUNT], [])
    const late = lateFilter('on_time', 'timed', { kind: 'tumble', size: 10 })
    const windows = windowAggregate('windows', 'on_time', { kind: 'tumble', size: 10 }, [COUNT], [])
    const plan = dataflow(
      source(),
      even,
      all,
      some,
      watermark('timed', 'source'),
      late,
      windows,
      output('all_rows', all),
      output('even_rows', some),
      output('windowed', windows),
    )
    const running = new Running(plan).push(events(1, 2, 3, 4, 5, 6, 7)).end()
    expect([...running.consolidated('all_rows').keys()]).toEqual(['[7,null,null]'])
    expect([...running.consolidated('even_rows').keys()]).toEqual(['[3,null,null]'])
    expect(running.result('windowed').map(showRow)).toEqual(['[[0,10],7,9,9]'])
    expect(running.graph.isFinished).toBe(true)
  })

  it('counts an empty bounded input as 0', () => {
    const all = aggregate('all', 'source', [COUNT], [])
    expect(new Running(dataflow(source(), all, output('result', all))).end().result()).toEqual([[0, null, null]])
  })

  it('stops while an output is full and goes on when it has been taken', () => {
    const graph = new Graph(dataflow(source(), output('result', source())), { elapsed: () => 0 }, { outputCredit: 10 })
    for (let i = 0; i < 5; i++)
      graph.pushSource(
        'source',
        batchOf(
          EVENT,
          Array.from({ length: 6 }, () => [0, 'k', i, null, 0, null]),
        ),
      )
    expect(graph.run()).toBe('blocked')
    expect(graph.takeOutput('result').length).toBe(2)
    expect(graph.run()).toBe('blocked')
    expect(graph.takeOutput('result').length).toBe(2)
    expect(graph.isQuiescent).toBe(false)
    expect(graph.run()).toBe('idle')
    expect(graph.takeOutput('result').length).toBe(1)
  })

  it('gives the thread back after each slice', () => {
    let clock = 0
    const graph = new Graph(dataflow(source(), output('result', source())), { elapsed: () => clock++ }, { sliceMs: 3 })
    for (let i = 0; i < 5; i++) graph.pushSource('source', batchOf(EVENT, [[0, 'k', i, null, 0, null]]))
    const states = [graph.run()]
    while (states.at(-1) === 'more') states.push(graph.run())
    expect(states.length).toBeGreaterThan(2)
    expect(states.at(-1)).toBe('idle')
    expect(graph.takeOutput('result').length).toBe(5)
  })

  it('stops when cancelled', () => {
    const abort = new AbortController()
    const graph = new Graph(
      dataflow(source(), output('result', source())),
      { elapsed: () => 0 },
      { signal: abort.signal },
    )
    graph.pushSource('source', batchOf(EVENT, [[0, 'k', 1, null, 0, null]]))
    abort.abort()
    expect(() => graph.run()).toThrow(MillraceError)
  })

  it('splits batches that are too large and keeps the order of arrival over sources', () => {
    const both = {
      id: 'both',
      kind: 'union',
      schema: EVENT,
      inputs: [
        { node: 'a', port: 0 },
        { node: 'b', port: 0 },
      ],
    } as const
    const plan = dataflow(source('a'), source('b'), both, output('result', both))
    const graph = new Graph(plan, { elapsed: () => 0 })
    const rows = (from: number, count: number) =>
      batchOf(
        EVENT,
        Array.from({ length: count }, (_, i) => [0, 'k', from + i, null, 0, null]),
      )
    graph.pushSource('a', rows(0, 5000))
    graph.pushSource('b', rows(5000, 10))
    graph.pushSource('a', rows(5010, 3))
    expect(graph.run()).toBe('idle')
    const batches = graph.takeOutput('result')
    expect(batches.map((b) => b.length)).toEqual([4096, 904, 10, 3])
    const values = batches.flatMap((b) => [...(b.columns[VALUE]!.kind === 'exact' ? b.columns[VALUE]!.values : [])])
    expect(values).toEqual(Array.from({ length: 5013 }, (_, i) => i))
  })

  it('gives the same random numbers and time in the same step', () => {
    const random = project(
      'random',
      'source',
      { fields: [{ name: 'r', type: DOUBLE, nullable: false }] },
      callExpr('random', DOUBLE),
    )
    const run = (seed: number) => {
      const graph = new Graph(dataflow(source(), random, output('result', random)), { elapsed: () => 0 })
      graph.beginStep({ now: 1, seed })
      graph.pushSource(
        'source',
        batchOf(EVENT, [
          [0, 'k', 1, null, 0, null],
          [0, 'k', 1, null, 0, null],
        ]),
      )
      graph.run()
      return graph
        .takeOutput('result')
        .flatMap((b) => [...(b.columns[0]!.kind === 'double' ? b.columns[0]!.values : [])])
    }
    expect(run(7)).toEqual(run(7))
    expect(run(7)).not.toEqual(run(8))
    expect(new Set(run(7)).size).toBe(2)
  })

  it('refuses to begin a step or save in the middle of one', () => {
    const graph = new Graph(dataflow(source(), output('result', source())), { elapsed: () => 0 })
    graph.pushSource('source', batchOf(EVENT, [[0, 'k', 1, null, 0, null]]))
    expect(() => graph.beginStep({ now: 1, seed: 1 })).toThrow(/step/)
    expect(() => graph.snapshot(() => ({ put: () => {} }))).toThrow(/snapshot/)
  })

  it('explains and counts its nodes', () => {
    const keep = filter('keep', 'source', callExpr('gt', BOOLEAN, value, number(2)))
    const late = lateFilter('on_time', 'timed', { kind: 'hop', slide: 60_000_000, size: 5_400_000_000 }, 5_000_000)
    const windows = windowAggregate('windows', 'on_time', { kind: 'tumble', size: 1_000_000 }, [
      COUNT,
      call('sum', BIGINT, [VALUE]),
    ])
    const plan = dataflow(
      source(),
      keep,
      watermark('timed', 'keep', { idleTimeout: 30_000_000 }),
      late,
      windows,
      output('result', windows),
    )
    const running = new Running(plan).push(events(1, 2, 3, 4)).end()
    const status = running.graph.status()
    expect(status.map((s) => `${s.name}: ${s.detail}`)).toEqual([
      'source: source',
      'filter: (value > 2)',
      'watermark: ts up to mark, idle after 30 seconds',
      'late filter: hop(1 minute, 90 minutes), 5 seconds late allowed',
      'tumble(1 second): keys: key; count(*), sum(value)',
      'output: result',
    ])
    expect(status.map((s) => [s.rowsIn, s.rowsOut])).toEqual([
      [4, 4],
      [4, 2],
      [2, 2],
      [2, 2],
      [2, 1],
      [1, 1],
    ])
    expect(running.graph.watermark('source')).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('seeded random', () => {
  it('is uniform enough and in [0, 1)', () => {
    const random = new SeededRandom(42)
    const buckets = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) {
      const x = random.next()
      expect(x >= 0 && x < 1).toBe(true)
      buckets[Math.floor(x * 10)]!++
    }
    for (const bucket of buckets) expect(Math.abs(bucket - 10_000)).toBeLessThan(500)
  })
})
