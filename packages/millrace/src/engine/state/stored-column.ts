import {
  type Column,
  columnBuilder,
  type DataType,
  type Decimal,
  type Int,
  intOf,
  isNullAt,
  type ObjectValue,
  rescaleUp,
  type Value,
  valueAt,
} from '../../kernel/index.ts'
import { CHUNK_MASK, CHUNK_SHIFT, CHUNK_SLOTS } from './slot-columns.ts'
import { valueBytes } from './value-bytes.ts'

/**
 * Values of one type by slot, in chunks that are columns themselves: what reads columns reads stored rows where they are. A chunk's
 * column shows it as it is now; it is no copy and must not be handed on.
 */
export interface StoredColumn {
  /** Copies a row of a column of the same type. */
  copy(slot: number, from: Column, row: number): void
  set(slot: number, value: Value): void
  /** The slot's value is of no use any more. */
  clear(slot: number): void
  /** The chunk of the slot; its row is `slot & CHUNK_MASK`. */
  chunk(slot: number): Column
  /** A column of its own with the values of slots[0..count). */
  gather(slots: Int32Array, count: number): Column
  /** Bytes of a slot, and of all together beyond that. */
  readonly slotBytes: number
  readonly extraBytes: number
}

export function storedColumn(type: DataType): StoredColumn {
  switch (type.kind) {
    case 'DOUBLE':
    case 'REAL':
      return new Doubles(type)
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'DECIMAL':
      return new Exacts(type)
    case 'STRUCT':
      return new Structs(type)
    default:
      return new Objects(type)
  }
}

function gatherValues(type: DataType, slots: Int32Array, count: number, chunk: (slot: number) => Column): Column {
  const builder = columnBuilder(type)
  for (let i = 0; i < count; i++) builder.append(valueAt(chunk(slots[i]!), slots[i]! & CHUNK_MASK))
  return builder.finish()
}

class Doubles implements StoredColumn {
  readonly slotBytes = 9
  readonly extraBytes = 0
  readonly #type: DataType
  readonly #chunks: { readonly values: Float64Array; readonly nulls: Uint8Array; readonly column: Column }[] = []

  constructor(type: DataType) {
    this.#type = type
  }

  copy(slot: number, from: Column, row: number): void {
    if (from.kind === 'double' && (from.nulls === null || from.nulls[row] === 0)) this.set(slot, from.values[row]!)
    else this.set(slot, valueAt(from, row))
  }

  set(slot: number, value: Value): void {
    const index = slot >> CHUNK_SHIFT
    while (this.#chunks.length <= index) {
      const values = new Float64Array(CHUNK_SLOTS)
      const nulls = new Uint8Array(CHUNK_SLOTS)
      this.#chunks.push({
        values,
        nulls,
        column: { kind: 'double', type: this.#type, length: CHUNK_SLOTS, nulls, values },
      })
    }
    const chunk = this.#chunks[index]!
    const at = slot & CHUNK_MASK
    chunk.nulls[at] = value === null ? 1 : 0
    if (value !== null) chunk.values[at] = value as number
  }

  clear(): void {}

  chunk(slot: number): Column {
    return this.#chunks[slot >> CHUNK_SHIFT]!.column
  }

  gather(slots: Int32Array, count: number): Column {
    const values = new Float64Array(count)
    let nulls: Uint8Array | null = null
    for (let i = 0; i < count; i++) {
      const chunk = this.#chunks[slots[i]! >> CHUNK_SHIFT]!
      const at = slots[i]! & CHUNK_MASK
      values[i] = chunk.values[at]!
      if (chunk.nulls[at] === 1) (nulls ??= new Uint8Array(count))[i] = 1
    }
    return { kind: 'double', type: this.#type, length: count, nulls, values }
  }
}

/** Unscaled values at the chunk's scale: doubles, or bigints once one of them is not safe. */
interface ExactChunk {
  scale: number
  values: Float64Array | bigint[]
  readonly nulls: Uint8Array
  column: Column
}

class Exacts implements StoredColumn {
  readonly slotBytes = 9
  extraBytes = 0
  readonly #type: DataType
  readonly #chunks: ExactChunk[] = []

  constructor(type: DataType) {
    this.#type = type
  }

