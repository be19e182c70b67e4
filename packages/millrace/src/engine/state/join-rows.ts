import { batchOf, type Column, type RecordBatch, type Schema, type Value } from '../../kernel/index.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { RowStore } from './row-store.ts'
import { Float64Slots, Int32Slots } from './slot-columns.ts'
import { slotKey, slotOfKey, type StateReader, type StateWriter } from './state-io.ts'

/** The slot of a row that is all NULL: what stands beside a row without partner. Never a row's own. */
export const NULL_ROW = 0

/** Bytes of a row beside its values. */
const ROW_BYTES = 24

/** What an operator keeps with each row beside its values. */
export interface RowExtra {
  write(slot: number, to: ByteWriter): void
  read(slot: number, from: ByteReader): void
}

/** Rows that belong to keys, in order of arrival: some columns of an input's rows, each row in a slot. */
export class JoinRows {
  readonly store: RowStore
  /** Columns of the input that are kept. */
  readonly columns: readonly number[]
  readonly #at: ReadonlyMap<number, number>
  readonly #key = new Int32Slots()
  readonly #order = new Float64Slots()
  /** Bytes of the store without rows. */
  readonly #empty: number
  #source: readonly Column[] = []
  #sequence = 0

  constructor(schema: Schema, columns: Iterable<number>) {
    this.columns = [...new Set(columns)].sort((a, b) => a - b)
    this.#at = new Map(this.columns.map((column, i) => [column, i]))
    const fields = this.columns.map((c) => schema.fields[c]!)
    this.store = new RowStore(fields.map((f) => f.type))
    this.store.add(batchOf({ fields }, [fields.map(() => null)]).columns, 0)
    this.#ensure(NULL_ROW)
    this.#empty = this.store.bytes
  }

  get size(): number {
    return this.store.size - 1
  }

  get bytes(): number {
    return this.store.bytes - this.#empty + this.size * ROW_BYTES
  }

  /** The batch that `add` copies from. */
  read(batch: RecordBatch): void {
    this.#source = this.columns.map((c) => batch.columns[c]!)
  }

  add(row: number, key: number): number {
    const slot = this.store.add(this.#source, row)
    this.#ensure(slot)
    this.#key.set(slot, key)
    this.#order.set(slot, this.#sequence++)
    return slot
  }

  remove(slot: number): void {
    this.store.remove(slot)
  }

  keyOf(slot: number): number {
    return this.#key.get(slot)
  }

  /** Rows added earlier have smaller numbers. */
  orderOf(slot: number): number {
    return this.#order.get(slot)
  }

  /** A column of the input with the values of slots[0..count). */
  gather(column: number, slots: Int32Array, count: number): Column {
    return this.store.gather(this.#at.get(column)!, slots, count)
  }

  value(column: number, slot: number): Value {
    return this.store.value(this.#at.get(column)!, slot)
  }

  #ensure(slot: number): void {
    this.#key.ensure(slot)
    this.#order.ensure(slot)
  }

  /** What has changed, by entries of this tag. */
  snapshot(to: StateWriter, tag: number, extra: RowExtra): void {
    const writer = new ByteWriter()
    this.store.changes.take((slot, live) => {
      if (slot === NULL_ROW) return
      if (!live) return to.put(slotKey(tag, slot), null)
      writer.varint(this.#order.get(slot))
      this.store.write(slot, writer)
      extra.write(slot, writer)
      to.put(slotKey(tag, slot), writer.take())
    })
  }

  /** Puts saved rows back and visits them in order of arrival; `visit` answers the row's key. The rows must be new. */
  restore(from: StateReader, tag: number, extra: RowExtra, visit: (slot: number) => number): void {
    const saved: { slot: number; order: number; reader: ByteReader }[] = []
    for (const [key, value] of from.entries()) {
      if (key[0] !== tag) continue
      const reader = new ByteReader(value)
      saved.push({ slot: slotOfKey(key), order: reader.varint(), reader })
    }
    saved.sort((a, b) => a.order - b.order)
    this.store.restore(new Set([NULL_ROW, ...saved.map((s) => s.slot)]))
    this.store.read(NULL_ROW, new ByteReader(new Uint8Array(this.columns.length)))
    for (const { slot, order, reader } of saved) {
      this.#ensure(slot)
      this.store.read(slot, reader)
      extra.read(slot, reader)
      this.#order.set(slot, order)
      this.#key.set(slot, visit(slot))
      this.#sequence = order + 1
    }
  }
}
