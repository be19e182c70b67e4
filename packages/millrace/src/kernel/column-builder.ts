import type { RecordBatch } from './batch.ts'
import type { Column, ObjectValue, Value } from './column.ts'
import { type Decimal, rescaleUp } from './decimal.ts'
import { unreachable } from './errors.ts'
import type { Int } from './int.ts'
import type { Schema } from './schema.ts'
import type { DataType } from './types.ts'

/** Collects values of one type into a column. `finish` hands the column over and leaves the builder empty for the next. */
export interface ColumnBuilder {
  readonly length: number
  append(value: Value): void
  finish(): Column
}

export function columnBuilder(type: DataType): ColumnBuilder {
  switch (type.kind) {
    case 'DOUBLE':
      return new ListBuilder<number>(0, (values, nulls) => doubleColumn(type, values, nulls))
    case 'REAL':
      return new ListBuilder<number>(0, (values, nulls) => doubleColumn(type, values.map(Math.fround), nulls))
    case 'BOOLEAN':
      return new ListBuilder<boolean>(false, (values, nulls) => {
        const flags = Uint8Array.from(values, Number)
        return { kind: 'boolean', type, length: flags.length, nulls, values: flags }
      })
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return new ListBuilder<Int>(0, (values, nulls) => exactColumn(type, values, 0, nulls))
    case 'DECIMAL':
      return new ListBuilder<Decimal>({ unscaled: 0, scale: 0 }, (values, nulls) => decimalColumn(type, values, nulls))
    case 'TEXT':
    case 'JSON':
      return new ListBuilder<string>('', (values, nulls) => ({ kind: 'text', type, length: values.length, nulls, values }))
    case 'BYTEA':
    case 'INTERVAL':
    case 'ARRAY':
    case 'NULL':
      return new ListBuilder<ObjectValue>(null, (values, nulls) => ({ kind: 'object', type, length: values.length, nulls, values }))
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

/** An exact column of Ints: `exact` while all are numbers, `wide` otherwise. */
export function exactColumn(type: DataType, values: readonly Int[], scale: number, nulls: Uint8Array | null): Column {
  return values.some((v) => typeof v === 'bigint')
    ? { kind: 'wide', type, length: values.length, nulls, scale, values: values.map(BigInt) }
    : { kind: 'exact', type, length: values.length, nulls, scale, values: Float64Array.from(values as readonly number[]) }
}

function doubleColumn(type: DataType, values: readonly number[], nulls: Uint8Array | null): Column {
  return { kind: 'double', type, length: values.length, nulls, values: Float64Array.from(values) }
}

/** At the largest scale among the values. */
function decimalColumn(type: DataType, values: readonly Decimal[], nulls: Uint8Array | null): Column {
  const scale = values.reduce((largest, d) => Math.max(largest, d.scale), 0)
  const unscaled = values.map((d) => rescaleUp(d.unscaled, d.scale, scale))
  return exactColumn(type, unscaled, scale, nulls)
}

class NullRows {
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

/** A column that is one list. `empty` stands where a row is NULL. */
class ListBuilder<T extends Value> implements ColumnBuilder {
  readonly #empty: T
  readonly #column: (values: T[], nulls: Uint8Array | null) => Column
  readonly #nulls = new NullRows()
  #values: T[] = []

  constructor(empty: T, column: (values: T[], nulls: Uint8Array | null) => Column) {
    this.#empty = empty
    this.#column = column
  }

  get length(): number {
    return this.#values.length
  }

  append(value: Value): void {
    if (value === null) this.#nulls.mark(this.#values.length)
    this.#values.push(value === null ? this.#empty : (value as T))
  }

  finish(): Column {
    const values = this.#values
    this.#values = []
    return this.#column(values, this.#nulls.finish(values.length))
  }
}

class StructBuilder implements ColumnBuilder {
  readonly #type: Extract<DataType, { kind: 'STRUCT' }>
  readonly #nulls = new NullRows()
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