  copy(slot: number, from: Column, row: number): void {
    const chunk = this.#ensure(slot)
    if (
      from.kind === 'exact' &&
      from.scale === chunk.scale &&
      chunk.values instanceof Float64Array &&
      !isNullAt(from, row)
    ) {
      chunk.values[slot & CHUNK_MASK] = from.values[row]!
      chunk.nulls[slot & CHUNK_MASK] = 0
    } else if (isNullAt(from, row)) {
      chunk.nulls[slot & CHUNK_MASK] = 1
    } else if (from.kind === 'exact' || from.kind === 'wide') {
      this.#put(chunk, slot & CHUNK_MASK, intOf(from.values[row]!), from.scale)
    }
  }

  set(slot: number, value: Value): void {
    const chunk = this.#ensure(slot)
    if (value === null) chunk.nulls[slot & CHUNK_MASK] = 1
    else if (this.#type.kind === 'DECIMAL') {
      const { unscaled, scale } = value as Decimal
      this.#put(chunk, slot & CHUNK_MASK, unscaled, scale)
    } else this.#put(chunk, slot & CHUNK_MASK, value as Int, 0)
  }

  #ensure(slot: number): ExactChunk {
    const index = slot >> CHUNK_SHIFT
    while (this.#chunks.length <= index) {
      const values = new Float64Array(CHUNK_SLOTS)
      const nulls = new Uint8Array(CHUNK_SLOTS).fill(1)
      this.#chunks.push({ scale: 0, values, nulls, column: this.#column(values, nulls, 0) })
    }
    return this.#chunks[index]!
  }

  #column(values: Float64Array | bigint[], nulls: Uint8Array, scale: number): Column {
    const common = { type: this.#type, length: CHUNK_SLOTS, nulls, scale }
    return values instanceof Float64Array ? { kind: 'exact', ...common, values } : { kind: 'wide', ...common, values }
  }

  #put(chunk: ExactChunk, at: number, unscaled: Int, scale: number): void {
    if (scale > chunk.scale) this.#rescale(chunk, scale)
    const value = rescaleUp(unscaled, scale, chunk.scale)
    if (typeof value === 'bigint' && chunk.values instanceof Float64Array) this.#widen(chunk)
    chunk.nulls[at] = 0
    if (chunk.values instanceof Float64Array) chunk.values[at] = value as number
    else chunk.values[at] = BigInt(value)
  }

  #rescale(chunk: ExactChunk, scale: number): void {
    const before = chunk.scale
    chunk.scale = scale
    const scaled = Array.from<number | bigint, Int>(chunk.values, (v, i) =>
      chunk.nulls[i] === 1 ? 0 : rescaleUp(intOf(v), before, scale),
    )
    if (scaled.some((v) => typeof v === 'bigint') && chunk.values instanceof Float64Array) this.#widen(chunk)
    for (const [i, v] of scaled.entries()) {
      if (chunk.values instanceof Float64Array) chunk.values[i] = v as number
      else chunk.values[i] = BigInt(v)
    }
    chunk.column = this.#column(chunk.values, chunk.nulls, scale)
  }

  #widen(chunk: ExactChunk): void {
    chunk.values = Array.from(chunk.values as Float64Array, BigInt)
    chunk.column = this.#column(chunk.values, chunk.nulls, chunk.scale)
    this.extraBytes += CHUNK_SLOTS * 24
  }

  /** So that a chunk is scaled and widened by what is in use only. */
  clear(slot: number): void {
    this.#chunks[slot >> CHUNK_SHIFT]!.nulls[slot & CHUNK_MASK] = 1
  }

  chunk(slot: number): Column {
    return this.#chunks[slot >> CHUNK_SHIFT]!.column
  }

  gather(slots: Int32Array, count: number): Column {
    const values = new Float64Array(count)
    let nulls: Uint8Array | null = null
    const scale = count === 0 ? 0 : this.#chunks[slots[0]! >> CHUNK_SHIFT]!.scale
    for (let i = 0; i < count; i++) {
      const chunk = this.#chunks[slots[i]! >> CHUNK_SHIFT]!
      const at = slots[i]! & CHUNK_MASK
      if (chunk.nulls[at] === 1) (nulls ??= new Uint8Array(count))[i] = 1
      else if (chunk.scale === scale && chunk.values instanceof Float64Array) values[i] = chunk.values[at]!
      else return gatherValues(this.#type, slots, count, (slot) => this.chunk(slot))
    }
    return { kind: 'exact', type: this.#type, length: count, nulls, scale, values }
  }
}

/** What a value of the chunk is while there is none. */
const NOTHING = { text: '', boolean: 0, object: null } as const

/** TEXT, JSON, BOOLEAN and whatever is an object. */
class Objects implements StoredColumn {
  readonly slotBytes = 9
  extraBytes = 0
  readonly #type: DataType
  readonly #kind: 'text' | 'boolean' | 'object'
  readonly #chunks: {
    readonly values: (string | number | ObjectValue)[] | Uint8Array
    readonly nulls: Uint8Array
    readonly column: Column
  }[] = []

  constructor(type: DataType) {
    this.#type = type
    this.#kind = type.kind === 'BOOLEAN' ? 'boolean' : type.kind === 'TEXT' || type.kind === 'JSON' ? 'text' : 'object'
  }

  copy(slot: number, from: Column, row: number): void {
    this.set(slot, valueAt(from, row))
  }

  set(slot: number, value: Value): void {
    const index = slot >> CHUNK_SHIFT
    while (this.#chunks.length <= index) this.#chunks.push(this.#newChunk())
    const chunk = this.#chunks[index]!
    const at = slot & CHUNK_MASK
    chunk.nulls[at] = value === null ? 1 : 0
    if (value === null) return
    chunk.values[at] = (typeof value === 'boolean' ? Number(value) : value) as never
    if (this.#kind !== 'boolean') this.extraBytes += valueBytes(value)
  }

  #newChunk() {
    const nulls = new Uint8Array(CHUNK_SLOTS).fill(1)
    const common = { type: this.#type, length: CHUNK_SLOTS, nulls }
    if (this.#kind === 'boolean') {
      const values = new Uint8Array(CHUNK_SLOTS)
      return { values, nulls, column: { kind: 'boolean' as const, ...common, values } }
    }
    const values = new Array<never>(CHUNK_SLOTS).fill(NOTHING[this.#kind] as never)
    return { values, nulls, column: { kind: this.#kind, ...common, values } as Column }
  }

  clear(slot: number): void {
    const chunk = this.#chunks[slot >> CHUNK_SHIFT]!
    const at = slot & CHUNK_MASK
    if (chunk.nulls[at] === 1) return
    if (this.#kind !== 'boolean') this.extraBytes -= valueBytes(chunk.values[at]! as Value)
    chunk.values[at] = NOTHING[this.#kind] as never
    chunk.nulls[at] = 1
  }

  chunk(slot: number): Column {
    return this.#chunks[slot >> CHUNK_SHIFT]!.column
  }

  gather(slots: Int32Array, count: number): Column {
    return gatherValues(this.#type, slots, count, (slot) => this.chunk(slot))
  }
}

/** One stored column per field. */
class Structs implements StoredColumn {
  readonly #type: Extract<DataType, { kind: 'STRUCT' }>
  readonly #fields: readonly StoredColumn[]
  readonly #nulls: Uint8Array[] = []

  constructor(type: Extract<DataType, { kind: 'STRUCT' }>) {
    this.#type = type
    this.#fields = type.fields.map((f) => storedColumn(f.type))
  }

  get slotBytes(): number {
    return this.#fields.reduce((sum, f) => sum + f.slotBytes, 1)
  }

  get extraBytes(): number {
    return this.#fields.reduce((sum, f) => sum + f.extraBytes, 0)
  }

  copy(slot: number, from: Column, row: number): void {
    if (from.kind !== 'struct' || isNullAt(from, row)) return this.set(slot, null)
    this.#mark(slot, 0)
    for (const [i, field] of this.#fields.entries()) field.copy(slot, from.fields[i]!, row)
  }

  set(slot: number, value: Value): void {
    this.#mark(slot, value === null ? 1 : 0)
    const values = value as readonly Value[] | null
    for (const [i, field] of this.#fields.entries()) field.set(slot, values?.[i] ?? null)
  }

  #mark(slot: number, isNull: number): void {
    while (this.#nulls.length <= slot >> CHUNK_SHIFT) this.#nulls.push(new Uint8Array(CHUNK_SLOTS))
    this.#nulls[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK] = isNull
  }

  clear(slot: number): void {
    for (const field of this.#fields) field.clear(slot)
  }

  chunk(slot: number): Column {
    const nulls = this.#nulls[slot >> CHUNK_SHIFT]!
    const fields = this.#fields.map((f) => f.chunk(slot))
    return { kind: 'struct', type: this.#type, length: CHUNK_SLOTS, nulls, fields }
  }

  gather(slots: Int32Array, count: number): Column {
    return gatherValues(this.#type, slots, count, (slot) => this.chunk(slot))
  }
}
