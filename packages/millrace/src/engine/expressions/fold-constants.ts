import { MillraceError } from '../../kernel/index.ts'
import { childrenOf, type Expr, literal, mapChildren } from '../../plan/index.ts'
import { scalarFunction } from '../functions/registry.ts'
import type { StepContext } from '../operator.ts'
import { interpret, isRowError } from './interpreter.ts'

/**
 * The expression with everything that depends on literals only replaced by its value. What has no value (1 / 0) stays
 * as it is, so that only rows that reach it fail; so do calls that depend on the step, and arrays and structs, which no
 * literal can hold.
 */
export function foldConstants(expr: Expr): Expr {
  const folded = mapChildren(expr, foldConstants)
  if (!isFoldable(folded)) return folded
  try {
    return literal(folded.type, interpret(folded)({ columns: [], step: NO_STEP }, 0))
  } catch (error) {
    if (isRowError(error)) return folded
    throw error
  }
}

function isFoldable(expr: Expr): boolean {
  if (expr.kind === 'literal' || expr.kind === 'column') return false
  if (expr.type.kind === 'ARRAY' || expr.type.kind === 'STRUCT' || expr.type.kind === 'NULL') return false
  if (expr.kind === 'call' && scalarFunction(expr.name)?.volatile !== false) return false
  return childrenOf(expr).every((child) => isConstant(child))
}

/** A literal, or an array or struct of them. */
function isConstant(expr: Expr): boolean {
  if (expr.kind === 'literal') return true
  return (expr.kind === 'array' || expr.kind === 'struct') && childrenOf(expr).every(isConstant)
}

const NO_STEP: StepContext = {
  get now(): number {
    throw new MillraceError('INTERNAL', 'a folded expression reads the clock')
  },
  random: () => {
    throw new MillraceError('INTERNAL', 'a folded expression asks for a random number')
  },
}
