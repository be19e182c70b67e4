import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayOf, BIGINT, compareInt, DECIMAL, DOUBLE, type Value } from '../../kernel/index.ts'
import { Driven } from '../../../test/engine/driving.ts'
import { aggregate, call, EVENT, KEY, REAL, VALUE } from '../../../test/engine/plans.ts'
import { showRow } from '../../../test/engine/running.ts'
import { aggregateDefinition } from './aggregate.ts'

const CALLS = [
  call('count', BIGINT),
  call('sum', DECIMAL, [VALUE]),
  call('avg', DOUBLE, [REAL]),
  call('min', BIGINT, [VALUE]),
  call('max', BIGINT, [VALUE]),
  call('count', BIGINT, [VALUE], { distinct: true }),
  call('sum', DECIMAL, [VALUE], { distinct: true }),
  call('max', BIGINT, [VALUE], { distinct: true }),
  call('array_agg', arrayOf(BIGINT), [VALUE], { orderBy: [{ column: VALUE, descending: true, nullsFirst: false }] }),
]

interface Change {
  readonly key: string | null
  readonly value: number | null
  readonly weight: 1 | -1
}

/** Inserts, and retractions of rows that are there. */
const changelog: fc.Arbitrary<Change[]> = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b', null),
      value: fc.option(fc.integer({ min: -3, max: 3 })),
      choice: fc.nat({ max: 9 }),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    const there: Change[] = []
    return steps.map(({ key, value, choice }): Change => {
      if (choice < 4 && there.length > 0) return { ...there.splice(choice % there.length, 1)[0]!, weight: -1 }
      const row: Change = { key, value, weight: 1 }
      there.push(row)
      return row
    })
  })

function recompute(log: readonly Change[], keyed: boolean): string[] {
  const groups = new Map<string | null, (number | null)[]>(keyed ? [] : [[null, []]])
  for (const { key, value, weight } of log) {
    const group = keyed ? key : null
    const values = groups.get(group) ?? []
    groups.set(group, values)
    if (weight > 0) values.push(value)
    else values.splice(values.indexOf(value), 1)
    if (keyed && values.length === 0) groups.delete(group)
  }
  return [...groups].map(([key, all]) => {
    const values = all.filter((v) => v !== null)
    const distinct = [...new Set(values)]
    const sum = (list: readonly number[]) => (list.length === 0 ? null : list.reduce((s, v) => s + v, 0))
    const exact = (v: number | null): Value => (v === null ? null : { unscaled: v, scale: 0 })
    const best = (sign: number) => (values.length === 0 ? null : values.reduce((a, b) => ((b - a) * sign > 0 ? b : a)))
    const sorted = [...values.sort((a, b) => -compareInt(a, b)), ...all.filter((v) => v === null)]
    return showRow([
      ...(keyed ? [key] : []),
      all.length,
      exact(sum(values)),
      values.length === 0 ? null : sum(values)! / values.length,
      best(-1),
      best(1),
      distinct.length,
      exact(sum(distinct)),
      best(1),
      all.length === 0 ? null : sorted,
      null,
      null,
    ])
  })
}

describe('updating aggregates', () => {
  it.each([true, false])('lead to the recomputed groups, however rows are cut and restarted (keys: %s)', (keyed) => {
    fc.assert(
      fc.property(changelog, fc.integer({ min: 1, max: 9 }), fc.boolean(), (log, cut, restart) => {
        const node = aggregate('a', 'source', CALLS, keyed ? [KEY] : [])
        const driven = new Driven((context) =>
          aggregateDefinition.build(node, [{ schema: EVENT, updating: true }], context),
        )
        for (let from = 0; from < log.length; from += cut) {
          const part = log.slice(from, from + cut)
          const rows = part.map(({ key, value }): Value[] => [0, key, value, value, 0, null])
          driven.push(
            rows,
            EVENT,
            Int32Array.from(part, (c) => c.weight),
          )
          if (restart) driven.restart()
          expect([...driven.consolidated().keys()].sort()).toEqual(recompute(log.slice(0, from + cut), keyed).sort())
        }
        driven.mark(Number.POSITIVE_INFINITY)
        expect([...driven.consolidated().keys()].sort()).toEqual(recompute(log, keyed).sort())
        expect([...driven.consolidated().values()].every((count) => count === 1)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('show the group without keys before any row, and only once', () => {
    const node = aggregate('a', 'source', [call('count', BIGINT), call('sum', DECIMAL, [VALUE])], [])
    const driven = new Driven((context) =>
      aggregateDefinition.build(node, [{ schema: EVENT, updating: false }], context),
    )
    driven.tick(1).restart().tick(2).mark(Number.POSITIVE_INFINITY)
    expect(driven.rows).toEqual([[0, null, null, null]])
    expect(driven.watermarks).toEqual([{ time: Number.POSITIVE_INFINITY, idle: false }])
  })

  it('emit nothing for a group whose results stay the same', () => {
    const node = aggregate('a', 'source', [call('max', BIGINT, [VALUE])])
    const driven = new Driven((context) =>
      aggregateDefinition.build(node, [{ schema: EVENT, updating: false }], context),
    )
    for (const value of [5, 3, 5, 7]) driven.push([[0, 'k', value, null, 0, null]], EVENT)
    expect(driven.rows.map((r) => r[1])).toEqual([5, 5, 7])
    expect(driven.weights).toEqual([1, -1, 1])
  })

  it('give 8,192 changes of one batch in portions', () => {
    const node = aggregate('a', 'source', [call('count', BIGINT)])
    const driven = new Driven((context) =>
      aggregateDefinition.build(node, [{ schema: EVENT, updating: false }], context),
    )
    const rows = Array.from({ length: 4096 }, (_, i): Value[] => [0, `k${i}`, null, null, 0, null])
    driven.push(rows, EVENT).push(rows, EVENT)
    expect(driven.rows.length).toBe(3 * 4096)
    expect(driven.consolidated().size).toBe(4096)
  })
})
