import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlotBuckets } from './slot-buckets.ts'

/** Slots in an order that is not that of their numbers. */
const orderOf = (slot: number) => (slot * 7) % 31

describe('slot buckets', () => {
  it('are sorted sets by time', () => {
    const addition = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.nat({ max: 30 }))
    const operation = fc.oneof({ weight: 8, arbitrary: addition }, { weight: 1, arbitrary: fc.constant(null) })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
        const buckets = new SlotBuckets(orderOf)
        const model = new Map<number, Set<number>>()
        for (const each of operations) {
          if (each !== null) {
            const [time, slot] = each
            buckets.add(time, slot)
            model.set(time, (model.get(time) ?? new Set()).add(slot))
          }
          const times = [...model.keys()].sort((a, b) => a - b)
          expect(buckets.first()).toBe(times[0])
          expect(buckets.firstFrom(-1, 2)).toBe(times.find((t) => t >= -1 && t < 2))
          if (each !== null || times.length === 0) continue
          const sorted = [...model.get(times[0]!)!].sort((a, b) => orderOf(a) - orderOf(b))
          expect(buckets.slots(times[0]!)).toEqual(sorted)
          buckets.remove(times[0]!)
          model.delete(times[0]!)
        }
        for (const time of model.keys()) buckets.remove(time)
        expect(buckets.bytes).toBe(0)
      }),
    )
  })
})
