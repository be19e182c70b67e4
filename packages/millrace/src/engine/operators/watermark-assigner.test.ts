import { describe, expect, it } from 'vitest'
import type { Value } from '../../kernel/index.ts'
import type { WatermarkNode } from '../../plan/index.ts'
import { Driven } from '../../../test/engine/driving.ts'
import { ARRIVAL, AT_ROWTIME, AT_WATERMARK, EVENT, KEY, watermark } from '../../../test/engine/plans.ts'
import { watermarkDefinition } from './watermark-assigner.ts'

function driven(options: Partial<WatermarkNode> = {}): Driven {
  const node = watermark('w', 'source', options)
  return new Driven((context) => watermarkDefinition.build(node, [{ schema: EVENT, updating: false }], context))
}

/** Rows of [ts, key, mark, arrival]. */
function rows(
  ...list: readonly (readonly [ts: number | null, key?: string, mark?: number | null, arrival?: number])[]
): Value[][] {
  return list.map(([ts, key = 'k', mark = ts, arrival = 0]) => [ts, key, null, null, mark, arrival])
}

const watermarksOf = (d: Driven) => d.rows.map((r) => r[AT_WATERMARK])

describe('the watermark of a row', () => {
  it('is the largest mark of the rows before it and never goes back', () => {
    const d = driven().push(rows([10], [5], [20], [15]), EVENT)
    expect(watermarksOf(d)).toEqual([null, 10, 10, 20])
    expect(d.rows.map((r) => r[AT_ROWTIME])).toEqual([10, 5, 20, 15])
    expect(d.watermarks).toEqual([{ time: 20, idle: false }])
  })

  it('does not depend on batches or restarts', () => {
    const all = rows([3, 'a'], [9, 'b'], [4, 'a'], [null, 'b'], [12, 'a'], [10, 'c'], [11, 'b'], [30, 'a'])
    for (const partition of [null, KEY]) {
      const whole = driven({ partition }).push(all, EVENT)
      const single = driven({ partition })
      for (const row of all) single.push([row], EVENT).restart()
      expect(watermarksOf(single)).toEqual(watermarksOf(whole))
    }
  })

  it('is the minimum over partitions, each from its first row on', () => {
    const d = driven({ partition: KEY }).push(
      rows([10, 'a'], [4, 'b'], [20, 'a'], [15, 'b'], [30, 'a'], [31, 'a']),
      EVENT,
    )
    expect(watermarksOf(d)).toEqual([null, 10, 10, 10, 15, 15])
  })

  it('is not moved by rows without event time', () => {
    const d = driven({ partition: KEY }).push(rows([10, 'a'], [null, 'b', 99], [20, 'a'], [21, 'a']), EVENT)
    expect(watermarksOf(d)).toEqual([null, 10, 10, 20])
  })

  it('is not moved by rows too far in the future of their arrival, which lose their event time', () => {
    const d = driven({ arrival: ARRIVAL, maxFutureSkew: 5 })
    d.push(rows([10, 'k', 10, 8], [100, 'k', 100, 9], [14, 'k', 14, 9], [15, 'k', 15, 9]), EVENT)
    expect(d.rows.map((r) => r[AT_ROWTIME])).toEqual([10, null, 14, null])
    expect(watermarksOf(d)).toEqual([null, 10, 10, 14])
    expect(d.counters.get('future_rows')).toBe(2)
  })

  it('treats times beyond safe integers as no event time', () => {
    const d = driven().push([[2n ** 60n, 'k', null, null, 2n ** 60n, null], ...rows([7])], EVENT)
    expect(d.rows.map((r) => r[AT_ROWTIME])).toEqual([null, 7])
    expect(watermarksOf(d)).toEqual([null, null])
  })
})

describe('quiet inputs', () => {
  it('a partition without rows for the timeout holds nobody back, until its next row', () => {
    const d = driven({ partition: KEY, idleTimeout: 100 }).tick(0)
    d.push(rows([10, 'a'], [1, 'b']), EVENT)
      .tick(60)
      .push(rows([50, 'a']), EVENT)
      .tick(99)
    expect(d.watermarks.at(-1)).toEqual({ time: 10, idle: false })
    d.tick(100)
    expect(d.watermarks.at(-1)).toEqual({ time: 50, idle: false })
    d.push(rows([20, 'b'], [60, 'a'], [61, 'a']), EVENT)
    expect(watermarksOf(d).slice(-3)).toEqual([50, 50, 50])
  })

  it('a quiet feed goes on at the pace of processing time', () => {
    const d = driven({ idleTimeout: 100 })
      .tick(1000)
      .push(rows([500]), EVENT)
      .tick(1099)
    expect(d.watermarks).toEqual([{ time: 500, idle: false }])
    d.tick(1100).restart().tick(1250)
    expect(d.watermarks.slice(1)).toEqual([
      { time: 600, idle: true },
      { time: 750, idle: true },
    ])
    d.tick(1300).push(rows([700], [900]), EVENT)
    expect(watermarksOf(d).slice(-2)).toEqual([800, 800])
    expect(d.watermarks.at(-1)).toEqual({ time: 900, idle: false })
  })

  it('nothing moves before the first row, and nothing without a timeout', () => {
    expect(driven({ idleTimeout: 100 }).tick(0).tick(99).watermarks).toEqual([])
    expect(
      driven()
        .push(rows([5]), EVENT)
        .tick(9999).watermarks,
    ).toEqual([{ time: 5, idle: false }])
  })

  it('an input that never sent anything is idle after its timeout, until its first row', () => {
    const d = driven({ idleTimeout: 100 }).tick(0).tick(100).tick(200)
    expect(d.watermarks).toEqual([{ time: Number.NEGATIVE_INFINITY, idle: true }])
    d.push(rows([5]), EVENT)
    expect(d.watermarks.at(-1)).toEqual({ time: 5, idle: false })
  })

  it('only the end of the input is infinity', () => {
    const d = driven().mark(123).mark(Number.POSITIVE_INFINITY)
    expect(d.watermarks).toEqual([{ time: Number.POSITIVE_INFINITY, idle: false }])
  })
})
