import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayWidth } from './display-width.ts'
import { tableLines } from './table-layout.ts'

const plain = (_: unknown, text: string): string => text

describe('tableLines', () => {
  it('aligns text left and numbers right', () => {
    const lines = tableLines(
      [
        { title: 'symbol', align: 'left' },
        { title: 'vwap', align: 'right' },
      ],
      [
        ['BTC', '1.5'],
        ['ETHUSDT', '10.25'],
      ],
      80,
      plain,
    )
    expect(lines).toEqual(['symbol    vwap', '───────  ─────', 'BTC        1.5', 'ETHUSDT  10.25'])
  })

  it('aligns by cells, not characters', () => {
    const lines = tableLines(
      [
        { title: 'name', align: 'left' },
        { title: 'n', align: 'right' },
      ],
      [
        ['日本語', '1'],
        ['abc', '2'],
      ],
      80,
      plain,
    )
    expect(lines.slice(2)).toEqual(['日本語  1', 'abc     2'])
  })

  it('narrows the widest column first', () => {
    const lines = tableLines(
      [
        { title: 'a', align: 'left' },
        { title: 'b', align: 'left' },
      ],
      [['x'.repeat(40), 'short']],
      20,
      plain,
    )
    expect(lines[2]).toBe(`${'x'.repeat(12)}…  short`)
  })

  it('is never wider than asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.string({ maxLength: 60 }), { minLength: 8, maxLength: 8 }),
        (width, titles, cells) => {
          const columns = titles.map((title) => ({ title, align: 'left' as const }))
          for (const line of tableLines(columns, [cells], width, plain))
            expect(displayWidth(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })
})
