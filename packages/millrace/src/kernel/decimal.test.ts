import { Decimal as Reference } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addDecimal,
  compareDecimal,
  type Decimal,
  decimalFromNumber,
  decimalToNumber,
  divideDecimal,
  formatDecimal,
  integerDigits,
  multiplyDecimal,
  normalizeDecimal,
  parseDecimal,
  remainderDecimal,
  roundDecimal,
  subtractDecimal,
  truncateDecimal,
} from './decimal.ts'
import { normalizeInt } from './int.ts'

const Exact = Reference.clone({ precision: 400, toExpNeg: -1000, toExpPos: 1000 })
const decimals = fc
  .tuple(fc.oneof(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.bigInt({ min: -1000n, max: 1000n })), fc.nat(25))
  .map(([unscaled, scale]): Decimal => ({ unscaled: normalizeInt(unscaled), scale }))
const reference = (d: Decimal) => new Exact(formatDecimal(d))
const equal = (d: Decimal, r: Reference) => expect(new Exact(formatDecimal(d)).equals(r), `${formatDecimal(d)} ${r}`).toBe(true)

describe('Decimal', () => {
  it('adds, subtracts, multiplies and compares exactly', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        equal(addDecimal(a, b), reference(a).plus(reference(b)))
        equal(subtractDecimal(a, b), reference(a).minus(reference(b)))
        equal(multiplyDecimal(a, b), reference(a).times(reference(b)))
        expect(Math.sign(compareDecimal(a, b))).toBe(reference(a).comparedTo(reference(b)))
      }),
    )
  })

  it('divides to at least 16 significant digits, half away from zero', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        fc.pre(b.unscaled !== 0)
        const quotient = divideDecimal(a, b)
        equal(quotient, reference(a).dividedBy(reference(b)).toDecimalPlaces(quotient.scale, Reference.ROUND_HALF_UP))
        const digits = formatDecimal(quotient).replace(/[-.]/g, '').replace(/^0+/, '')
        if (a.unscaled !== 0) expect(digits.length).toBeGreaterThanOrEqual(13)
      }),
    )
  })

  it("gives PostgreSQL's scale to quotients", () => {
    const divide = (a: string, b: string) => formatDecimal(divideDecimal(parseDecimal(a)!, parseDecimal(b)!))
    expect(divide('1', '3')).toBe('0.33333333333333333333')
    expect(divide('10', '4')).toBe('2.5000000000000000')
    expect(divide('-2', '3')).toBe('-0.66666666666666666667')
    expect(divide('123456789012345678901234567890', '7')).toBe('17636684144620811271604938270')
  })

  it('gives equal quotients for equal numbers, however they are written', () => {
    fc.assert(
      fc.property(decimals, decimals, fc.nat(10), (a, b, zeros) => {
        fc.pre(b.unscaled !== 0)
        const padded = (d: Decimal) => roundDecimal(d, d.scale + zeros)
        expect(formatDecimal(divideDecimal(padded(a), padded(b)))).toBe(formatDecimal(divideDecimal(a, b)))
      }),
    )
  })

  it('takes remainders with the sign of the dividend', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        fc.pre(b.unscaled !== 0)
        equal(remainderDecimal(a, b), reference(a).modulo(reference(b)))
      }),
    )
  })

  it('rounds half away from zero and truncates toward it', () => {
    fc.assert(
      fc.property(decimals, fc.nat(30), (a, scale) => {
        equal(roundDecimal(a, scale), reference(a).toDecimalPlaces(scale, Reference.ROUND_HALF_UP))
        equal(truncateDecimal(a, scale), reference(a).toDecimalPlaces(scale, Reference.ROUND_DOWN))
      }),
    )
    expect(formatDecimal(roundDecimal(parseDecimal('1250')!, -2))).toBe('1300')
    expect(formatDecimal(roundDecimal(parseDecimal('-0.5')!, 0))).toBe('-1')
  })

  it('reads what it writes', () => {
    fc.assert(
      fc.property(decimals, (a) => {
        const read = parseDecimal(formatDecimal(a))!
        expect(read.scale).toBe(a.scale)
        expect(compareDecimal(read, a)).toBe(0)
        const normal = normalizeDecimal(a)
        expect(compareDecimal(normal, a)).toBe(0)
        expect(formatDecimal(normal)).not.toMatch(/\.\d*0$/)
      }),
    )
  })

  it('reads exponents, signs and points, and nothing else', () => {
    const read = (text: string) => {
      const value = parseDecimal(text)
      return value === undefined ? undefined : formatDecimal(value)
    }
    expect(['1e3', '-1.5E2', '+.5', '5.', '1e-3', '000.10', '0e5'].map(read)).toEqual(['1000', '-150', '0.5', '5', '0.001', '0.10', '0'])
    for (const text of ['', '.', 'e5', '1e', '1 2', '0x1', 'NaN', '--1', '1e999999']) expect(read(text), text).toBeUndefined()
  })

  it('meets doubles at the nearest', () => {
    fc.assert(
      fc.property(decimals, (a) => {
        expect(decimalToNumber(a)).toBe(Number(formatDecimal(a)))
      }),
    )
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 }), (value) => {
        expect(decimalToNumber(decimalFromNumber(value)!)).toBe(value === 0 ? 0 : value)
      }),
    )
    expect(decimalFromNumber(Number.NaN)).toBeUndefined()
  })

  it('counts digits before the point', () => {
    expect(['0', '0.99', '9.99', '-100', '1234567890123456789012.5'].map((t) => integerDigits(parseDecimal(t)!))).toEqual([0, 0, 1, 3, 22])
  })
})
