import { type DataType, MICROS_PER_DAY, sameType } from '../../../kernel/index.ts'
import type { CastExpr } from '../../../plan/index.ts'
import { type Code, representation } from './code.ts'
import { emit } from './emit.ts'
import type { Emitter } from './emitter.ts'

/** Casts among numbers and between DATE and TIMESTAMP; undefined for everything else and for TRY_CAST. */
export function emitCast(expr: CastExpr, to: Emitter): Code | undefined {
  const from = expr.input.type
  const target = expr.type
  if (expr.safe || !hasForm(from, target)) return undefined
  const input = emit(expr.input, to)
  switch (target.kind) {
    case 'DECIMAL':
      return emitDecimal(input, target, to)
    case 'INTEGER':
      return emitInteger(input, target, to)
    case 'DOUBLE':
    case 'REAL':
      return emitDouble(input, target, to)
    case 'TIMESTAMP':
      return from.kind === 'DATE'
        ? to.strict([input], target, null, () => `${input.value} * ${MICROS_PER_DAY}`, true)
        : input
    case 'DATE':
      return from.kind === 'TIMESTAMP'
        ? to.strict([input], target, null, () => `Math.floor(${input.value} / ${MICROS_PER_DAY})`)
        : input
    default:
      return { ...input, type: target }
  }
}

function hasForm(from: DataType, to: DataType): boolean {
  if (sameType(from, to)) return representation(from) !== undefined
  switch (to.kind) {
    case 'DECIMAL':
      return from.kind === 'INTEGER' || from.kind === 'DECIMAL'
    case 'INTEGER':
    case 'DOUBLE':
    case 'REAL':
      return from.kind === 'INTEGER' || from.kind === 'DECIMAL' || from.kind === 'DOUBLE' || from.kind === 'REAL'
    case 'TIMESTAMP':
      return from.kind === 'DATE'
    case 'DATE':
      return from.kind === 'TIMESTAMP'
    default:
      return false
  }
}

function emitDecimal(input: Code, target: Extract<DataType, { kind: 'DECIMAL' }>, to: Emitter): Code {
  const decimal: Code = { ...input, type: target, scale: input.scale ?? '0' }
  const { precision } = target
  if (precision === undefined) return decimal
  const scale = target.scale ?? 0
  const rounded = emitRounding(decimal, target, scale, to)
  return to.strict([rounded], target, String(scale), () => {
    if (precision < 16) to.redoIf(`Math.abs(${rounded.value}) >= ${10 ** precision}`)
    return rounded.value
  })
}

/**
 * A decimal at a scale: filled up with zeros, or rounded half away from zero. The double nearest to a quotient of safe
 * integers never reaches the next integer, so the floor of it is exact.
 */
function emitRounding(input: Code, type: DataType, scale: number, to: Emitter): Code {
  const [up, down, half] = [to.name('f'), to.name('f'), to.name('f')]
  to.preamble.push(
    `const ${up} = ${input.scale} < ${scale} ? powerOfTen(${scale} - ${input.scale}) : 1`,
    `const ${down} = ${input.scale} > ${scale} ? powerOfTen(${input.scale} - ${scale}) : 1`,
    `const ${half} = ${down} === 1 ? 0 : ${down} / 2`,
    `if (${up} === 0 || ${down} === 0) return -1`,
  )
  return to.strict(
    [input],
    type,
    String(scale),
    () => {
      const filled = to.constant(`${input.value} * ${up}`)
      to.redoIf(`!(Math.abs(${filled}) <= ${Number.MAX_SAFE_INTEGER} - ${down})`)
      return `(${filled} < 0 ? -Math.floor((${half} - ${filled}) / ${down}) : Math.floor((${filled} + ${half}) / ${down})) + 0`
    },
    true,
  )
}

function emitInteger(input: Code, target: DataType, to: Emitter): Code {
  switch (input.type.kind) {
    case 'DECIMAL': {
      const whole = emitRounding(input, target, 0, to)
      return { ...whole, scale: null }
    }
    case 'DOUBLE':
    case 'REAL':
      return to.strict([input], target, null, () => `roundHalfEven(${input.value})`, true)
    default:
      return to.strict([input], target, null, () => input.value, true)
  }
}

/** A decimal is correctly rounded when unscaled value and power of ten are both exact doubles. */
function emitDouble(input: Code, target: DataType, to: Emitter): Code {
  const narrow = (code: string) => (target.kind === 'REAL' ? `Math.fround(${code})` : code)
  if (input.type.kind === 'DECIMAL') {
    const divisor = to.factor('0', input.scale!)
    return to.strict([input], target, null, () => narrow(`${input.value} / ${divisor}`))
  }
  return to.strict([input], target, null, () => narrow(input.value))
}
