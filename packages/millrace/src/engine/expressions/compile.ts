import type { RecordBatch } from '../../kernel/index.ts'
import type { Expr } from '../../plan/index.ts'
import { generatedOutput } from './codegen/generated-output.ts'
import { generatedPredicate } from './codegen/generated-predicate.ts'
import type { CompilePredicate, CompileProjection } from './compiled.ts'
import { foldConstants } from './fold-constants.ts'
import { constantOutput, interpretedOutput, type OutputColumn, sharedOutput } from './interpreted-output.ts'
import { interpretedPredicate } from './interpreted-predicate.ts'
import { RowErrorList } from './row-errors.ts'

/**
 * Columns are shared, literals made once, the rest is generated code where the expression can be modelled exactly and
 * `codegen` is on, and the interpreter everywhere else.
 */
export const compileProjection: CompileProjection = (exprs, _input, options) => {
  const outputs = exprs.map((expr) => output(foldConstants(expr), options.codegen))
  return {
    evaluate: (batch: RecordBatch, step) => {
      const errors = new RowErrorList()
      const columns = outputs.map((o) => o.evaluate(batch, step, errors))
      return { columns, errors: errors.finish() }
    },
  }
}

function output(expr: Expr, codegen: boolean): OutputColumn {
  if (expr.kind === 'literal') return constantOutput(expr)
  return sharedOutput(expr) ?? (codegen ? generatedOutput(expr) : null) ?? interpretedOutput(expr)
}

/**
 * A predicate's AND is taken apart: a row is dropped at the first conjunct that is not TRUE, and conjuncts further
 * right are not evaluated for it. So `x <> 0 AND 10 / x > 2` has no errors, also where x is NULL.
 */
export const compilePredicate: CompilePredicate = (predicate, _input, options) => {
  const conjuncts = conjunctsOf(foldConstants(predicate))
  return (options.codegen ? generatedPredicate(conjuncts) : null) ?? interpretedPredicate(conjuncts)
}

function conjunctsOf(expr: Expr): readonly Expr[] {
  return expr.kind === 'and' ? expr.args.flatMap(conjunctsOf) : [expr]
}
