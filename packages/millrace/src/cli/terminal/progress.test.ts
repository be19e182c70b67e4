import { describe, expect, it } from 'vitest'
import type { JobStatistics } from '../../runtime/index.ts'
import { progressLine } from './progress.ts'

const SECOND = 1_000_000
const NOW = 1_723_161_240_000_000
const NO_FEEDS: ReadonlyMap<string, string> = new Map()

function statistics(changes: Partial<JobStatistics>): JobStatistics {
  return {
    sources: {},
    counters: {},
    stateBytes: 0,
    startedAt: 0,
    rowsIn: 0,
    gaps: 0,
    reconnects: 0,
    rowsOut: {},
    connected: {},
    ...changes,
  }
}

const source = (watermark: number | null, bad = 0) => ({ payloads: 0, bytes: 0, rows: 0, bad, watermark })

describe('progressLine', () => {
  it('says the rate since the previous sample and the total', () => {
    const line = progressLine(
      statistics({ rowsIn: 1_234_567 }),
      { at: NOW - 2 * SECOND, rowsIn: 1_200_001 },
      NOW,
      NO_FEEDS,
    )
    expect(line).toBe('17,283 rows/s · 1,234,567 rows')
  })

  it('measures lag by the least watermark', () => {
    const sources = { a: source(NOW - SECOND), b: source(NOW - 90 * SECOND) }
    const line = progressLine(statistics({ sources }), { at: NOW - SECOND, rowsIn: 0 }, NOW, NO_FEEDS)
    expect(line).toBe('0 rows/s · 0 rows · lag 90 s · watermark 2024-08-08T23:52:30Z')
  })

  it('says nothing of lag while a source has no watermark', () => {
    const sources = { a: source(NOW), b: source(null) }
    expect(progressLine(statistics({ sources }), { at: NOW - SECOND, rowsIn: 0 }, NOW, NO_FEEDS)).not.toContain('lag')
  })

  it('names what went wrong', () => {
    const line = progressLine(
      statistics({
        sources: { a: source(null, 2) },
        counters: { trades: { late_rows: 3 } },
        gaps: 1,
        connected: { source_1: false, source_2: true, source_3: false },
      }),
      { at: NOW - SECOND, rowsIn: 0 },
      NOW,
      new Map([
        ['source_1', 'trades'],
        ['source_2', 'quotes'],
      ]),
    )
    expect(line).toBe('0 rows/s · 0 rows · late 3 · bad 2 · gaps 1 · trades not connected')
  })
})
