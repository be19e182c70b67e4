import { describe, expect, it } from 'vitest'
import { describeClose, isSendableCloseCode, truncateReason } from './close-codes.ts'

describe('close codes', () => {
  it('knows which may be sent', () => {
    expect([1000, 1003, 1007, 1011, 1014, 3000, 4000, 4999].every(isSendableCloseCode)).toBe(true)
    expect([999, 1004, 1005, 1006, 1015, 1100, 2000, 2999, 5000, 4400.5, Number.NaN].some(isSendableCloseCode)).toBe(
      false,
    )
  })

  it('describes a close, preferring the words of the peer', () => {
    expect(describeClose(1006)).toBe('1006: the connection was lost without a close frame')
    expect(describeClose(1008, 'token expired')).toBe('1008: token expired')
    expect(describeClose(4001)).toBe('4001: application code')
    expect(describeClose(4001, 'a\x1b[31m\nb\u202ec')).toBe('4001: a [31m b c')
    expect(describeClose(1006, '\0')).toBe('1006: the connection was lost without a close frame')
  })

  it('cuts reasons at 123 bytes and never inside a character', () => {
    expect(truncateReason('a'.repeat(123))).toBe('a'.repeat(123))
    expect(truncateReason('a'.repeat(124))).toBe('a'.repeat(123))
    expect(truncateReason(`${'a'.repeat(120)}😀`)).toBe('a'.repeat(120))
  })
})
