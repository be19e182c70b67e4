import { describe, expect, it } from 'vitest'
import { arrayOf, BIGINT, DECIMAL, type Value } from '../../kernel/index.ts'
import type { WindowSpec } from '../../plan/index.ts'
import {
  aggregate,
  call,
  dataflow,
  KEY,
  lateFilter,
  output,
  source,
  union,
  VALUE,
  watermark,
  windowAggregate,
  windowedPlan,
} from '../../../test/engine/plans.ts'
import { type Event, Running, showRow } from '../../../test/engine/running.ts'

const COUNT = call('count', BIGINT)
const tumble = (size: number): WindowSpec => ({ kind: 'tumble', size })
const hop = (slide: number, size: number): WindowSpec => ({ kind: 'hop', slide, size })
const session = (gap: number): WindowSpec => ({ kind: 'session', gap })

/** [start, end, count] of each result. */
const shown = (running: Running, id = 'result') =>
  running.result(id).map(([, window, count]) => [...(window as Value[]), count])
const at = (...times: readonly number[]): Event[] => times.map((ts) => ({ ts }))

describe('windows', () => {
  it('close when the watermark reaches their end, and not before', () => {
    const running = new Running(windowedPlan(tumble(10), [COUNT])).push(at(3, 9))
    expect(shown(running)).toEqual([])
    running.push(at(10))
    expect(shown(running)).toEqual([[0, 10, 2]])
    expect(shown(running.end())).toEqual([
      [0, 10, 2],
      [10, 20, 1],
    ])
  })

  it('are aligned to the epoch before it too', () => {
    expect(shown(new Running(windowedPlan(tumble(10), [COUNT])).push(at(-11, -10, -1, 0)).end())).toEqual([
      [-20, -10, 1],
      [-10, 0, 2],
      [0, 10, 1],
    ])
  })

  it('take rows up to the allowed lateness, and count those after it, in every cut', () => {
    const events = at(5, 25, 6, 30, 7, 100, 8, 99)
    for (const [lateness, late] of [
      [0, 4],
      [20, 2],
      [1000, 0],
    ] as const) {
      for (const cut of [1, 7, 1000]) {
        const running = new Running(windowedPlan(tumble(10), [COUNT], { lateness })).push(events, 'source', cut).end()
        expect(running.count('late_rows')).toBe(late)
        const counted = running.result().reduce((sum, r) => sum + (r[2] as number), 0)
        expect(counted).toBe(events.length - late)
      }
    }
  })

  it('of a hop start at every multiple of the slide, whether it divides the size or not', () => {
    expect(shown(new Running(windowedPlan(hop(5, 10), [COUNT])).push(at(7, 12)).end())).toEqual([
      [0, 10, 1],
      [5, 15, 2],
      [10, 20, 1],
    ])
    expect(shown(new Running(windowedPlan(hop(4, 10), [COUNT])).push(at(9)).end())).toEqual([
      [0, 10, 1],
      [4, 14, 1],
      [8, 18, 1],
    ])
  })

  it('of a hop that leaves gaps ignore what lies between, which is not late', () => {
    const running = new Running(windowedPlan(hop(10, 3), [COUNT])).push(at(1, 5, 12, 4)).end()
    expect(shown(running)).toEqual([
      [0, 3, 1],
      [10, 13, 1],
    ])
    expect(running.count('late_rows')).toBe(0)
  })

  it('of sessions split at exactly one gap and join when a row comes between', () => {
    expect(shown(new Running(windowedPlan(session(10), [COUNT])).push(at(0, 9, 19)).end())).toEqual([
      [0, 19, 2],
      [19, 29, 1],
    ])
    const delayed = at(0, 15, 8).map((e) => ({ ...e, mark: e.ts! - 100 }))
    expect(shown(new Running(windowedPlan(session(10), [COUNT])).push(delayed).end())).toEqual([[0, 25, 3]])
  })

  it('without rows are not emitted, also over long silences', () => {
    const running = new Running(windowedPlan(hop(1, 60), [COUNT])).push(at(0, 1_000_000_000)).end()
    expect(running.result().length).toBe(120)
  })

  it('have one group when there are no keys, and keep NULL keys together', () => {
    const plain = new Running(windowedPlan(tumble(10), [COUNT], { keys: [] }))
      .push([
        { ts: 1, key: 'a' },
        { ts: 2, key: null },
      ])
      .end()
    expect(plain.result()).toEqual([[[0, 10], 2, 9, 9]])
    const keyed = new Running(windowedPlan(tumble(10), [COUNT]))
      .push([
        { ts: 1, key: null },
        { ts: 2, key: null },
      ])
      .end()
    expect(keyed.result()).toEqual([[null, [0, 10], 2, 9, 9]])
  })

  it('are emitted in portions, before the watermark that closed them', () => {
    const running = new Running(windowedPlan(tumble(10), [COUNT]), { outputCredit: 4096 })
    const events = Array.from({ length: 20_000 }, (_, i): Event => ({ ts: 1, key: `k${i}` }))
    running.push(events, 'source', 4096).end()
    expect(running.result().length).toBe(20_000)
    expect(running.result().map((r) => r[0])).toEqual(events.map((e) => e.key))
    expect(running.graph.stateBytes()).toBe(0)
  })

  it('cascade: results are never late for the windows behind them', () => {
    const first = windowAggregate('first', 'on_time', tumble(10), [COUNT], [KEY], 5)
    const late = { ...lateFilter('late2', 'first', tumble(30)), schema: first.schema, rowtime: 3, watermark: 4 }
    const sum = { ...call('sum', DECIMAL, [2]), argTypes: [BIGINT] }
    const second = { ...windowAggregate('second', 'late2', tumble(30), [sum]), keys: [0], rowtime: 3, watermark: 4 }
    const plan = dataflow(
      source(),
      watermark('timed', 'source'),
      lateFilter('on_time', 'timed', tumble(10), 5),
      first,
      late,
      second,
      output('result', second),
    )
    const events = at(1, 11, 21, 29, 31, 45, 62, 100)
    for (const cut of [1, 3, 1000]) {
      const running = new Running(plan).push(events, 'source', cut).end()
      expect(running.result().map(showRow)).toEqual([
        '["k",[0,30],"4",29,29]',
        '["k",[30,60],"2",59,59]',
        '["k",[60,90],"1",89,89]',
        '["k",[90,120],"1",119,119]',
      ])
      expect(running.count('late_rows')).toBe(0)
    }
  })

  it('of a quiet feed close by processing time', () => {
    const plan = windowedPlan(tumble(10), [COUNT], { watermark: { idleTimeout: 5 } })
    const running = new Running(plan).at(1000).push(at(3)).at(1004)
    expect(shown(running)).toEqual([])
    expect(shown(running.at(1007))).toEqual([[0, 10, 1]])
    // What comes for the closed window now is late.
    running.push(at(4))
    expect(running.count('late_rows')).toBe(1)
  })

  it('over a union wait for the slowest input and count late rows the same in every cut', () => {
    const plan = dataflow(
      source('a'),
      source('b'),
      watermark('wa', 'a'),
      watermark('wb', 'b'),
      union('u', 'wa', 'wb'),
      lateFilter('on_time', 'u', tumble(10)),
      windowAggregate('windows', 'on_time', tumble(10), [COUNT]),
      output('result', windowAggregate('windows', 'on_time', tumble(10), [COUNT])),
    )
    const runs: readonly (readonly [string, readonly number[]])[] = [
      ['a', [1, 12, 25]],
      ['b', [2, 13]],
      ['a', [3, 9, 40]],
      ['b', [14, 5, 26]],
      ['a', [8, 41]],
    ]
    const results = [1, 2, 1000].map((cut) => {
      const running = new Running(plan)
      for (const [table, times] of runs) running.push(at(...times), table, cut)
      running.end('a').end('b')
      return { rows: running.result().map(showRow), late: running.count('late_rows') }
    })
    expect(results[0]!.late).toBe(4)
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })

  it('free their state as they close', () => {
    const running = new Running(windowedPlan(hop(10, 60), [COUNT, call('count', BIGINT, [VALUE], { distinct: true })]))
    let peak = 0
    for (let i = 0; i < 200; i++) {
      running.push(Array.from({ length: 10 }, (_, j): Event => ({ ts: i * 10 + j, key: `k${i}`, value: j })))
      if (i === 20) peak = running.graph.stateBytes()
    }
    expect(peak).toBeGreaterThan(0)
    expect(running.graph.stateBytes()).toBeLessThan(peak * 1.5)
  })

  it('over their limit of state fail with the node, the bytes and the way out', () => {
    const running = new Running(windowedPlan(tumble(10), [COUNT]), { stateLimit: 10_000 })
    const events = Array.from({ length: 1000 }, (_, i): Event => ({ ts: 1, key: `k${i}` }))
    expect(() => running.push(events)).toThrow(/state of the query grew over its limit at node "windows"/)
  })
})

