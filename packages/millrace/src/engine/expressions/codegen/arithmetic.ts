import { type DataType, type Interval, intervalMicros } from '../../../kernel/index.ts'
import { type CallExpr, type Expr, literalValue } from '../../../plan/index.ts'
import { type Code, numberCode } from './code.ts'
import { emit } from './emit.ts'
import type { Emitter } from './emitter.ts'

/**
 * Arithmetic of integers, decimals and doubles, and of timestamps with constant intervals; undefined for everything
 * else.
 */
export function emitArithmetic(expr: CallExpr, to: Emitter): Code | undefined {
  const { name, type, args } = expr
  switch (name) {
    case 'add':
    case 'subtract':
      if (type.kind === 'TIMESTAMP') return emitTimestamp(expr, to)
      return type.kind === 'DECIMAL' ? emitDecimalSum(expr, to) : emitIntegers(expr, to, name === 'add' ? '+' : '-')
    case 'multiply':
      return type.kind === 'DECIMAL' ? emitDecimalProduct(expr, to) : emitIntegers(expr, to, '*')
    case 'negate':
      return emitNegation(args[0]!, type, to)
    case 'divide':
    case 'modulo':
    case 'mod':
      return emitDivision(expr, to)
    default:
      return undefined
  }
}

function operands(expr: CallExpr, to: Emitter): readonly [Code, Code] {
  return [emit(expr.args[0]!, to), emit(expr.args[1]!, to)]
}

/** Adding 0 makes -0 a plain 0, the only zero among exact values. */
function emitIntegers(expr: CallExpr, to: Emitter, operator: '+' | '-' | '*'): Code | undefined {
  if (expr.type.kind !== 'INTEGER') return undefined
  const [a, b] = operands(expr, to)
  const zero = operator === '*' ? ' + 0' : ''
  return to.strict([a, b], expr.type, null, () => `${a.value} ${operator} ${b.value}${zero}`, true)
}

function emitDecimalSum(expr: CallExpr, to: Emitter): Code {
  const [a, b] = operands(expr, to)
  const scale = to.maxScale([a.scale!, b.scale!])
  const operator = expr.name === 'add' ? '+' : '-'
  return to.strict(
    [a, b],
    expr.type,
    scale,
    () => `${to.rescaled(a, scale)} ${operator} ${to.rescaled(b, scale)}`,
    true,
  )
}

function emitDecimalProduct(expr: CallExpr, to: Emitter): Code {
  const [a, b] = operands(expr, to)
  const scale = to.name('s')
  to.preamble.push(`const ${scale} = ${a.scale} + ${b.scale}`)
  return to.strict([a, b], expr.type, scale, () => `${a.value} * ${b.value} + 0`, true)
}

function emitNegation(operand: Expr, type: DataType, to: Emitter): Code | undefined {
  if (type.kind !== 'INTEGER' && type.kind !== 'DECIMAL') return undefined
  const a = emit(operand, to)
  return to.strict([a], type, a.scale, () => `0 - ${a.value}`, true)
}

/**
 * Quotients and remainders of integers and doubles. The double nearest to a quotient of safe integers never reaches the
 * next integer, so cutting it is exact. Decimal quotients get their scale row by row and stay with the interpreter.
 */
function emitDivision(expr: CallExpr, to: Emitter): Code | undefined {
  const { type } = expr
  if (type.kind !== 'INTEGER' && type.kind !== 'DOUBLE') return undefined
  const [a, b] = operands(expr, to)
  return to.strict(
    [a, b],
    type,
    null,
    () => {
      to.redoIf(`${b.value} === 0`)
      if (expr.name !== 'divide')
        return type.kind === 'INTEGER' ? `${a.value} % ${b.value} + 0` : `${a.value} % ${b.value}`
      return type.kind === 'INTEGER' ? `Math.trunc(${a.value} / ${b.value}) + 0` : `${a.value} / ${b.value}`
    },
    type.kind === 'INTEGER',
  )
}

/** A TIMESTAMP moved by a constant interval of days and time. */
function emitTimestamp(expr: CallExpr, to: Emitter): Code | undefined {
  const [left, right] = expr.args
  if (
    left!.type.kind !== 'TIMESTAMP' ||
    right!.kind !== 'literal' ||
    right!.type.kind !== 'INTERVAL' ||
    right!.text === null
  ) {
    return undefined
  }
  const micros = intervalMicros(literalValue(right!) as Interval)
  if (micros === undefined || !Number.isSafeInteger(micros)) return undefined
  const a = emit(left!, to)
  const operator = expr.name === 'add' ? '+' : '-'
  return to.strict([a], expr.type, null, () => `${a.value} ${operator} ${numberCode(micros)}`, true)
}
