import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseOptions } from '../kernel/index.ts'
import { findFraming, LineSplitter } from './index.ts'

function split(
  name: string,
  payload: string,
  options: Readonly<Record<string, string | number>> = {},
): string[] | string {
  const framing = findFraming(name)
  const given = Object.entries(options).map(([key, value]) => ({ key, value }))
  const parsed = parseOptions(framing.options, given, `framing "${name}"`)
  expect(parsed.errors).toEqual([])
  const bytes = Buffer.from(`<<${payload}>\n>`)
  const records: string[] = []
  const bad = framing
    .splitter(parsed.value)
    .split(bytes, 2, bytes.length - 3, (start, end) => records.push(bytes.toString('utf8', start, end)))
  if (bad === null) return records
  expect(records).toEqual([])
  return bad.message
}

describe('framing "newline"', () => {
  it('makes every line a record', () => {
    expect(split('newline', 'a\nb\r\n\n\r\nc')).toEqual(['a', 'b', 'c'])
    expect(split('newline', 'a\n')).toEqual(['a'])
    expect(split('newline', '')).toEqual([])
  })

  it('cuts longer lines at max_length', () => {
    expect(split('newline', 'abcdef\nab\nabc\r\n', { 'framing.newline.max_length': '3' })).toEqual(['abc', 'ab', 'abc'])
  })
})

describe('framing "array"', () => {
  it('makes every element a record, without copying', () => {
    expect(split('array', ' [ {"a":[1,2]} , "x,]" ,3]\n')).toEqual(['{"a":[1,2]}', '"x,]"', '3'])
    expect(split('array', '[]')).toEqual([])
    expect(split('array', '[[1],[2]]')).toEqual(['[1]', '[2]'])
  })

  it('passes what is no array', () => {
    expect(split('array', '{"a":1}')).toEqual(['{"a":1}'])
    expect(split('array', 'nonsense')).toEqual(['nonsense'])
    expect(split('array', '')).toEqual([''])
  })

  it('takes no record of a malformed array', () => {
    for (const text of ['[1,2', '[1,]', '[{"a":1},{"a":}]', '[1] 2', '[1 2]', '['.repeat(100_000)]) {
      expect(split('array', text)).toMatch(/^array of records is no JSON: /)
    }
  })
})

describe('findFraming', () => {
  it('suggests the nearest name', () => {
    expect(() => findFraming('newlines')).toThrow('there is no framing "newlines"')
  })
})

describe('LineSplitter', () => {
  function lines(chunks: readonly Uint8Array[], maxLength: number): { found: string[]; next: number[] } {
    const found: string[] = []
    const next: number[] = []
    const splitter = new LineSplitter(maxLength, {
      line: (bytes, start, end, at) => {
        found.push(Buffer.from(bytes.subarray(start, end)).toString('latin1'))
        next.push(at)
      },
      overlong: (length, at) => {
        found.push(`overlong ${length}`)
        next.push(at)
      },
    })
    for (const chunk of chunks) splitter.push(chunk)
    splitter.end()
    return { found, next }
  }

  it('reports lines, offsets behind them and what is too long', () => {
    expect(lines([Buffer.from('ab\r\n\nabcd\nabc\r'), Buffer.from('\nxyz')], 3)).toEqual({
      found: ['ab', 'overlong 4', 'abc', 'xyz'],
      next: [4, 10, 15, 18],
    })
  })

  it('does not care where chunks are cut', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', '\n', '\r', 'long', '\r\n'), { maxLength: 60 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        text,
        fc.array(fc.nat({ max: 80 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (whole, cuts, maxLength) => {
          const bytes = Buffer.from(whole)
          const at = [0, ...cuts.map((c) => Math.min(c, bytes.length)).sort((a, b) => a - b), bytes.length]
          const chunks = at.slice(1).map((to, i) => bytes.subarray(at[i], to))
          const expected = lines([bytes], maxLength)
          expect(lines(chunks, maxLength)).toEqual(expected)
          const naive = whole
            .split('\n')
            .map((line) => line.replace(/\r$/, ''))
            .filter((line) => line !== '')
            .map((line) => (line.length > maxLength ? 'overlong' : line))
          expect(expected.found.map((line) => line.replace(/^overlong \d+$/, 'overlong'))).toEqual(naive)
        },
      ),
    )
  })
})
