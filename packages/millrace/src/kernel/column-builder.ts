import type { Column, ObjectValue, Value } from './column.ts'
import { type Decimal, rescaleUp } from './decimal.ts'
import { normalizeInt, type Int } from './int.ts'
import type { Interval } from './interval.ts'
import type { RecordBatch } from './batch.ts'
import type { Schema } from './schema.ts'
import type { DataType } from './types.ts'
import { unreachable } from './errors.ts'

/** Collects values of one type into a column. `finish` hands the column over and leaves the builder empty for the next. */
export interface ColumnBuilder {
  readonly length: number
  append(value: Value): void
  finish(): Column
}

export function columnBuilder(type: DataType): ColumnBuilder {
  switch (type.kind) {
    case 'DOUBLE':
    case 'REAL':
      return new DoubleBuilder(type)
    case 'BOOLEAN':
      return new BooleanBuilder(type)
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return new IntegerBuilder(type)
    case 'DECIMAL':
      return new DecimalBuilder(type)
    case 'TEXT':
    case 'JSON':
      return new TextBuilder(type)
    case 'BYTEA':
    case 'INTERVAL':
    case 'ARRAY':
    case 'NULL':
      return new ObjectBuilder(type)
    case 'STRUCT':
      return new StructBuilder(type)
    default:
      return unreachable(type)
  }
}

export function columnOf(type: DataType, values: readonly Value[]): Column {
  const builder = columnBuilder(type)
  for (const value of values) builder.append(value)
  return builder.finish()
}

export function batchOf(schema: Schema, rows: readonly (readonly Value[])[], weights: Int32Array | null = null): RecordBatch {
  const columns = schema.fields.map((f, i) =>
    columnOf(
      f.type,
      rows.map((r) => r[i] ?? null),
    ),
  )
  return { schema, length: rows.length, columns, weights }
}

class Nulls {
  #rows: number[] = []

  mark(row: number): void {
    this.#rows.push(row)
  }

