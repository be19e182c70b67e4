import type { Column, DataType, Value } from '../../kernel/index.ts'
import { type Element, ELEMENT_BYTES, ElementStore, NO_ELEMENT } from './element-store.ts'
import { type KeyTable, keyTable } from './key-table.ts'
import { ObjectSlots } from './slot-columns.ts'
import { valueBytes } from './value-bytes.ts'
import { readValues, writeValues } from './value-codec.ts'

/** Bytes of one kept row beside its values, and of its place in the table. */
const ROW_BYTES = 48 + ELEMENT_BYTES

interface Kept extends Element {
  row: readonly Value[]
}

/** The latest row of each key. A key without a row is forgotten once `settle` is called. */
export class LatestRows {
  /** All rows, as they are saved. */
  readonly saved: ElementStore<Kept>
  readonly #keys: readonly number[]
  readonly #table: KeyTable
  readonly #rows = new ObjectSlots<Kept>()
  /** Key slots that may have no row. */
  readonly #unsettled = new Set<number>()
  #bytes = 0

  /** `keys`: columns of the rows. */
  constructor(types: readonly DataType[], keys: readonly number[]) {
    this.#keys = keys
    this.#table = keyTable(keys.map((k) => types[k]!))
    this.saved = new ElementStore<Kept>(
      {
        write: ({ row }, to) => writeValues(to, types, row),
        read: (from) => ({ id: NO_ELEMENT, row: readValues(from, types) }),
      },
      (elements) => this.#attach(elements),
    )
  }

  get bytes(): number {
    return this.#table.bytes + this.#bytes
  }

  /** out[i] = slot of row i's key; `columns` are those of whole rows. The slots hold until `settle`. */
  resolve(columns: readonly Column[], count: number, out: Int32Array): void {
    const keys = this.#keys.map((k) => columns[k]!)
    this.#table.resolve(keys, 0, count, out, this.#added)
  }

  readonly #added = (slot: number): void => {
    this.#rows.ensure(slot)
    this.#rows.set(slot, undefined)
    this.#unsettled.add(slot)
  }

  get(slot: number): readonly Value[] | undefined {
    return this.#rows.get(slot)?.row
  }

  set(slot: number, row: readonly Value[]): void {
    const kept = this.#rows.get(slot)
    this.#bytes += ROW_BYTES + valueBytes(row)
    if (kept === undefined) {
      const added = { id: NO_ELEMENT, row }
      this.#rows.set(slot, added)
      this.saved.add(added)
    } else {
      this.#bytes -= ROW_BYTES + valueBytes(kept.row)
      kept.row = row
      this.saved.mark(kept)
    }
  }

  /** There must be a row. */
  delete(slot: number): void {
    const kept = this.#rows.get(slot)!
    this.#bytes -= ROW_BYTES + valueBytes(kept.row)
    this.saved.remove(kept)
    this.#rows.set(slot, undefined)
    this.#unsettled.add(slot)
  }

  settle(): void {
    if (this.#unsettled.size === 0) return
    for (const slot of this.#unsettled) if (this.#rows.get(slot) === undefined) this.#table.delete(slot)
    this.#unsettled.clear()
  }

  #attach(elements: readonly Kept[]): void {
    for (const kept of elements) {
      const key = this.#keys.map((k) => kept.row[k]!)
      this.#rows.set(this.#table.resolveValues(key, this.#added), kept)
      this.#bytes += ROW_BYTES + valueBytes(kept.row)
    }
    this.#unsettled.clear()
  }
}
