import { describe, expect, it } from 'vitest'
import { BIGINT, DECIMAL, DOUBLE, MAX_BATCH_ROWS } from '../../src/kernel/index.ts'
import {
  type Dataflow,
  type OverCall,
  overCallType,
  type OverFrame,
  type OverNode,
  type OverOrder,
} from '../../src/plan/index.ts'
import {
  AT_ROWTIME,
  AT_WATERMARK,
  call,
  dataflow,
  KEY,
  lateFilter,
  output,
  REAL,
  source,
  TIMED,
  TS,
  VALUE,
  watermark,
} from './plans.ts'
import { type Event, Running } from './running.ts'

const SECOND = 1_000_000
const BY_TIME: OverOrder = { kind: 'event_time', ties: [], once: false }
const AS_THEY_COME: OverOrder = { kind: 'arrival', column: TS }

/** Columns ts, key, value, then the results. */
function overPlan(calls: readonly OverCall[], order: OverOrder = BY_TIME, partition = [KEY]): Dataflow {
  const columns = [TS, KEY, VALUE]
  const node: OverNode = {
    id: 'over',
    kind: 'over',
    input: { node: order.kind === 'arrival' ? 'timed' : 'on_time', port: 0 },
    schema: {
      fields: [
        ...columns.map((c) => TIMED.fields[c]!),
        ...calls.map((c, i) => ({ name: `a${i}`, type: overCallType(c), nullable: true })),
        ...TIMED.fields.slice(-2),
      ],
    },
    columns,
    partition,
    order,
    calls,
    rowtime: AT_ROWTIME,
    watermark: AT_WATERMARK,
    allowedLateness: 0,
    tables: ['source'],
  }
  const filtered = lateFilter('on_time', 'timed', { kind: 'moment' })
  const mark = watermark('timed', 'source', order.kind === 'arrival' ? { rowtime: 5, mark: 5 } : {})
  return dataflow(source(), mark, ...(order.kind === 'arrival' ? [] : [filtered]), node, output('result', node))
}

const last = (seconds: number): OverFrame => ({ unit: 'range', start: -seconds * SECOND, end: 0 })
const sum = (frame: OverFrame): OverCall => ({ kind: 'aggregate', call: call('sum', DECIMAL, [VALUE]), frame })
const mean = (frame: OverFrame): OverCall => ({ kind: 'aggregate', call: call('avg', DOUBLE, [REAL]), frame })

function state(running: Running): number {
  return running.graph.status().find((n) => n.id === 'over')!.stateBytes
}

function events(count: number, keys: number, from = 0): Event[] {
  return Array.from({ length: count }, (_, i) => ({
    ts: (from + i) * SECOND,
    key: `k${i % keys}`,
    value: i,
    real: i,
    arrival: 0,
  }))
}

