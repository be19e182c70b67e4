import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BIGINT,
  BOOLEAN,
  columnOf,
  type DataType,
  DECIMAL,
  DOUBLE,
  joinKeys,
  keyOf,
  parseDecimal,
  TEXT,
  type Value,
} from '../../kernel/index.ts'
import { KeyIndex } from './key-index.ts'
import { keyTable } from './key-table.ts'

const values: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  TEXT: fc.oneof(fc.constantFrom('', 'n', '1:s', 'a'), fc.string({ maxLength: 3 })),
  INTEGER: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(2n ** 53n, 2n ** 60n)),
  DOUBLE: fc.constantFrom(0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY),
  DECIMAL: fc.constantFrom('1.5', '1.50', '0', '0.00', '-2', '12345678901234567890.1').map((t) => parseDecimal(t)!),
  BOOLEAN: fc.boolean(),
}
const TYPES: readonly DataType[] = [TEXT, BIGINT, DOUBLE, DECIMAL, BOOLEAN]

const tables = fc.array(fc.constantFrom(...TYPES), { maxLength: 3 }).chain((types) =>
  fc.record({
    types: fc.constant(types),
    rows: fc.array(fc.tuple(...types.map((t) => fc.option(values[t.kind]!))), { minLength: 1, maxLength: 40 }),
  }),
)

describe('key table', () => {
  it('gives equal keys one slot and others their own, for every mix of types', () => {
    fc.assert(
      fc.property(tables, ({ types, rows }) => {
        const columns = types.map((type, c) =>
          columnOf(
            type,
            rows.map((r) => (r as Value[])[c]!),
          ),
        )
        const table = keyTable(types)
        const slots = new Int32Array(rows.length)
        let added = 0
        if (types.length === 0)
          for (let i = 0; i < rows.length; i++) table.resolve(columns, i, i + 1, slots, () => added++)
        else table.resolve(columns, 0, rows.length, slots, () => added++)
        const bySlot = new Map<string, number>()
        for (const [i, row] of rows.entries()) {
          const key = joinKeys((row as Value[]).map((v, c) => keyOf(types[c]!, v)))
          expect(slots[i]).toBe(bySlot.get(key) ?? slots[i])
          bySlot.set(key, slots[i]!)
          expect(table.resolveValues(row as Value[], () => expect.fail('a known key'))).toBe(slots[i])
        }
        expect(new Set(bySlot.values()).size).toBe(bySlot.size)
        expect(added).toBe(bySlot.size)
        for (const slot of bySlot.values()) table.delete(slot)
        expect([table.size, table.bytes]).toEqual([0, 0])
      }),
    )
  })
})

describe('key index', () => {
  it('holds 200,000 keys of each kind in leaves of bounded size', () => {
    const count = 200_000
    for (const keyAt of [
      (i: number) => `key ${i}`,
      (i: number) => i * 1_000_003,
      (i: number) => BigInt(i) * 2n ** 60n,
    ]) {
      const index = new KeyIndex()
      for (let i = 0; i < count; i++) index.add(keyAt(i), i)
      expect(index.size).toBe(count)
      for (let i = 0; i < count; i += 997) expect(index.get(keyAt(i))).toBe(i)
      expect(index.get('absent')).toBeUndefined()
      expect(index.largestLeaf()).toBeLessThanOrEqual(16_384)
      for (let i = 0; i < count; i++) index.delete(keyAt(i))
      expect(index.size).toBe(0)
      expect(index.get(keyAt(5))).toBeUndefined()
    }
  })

  it('takes 0 and -0 as one key wherever it lies', () => {
    const index = new KeyIndex()
    for (let i = 1; i < 40_000; i++) index.add(i, i)
    index.add(-0, 7)
    expect(index.get(0)).toBe(7)
  })
})
