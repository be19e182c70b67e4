import {
  assert,
  type Column,
  type DataType,
  keyOf,
  MillraceError,
  type RecordBatch,
  unreachable,
  type Value,
  valueAt,
} from '../../kernel/index.ts'
import { type Expr, type InExpr, type LogicExpr, literalValue } from '../../plan/index.ts'
import { equality } from '../functions/comparison.ts'
import { scalarFunction } from '../functions/registry.ts'
import type { StepContext } from '../operator.ts'
import { castOf, noCast } from './casts/cast.ts'

/** What an expression is evaluated over: the columns of one batch and the step it belongs to. */
export interface Frame {
  readonly columns: readonly Column[]
  readonly step: StepContext
}

/** The value of an expression at a row. Throws MillraceError DATA_EXPRESSION where it has none. */
export type Evaluate = (frame: Frame, row: number) => Value

export function frameOf(batch: RecordBatch, step: StepContext): Frame {
  return { columns: batch.columns, step }
}

/**
 * The meaning of expressions; generated code must agree with it. Three-valued logic. Arguments of functions are all
 * evaluated, left to right, and the first error counts. AND, OR, CASE, COALESCE and IN stop as soon as the result is
 * known, so an error further right or in another branch never happens: FALSE AND error is FALSE, error AND FALSE is an
 * error, NULL AND error is an error.
 */
export function interpret(expr: Expr): Evaluate {
  switch (expr.kind) {
    case 'literal': {
      const value = literalValue(expr)
      return () => value
    }
    case 'column': {
      const { index } = expr
      return (frame, row) => valueAt(frame.columns[index]!, row)
    }
    case 'call':
      return expr.name === 'coalesce' ? coalesce(expr.args) : call(expr.name, expr.args, expr.type)
    case 'cast':
      return cast(expr.input, expr.type, expr.safe)
    case 'and':
    case 'or':
      return logic(expr)
    case 'not': {
      const input = interpret(expr.input)
      return (frame, row) => {
        const value = input(frame, row)
        return value === null ? null : value === false
      }
    }
    case 'is_null': {
      const input = interpret(expr.input)
      const { negated } = expr
      return (frame, row) => (input(frame, row) === null) !== negated
    }
    case 'case': {
      const branches = expr.branches.map((b) => ({ when: interpret(b.when), then: interpret(b.then) }))
      const otherwise = expr.otherwise === null ? () => null : interpret(expr.otherwise)
      return (frame, row) => {
        for (const branch of branches) {
          if (branch.when(frame, row) === true) return branch.then(frame, row)
        }
        return otherwise(frame, row)
      }
    }
    case 'coalesce':
      return coalesce(expr.args)
    case 'in':
      return membership(expr)
    case 'field': {
      const input = interpret(expr.input)
      const { index } = expr
      return (frame, row) => {
        const struct = input(frame, row)
        return struct === null ? null : ((struct as readonly Value[])[index] ?? null)
      }
    }
    case 'struct':
      return list(expr.fields)
    case 'array':
      return list(expr.elements)
    default:
      return unreachable(expr)
  }
}

function list(items: readonly Expr[]): Evaluate {
  const evaluates = items.map(interpret)
  return (frame, row) => evaluates.map((evaluate) => evaluate(frame, row))
}

function call(name: string, args: readonly Expr[], type: DataType): Evaluate {
  const definition = scalarFunction(name)
  assert(definition !== undefined, `the plan calls an unknown function "${name}"`)
  const implementation = definition.implement(
    args.map((a) => a.type),
    type,
  )
  const evaluates = args.map(interpret)
  const count = evaluates.length
  const { strict } = definition
  return (frame, row) => {
    const values = new Array<Value>(count)
    let anyNull = false
    for (let i = 0; i < count; i++) {
      const value = evaluates[i]!(frame, row)
      if (value === null) anyNull = true
      values[i] = value
    }
    return strict && anyNull ? null : implementation(values, frame.step)
  }
}

function cast(inputExpr: Expr, type: DataType, safe: boolean): Evaluate {
  const input = interpret(inputExpr)
  const convert = castOf(inputExpr.type, type)
  if (convert === undefined) throw new MillraceError('SQL_TYPE', noCast(inputExpr.type, type))
  if (!safe) {
    return (frame, row) => {
      const value = input(frame, row)
      return value === null ? null : convert(value)
    }
  }
  return (frame, row) => {
    const value = input(frame, row)
    if (value === null) return null
    try {
      return convert(value)
    } catch (error) {
      if (isRowError(error)) return null
      throw error
    }
  }
}

function logic(expr: LogicExpr): Evaluate {
  const args = expr.args.map(interpret)
  const decisive = expr.kind === 'or'
  return (frame, row) => {
    let unknown = false
    for (const arg of args) {
      const value = arg(frame, row)
      if (value === decisive) return decisive
      if (value === null) unknown = true
    }
    return unknown ? null : !decisive
  }
}

function coalesce(exprs: readonly Expr[]): Evaluate {
  const args = exprs.map(interpret)
  return (frame, row) => {
    for (const arg of args) {
      const value = arg(frame, row)
      if (value !== null) return value
    }
    return null
  }
}

/** Lists of literals this long are looked up instead of compared one by one. */
const LOOKUP_FROM = 8

function membership(expr: InExpr): Evaluate {
  const input = interpret(expr.input)
  const { negated } = expr
  const { type } = expr.input
  if (expr.list.length >= LOOKUP_FROM && expr.list.every((e) => e.kind === 'literal')) {
    const values = expr.list.map((e) => literalValue(e as Extract<Expr, { kind: 'literal' }>))
    const keys = new Set(values.filter((v) => v !== null).map((v) => keyOf(type, v)))
    const missing = values.includes(null) ? null : negated
    return (frame, row) => {
      const value = input(frame, row)
      if (value === null) return null
      return keys.has(keyOf(type, value)) ? !negated : missing
    }
  }
  const items = expr.list.map(interpret)
  const equal = equality(type)
  return (frame, row) => {
    const value = input(frame, row)
    if (value === null) return null
    let unknown = false
    for (const item of items) {
      const candidate = item(frame, row)
      if (candidate === null) unknown = true
      else if (equal(value, candidate)) return !negated
    }
    return unknown ? null : negated
  }
}

/** Errors that belong to a row; anything else is a defect and goes up. */
export function isRowError(error: unknown): error is MillraceError {
  return MillraceError.is(error) && error.code === 'DATA_EXPRESSION'
}
