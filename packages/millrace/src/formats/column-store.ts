import {
  type Column,
  type DataType,
  type Decimal,
  type Int,
  type ObjectValue,
  rescaleUp,
  unreachable,
  type Value,
} from '../kernel/index.ts'

/**
 * Where a decoder writes one column, by row. Arrays are kept between batches, so that a row costs no allocation. Fields
 * are public for generated code: it writes `values[row]` itself and calls methods for what is rare.
 *
 * `nulls[row]` is 0 for every row not marked; who abandons a row after marking it calls `clear`.
 */
export abstract class ColumnStore {
  readonly type: DataType
  nulls: Uint8Array = new Uint8Array(0)
  /** Some row was marked since the last `take`. */
  marked = false

  constructor(type: DataType) {
    this.type = type
  }

  /** Writes any value, NULL too. */
  set(row: number, value: Value): void {
    if (value === null) {
      this.setNull(row)
    } else {
      this.nulls[row] = 0
      this.write(row, value)
    }
  }

  setNull(row: number): void {
    this.nulls[row] = 1
    this.marked = true
  }

  clear(row: number): void {
    this.nulls[row] = 0
  }

  reserve(capacity: number): void {
    const nulls = new Uint8Array(capacity)
    nulls.set(this.nulls)
    this.nulls = nulls
  }

  /** The first `length` rows as a column of its own; the store starts again at row 0. */
  take(length: number): Column {
    let nulls: Uint8Array | null = null
    if (this.marked) {
      if (this.nulls.subarray(0, length).includes(1)) nulls = this.nulls.slice(0, length)
      this.nulls.fill(0)
      this.marked = false
    }
    return this.hand(length, nulls)
  }

  protected abstract write(row: number, value: Exclude<Value, null>): void
  protected abstract hand(length: number, nulls: Uint8Array | null): Column
}

export function columnStore(type: DataType): ColumnStore {
  switch (type.kind) {
    case 'DOUBLE':
    case 'REAL':
      return new DoubleStore(type)
    case 'BOOLEAN':
      return new BooleanStore(type)
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'DECIMAL':
      return new ExactStore(type)
    case 'TEXT':
    case 'JSON':
      return new TextStore(type)
    case 'BYTEA':
    case 'INTERVAL':
    case 'ARRAY':
    case 'NULL':
      return new ObjectStore(type)
    case 'STRUCT':
      return new StructStore(type)
    default:
      return unreachable(type)
  }
}

/** A batch's columns under construction: one store per column, all of one capacity. */
export class RowStore {
  readonly columns: readonly ColumnStore[]
  length = 0
  capacity = 0

  constructor(types: readonly DataType[]) {
    this.columns = types.map(columnStore)
    this.reserve()
  }

  /** Makes room for at least one more row; true if arrays were replaced. */
  reserve(): boolean {
    if (this.length < this.capacity) return false
    this.capacity = Math.max(1024, this.capacity * 2)
    for (const column of this.columns) column.reserve(this.capacity)
    return true
  }

  take(): Column[] {
    const columns = this.columns.map((c) => c.take(this.length))
    this.length = 0
    return columns
  }
}

export class DoubleStore extends ColumnStore {
  values: Float64Array = new Float64Array(0)

  override reserve(capacity: number): void {
    super.reserve(capacity)
    this.values = grown(this.values, capacity)
  }

  protected write(row: number, value: Value): void {
    this.values[row] = value as number
  }

  protected hand(length: number, nulls: Uint8Array | null): Column {
    return { kind: 'double', type: this.type, length, nulls, values: this.values.slice(0, length) }
  }
}

export class BooleanStore extends ColumnStore {
  values: Uint8Array = new Uint8Array(0)

  override reserve(capacity: number): void {
    super.reserve(capacity)
    const values = new Uint8Array(capacity)
    values.set(this.values)
    this.values = values
  }

  protected write(row: number, value: Value): void {
    this.values[row] = value === true ? 1 : 0
  }

  protected hand(length: number, nulls: Uint8Array | null): Column {
    return { kind: 'boolean', type: this.type, length, nulls, values: this.values.slice(0, length) }
  }
}

/**
 * Exact numbers at one running scale. Values that no double holds exactly stand beside the array; the column is handed
 * over wide if there are any.
 */
export class ExactStore extends ColumnStore {
  values: Float64Array = new Float64Array(0)
  scale: number
  readonly #initialScale: number
  #big: (bigint | undefined)[] = []

