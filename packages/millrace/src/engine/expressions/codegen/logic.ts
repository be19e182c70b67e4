import { BOOLEAN, type DataType } from '../../../kernel/index.ts'
import {
  type CaseExpr,
  type Expr,
  type InExpr,
  type LogicExpr,
  type Literal,
  literalValue,
} from '../../../plan/index.ts'
import { type Code, emptyValue, outOfRange, representation, Unsupported } from './code.ts'
import { emit } from './emit.ts'
import type { Emitter } from './emitter.ts'

/** AND and OR, left to right until one argument decides. */
export function emitLogic(expr: LogicExpr, to: Emitter): Code {
  to.operations++
  const decisive = expr.kind === 'or'
  const [value, unknown, label] = [to.name('v'), to.name('n'), to.name('l')]
  to.line(`let ${value} = ${!decisive}, ${unknown} = false`)
  to.line(`${label}: {`)
  let nullable = false
  for (const arg of expr.args) {
    const code = emit(arg, to)
    const decides = decisive ? code.value : `!${code.value}`
    const settle = `{ ${value} = ${decisive}; ${unknown} = false; break ${label} }`
    if (code.isNull === null) to.line(`if (${decides}) ${settle}`)
    else {
      nullable = true
      to.line(`if (${code.isNull}) ${unknown} = true; else if (${decides}) ${settle}`)
    }
  }
  to.line('}')
  return { type: BOOLEAN, value, isNull: nullable ? unknown : null, scale: null, constant: false }
}

/** Variables that several branches assign to, each in its own scale; the result has the largest. */
class Target {
  readonly value: string
  readonly isNull: string
  readonly label: string
  readonly #type: DataType
  readonly #to: Emitter
  readonly #scales: { readonly factor: string; readonly scale: string }[] = []
  #nullable = false

  constructor(type: DataType, to: Emitter) {
    if (representation(type) === undefined) throw new Unsupported(`no generated form of ${type.kind}`)
    this.#type = type
    this.#to = to
    this.value = to.name('v')
    this.isNull = to.name('n')
    this.label = to.name('l')
    to.operations++
    to.line(`let ${this.value} = ${emptyValue(type)}, ${this.isNull} = false`)
    to.line(`${this.label}: {`)
  }

  assign(code: Code): void {
    if (code.isNull !== null) {
      this.#nullable = true
      this.#to.line(`${this.isNull} = ${code.isNull}`)
    }
    if (this.#type.kind !== 'DECIMAL') {
      this.#to.line(`${this.value} = ${code.value}`)
      return
    }
    const factor = this.#to.name('f')
    this.#scales.push({ factor, scale: code.scale! })
    this.#to.line(`${this.value} = ${code.value} * ${factor}`)
    this.#to.redoIf(`${factor} !== 1 && ${outOfRange(this.#type, this.value)}`)
  }

  assignNull(): void {
    this.#nullable = true
    this.#to.line(`${this.isNull} = true`)
  }

  leave(): void {
    this.#to.line(`break ${this.label}`)
  }

  finish(): Code {
    const to = this.#to
    to.line('}')
    let scale: string | null = null
    if (this.#type.kind === 'DECIMAL') {
      scale = to.name('s')
      to.preamble.push(`const ${scale} = Math.max(0, ${this.#scales.map((s) => s.scale).join(', ')})`)
      for (const s of this.#scales) {
        to.preamble.push(`const ${s.factor} = powerOfTen(${scale} - ${s.scale})`, `if (${s.factor} === 0) return -1`)
      }
    }
    return { type: this.#type, value: this.value, isNull: this.#nullable ? this.isNull : null, scale, constant: false }
  }
}

export function emitCase(expr: CaseExpr, to: Emitter): Code {
  const target = new Target(expr.type, to)
  for (const branch of expr.branches) {
    const when = emit(branch.when, to)
    to.line(when.isNull === null ? `if (${when.value}) {` : `if (${when.value} && !${when.isNull}) {`)
    target.assign(emit(branch.then, to))
    target.leave()
    to.line('}')
  }
  if (expr.otherwise === null) target.assignNull()
  else target.assign(emit(expr.otherwise, to))
  return target.finish()
}

export function emitCoalesce(args: readonly Expr[], type: DataType, to: Emitter): Code {
  const target = new Target(type, to)
  for (const [i, arg] of args.entries()) {
    const code = emit(arg, to)
    if (code.isNull === null || i === args.length - 1) {
      target.assign(code)
      break
    }
    to.line(`if (!${code.isNull}) {`)
    target.assign({ ...code, isNull: null })
    target.leave()
    to.line('}')
  }
  return target.finish()
}

/** Longer lists are looked up in a set. */
const COMPARED = 8

/** Lists of literals; other lists, and long ones of decimals, stay with the interpreter. */
export function emitIn(expr: InExpr, to: Emitter): Code | undefined {
  const { type } = expr.input
  const kind = representation(type)
  if (kind === undefined || kind === 'boolean' || !expr.list.every((e): e is Literal => e.kind === 'literal'))
    return undefined
  const literals = (expr.list as readonly Literal[]).filter((e) => e.text !== null)
  const decimal = type.kind === 'DECIMAL'
  if (decimal && literals.length > COMPARED) return undefined
  const hasNull = literals.length < expr.list.length
  const input = emit(expr.input, to)
  const found = to.strict([input], BOOLEAN, null, () => {
    if (decimal) return compareDecimals(input, literals, to)
    to.sets.push(new Set(literals.map(literalValue)))
    return `sets[${to.sets.length - 1}].has(${input.value})`
  })
  const value = expr.negated ? to.constant(`!${found.value}`) : found.value
  const isNull = hasNull ? to.constant(`${found.isNull ?? 'false'} || !${found.value}`) : found.isNull
  return { type: BOOLEAN, value, isNull, scale: null, constant: false }
}

function compareDecimals(input: Code, literals: readonly Literal[], to: Emitter): string {
  const codes = literals.map((l) => emit(l, to))
  const scale = to.maxScale([input.scale!, ...codes.map((c) => c.scale!)])
  const value = to.rescaled(input, scale)
  return codes.length === 0 ? 'false' : codes.map((c) => `${value} === ${to.rescaled(c, scale)}`).join(' || ')
}
