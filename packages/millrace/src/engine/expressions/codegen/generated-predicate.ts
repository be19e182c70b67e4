import type { Expr } from '../../../plan/index.ts'
import type { Predicate } from '../compiled.ts'
import { interpretedPredicate, rowTest } from '../interpreted-predicate.ts'
import { frameOf } from '../interpreter.ts'
import { RowErrorList } from '../row-errors.ts'
import { emit } from './emit.ts'
import type { Emitter } from './emitter.ts'
import { type LoopOutput, tryLoop } from './loop.ts'

const NO_NULLS = new Uint8Array(0)

/** The conjuncts as one generated loop with the interpreter behind it; null if generated code has nothing to offer. */
export function generatedPredicate(conjuncts: readonly Expr[]): Predicate | null {
  const loop = tryLoop((to) => writeTests(conjuncts, to))
  if (loop === null) return null
  const interpreted = interpretedPredicate(conjuncts)
  const passes = rowTest(conjuncts)
  let rows = new Int32Array(0)
  let redo = new Int32Array(0)
  return {
    select: (batch, step) => {
      if (rows.length < batch.length) {
        rows = new Int32Array(batch.length)
        redo = new Int32Array(batch.length)
      }
      const out: LoopOutput = { values: rows, nulls: NO_NULLS, redo, scale: 0, nullCount: 0, count: 0 }
      const frame = frameOf(batch, step)
      const redone = loop.run(batch, out, frame)
      if (redone === -1) return interpreted.select(batch, step)
      if (redone === 0) return { rows, count: out.count, errors: null }
      const errors = new RowErrorList()
      const passed = redo.subarray(0, redone).filter((row) => passes(frame, row, errors))
      rows.set(passed, out.count)
      const count = out.count + passed.length
      rows.subarray(0, count).sort()
      return { rows, count, errors: errors.finish() }
    },
  }
}

function writeTests(conjuncts: readonly Expr[], to: Emitter): void {
  for (const conjunct of conjuncts) {
    const code = emit(conjunct, to)
    if (conjunct.kind === 'column' || conjunct.kind === 'field') to.operations++
    to.line(
      code.isNull === null
        ? `if (!${code.value}) continue rows`
        : `if (${code.isNull} || !${code.value}) continue rows`,
    )
  }
  to.line('values[count++] = i')
}
