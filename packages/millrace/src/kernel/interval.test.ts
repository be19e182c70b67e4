import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareInterval, formatInterval, intervalMicros, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, parseDuration, parseInterval } from './interval.ts'

describe('intervals', () => {
  it('read every spelling of one minute', () => {
    const minute = { months: 0, days: 0, micros: MICROS_PER_MINUTE }
    for (const text of ['1 minute', '1 MINUTES', '60s', '60 seconds', '00:01:00', '0:01', '1min', '60000 ms']) {
      expect(parseInterval(text), text).toEqual(minute)
    }
    expect(parseInterval('1', 'MINUTE')).toEqual(minute)
    expect(parseInterval('0.5', 'minutes')).toEqual({ ...minute, micros: MICROS_PER_MINUTE / 2 })
  })

  it('keep months, days and microseconds apart, and carry fractions down', () => {
    expect(parseInterval('1 year 2 months 3 days 04:05:06.7')).toEqual({ months: 14, days: 3, micros: 4 * MICROS_PER_HOUR + 5 * MICROS_PER_MINUTE + 6_700_000 })
    expect(parseInterval('1.5 days')).toEqual({ months: 0, days: 1, micros: 12 * MICROS_PER_HOUR })
    expect(parseInterval('-2 weeks')).toEqual({ months: 0, days: -14, micros: 0 })
    for (const text of ['', '5', '1 fortnight', 'minute', '1 minute x']) expect(parseInterval(text), text).toBeUndefined()
  })

  it('read what they write', () => {
    const intervals = fc.record({ months: fc.integer({ min: -999, max: 999 }), days: fc.integer({ min: -999, max: 999 }), micros: fc.integer({ min: -1e15, max: 1e15 }) })
    fc.assert(
      fc.property(intervals, (i) => {
        expect(parseInterval(formatInterval(i))).toEqual(i)
      }),
    )
  })

  it('are ordered by nominal length, and are durations without months', () => {
    expect(compareInterval(parseInterval('30 days')!, parseInterval('1 month')!)).toBe(0)
    expect(compareInterval(parseInterval('25 hours')!, parseInterval('1 day')!)).toBe(1)
    expect(intervalMicros(parseInterval('1 month')!)).toBeUndefined()
    expect(parseDuration('1 day 1s')).toBe(MICROS_PER_DAY + 1_000_000)
    expect(parseDuration('30')).toBeUndefined()
  })
})
