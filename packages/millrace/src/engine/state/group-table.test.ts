import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TEXT } from '../../kernel/index.ts'
import { GroupTable } from './group-table.ts'
import { SlotChanges } from './slot-changes.ts'
import { Int32List } from './slot-columns.ts'

describe('group table', () => {
  it('forgets a key with its last group and reuses slots', () => {
    const table = new GroupTable([TEXT], () => {})
    const key = table.resolveKey(['a'])
    const [first, second] = [table.add(key, 10), table.add(key, 20)]
    expect([table.find(key, 10), table.find(key, 20), table.find(key, 30)]).toEqual([first, second, -1])
    table.remove(first)
    expect([table.find(key, 10), table.find(key, 20), table.keys.size]).toEqual([-1, second, 1])
    table.remove(second)
    expect([table.size, table.keys.size, table.bytes]).toEqual([0, 0, 0])
    expect(table.add(table.resolveKey(['b']), 30)).toBe(second)
  })
})

describe('groups of a key', () => {
  it('are a chain by time, whatever the order in which they come, go and are restored', () => {
    const times = fc.uniqueArray(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(times, fc.array(fc.nat()), (added, removed) => {
        const table = new GroupTable([TEXT], () => {})
        const other = table.add(table.resolveKey(['other']), 0)
        const scratch = table.allocateScratch()
        const key = table.resolveKey(['k'])
        let left = added.map((time) => ({ slot: table.add(key, time), key: ['k'], time, order: 0 }))
        left = left.map((group) => ({ ...group, order: table.orderOf(group.slot) }))
        const check = (at: GroupTable, id: number) => {
          const sorted = [...left].sort((a, b) => b.time - a.time).map((g) => g.slot)
          const walk = (from: number, step: (slot: number) => number) => {
            const found: number[] = []
            for (let slot = from; slot >= 0; slot = step(slot)) found.push(slot)
            return found
          }
          expect(walk(at.first(id), (slot) => at.next(slot))).toEqual(sorted)
          expect(walk(at.last(id), (slot) => at.previous(slot))).toEqual(sorted.reverse())
          for (const time of added) expect(at.find(id, time)).toBe(left.find((g) => g.time === time)?.slot ?? -1)
        }
        check(table, key)
        for (const n of removed.slice(0, added.length - 1)) {
          table.remove(left.splice(n % left.length, 1)[0]!.slot)
          check(table, key)
        }
        const restored = new GroupTable([TEXT], () => {})
        restored.restore(left)
        check(restored, restored.resolveKey(['k']))
        table.freeScratch(scratch)
        expect([table.size, restored.size]).toEqual([left.length + 1, left.length])
        expect(table.keyOf(other)).not.toBe(key)
      }),
    )
  })
})

describe('slot changes', () => {
  it('list each slot once: as it is now, or as gone if it had been saved', () => {
    const changes = new SlotChanges()
    const taken = () => {
      const list: [number, boolean][] = []
      changes.take((slot, live) => list.push([slot, live]))
      return list
    }
    changes.add(1)
    changes.add(2)
    changes.mark(1)
    changes.remove(2)
    expect(taken()).toEqual([[1, true]])
    expect(taken()).toEqual([])
    changes.remove(1)
    changes.add(1)
    expect(taken()).toEqual([[1, true]])
    changes.remove(1)
    expect(taken()).toEqual([[1, false]])
    changes.restore(3)
    expect(taken()).toEqual([])
    changes.remove(3)
    expect(taken()).toEqual([[3, false]])
  })
})

describe('integer list', () => {
  it('pushes and pops over its chunks', () => {
    const list = new Int32List()
    for (let i = 0; i < 5000; i++) list.push(i * 3)
    expect([list.length, list.get(15), list.get(16), list.get(1023), list.get(1024), list.get(4999)]).toEqual([
      5000, 45, 48, 3069, 3072, 14_997,
    ])
    for (let i = 4999; i >= 0; i--) expect(list.pop()).toBe(i * 3)
    list.push(7)
    expect([list.length, list.get(0)]).toEqual([1, 7])
  })
})
