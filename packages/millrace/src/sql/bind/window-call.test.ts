import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WindowSpec } from '../../plan/index.ts'
import { windowOfResults } from './window-call.ts'

/** The end of the tumbling window that holds `time`. */
function endAt(window: WindowSpec, time: number): number {
  if (window.kind !== 'tumble') throw new Error('not a tumbling window')
  return (Math.floor(time / window.size) + 1) * window.size
}

const micros = fc.integer({ min: 1, max: 1_000_000 })

describe('windowOfResults', () => {
  it('ends where the window of the result does, whose event time is its end minus 1 us', () => {
    fc.assert(
      fc.property(micros, micros, fc.integer({ min: -1000, max: 1000 }), (a, b, n) => {
        const [slide, size] = [Math.min(a, b), Math.max(a, b)]
        const hopEnd = n * slide + size
        expect(endAt(windowOfResults({ kind: 'hop', slide, size }), hopEnd - 1)).toBe(hopEnd)
        const tumbleEnd = n * size
        expect(endAt(windowOfResults({ kind: 'tumble', size }), tumbleEnd - 1)).toBe(tumbleEnd)
        const sessionEnd = n * 37 + size
        expect(endAt(windowOfResults({ kind: 'session', gap: size }), sessionEnd - 1)).toBe(sessionEnd)
      }),
    )
  })
})
