import type { Decimal } from './decimal.ts'
import type { Int } from './int.ts'
import type { Interval } from './interval.ts'
import type { DataType } from './types.ts'

/**
 * Columns are plain data (structured-clone safe) and immutable once they are in a batch.
 * `nulls`, when present, has 1 where the row is NULL; the value there is unspecified.
 *
 * | kind    | types                              | values                                             |
 * |---------|------------------------------------|----------------------------------------------------|
 * | double  | DOUBLE, REAL                       | IEEE doubles (REAL: rounded to float32)            |
 * | exact   | INTEGER DATE TIME TIMESTAMP DECIMAL| safe integers, unscaled: value = v / 10^scale      |
 * | wide    | the same                           | the same as bigint, when some value is not safe    |
 * | boolean | BOOLEAN                            | 0 or 1                                             |
 * | text    | TEXT, JSON                         | strings; JSON is the text, verbatim                |
 * | object  | BYTEA INTERVAL ARRAY NULL          | Uint8Array, Interval, Value[]                      |
 * | struct  | STRUCT                             | one child column per field                         |
 *
 * `scale` is 0 for all but DECIMAL. It is one number per column, and no part of the values' identity: 1.5 = 1.50.
 */
export type Column = DoubleColumn | ExactColumn | WideColumn | BooleanColumn | TextColumn | ObjectColumn | StructColumn

interface ColumnBase {
  readonly type: DataType
  readonly length: number
  readonly nulls: Uint8Array | null
}
export interface DoubleColumn extends ColumnBase {
  readonly kind: 'double'
  readonly values: Float64Array
}
export interface ExactColumn extends ColumnBase {
  readonly kind: 'exact'
  readonly scale: number
  readonly values: Float64Array
}
export interface WideColumn extends ColumnBase {
  readonly kind: 'wide'
  readonly scale: number
  readonly values: readonly bigint[]
}
export interface BooleanColumn extends ColumnBase {
  readonly kind: 'boolean'
  readonly values: Uint8Array
}
export interface TextColumn extends ColumnBase {
  readonly kind: 'text'
  readonly values: readonly string[]
}
export interface ObjectColumn extends ColumnBase {
  readonly kind: 'object'
  readonly values: readonly ObjectValue[]
}
export interface StructColumn extends ColumnBase {
  readonly kind: 'struct'
  readonly fields: readonly Column[]
}

export type ObjectValue = Uint8Array | Interval | readonly Value[] | null

/**
 * One value of a row, as the interpreter sees it. Exactly one form per value:
 * NULL null; BOOLEAN boolean; DOUBLE, REAL number; INTEGER, DATE, TIME, TIMESTAMP Int (number while safe, else bigint);
 * DECIMAL Decimal; TEXT, JSON string; BYTEA Uint8Array; INTERVAL Interval; ARRAY and STRUCT readonly Value[].
 * The type comes from the schema, never from the value.
 */
export type Value = null | boolean | number | bigint | string | Decimal | Interval | Uint8Array | readonly Value[]
export type { Int }
