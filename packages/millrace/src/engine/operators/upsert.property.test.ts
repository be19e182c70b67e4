import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Value } from '../../kernel/index.ts'
import { Driven } from '../../../test/engine/driving.ts'
import { EVENT, KEY, upsert, VALUE } from '../../../test/engine/plans.ts'
import { showRow } from '../../../test/engine/running.ts'
import { upsertDefinition } from './upsert.ts'

interface Change {
  readonly key: string | null
  readonly second: number
  /** Undefined: the key is deleted. */
  readonly real: number | null | undefined
}

const log = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', null),
    second: fc.integer({ min: 0, max: 1 }),
    real: fc.option(fc.option(fc.constantFrom(0, -0, 1, Number.NaN)), { nil: undefined, freq: 3 }),
  }),
  { maxLength: 80 },
)

const rowOf = ({ key, second, real }: Change): Value[] => [null, key, second, real ?? null, null, null]
const weightOf = (change: Change) => (change.real === undefined ? -1 : 1)
const driven = (keys: readonly number[]) =>
  new Driven((context) =>
    upsertDefinition.build(upsert('latest', 'source', keys), [{ schema: EVENT, updating: false }], context),
  )

/** The changes of a Map, and what is in it then. */
function naive(changes: readonly Change[], keys: readonly number[]): { rows: string[]; left: string[] } {
  const rows: string[] = []
  const table = new Map<string, Value[]>()
  for (const change of changes) {
    const row = rowOf(change)
    const key = showRow(keys.map((k) => row[k]!))
    const before = table.get(key)
    if (change.real === undefined) {
      if (before !== undefined) rows.push(`-1 ${showRow(before)}`)
      table.delete(key)
    } else if (before === undefined || showRow(before) !== showRow(row)) {
      if (before !== undefined) rows.push(`-1 ${showRow(before)}`)
      rows.push(`1 ${showRow(row)}`)
      table.set(key, row)
    }
  }
  return { rows, left: [...table.values()].map(showRow).sort() }
}

describe('upsert', () => {
  it.each([[[KEY]], [[KEY, VALUE]], [[]]])('changes what a Map by columns %j would, in order, in any cut', (keys) => {
    fc.assert(
      fc.property(log, fc.integer({ min: 1, max: 9 }), fc.boolean(), (changes, cut, restart) => {
        const expected = naive(changes, keys)
        const under = driven(keys)
        for (let from = 0; from < changes.length; from += cut) {
          const part = changes.slice(from, from + cut)
          under.push(part.map(rowOf), EVENT, Int32Array.from(part, weightOf))
          if (restart) under.restart()
        }
        expect(under.rows.map((row, i) => `${under.weights[i]} ${showRow(row)}`)).toEqual(expected.rows)
        expect([...under.consolidated().keys()].sort()).toEqual(expected.left)
        expect(under.charged).toBe(under.operator.stateBytes())
        const keysLeft = new Set(changes.map((c) => showRow(keys.map((k) => rowOf(c)[k]!))))
        for (const key of keysLeft) {
          const row = rowOf(changes.find((c) => showRow(keys.map((k) => rowOf(c)[k]!)) === key)!)
          under.push([row], EVENT, Int32Array.of(-1))
        }
        expect(under.charged).toBe(0)
        expect(under.consolidated().size).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('takes rows without weights as insertions, and passes watermarks on', () => {
    const under = driven([KEY])
      .push([[null, 'a', 1, null, null, null]], EVENT)
      .mark(5)
    under.push([[null, 'a', 2, null, null, null]], EVENT)
    expect(under.weights).toEqual([1, -1, 1])
    expect(under.watermarks).toEqual([{ time: 5, idle: false }])
  })

  it('gives 8,192 changes of one batch in portions, and saves only what has changed', () => {
    const under = driven([KEY])
    const rows = (value: number) =>
      Array.from({ length: 4096 }, (_, i): Value[] => [null, `k${i}`, value, null, null, null])
    under.push(rows(1), EVENT).push(rows(2), EVENT)
    expect(under.rows.length).toBe(3 * 4096)
    expect(under.consolidated().size).toBe(4096)
    under.restart().push([rows(3)[7]!, rows(2)[8]!], EVENT)
    const saved: (Uint8Array | null)[] = []
    under.operator.snapshot({ put: (_key, value) => saved.push(value) })
    expect(saved.length).toBe(1)
  })
})
