import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addInt, compareInt, divideInt, type Int, multiplyInt, negateInt, normalizeInt, parseInt64, remainderInt, subtractInt } from './int.ts'

const edges = [0n, 1n, -1n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), 10n ** 15n, 94906267n]
const ints = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.bigInt({ min: -9n, max: 9n }))

describe('Int', () => {
  it('computes as bigints do, in the one form of each value', () => {
    const same = (ours: Int, wanted: bigint) => {
      expect(ours).toBe(normalizeInt(wanted))
      expect(Object.is(ours, -0)).toBe(false)
    }
    fc.assert(
      fc.property(ints, ints, (x, y) => {
        const [a, b] = [normalizeInt(x), normalizeInt(y)]
        same(addInt(a, b), x + y)
        same(subtractInt(a, b), x - y)
        same(multiplyInt(a, b), x * y)
        same(negateInt(a), -x)
        if (y !== 0n) {
          same(divideInt(a, b), x / y)
          same(remainderInt(a, b), x % y)
        }
        expect(compareInt(a, b)).toBe(x < y ? -1 : x > y ? 1 : 0)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads digits with a sign and nothing else', () => {
    fc.assert(
      fc.property(ints, (x) => {
        expect(parseInt64(x.toString())).toBe(normalizeInt(x))
      }),
    )
    expect(parseInt64('+7')).toBe(7)
    expect(parseInt64('-0')).toBe(0)
    for (const text of ['', '-', '1.0', '1e3', ' 1', '0x1']) expect(parseInt64(text), text).toBeUndefined()
  })
})