  constructor(type: DataType) {
    super(type)
    this.#initialScale = type.kind === 'DECIMAL' && type.precision !== undefined ? (type.scale ?? 0) : 0
    this.scale = this.#initialScale
  }

  override reserve(capacity: number): void {
    super.reserve(capacity)
    this.values = grown(this.values, capacity)
  }

  /** An unscaled number of any scale. */
  setScaled(row: number, unscaled: Int, scale: number): void {
    if (scale > this.scale) this.#raise(row, scale)
    this.setInt(row, rescaleUp(unscaled, scale, this.scale))
  }

  /** A number at the store's scale. */
  setInt(row: number, value: Int): void {
    if (typeof value === 'number') {
      this.values[row] = value
      this.#forget(row)
    } else {
      this.values[row] = 0
      while (this.#big.length < row) this.#big.push(undefined)
      this.#big[row] = value
    }
  }

  protected write(row: number, value: Value): void {
    if (this.type.kind === 'DECIMAL') {
      const decimal = value as Decimal
      this.setScaled(row, decimal.unscaled, decimal.scale)
    } else {
      this.setInt(row, value as Int)
    }
  }

  override setNull(row: number): void {
    super.setNull(row)
    this.setInt(row, 0)
  }

  override clear(row: number): void {
    super.clear(row)
    this.#forget(row)
  }

  protected hand(length: number, nulls: Uint8Array | null): Column {
    const { type, scale } = this
    this.scale = this.#initialScale
    const big = this.#big
    if (!big.some((v) => v !== undefined))
      return { kind: 'exact', type, length, nulls, scale, values: this.values.slice(0, length) }
    this.#big = []
    const values: bigint[] = []
    for (let row = 0; row < length; row++) values.push(big[row] ?? BigInt(this.values[row]!))
    return { kind: 'wide', type, length, nulls, scale, values }
  }

  /** A row written before, then given up or replaced, may have left a big number. */
  #forget(row: number): void {
    if (row < this.#big.length) this.#big[row] = undefined
  }

  #raise(rows: number, scale: number): void {
    const from = this.scale
    this.scale = scale
    for (let row = 0; row < rows; row++) {
      // What stands in the row of a NULL has no meaning.
      if (this.nulls[row] !== 1) this.setInt(row, rescaleUp(this.#big[row] ?? this.values[row]!, from, scale))
    }
  }
}

export class TextStore extends ColumnStore {
  values: string[] = []

  override reserve(capacity: number): void {
    super.reserve(capacity)
    while (this.values.length < capacity) this.values.push('')
  }

  override setNull(row: number): void {
    super.setNull(row)
    this.values[row] = ''
  }

  protected write(row: number, value: Value): void {
    this.values[row] = value as string
  }

  protected hand(length: number, nulls: Uint8Array | null): Column {
    return { kind: 'text', type: this.type, length, nulls, values: this.values.slice(0, length) }
  }
}

export class ObjectStore extends ColumnStore {
  #values: ObjectValue[] = []

  override setNull(row: number): void {
    super.setNull(row)
    this.#values[row] = null
  }

  protected write(row: number, value: Value): void {
    this.#values[row] = value as ObjectValue
  }

  protected hand(length: number, nulls: Uint8Array | null): Column {
    const values = this.#values.slice(0, length)
    this.#values = []
    return { kind: 'object', type: this.type, length, nulls, values }
  }
}

export class StructStore extends ColumnStore {
  readonly fields: readonly ColumnStore[]

  constructor(type: Extract<DataType, { kind: 'STRUCT' }>) {
    super(type)
    this.fields = type.fields.map((f) => columnStore(f.type))
  }

  override reserve(capacity: number): void {
    super.reserve(capacity)
    for (const field of this.fields) field.reserve(capacity)
  }

  override setNull(row: number): void {
    super.setNull(row)
    for (const field of this.fields) field.setNull(row)
  }

  override clear(row: number): void {
    super.clear(row)
    for (const field of this.fields) field.clear(row)
  }

  protected write(row: number, value: Value): void {
    const values = value as readonly Value[]
    for (let i = 0; i < this.fields.length; i++) this.fields[i]!.set(row, values[i] ?? null)
  }

  protected hand(length: number, nulls: Uint8Array | null): Column {
    return { kind: 'struct', type: this.type, length, nulls, fields: this.fields.map((f) => f.take(length)) }
  }
}

function grown(values: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity)
  larger.set(values)
  return larger
}