  finish(length: number): Uint8Array | null {
    if (this.#rows.length === 0) return null
    const mask = new Uint8Array(length)
    for (const row of this.#rows) mask[row] = 1
    this.#rows = []
    return mask
  }
}

class DoubleBuilder implements ColumnBuilder {
  readonly #type: DataType
  readonly #nulls = new Nulls()
  #values: number[] = []

  constructor(type: DataType) {
    this.#type = type
  }

  get length(): number {
    return this.#values.length
  }

  append(value: Value): void {
    if (value === null) this.#nulls.mark(this.#values.length)
    this.#values.push(value === null ? 0 : this.#type.kind === 'REAL' ? Math.fround(value as number) : (value as number))
  }

  finish(): Column {
    const values = Float64Array.from(this.#values)
    this.#values = []
    return { kind: 'double', type: this.#type, length: values.length, nulls: this.#nulls.finish(values.length), values }
  }
}

class BooleanBuilder implements ColumnBuilder {
  readonly #type: DataType
  readonly #nulls = new Nulls()
  #values: number[] = []

  constructor(type: DataType) {
    this.#type = type
  }

  get length(): number {
    return this.#values.length
  }

  append(value: Value): void {
    if (value === null) this.#nulls.mark(this.#values.length)
    this.#values.push(value === true ? 1 : 0)
  }

  finish(): Column {
    const values = Uint8Array.from(this.#values)
    this.#values = []
    return { kind: 'boolean', type: this.#type, length: values.length, nulls: this.#nulls.finish(values.length), values }
  }
}

class IntegerBuilder implements ColumnBuilder {
  readonly #type: DataType
  readonly #nulls = new Nulls()
  #values: Int[] = []
  #wide = false

  constructor(type: DataType) {
    this.#type = type
  }

  get length(): number {
    return this.#values.length
  }

  append(value: Value): void {
    if (value === null) {
      this.#nulls.mark(this.#values.length)
      this.#values.push(0)
    } else {
      if (typeof value === 'bigint') this.#wide = true
      this.#values.push(value as Int)
    }
  }

  finish(): Column {
    const column = exactColumn(this.#type, this.#values, 0, this.#wide, this.#nulls.finish(this.#values.length))
    this.#values = []
    this.#wide = false
    return column
  }
}

class DecimalBuilder implements ColumnBuilder {
  readonly #type: DataType
  readonly #nulls = new Nulls()
  #values: Decimal[] = []
  #scale = 0

  constructor(type: DataType) {
    this.#type = type
  }

  get length(): number {
    return this.#values.length
  }

  append(value: Value): void {
    if (value === null) {
      this.#nulls.mark(this.#values.length)
      this.#values.push({ unscaled: 0, scale: 0 })
    } else {
      const decimal = value as Decimal
      if (decimal.scale > this.#scale) this.#scale = decimal.scale
      this.#values.push(decimal)
    }
  }

  finish(): Column {
    const scale = this.#scale
    let wide = false
    const unscaled = this.#values.map((d) => {
      const value = rescaleUp(d.unscaled, d.scale, scale)
      if (typeof value === 'bigint') wide = true
      return value
    })
    const column = exactColumn(this.#type, unscaled, scale, wide, this.#nulls.finish(unscaled.length))
    this.#values = []
    this.#scale = 0
    return column
  }
}

/** An exact column of Ints: `exact` while all are numbers, `wide` otherwise. */
export function exactColumn(
  type: DataType,
  values: readonly Int[],
  scale: number,
  wide: boolean,
  nulls: Uint8Array | null,
): Column {
  return wide
    ? { kind: 'wide', type, length: values.length, nulls, scale, values: values.map((v) => BigInt(v)) }
    : { kind: 'exact', type, length: values.length, nulls, scale, values: Float64Array.from(values as readonly number[]) }
}

class TextBuilder implements ColumnBuilder {
  readonly #type: DataType
  readonly #nulls = new Nulls()
  #values: string[] = []

  constructor(type: DataType) {
    this.#type = type
  }

  get length(): number {
    return this.#values.length
  }

  append(value: Value): void {
    if (value === null) this.#nulls.mark(this.#values.length)
    this.#values.push(value === null ? '' : (value as string))
  }

  finish(): Column {
    const values = this.#values
    this.#values = []
    return { kind: 'text', type: this.#type, length: values.length, nulls: this.#nulls.finish(values.length), values }
  }
}

class ObjectBuilder implements ColumnBuilder {
  readonly #type: DataType
  readonly #nulls = new Nulls()
  #values: ObjectValue[] = []

  constructor(type: DataType) {
    this.#type = type
  }

  get length(): number {
    return this.#values.length
  }

  append(value: Value): void {
    if (value === null) this.#nulls.mark(this.#values.length)
    this.#values.push(value as Exclude<ObjectValue, null> | Uint8Array | Interval | null)
  }

  finish(): Column {
    const values = this.#values
    this.#values = []
    return { kind: 'object', type: this.#type, length: values.length, nulls: this.#nulls.finish(values.length), values }
  }
}

class StructBuilder implements ColumnBuilder {
  readonly #type: Extract<DataType, { kind: 'STRUCT' }>
  readonly #nulls = new Nulls()
  readonly #fields: readonly ColumnBuilder[]
  #length = 0

  constructor(type: Extract<DataType, { kind: 'STRUCT' }>) {
    this.#type = type
    this.#fields = type.fields.map((f) => columnBuilder(f.type))
  }

  get length(): number {
    return this.#length
  }

  append(value: Value): void {
    if (value === null) this.#nulls.mark(this.#length)
    const values = value as readonly Value[] | null
    this.#fields.forEach((f, i) => f.append(values === null ? null : (values[i] ?? null)))
    this.#length++
  }

  finish(): Column {
    const length = this.#length
    this.#length = 0
    const fields = this.#fields.map((f) => f.finish())
    return { kind: 'struct', type: this.#type, length, nulls: this.#nulls.finish(length), fields }
  }
}

/** An Int as the column stores it, back to its one form. */
export function intOf(stored: number | bigint): Int {
  return typeof stored === 'number' ? stored : normalizeInt(stored)
}
