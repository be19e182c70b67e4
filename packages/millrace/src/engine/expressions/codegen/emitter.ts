import type { DataType } from '../../../kernel/index.ts'
import type { Evaluate } from '../interpreter.ts'
import { type Code, emptyValue, type InputColumn, outOfRange, Unsupported } from './code.ts'

/** Emitting takes more stack than interpreting; deeper expressions are interpreted. */
const MAX_DEPTH = 100

/** Leaves the row to the interpreter. */
const REDO = '{ redo[redone++] = i; continue rows }'

/**
 * Collects the source of one loop over rows. The preamble runs once per batch; a body line may use any name of it. Text
 * of the user only ever comes in through JSON.stringify.
 */
export class Emitter {
  readonly preamble: string[] = []
  readonly body: string[] = []
  readonly evaluates: Evaluate[] = []
  readonly sets: ReadonlySet<unknown>[] = []
  /** Whether any of the columns read has NULLs; false: none has, and no code looks. */
  readonly nullable: boolean
  readonly #inputs = new Map<string, InputColumn>()
  #names = 0
  #depth = 0
  /**
   * Operations of generated code, loads and calls of the interpreter not counted: without any, generated code gains
   * nothing.
   */
  operations = 0

  constructor(nullable: boolean) {
    this.nullable = nullable
  }

  get inputs(): readonly InputColumn[] {
    return [...this.#inputs.values()]
  }

  /** What `emit` gives, or undefined, with nothing emitted, if it finds that it has no generated form. */
  attempt(emit: () => Code | undefined): Code | undefined {
    if (this.#depth === MAX_DEPTH) throw new Unsupported('nested too deep')
    const lists = [this.preamble, this.body, this.evaluates, this.sets]
    const lengths = lists.map((list) => list.length)
    const { operations } = this
    this.#depth++
    try {
      return emit()
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error
      for (const [i, list] of lists.entries()) list.length = lengths[i]!
      this.operations = operations
      return undefined
    } finally {
      this.#depth--
    }
  }

  name(prefix: string): string {
    return `${prefix}${this.#names++}`
  }

  line(code: string): void {
    this.body.push(code)
  }

  constant(code: string): string {
    const name = this.name('v')
    this.line(`const ${name} = ${code}`)
    return name
  }

  redoIf(condition: string): void {
    this.line(`if (${condition}) ${REDO}`)
  }

  column(path: readonly number[], type: DataType): Code {
    const { name } = this.#input(path)
    const read = type.kind === 'BOOLEAN' ? `column${name}[i] === 1` : `column${name}[i]`
    return {
      type,
      value: this.constant(read),
      isNull: this.nullable ? this.constant(`mask${name}[i] === 1`) : null,
      scale: type.kind === 'DECIMAL' ? `scale${name}` : null,
      constant: false,
    }
  }

  /** Whether a column of any type is NULL. */
  nullness(path: readonly number[], type: DataType): Code {
    const { name } = this.#input(path)
    return {
      type,
      value: 'undefined',
      isNull: this.nullable ? this.constant(`mask${name}[i] === 1`) : null,
      scale: null,
      constant: false,
    }
  }

  #input(path: readonly number[]): InputColumn {
    const key = path.join('.')
    const known = this.#inputs.get(key)
    if (known !== undefined) return known
    const input = { path, name: String(this.#inputs.size) }
    this.#inputs.set(key, input)
    return input
  }

  /** The condition that any of the operands is NULL, as a name; null if none can be. */
  anyNull(operands: readonly Code[]): string | null {
    const conditions = [...new Set(operands.map((o) => o.isNull).filter((n) => n !== null))]
    if (conditions.length === 0) return null
    return conditions.length === 1 ? conditions[0]! : this.constant(conditions.join(' || '))
  }

  /**
   * A value that is NULL when an operand is, and else what `compute` gives: it may emit lines, which run only for rows
   * without NULL. An exact result that is not safe is left to the interpreter when `checked`.
   */
  strict(
    operands: readonly Code[],
    type: DataType,
    scale: string | null,
    compute: () => string,
    checked = false,
  ): Code {
    this.operations++
    const isNull = this.anyNull(operands)
    const value = this.name('v')
    if (isNull === null) {
      this.line(`const ${value} = ${compute()}`)
      if (checked) this.redoIf(outOfRange(type, value))
    } else {
      this.line(`let ${value} = ${emptyValue(type)}`)
      this.line(`if (!${isNull}) {`)
      this.line(`${value} = ${compute()}`)
      if (checked) this.redoIf(outOfRange(type, value))
      this.line('}')
    }
    return { type, value, isNull, scale, constant: false }
  }

  /** The larger of several scales. */
  maxScale(scales: readonly string[]): string {
    const different = [...new Set(scales)]
    if (different.length === 1) return different[0]!
    const name = this.name('s')
    this.preamble.push(`const ${name} = Math.max(${different.join(', ')})`)
    return name
  }

  /**
   * 10 to the power of the difference of two scales. A batch where it is no exact double is left to the interpreter.
   */
  factor(from: string, to: string): string {
    const name = this.name('f')
    this.preamble.push(`const ${name} = powerOfTen(${to} - ${from})`, `if (${name} === 0) return -1`)
    return name
  }

  /** The unscaled value of a decimal at a scale that is not smaller. */
  rescaled(decimal: Code, scale: string): string {
    const { value } = decimal
    if (decimal.scale === scale) return value
    const factor = this.factor(decimal.scale!, scale)
    if (decimal.constant) {
      const name = this.name('k')
      this.preamble.push(`const ${name} = ${value} * ${factor}`, `if (${outOfRange(decimal.type, name)}) return -1`)
      return name
    }
    const name = this.constant(`${value} * ${factor}`)
    this.redoIf(outOfRange(decimal.type, name))
    return name
  }
}
