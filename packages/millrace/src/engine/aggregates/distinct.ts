import { type Column, columnOf, type DataType, type Value } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import type { SavedElements } from '../state/element-store.ts'
import type { Accumulators, AggregateContext } from './aggregate.ts'
import { ValueCounts } from './value-counts.ts'

/** DISTINCT for any aggregate: the inner accumulators see each distinct argument tuple of a group once, and its retraction once. */
export class Distinct implements Accumulators {
  readonly elements: readonly SavedElements[]
  readonly #inner: Accumulators
  readonly #types: readonly DataType[]
  readonly #values: ValueCounts

  constructor(call: AggregateCall, context: AggregateContext, inner: Accumulators) {
    this.#inner = inner
    this.#types = [...call.argTypes, ...context.orderTypes]
    this.#values = new ValueCounts(this.#types, call.argTypes.length, context.elementwise === true)
    this.elements = [...this.#values.elements, ...(inner.elements ?? [])]
  }

  get slotBytes(): number {
    return this.#inner.slotBytes + 8
  }

  get extraBytes(): number {
    return this.#inner.extraBytes + this.#values.bytes
  }

  clear(slot: number): void {
    this.#values.clear(slot)
    this.#inner.clear(slot)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void {
    const changedSlots = new Int32Array(count)
    const changedRows = new Int32Array(count)
    const changes = weights === null ? null : new Int32Array(count)
    let changed = 0
    for (let j = 0; j < count; j++) {
      const row = rows === null ? j : rows[j]!
      const change = this.#values.add(slots[j]!, columns, row, weights === null ? 1 : weights[j]!)
      if (change === 0) continue
      changedSlots[changed] = slots[j]!
      changedRows[changed] = row
      if (changes !== null) changes[changed] = change
      changed++
    }
    if (changed > 0) this.#inner.update(columns, changedSlots, changedRows, changes, changed)
  }

  merge(slot: number, from: number): void {
    const rows: (readonly Value[])[] = []
    const changes: number[] = []
    this.#values.merge(slot, from, (row, change) => {
      rows.push(row)
      changes.push(change)
    })
    const columns = this.#types.map((type, i) =>
      columnOf(
        type,
        rows.map((r) => r[i]!),
      ),
    )
    const weights = changes.every((c) => c > 0) ? null : Int32Array.from(changes)
    this.#inner.update(columns, new Int32Array(rows.length).fill(slot), null, weights, rows.length)
  }

  result(slot: number): Value {
    return this.#inner.result(slot)
  }

  write(slot: number, to: ByteWriter): void {
    this.#values.write(slot, to)
    this.#inner.write(slot, to)
  }

  read(slot: number, from: ByteReader): void {
    this.#values.read(slot, from)
    this.#inner.read(slot, from)
  }
}
