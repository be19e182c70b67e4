import type { DataType } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { DirtyQueue } from '../state/dirty-queue.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { readValues, writeValues } from '../state/value-codec.ts'
import type { GroupExtra } from './grouped-state.ts'
import type { WindowRow } from './window-operator.ts'

/** Bytes of one row beside its results. */
const ROW_BYTES = 80

/**
 * What windows that are groups by themselves need to emit early: the rows shown for each group, usually one, and which groups have
 * changed since. Saved with the groups, which must be marked as changed when these change.
 */
export class EarlyGroups implements GroupExtra {
  readonly dirty = new DirtyQueue()
  readonly #types: readonly DataType[]
  readonly #shown = new ObjectSlots<WindowRow[]>()
  #saved: { readonly slot: number; readonly number: number }[] = []
  #bytes = 0

  /** Of the results. */
  constructor(types: readonly DataType[]) {
    this.#types = types
  }

  get bytes(): number {
    return this.#bytes + this.dirty.bytes
  }

  /** The group is new. */
  add(slot: number): void {
    this.dirty.ensure(slot)
    this.#shown.ensure(slot)
  }

  /** The rows shown; not to be changed. */
  shown(slot: number): readonly WindowRow[] {
    return this.#shown.get(slot) ?? []
  }

  /** Lets `change` edit the rows shown. */
  edit<T>(slot: number, change: (shown: WindowRow[]) => T): T {
    const rows = this.#shown.get(slot) ?? []
    this.#bytes -= rowsBytes(rows)
    const result = change(rows)
    this.#bytes += rowsBytes(rows)
    this.#shown.set(slot, rows.length === 0 ? undefined : rows)
    return result
  }

  /** The group goes. */
  remove(slot: number): void {
    this.dirty.clean(slot)
    this.edit(slot, (rows) => rows.splice(0))
  }

  write(slot: number, to: ByteWriter): void {
    to.varint(this.dirty.numberOf(slot))
    const rows = this.shown(slot)
    to.varint(rows.length)
    for (const { start, end, results } of rows) {
      to.double(start)
      to.double(end)
      writeValues(to, this.#types, results)
    }
  }

  read(slot: number, from: ByteReader): void {
    this.add(slot)
    const number = from.varint()
    if (number > 0) this.#saved.push({ slot, number })
    const rows = Array.from({ length: from.varint() }, () => ({
      start: from.double(),
      end: from.double(),
      results: readValues(from, this.#types),
    }))
    this.edit(slot, (shown) => shown.push(...rows))
  }

  /** All groups have been read. */
  restored(): void {
    this.dirty.restore(this.#saved)
    this.#saved = []
  }
}

function rowsBytes(rows: readonly WindowRow[]): number {
  let bytes = 0
  for (const { results } of rows) bytes += ROW_BYTES + valueBytes(results)
  return bytes
}
