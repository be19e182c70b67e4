import type { DataType, Int } from '../../../kernel/index.ts'
import { type CallExpr, type Expr, type Literal, literalValue } from '../../../plan/index.ts'
import { scalarFunction } from '../../functions/registry.ts'
import { interpret, isRowError } from '../interpreter.ts'
import { emitArithmetic } from './arithmetic.ts'
import { emitCast } from './casts.ts'
import { type Code, emptyValue, numberCode, outOfRange, representation, Unsupported } from './code.ts'
import { emitComparison } from './comparison.ts'
import type { Emitter } from './emitter.ts'
import { emitCase, emitCoalesce, emitIn, emitLogic } from './logic.ts'

/**
 * Emits code that leaves the expression's value, or calls the interpreter for what has no generated form. Everything
 * the interpreter would evaluate is evaluated, so a row with an error never gets through: it is left to the
 * interpreter, which finds the error again.
 */
export function emit(expr: Expr, to: Emitter): Code {
  return to.attempt(() => emitNative(expr, to)) ?? emitInterpreted(expr, to)
}

function emitNative(expr: Expr, to: Emitter): Code | undefined {
  switch (expr.kind) {
    case 'literal':
      return emitLiteral(expr)
    case 'column':
    case 'field': {
      const path = columnPath(expr)
      return path === undefined || representation(expr.type) === undefined ? undefined : to.column(path, expr.type)
    }
    case 'call':
      return emitCall(expr, to)
    case 'cast':
      return emitCast(expr, to)
    case 'and':
    case 'or':
      return emitLogic(expr, to)
    case 'not': {
      const input = emit(expr.input, to)
      return to.strict([input], expr.type, null, () => `!${input.value}`)
    }
    case 'is_null': {
      const { isNull } = emitNullness(expr.input, to)
      to.operations++
      const value = isNull === null ? String(expr.negated) : expr.negated ? to.constant(`!${isNull}`) : isNull
      return { type: expr.type, value, isNull: null, scale: null, constant: isNull === null }
    }
    case 'case':
      return emitCase(expr, to)
    case 'coalesce':
      return emitCoalesce(expr.args, expr.type, to)
    case 'in':
      return emitIn(expr, to)
    case 'struct':
    case 'array':
      return undefined
  }
}

/** Only whether a value is NULL matters, so its type need not have a representation. */
function emitNullness(expr: Expr, to: Emitter): Code {
  const path = columnPath(expr)
  return path === undefined ? emit(expr, to) : to.nullness(path, expr.type)
}

function columnPath(expr: Expr): readonly number[] | undefined {
  if (expr.kind === 'column') return [expr.index]
  if (expr.kind !== 'field') return undefined
  const outer = columnPath(expr.input)
  return outer && [...outer, expr.index]
}

function emitLiteral(expr: Literal): Code | undefined {
  const { type } = expr
  if (representation(type) === undefined) return undefined
  const value = literalValue(expr)
  const scale = type.kind === 'DECIMAL' ? '0' : null
  if (value === null) return { type, value: emptyValue(type), isNull: 'true', scale, constant: true }
  const constant = (code: string, digits: string | null = null): Code => ({
    type,
    value: code,
    isNull: null,
    scale: digits,
    constant: true,
  })
  switch (typeof value) {
    case 'boolean':
      return constant(String(value))
    case 'string':
      return constant(JSON.stringify(value))
    case 'number':
      return constant(numberCode(value))
    case 'bigint':
      throw new Unsupported('an integer beyond the safe range')
    default: {
      const { unscaled, scale: digits } = value as { readonly unscaled: Int; readonly scale: number }
      if (typeof unscaled === 'bigint') throw new Unsupported('a decimal beyond the safe range')
      return constant(numberCode(unscaled), String(digits))
    }
  }
}

function emitCall(expr: CallExpr, to: Emitter): Code | undefined {
  if (expr.name === 'coalesce') return emitCoalesce(expr.args, expr.type, to)
  const special = emitArithmetic(expr, to) ?? emitComparison(expr, to)
  if (special !== undefined) return special
  const definition = scalarFunction(expr.name)
  const types = expr.args.map((a) => a.type)
  if (definition?.inline === undefined || !definition.strict) return undefined
  if (![...types, expr.type].every(isPlain)) return undefined
  // Asked first with placeholders: whether there is a form must be known before code for the arguments is emitted.
  const probe = expr.args.map((a) => (a.kind === 'literal' && a.text !== null ? (emitLiteral(a)?.value ?? 'x') : 'x'))
  if (definition.inline(probe, types) === undefined) return undefined
  const args = expr.args.map((a) => emit(a, to))
  const inline = definition.inline(
    args.map((a) => a.value),
    types,
  )
  if (inline === undefined) throw new Unsupported(`no generated form of ${expr.name}`)
  return to.strict(args, expr.type, null, () => inline, representation(expr.type) === 'exact')
}

/** Types that need no scale. */
function isPlain(type: DataType): boolean {
  return type.kind !== 'DECIMAL' && representation(type) !== undefined
}

/** The interpreter's value of an expression, in place: evaluated only when the generated code gets there. */
function emitInterpreted(expr: Expr, to: Emitter): Code {
  if (!isPlain(expr.type)) throw new Unsupported(`no generated form of ${expr.kind} of type ${expr.type.kind}`)
  const evaluate = interpret(expr)
  const index = to.evaluates.length
  to.evaluates.push((frame, row) => {
    try {
      return evaluate(frame, row)
    } catch (error) {
      if (isRowError(error)) return undefined as unknown as null
      throw error
    }
  })
  const value = to.constant(`evaluates[${index}](frame, i)`)
  to.redoIf(`${value} === undefined`)
  const isNull = to.constant(`${value} === null`)
  if (representation(expr.type) === 'exact') to.redoIf(`!${isNull} && ${outOfRange(expr.type, value)}`)
  return { type: expr.type, value, isNull, scale: null, constant: false }
}
