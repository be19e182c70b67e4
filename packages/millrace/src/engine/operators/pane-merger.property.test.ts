import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchOf, BIGINT, DECIMAL, DOUBLE, type Value } from '../../kernel/index.ts'
import { call, EVENT, KEY, REAL, VALUE } from '../../../test/engine/plans.ts'
import { showRow } from '../../../test/engine/running.ts'
import { AggregateSet } from '../aggregates/aggregate-set.ts'
import { GroupTable, SCRATCH_SLOT } from '../state/group-table.ts'
import { PaneMerger } from './pane-merger.ts'

const CALLS = [
  call('count', BIGINT),
  call('sum', DECIMAL, [VALUE]),
  call('sum', DOUBLE, [REAL]),
  call('stddev', DOUBLE, [REAL]),
  call('min', BIGINT, [VALUE]),
  call('first_value', BIGINT, [VALUE]),
  call('last_value', BIGINT, [VALUE]),
]
/** Those whose results do not depend on how rows were put together. */
const EXACT = [0, 1, 4, 5, 6]

class CountingSet extends AggregateSet {
  merges = 0

  override merge(slot: number, from: number): void {
    this.merges++
    super.merge(slot, from)
  }
}

/** Panes of 1 us of one key, put together to windows. */
class Panes {
  readonly aggregates = new CountingSet(CALLS, EVENT, false)
  readonly groups = new GroupTable([EVENT.fields[KEY]!.type], (slot) => this.aggregates.clear(slot))
  readonly key = this.groups.resolveKey(['k'])
  merger: PaneMerger
  readonly size: number

  constructor(size: number) {
    this.size = size
    this.aggregates.clear(SCRATCH_SLOT)
    this.merger = this.#start()
  }

  #start(): PaneMerger {
    const merger = new PaneMerger(this.groups, this.aggregates, this.size, 1)
    merger.ensure(this.key)
    return merger
  }

  add(time: number, value: number): void {
    const found = this.groups.find(this.key, time)
    const slot = found >= 0 ? found : this.groups.add(this.key, time)
    if (time < this.merger.reach) this.merger.changed(this.key, time)
    const row: Value[] = [time, 'k', value, value / 7, null, null]
    this.aggregates.update(batchOf(EVENT, [row]), Int32Array.of(slot), 0, 1)
  }

  has(start: number): boolean {
    for (let slot = this.groups.first(this.key); slot >= 0; slot = this.groups.next(slot)) {
      if (this.groups.timeOf(slot) >= start && this.groups.timeOf(slot) < start + this.size) return true
    }
    return false
  }

  results(start: number): readonly Value[] {
    const slot = this.merger.merge(this.key, start)
    const results = this.aggregates.results(slot)
    this.merger.release(slot)
    return results
  }

  /** As a graph does that was restored: the panes are the same, what was made of them is not there. */
  forgetEverything(): void {
    this.merger.forget(this.key)
    this.merger = this.#start()
  }
}

const operation = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    time: fc.integer({ min: -30, max: 60 }),
    value: fc.integer({ min: -99, max: 99 }),
  }),
  fc.record({
    kind: fc.constant('look' as const),
    start: fc.integer({ min: -30, max: 60 }),
    windows: fc.integer({ min: 1, max: 20 }),
  }),
)

describe('pane merger', () => {
  it('gives what panes hold, to the last bit, whatever it was asked before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.array(operation, { maxLength: 60 }), (size, operations) => {
        const panes = new Panes(size)
        const rows: { time: number; value: number }[] = []
        for (const op of operations) {
          if (op.kind === 'add') {
            panes.add(op.time, op.value)
            rows.push(op)
            continue
          }
          for (let start = op.start; start < op.start + op.windows; start++) {
            if (!panes.has(start)) continue
            const results = panes.results(start)
            const inside = rows.filter((r) => r.time >= start && r.time < start + size).map((r) => r.value)
            const sum = inside.reduce((a, b) => a + b, 0)
            const expected = [
              inside.length,
              { unscaled: sum, scale: 0 },
              Math.min(...inside),
              inside[0]!,
              inside.at(-1)!,
            ]
            expect(showRow(EXACT.map((i) => results[i]!))).toBe(showRow(expected))
            const again = new Panes(size)
            for (const { time, value } of rows) again.add(time, value)
            expect(again.results(start)).toEqual(results)
          }
        }
        panes.forgetEverything()
        expect([panes.merger.bytes, panes.groups.size]).toEqual([0, new Set(rows.map((r) => r.time)).size])
      }),
      { numRuns: 300 },
    )
  })

  it.each([10, 60, 600])('merges about five times for each window of %i panes', (size) => {
    const panes = new Panes(size)
    let windows = 0
    for (let time = 0; time < 5000; time++) {
      panes.add(time, time)
      if (time < size) continue
      panes.results(time - size)
      windows++
    }
    expect(panes.aggregates.merges / windows).toBeLessThan(6)
  })
})
