import { type Column, type DataType, type Value, valueAt } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { SlotAllocator } from './slot-allocator.ts'
import { SlotChanges } from './slot-changes.ts'
import { CHUNK_MASK } from './slot-columns.ts'
import { type StoredColumn, storedColumn } from './stored-column.ts'
import { readValue, writeValue } from './value-codec.ts'

/** Rows that an operator keeps, each in a slot, in columns: a dense number stands for a row, and its values are read in place. */
export class RowStore {
  readonly changes = new SlotChanges()
  readonly #types: readonly DataType[]
  readonly #columns: readonly StoredColumn[]
  readonly #slots = new SlotAllocator()

  constructor(types: readonly DataType[]) {
    this.#types = types
    this.#columns = types.map(storedColumn)
  }

  get size(): number {
    return this.#slots.live
  }

  get bytes(): number {
    return this.#columns.reduce((sum, c) => sum + c.slotBytes * this.#slots.live + c.extraBytes, 0)
  }

  /** Copies a row; `columns` in the order of the types. */
  add(columns: readonly Column[], row: number): number {
    const slot = this.#slots.allocate()
    for (let i = 0; i < this.#columns.length; i++) this.#columns[i]!.copy(slot, columns[i]!, row)
    this.changes.add(slot)
    return slot
  }

  remove(slot: number): void {
    for (const column of this.#columns) column.clear(slot)
    this.changes.remove(slot)
    this.#slots.free(slot)
  }

  value(column: number, slot: number): Value {
    return valueAt(this.#columns[column]!.chunk(slot), slot & CHUNK_MASK)
  }

  /** The part of a column that holds the slot, at row `slot & CHUNK_MASK`. Valid until the store changes. */
  chunk(column: number, slot: number): Column {
    return this.#columns[column]!.chunk(slot)
  }

  gather(column: number, slots: Int32Array, count: number): Column {
    return this.#columns[column]!.gather(slots, count)
  }

  write(slot: number, to: ByteWriter): void {
    for (const [i, type] of this.#types.entries()) writeValue(to, type, this.value(i, slot))
  }

  /** Puts back rows with their old slots; the store must be empty. `read` each of them afterwards. */
  restore(slots: ReadonlySet<number>): void {
    this.#slots.restore(slots)
    for (const slot of slots) this.changes.restore(slot)
  }

  read(slot: number, from: ByteReader): void {
    for (const [i, type] of this.#types.entries()) this.#columns[i]!.set(slot, readValue(from, type))
  }
}
