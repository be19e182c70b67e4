import type { Span } from '../../kernel/index.ts'
import type { Identifier } from './names.ts'

/**
 * A type as written. Only its shape is checked here: whether a scalar type of this name exists is the binder's
 * question.
 */
export type TypeName = ScalarTypeName | ArrayTypeName | StructTypeName | MapTypeName

export interface ScalarTypeName {
  readonly kind: 'scalar-type'
  readonly span: Span
  /** In upper case, words joined by one space: `INT`, `DOUBLE PRECISION`, `CHARACTER VARYING`. */
  readonly name: string
  /** `DECIMAL(10, 2)` has [10, 2], `TIMESTAMP` has none. */
  readonly parameters: readonly number[]
  readonly modifier: TypeModifier | null
}

export type TypeModifier = 'UNSIGNED' | 'WITH TIME ZONE' | 'WITHOUT TIME ZONE'

/** `T[]` or `ARRAY<T>`. */
export interface ArrayTypeName {
  readonly kind: 'array-type'
  readonly span: Span
  readonly element: TypeName
}

/** `STRUCT<a INT, b TEXT NOT NULL>` or `ROW<...>`. */
export interface StructTypeName {
  readonly kind: 'struct-type'
  readonly span: Span
  readonly fields: readonly StructTypeField[]
}

export interface StructTypeField {
  readonly kind: 'struct-type-field'
  readonly span: Span
  readonly name: Identifier
  readonly type: TypeName
  readonly notNull: boolean
}

export interface MapTypeName {
  readonly kind: 'map-type'
  readonly span: Span
  readonly key: TypeName
  readonly value: TypeName
}
