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
