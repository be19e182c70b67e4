import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DirtyQueue } from './dirty-queue.ts'

const SLOTS = 6
const operation = fc.oneof(
  fc.record({ kind: fc.constantFrom('mark' as const, 'clean' as const), slot: fc.nat({ max: SLOTS - 1 }) }),
  fc.record({ kind: fc.constantFrom('shift' as const, 'restore' as const) }),
)

describe('dirty queue', () => {
  it('is a list without repetitions, also after it was restored', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
        const start = () => {
          const queue = new DirtyQueue()
          for (let slot = 0; slot < SLOTS; slot++) queue.ensure(slot)
          return queue
        }
        let queue = start()
        const model: number[] = []
        for (const op of operations) {
          if (op.kind === 'mark') {
            queue.mark(op.slot)
            if (!model.includes(op.slot)) model.push(op.slot)
          } else if (op.kind === 'clean') {
            queue.clean(op.slot)
            if (model.includes(op.slot)) model.splice(model.indexOf(op.slot), 1)
          } else if (op.kind === 'shift') {
            expect(queue.shift()).toBe(model.shift() ?? -1)
          } else {
            const saved = [5, 4, 3, 2, 1, 0].map((slot) => ({ slot, number: queue.numberOf(slot) }))
            queue = start()
            queue.restore(saved.filter((s) => s.number > 0))
            // What is saved of a slot holds as long as nothing happens to it.
            for (const { slot, number } of saved) expect(queue.numberOf(slot)).toBe(number)
          }
          expect(queue.size).toBe(model.length)
          for (let slot = 0; slot < SLOTS; slot++) expect(queue.isDirty(slot)).toBe(model.includes(slot))
          expect(queue.bytes === 0).toBe(model.length === 0)
        }
      }),
      { numRuns: 500 },
    )
  })
})
