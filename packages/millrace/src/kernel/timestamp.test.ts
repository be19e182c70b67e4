import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalizeInt } from './int.ts'
import { civilFromDays, daysFromCivil, formatTimestamp, parseDate, parseTime, parseTimestamp, timestampFromInteger } from './timestamp.ts'

const millis = fc.integer({ min: Date.UTC(0, 0, 1), max: Date.UTC(9999, 11, 31) })

describe('timestamps', () => {
  it('agree with Date on every instant', () => {
    fc.assert(
      fc.property(millis, (ms) => {
        const iso = new Date(ms).toISOString()
        if (iso.length > 24) return
        const micros = normalizeInt(BigInt(ms) * 1000n)
        expect(parseTimestamp(iso)).toBe(micros)
        expect(new Date(formatTimestamp(micros)).getTime()).toBe(ms)
      }),
    )
  })

  it('read what they write, to the microsecond, beyond safe integers too', () => {
    const micros = fc.bigInt({ min: -60_000_000_000_000_000n, max: 253_402_300_799_999_999n }).map(normalizeInt)
    fc.assert(
      fc.property(micros, (t) => {
        expect(parseTimestamp(formatTimestamp(t))).toBe(t)
      }),
    )
  })

  it('take the forms people write', () => {
    const at = Date.UTC(2024, 1, 29, 23, 59, 58) * 1000
    for (const text of ['2024-02-29T23:59:58Z', '2024-02-29 23:59:58', '2024-02-29T23:59:58+00:00', '2024-03-01T01:59:58+02:00', '2024-02-29T18:29:58-0530', '2024-02-29T23:59:58.000000999Z']) {
      expect(parseTimestamp(text), text).toBe(at)
    }
    expect(parseTimestamp('2024-02-29')).toBe(Date.UTC(2024, 1, 29) * 1000)
    for (const text of ['', '2024-02-30', '2023-02-29', '2024-13-01', '2024-01-01T25:00:00', '2024-01-01T00:60:00', 'now', '20240101']) {
      expect(parseTimestamp(text), text).toBeUndefined()
    }
  })

  it('count days as the calendar does', () => {
    fc.assert(
      fc.property(fc.integer({ min: -800_000, max: 3_000_000 }), (days) => {
        const { year, month, day } = civilFromDays(days)
        expect(daysFromCivil(year, month, day)).toBe(days)
      }),
    )
    expect(parseDate('1970-01-02')).toBe(1)
    expect(parseDate('1969-12-31')).toBe(-1)
    expect(parseTime('23:59:59.5')).toBe(86_399_500_000)
    expect(parseTime('24:00')).toBeUndefined()
  })

  it('read integers by magnitude', () => {
    const at = 1_723_161_255_208_000
    for (const value of [1_723_161_255_208, at, 1_723_161_255_208_000_000n]) expect(timestampFromInteger(value, 'auto')).toBe(at)
    expect(timestampFromInteger(1_723_161_255, 'auto')).toBe(1_723_161_255_000_000)
    expect(timestampFromInteger(1_723_161_255, 'millis')).toBe(1_723_161_255_000)
  })
})
