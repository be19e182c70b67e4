import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetainedRows } from './retained-rows.ts'

function published(texts: readonly string[], padding = 0): { bytes: Uint8Array; offsets: Uint32Array } {
  const bytes = Buffer.from(' '.repeat(padding) + texts.join(''))
  const offsets = Uint32Array.from(
    { length: texts.length + 1 },
    (_, i) => padding + Buffer.byteLength(texts.slice(0, i).join('')),
  )
  return { bytes, offsets }
}

function scanned(rows: RetainedRows, from: number): string[] {
  const all: string[] = []
  rows.scan(from, (bytes, start, end, sequence) => {
    all.push(`${sequence}:${Buffer.from(bytes.subarray(start, end)).toString()}`)
    return true
  })
  return all
}

describe('RetainedRows', () => {
  it('numbers and keeps all rows while there is room, however they are published', () => {
    const row = fc.oneof(
      { weight: 5, arbitrary: fc.string({ maxLength: 20 }) },
      { weight: 1, arbitrary: fc.constant('x'.repeat(9000)) },
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(row, { minLength: 1, maxLength: 5 }), fc.nat(50_000))),
        fc.nat(),
        (publications, at) => {
          const rows = new RetainedRows(1e9)
          for (const [texts, padding] of publications) rows.append(published(texts, padding))
          const all = publications.flatMap(([texts]) => texts)
          expect(rows.next).toBe(all.length)
          expect(scanned(rows, 0)).toEqual(all.map((text, i) => `${i}:${text}`))
          const from = at % (all.length + 1)
          expect(scanned(rows, from)).toEqual(all.slice(from).map((text, i) => `${from + i}:${text}`))
          expect(rows.bytesFrom(from)).toBe(Buffer.byteLength(all.slice(from).join('')))
        },
      ),
    )
  })

  it('lets the oldest go, and holds no more than its limit', () => {
    const rows = new RetainedRows(256 * 1024)
    for (let i = 0; i < 100_000; i++) rows.append(published([`row ${i}`]))
    expect(rows.next).toBe(100_000)
    expect(rows.first).toBeGreaterThan(0)
    const kept = scanned(rows, rows.first)
    expect(kept).toHaveLength(rows.next - rows.first)
    expect(kept[0]).toBe(`${rows.first}:row ${rows.first}`)
    expect(rows.bytesFrom(rows.first)).toBeGreaterThan(128 * 1024)
    expect(rows.bytesFrom(rows.first)).toBeLessThan(256 * 1024)
  })

  it('keeps the last publication whatever its size', () => {
    const rows = new RetainedRows(1000)
    rows.append(published(['a']))
    rows.append(published(['x'.repeat(50_000), 'y']))
    expect([rows.first, rows.next]).toEqual([1, 3])
    expect(scanned(rows, 2)).toEqual(['2:y'])
  })
})
