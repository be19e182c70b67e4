import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePredicate, compileProjection } from '../../src/engine/expressions/compile.ts'
import type { RowErrors } from '../../src/engine/expressions/compiled.ts'
import { batchOf, BOOLEAN, keyOf, type RecordBatch, valueAt } from '../../src/kernel/index.ts'
import type { Expr } from '../../src/plan/index.ts'
import { arbitraryExpr, arbitraryRows, EXPRESSION_TYPES, SCHEMA } from './arbitrary-expressions.ts'

const STEP = { now: 1_723_161_240_000_000, random: () => 0.5 }

function errorsOf(errors: RowErrors | null): readonly (readonly [number, string])[] {
  return errors === null ? [] : errors.rows.map((row, i) => [row, errors.errors[i]!.message])
}

/** Values as keys, since the scale of a decimal column is no part of its values. Rows with errors are left out. */
function projected(exprs: readonly Expr[], batch: RecordBatch, codegen: boolean) {
  const { columns, errors } = compileProjection(exprs, SCHEMA, { codegen }).evaluate(batch, STEP)
  const failed = new Set(errors?.rows)
  const rows = Array.from({ length: batch.length }, (_, row) =>
    failed.has(row) ? null : exprs.map((e, i) => keyOf(e.type, valueAt(columns[i]!, row))),
  )
  return { rows, errors: errorsOf(errors), lengths: columns.map((c) => c.length) }
}

function selected(predicate: Expr, batch: RecordBatch, codegen: boolean) {
  const { rows, count, errors } = compilePredicate(predicate, SCHEMA, { codegen }).select(batch, STEP)
  return { rows: [...rows.subarray(0, count)], errors: errorsOf(errors) }
}

const KINDS = [
  ['without NULLs', { nulls: false, wide: false }],
  ['with NULLs', { nulls: true, wide: false }],
  ['with NULLs and wide integers', { nulls: true, wide: true }],
] as const

describe.each(KINDS)('generated code and interpreter agree on rows %s', (_, options) => {
  it.each(EXPRESSION_TYPES.map((t) => [JSON.stringify(t), t] as const))('in projections of %s', (_name, type) => {
    fc.assert(
      fc.property(
        fc.array(arbitraryExpr(type, 3), { minLength: 1, maxLength: 2 }),
        arbitraryRows(options),
        (exprs, rows) => {
          const batch = batchOf(SCHEMA, rows)
          expect(projected(exprs, batch, true)).toEqual(projected(exprs, batch, false))
        },
      ),
      { numRuns: 150 },
    )
  })

  it('in predicates', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryExpr(BOOLEAN, 2), { minLength: 2, maxLength: 3 }),
        arbitraryRows(options),
        (args, rows) => {
          const batch = batchOf(SCHEMA, rows)
          const predicate: Expr = { kind: 'and', type: BOOLEAN, args }
          expect(selected(predicate, batch, true)).toEqual(selected(predicate, batch, false))
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('batch boundaries', () => {
  it('do not change results', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...EXPRESSION_TYPES).chain((t) => arbitraryExpr(t, 2)),
        arbitraryRows({ nulls: true, wide: true }),
        (expr, rows) => {
          const whole = projected([expr], batchOf(SCHEMA, rows), true)
          const single = rows.map((row) => projected([expr], batchOf(SCHEMA, [row]), true))
          expect(single.map((s) => s.rows[0])).toEqual(whole.rows)
          expect(single.flatMap((s, i) => s.errors.map(([, message]) => [i, message]))).toEqual(whole.errors)
        },
      ),
      { numRuns: 300 },
    )
  })
})
