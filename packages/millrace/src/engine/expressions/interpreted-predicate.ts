import type { RecordBatch } from '../../kernel/index.ts'
import type { Expr } from '../../plan/index.ts'
import type { Predicate } from './compiled.ts'
import { type Evaluate, type Frame, frameOf, interpret, isRowError } from './interpreter.ts'
import { RowErrorList } from './row-errors.ts'

export function interpretedPredicate(conjuncts: readonly Expr[]): Predicate {
  const passes = rowTest(conjuncts)
  let rows = new Int32Array(0)
  return {
    select: (batch: RecordBatch, step) => {
      if (rows.length < batch.length) rows = new Int32Array(batch.length)
      const frame = frameOf(batch, step)
      const errors = new RowErrorList()
      let count = 0
      for (let row = 0; row < batch.length; row++) {
        if (passes(frame, row, errors)) rows[count++] = row
      }
      return { rows, count, errors: errors.finish() }
    },
  }
}

/** Whether every conjunct is TRUE at a row, tried from the left; a row error counts as not passing. */
export type RowTest = (frame: Frame, row: number, errors: RowErrorList) => boolean

export function rowTest(conjuncts: readonly Expr[]): RowTest {
  const tests: readonly Evaluate[] = conjuncts.map(interpret)
  return (frame, row, errors) => {
    try {
      for (const test of tests) {
        if (test(frame, row) !== true) return false
      }
      return true
    } catch (error) {
      if (!isRowError(error)) throw error
      errors.add(row, error)
      return false
    }
  }
}