describe('snapshots', () => {
  it('hold only what has changed, and nothing of what has gone', () => {
    const running = new Running(windowedPlan(tumble(10), [COUNT]))
    running.push(Array.from({ length: 100 }, (_, i): Event => ({ ts: 1, key: `k${i}` }))).restart()
    expect(running.savedEntries('windows')).toBe(100)
    const writes: (Uint8Array | null)[] = []
    running.push([{ ts: 2, key: 'k7' }])
    running.graph.snapshot((node) => ({ put: (_key, value) => node === 'windows' && writes.push(value) }))
    expect(writes.length).toBe(1)
    const gone = new Running(windowedPlan(tumble(10), [COUNT]))
      .push(at(1))
      .restart()
      .push(at(50))
      .restart()
      .end()
      .restart()
    expect(gone.savedEntries('windows')).toBe(0)
  })
})

describe('snapshots of sets and lists', () => {
  it.each([
    ['COUNT(DISTINCT)', call('count', BIGINT, [VALUE], { distinct: true })],
    ['ARRAY_AGG', call('array_agg', arrayOf(BIGINT), [VALUE])],
    ['ARRAY_AGG(DISTINCT)', call('array_agg', arrayOf(BIGINT), [VALUE], { distinct: true })],
  ])('%s hold what has been added, not what was there', (_, aggregateCall) => {
    const running = new Running(windowedPlan(tumble(10), [aggregateCall], { keys: [] }))
    const events = Array.from({ length: 5000 }, (_, i): Event => ({ ts: 1, value: i }))
    running
      .push(events)
      .restart()
      .push([
        { ts: 2, value: 7 },
        { ts: 2, value: 5000 },
      ])
    let bytes = 0
    running.graph.snapshot(() => ({ put: (key, value) => (bytes += key.length + (value?.length ?? 0)) }))
    expect(bytes).toBeLessThan(300)
    const expected = new Running(windowedPlan(tumble(10), [aggregateCall], { keys: [] }))
      .push(events)
      .push([
        { ts: 2, value: 7 },
        { ts: 2, value: 5000 },
      ])
      .end()
    expect(running.end().result()).toEqual(expected.result())
    expect(running.restart().savedEntries('windows')).toBe(0)
  })
})

describe('nested updating aggregates', () => {
  it('follow the changes of the first: how many keys have how many rows', () => {
    const inner = aggregate('inner', 'source', [COUNT])
    const { fields } = inner.schema
    const outer = {
      ...aggregate('outer', 'inner', [COUNT]),
      keys: [1],
      schema: { fields: fields.slice(1).toSpliced(1, 0, fields[1]!) },
    }
    const running = new Running(dataflow(source(), inner, outer, output('result', outer)))
    const keys = ['a', 'b', 'a', 'c', 'a', 'b', 'd']
    for (const key of keys) running.push([{ ts: 0, key }]).restart()
    running.end()
    // a has 3 rows, b 2, c and d 1.
    expect([...running.consolidated().keys()].sort()).toEqual(['[1,2,null,null]', '[2,1,null,null]', '[3,1,null,null]'])
  })
})