describe('what OVER keeps', () => {
  it.each([
    ['in order of event time', BY_TIME],
    ['as rows come', AS_THEY_COME],
  ])('is no more for a longer stream, %s', (_, order) => {
    const running = new Running(overPlan([sum(last(50)), mean(last(50))], order))
    const sizes = [0, 1, 2, 3, 4, 5].map((part) => {
      running.push(events(2000, 10, part * 2000), 'source', 500)
      running.restart()
      return state(running)
    })
    expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(sizes[0]! * 1.1)
    expect(running.savedEntries('over')).toBeLessThan(100)
  })

  it('of a partition without rows in reach is freed, keys that come once included', () => {
    const running = new Running(
      overPlan([sum(last(10)), { kind: 'nth', column: VALUE, n: 1, frame: last(5), type: BIGINT }]),
    )
    running.push(events(20_000, 20_000), 'source', 1000)
    expect(running.result().length).toBe(19_999)
    running.push(events(1, 1, 20_100))
    expect(running.restart().savedEntries('over')).toBeLessThan(4)
    expect(state(running)).toBeLessThan(2000)
    running.end()
    expect(running.result().length).toBe(20_001)
    expect(running.graph.stateBytes()).toBe(state(running))
  })

  it('of a quiet partition is freed where rows are answered as they come, an hour of arrival after its frame', () => {
    const running = new Running(overPlan([sum(last(10))], AS_THEY_COME))
    const HOUR = 3600 * SECOND
    running.push(events(5000, 5000))
    const full = state(running)
    running.push([{ ts: 0, key: 'k', value: 1, arrival: HOUR + 9 * SECOND }])
    expect(state(running)).toBeGreaterThan(full * 0.99)
    running.push([{ ts: 0, key: 'k', value: 1, arrival: HOUR + 11 * SECOND }])
    expect(state(running)).toBeLessThan(2000)
    expect(running.restart().savedEntries('over')).toBeLessThan(4)
  })

  it('is nothing once complete partitions have been answered', () => {
    const running = new Running(
      overPlan(
        [
          { kind: 'row_number', type: BIGINT },
          { kind: 'percent_rank', type: DOUBLE },
        ],
        {
          kind: 'event_time',
          ties: [{ column: VALUE, descending: true, nullsFirst: false }],
          once: true,
        },
      ),
    )
    const input = events(3000, 1).map((e, i) => ({
      ...e,
      ts: Math.floor(i / 100) * SECOND,
      key: `w${Math.floor(i / 100)}`,
    }))
    running.push(input, 'source', 250).end()
    expect(running.result().length).toBe(3000)
    expect(
      running
        .result()
        .slice(0, 2)
        .map((r) => r.slice(2, 5)),
    ).toEqual([
      [99, 1, 0],
      [98, 2, 1 / 99],
    ])
    expect(state(running)).toBe(0)
  })
})

describe('more rows than fit into a batch', () => {
  const COUNT = 3 * MAX_BATCH_ROWS + 5

  it('of one time are answered together', () => {
    const running = new Running(overPlan([sum(last(1)), { kind: 'rank', type: BIGINT }], BY_TIME, []))
    running.push(events(COUNT, 3).map((e) => ({ ...e, ts: 0 }))).end()
    const all = (COUNT * (COUNT - 1)) / 2
    expect(running.result().length).toBe(COUNT)
    for (const [i, row] of running.result().entries())
      expect(row.slice(2, 5)).toEqual([i, { unscaled: all, scale: 0 }, 1])
  })

  it('that wait for the last of a partition leave when it comes', () => {
    const running = new Running(
      overPlan([{ kind: 'shift', column: VALUE, offset: COUNT - 1, otherwise: null, type: BIGINT }], BY_TIME, []),
    )
    running.push(events(COUNT + 1, 1), 'source', 1000).restart()
    expect(running.result().map((r) => r[3])).toEqual([COUNT - 1])
    running.end()
    expect(running.result().map((r) => r[3])).toEqual([COUNT - 1, COUNT, ...new Array(COUNT - 1).fill(null)])
  })
})

describe('the watermark behind OVER', () => {
  it('stays behind rows that wait for others of their partition', () => {
    const running = new Running(overPlan([{ kind: 'shift', column: VALUE, offset: 1, otherwise: null, type: BIGINT }]))
    running.push([
      { ts: 1 * SECOND, key: 'a', value: 1 },
      { ts: 2 * SECOND, key: 'b', value: 2 },
      { ts: 3 * SECOND, key: 'b', value: 3 },
      { ts: 9 * SECOND, key: 'b', value: 4 },
    ])
    expect(running.result().map((r) => r[2])).toEqual([2])
    expect(running.graph.watermark('over')).toBe(1 * SECOND)
    running.push([{ ts: 8 * SECOND, key: 'a', value: 5 }])
    running.push([
      { ts: 9 * SECOND, key: 'a', value: 6 },
      { ts: 10 * SECOND, key: 'a', value: 7 },
    ])
    expect(running.counters.get('late_rows')).toBe(1)
    expect(running.graph.watermark('over')).toBe(9 * SECOND)
    expect(running.end().graph.watermark('over')).toBe(Number.POSITIVE_INFINITY)
  })
})
