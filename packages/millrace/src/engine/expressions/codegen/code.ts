import type { DataType } from '../../../kernel/index.ts'

/**
 * What a piece of generated code has left behind for one row. Numbers of every kind are doubles; exact ones are safe
 * integers, unscaled for DECIMAL. `value` and `isNull` are identifiers or constants, so they may be repeated.
 */
export interface Code {
  readonly type: DataType
  readonly value: string
  /** Whether the row is NULL; null: it never is. `value` is meaningless where it is. */
  readonly isNull: string | null
  /**
   * DECIMAL: the number of digits after the point, the same for all rows of a batch (a constant or a name of the
   * preamble).
   */
  readonly scale: string | null
  /** The same for all rows of all batches. */
  readonly constant: boolean
}

/** The expression cannot be modelled exactly; it is left to the interpreter. */
export class Unsupported extends Error {}

/** How a type is held in generated code; undefined: not at all. */
export type Representation = 'double' | 'exact' | 'boolean' | 'text'

export function representation(type: DataType): Representation | undefined {
  switch (type.kind) {
    case 'DOUBLE':
    case 'REAL':
      return 'double'
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'DECIMAL':
      return 'exact'
    case 'BOOLEAN':
      return 'boolean'
    case 'TEXT':
    case 'JSON':
      return 'text'
    default:
      return undefined
  }
}

/** A value of the representation, for rows that have none. */
export function emptyValue(type: DataType): string {
  switch (representation(type)) {
    case 'boolean':
      return 'false'
    case 'text':
      return '""'
    default:
      return '0'
  }
}

/** A column that generated code reads: `path[0]` in the batch, then fields of structs. */
export interface InputColumn {
  readonly path: readonly number[]
  readonly name: string
}

const MAX = Number.MAX_SAFE_INTEGER

/**
 * The condition under which an exact result must be left to the interpreter: it is not safe, or out of the type's
 * range.
 */
export function outOfRange(type: DataType, value: string): string {
  const [min, max] = safeRange(type)
  return `!(${value} <= ${max} && ${value} >= ${min})`
}

function safeRange(type: DataType): readonly [number, number] {
  switch (type.kind) {
    case 'INTEGER':
      if (type.bits === 64) return [type.unsigned ? 0 : -MAX, MAX]
      return type.unsigned ? [0, 2 ** type.bits - 1] : [-(2 ** (type.bits - 1)), 2 ** (type.bits - 1) - 1]
    case 'DATE':
      return [-106_751_991, 106_751_991]
    case 'TIME':
      return [0, 86_399_999_999]
    default:
      return [-MAX, MAX]
  }
}

/** A number as JavaScript source, safe as an operand. */
export function numberCode(value: number): string {
  return Object.is(value, -0) || value < 0 ? `(${Object.is(value, -0) ? '-0' : value})` : String(value)
}
