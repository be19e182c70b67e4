import type { CallExpr } from '../../../plan/index.ts'
import type { Code } from './code.ts'
import { emit } from './emit.ts'
import type { Emitter } from './emitter.ts'

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['eq', '==='],
  ['ne', '!=='],
  ['lt', '<'],
  ['le', '<='],
  ['gt', '>'],
  ['ge', '>='],
])

/** Comparisons of decimals, at the larger scale of both; other types have their form in the function's entry. */
export function emitComparison(expr: CallExpr, to: Emitter): Code | undefined {
  const operator = OPERATORS.get(expr.name)
  if (operator === undefined || expr.args[0]!.type.kind !== 'DECIMAL') return undefined
  const a = emit(expr.args[0]!, to)
  const b = emit(expr.args[1]!, to)
  const scale = to.maxScale([a.scale!, b.scale!])
  return to.strict([a, b], expr.type, null, () => `${to.rescaled(a, scale)} ${operator} ${to.rescaled(b, scale)}`)
}
