import { describe, expect, it } from 'vitest'
import type { Value } from '../../kernel/index.ts'
import { Driven } from '../../../test/engine/driving.ts'
import { AT_WATERMARK, TIMED, union } from '../../../test/engine/plans.ts'
import { unionDefinition } from './union.ts'

const END = Number.POSITIVE_INFINITY

function driven(inputs = 2): Driven {
  const names = Array.from({ length: inputs }, (_, i) => `i${i}`)
  const streams = names.map(() => ({ schema: TIMED, updating: false }))
  return new Driven((context) => unionDefinition.build(union('u', ...names), streams, context))
}

function rows(...marks: readonly (number | null)[]): Value[][] {
  return marks.map((mark) => [0, 'k', null, null, null, null, 0, mark])
}

const watermarksOf = (d: Driven) => d.rows.map((r) => r[AT_WATERMARK])

describe('union', () => {
  it('gives rows the minimum over inputs, unknown until all are known', () => {
    const d = driven()
    d.push(rows(null, 10), TIMED, null, 0)
      .mark(12)
      .push(rows(3, 11, 40), TIMED, null, 1)
      .mark(41, 1)
      .push(rows(20), TIMED, null, 0)
    expect(watermarksOf(d)).toEqual([null, null, 3, 11, 12, 20])
    expect(d.watermarks).toEqual([{ time: 12, idle: false }])
  })

  it('does not depend on how runs of rows were cut', () => {
    const whole = driven()
      .push(rows(1, 5, 9), TIMED, null, 0)
      .mark(10)
      .push(rows(4, 8), TIMED, null, 1)
      .mark(9, 1)
      .push(rows(12), TIMED)
    const cut = driven()
    for (const [mark, after] of [
      [1, 5],
      [5, 9],
      [9, 10],
    ] as const)
      cut.push(rows(mark), TIMED, null, 0).mark(after).restart()
    for (const [mark, after] of [
      [4, 8],
      [8, 9],
    ] as const)
      cut.push(rows(mark), TIMED, null, 1).mark(after, 1).restart()
    cut.push(rows(12), TIMED)
    expect(watermarksOf(cut)).toEqual(watermarksOf(whole))
  })

  it('leaves idle and ended inputs out', () => {
    const d = driven().mark(10, 0).mark(5, 1)
    expect(d.watermarks).toEqual([{ time: 5, idle: false }])
    d.mark(6, 1, true)
    expect(d.watermarks.at(-1)).toEqual({ time: 10, idle: false })
    d.mark(15, 0, true)
    expect(d.watermarks.at(-1)).toEqual({ time: 15, idle: true })
    d.mark(7, 1, false)
    expect(d.watermarks.at(-1)).toEqual({ time: 15, idle: false })
    d.mark(END, 0)
    d.mark(20, 1)
    expect(d.watermarks.at(-1)).toEqual({ time: 20, idle: false })
    d.mark(END, 1)
    expect(d.watermarks.at(-1)).toEqual({ time: END, idle: false })
  })

  it('is not at its end while an idle input is left', () => {
    const d = driven().mark(END, 0).mark(30, 1, true)
    expect(d.watermarks.at(-1)).toEqual({ time: 30, idle: true })
  })
})
