import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OrderedMultimap } from './ordered-multimap.ts'

const operations = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), key: fc.integer({ min: -50, max: 50 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('shift' as const), key: fc.constant(0) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('delete' as const), key: fc.integer({ min: -50, max: 50 }) }),
    },
  ),
  { minLength: 0, maxLength: 3000, size: 'max' },
)

describe('ordered multimap', () => {
  it('behaves as a sorted list with stable ties', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: -60, max: 60 }), (list, from) => {
        const map = new OrderedMultimap()
        const model: { key: number; value: number }[] = []
        for (const [value, { kind, key }] of list.entries()) {
          if (kind === 'add') {
            map.add(key, value)
            const at = model.findIndex((e) => e.key > key)
            model.splice(at < 0 ? model.length : at, 0, { key, value })
          } else if (kind === 'shift') {
            if (model.length > 0) expect(map.shift()).toBe(model.shift()!.value)
          } else {
            const at = model.findIndex((e) => e.key === key)
            expect(map.delete(key, at < 0 ? -1 : model[at]!.value)).toBe(at >= 0)
            if (at >= 0) model.splice(at, 1)
          }
          expect(map.size).toBe(model.length)
          expect(map.firstKey()).toBe(model[0]?.key)
        }
        const scanned: number[] = []
        map.scan(from, from + 30, (_key, value) => scanned.push(value) > 0)
        expect(scanned).toEqual(model.filter((e) => e.key >= from && e.key < from + 30).map((e) => e.value))
      }),
      { numRuns: 40 },
    )
  })

  it('keeps its order over many blocks', () => {
    const map = new OrderedMultimap()
    const count = 20_000
    for (let i = 0; i < count; i++) map.add((i * 7919) % count, i)
    for (let key = 0; key < count; key++) {
      expect(map.firstKey()).toBe(key)
      map.shift()
    }
    expect(map.firstKey()).toBeUndefined()
  })
})
