import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inlineLike, likeTest } from './like.ts'

function oracle(pattern: string): RegExp {
  const body = [...pattern].map((c) => (c === '%' ? '.*' : c === '_' ? '.' : c.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  return new RegExp(`^${body.join('')}$`, 'su')
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '👍'), maxLength: 12 })
const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '👍', '%', '_'), maxLength: 8 })

describe('LIKE', () => {
  it('matches what the same regular expression matches', () => {
    fc.assert(
      fc.property(letters, patterns, (text, pattern) => {
        expect(likeTest(pattern)(text)).toBe(oracle(pattern).test(text))
      }),
      { numRuns: 2000 },
    )
  })

  it('means the same as its generated form', () => {
    fc.assert(
      fc.property(letters, patterns, (text, pattern) => {
        const code = inlineLike('text', pattern)
        // oxlint-disable-next-line typescript/no-implied-eval
        if (code !== undefined) expect(new Function('text', `return ${code}`)(text)).toBe(likeTest(pattern)(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('takes the character after the escape as it is', () => {
    expect(likeTest('100\\%')('100%')).toBe(true)
    expect(likeTest('100\\%')('1000')).toBe(false)
    expect(likeTest('a!_b', '!')('a_b')).toBe(true)
    expect(() => likeTest('a\\')).toThrow(/must not end with its escape character/)
  })

  it('does not backtrack', () => {
    const started = performance.now()
    expect(likeTest(`${'%a'.repeat(40)}%b`)('a'.repeat(100_000))).toBe(false)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
