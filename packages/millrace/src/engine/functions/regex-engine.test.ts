import { describe, expect, it } from 'vitest'
import { compileRegex, matches } from './regex-engine.ts'

describe('regular expressions', () => {
  it('answer in linear time where backtracking would not end', () => {
    const started = performance.now()
    expect(compileRegex('(a+)+$', '').test(`${'a'.repeat(50_000)}b`)).toBe(false)
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('give offsets in UTF-16 units and groups that took no part', () => {
    const regex = compileRegex('(x)|(y)', '')
    expect(regex.groupCount).toBe(2)
    expect(regex.match('👍y', 0)).toEqual({ start: 2, end: 3, groups: ['y', undefined, 'y'] })
  })

  it('find every match once, empty ones too', () => {
    expect([...matches(compileRegex('a*', ''), 'ba👍a')].map((m) => [m.start, m.end])).toEqual([
      [0, 0],
      [1, 2],
      [2, 2],
      [4, 5],
      [5, 5],
    ])
  })

  it('refuse patterns with a sentence', () => {
    expect(() => compileRegex('(a', '')).toThrow(/"\(a" is not a regular expression: missing \)/)
    expect(() => compileRegex('(?=a)', '')).toThrow(/is not a regular expression/)
  })

  it('stay usable when many others have been compiled since', () => {
    const first = compileRegex('first', '')
    for (let i = 0; i < 600; i++) compileRegex(`p${i}`, '')
    expect(first.test('the first')).toBe(true)
  })
})
