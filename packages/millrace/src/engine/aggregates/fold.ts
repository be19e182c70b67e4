import { type Column, type DataType, type Value, valueAt } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { Accumulators } from './aggregate.ts'

/**
 * Aggregates whose state is one value and whose step is associative: `step(a, b)`, with a from earlier rows. NULLs are skipped; no rows
 * give NULL.
 */
export class Fold implements Accumulators {
  readonly slotBytes = 24
  extraBytes = 0
  readonly #type: DataType
  readonly #step: (a: NonNullable<Value>, b: NonNullable<Value>) => Value
  readonly #values = new ObjectSlots<Value>()

  constructor(type: DataType, step: (a: NonNullable<Value>, b: NonNullable<Value>) => Value) {
    this.#type = type
    this.#step = step
  }

  clear(slot: number): void {
    this.#values.ensure(slot)
    this.#set(slot, null)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    _weights: Int32Array | null,
    count: number,
  ): void {
    const column = columns[0]!
    for (let j = 0; j < count; j++) this.#add(slots[j]!, valueAt(column, rows === null ? j : rows[j]!))
  }

  merge(slot: number, from: number): void {
    this.#add(slot, this.#values.get(from) ?? null)
  }

  result(slot: number): Value {
    return this.#values.get(slot) ?? null
  }

  #add(slot: number, value: Value): void {
    if (value === null) return
    const before = this.#values.get(slot) ?? null
    const after = before === null ? value : this.#step(before, value)
    if (after !== before) this.#set(slot, after)
  }

  #set(slot: number, value: Value): void {
    this.extraBytes += extraBytesOf(value) - extraBytesOf(this.#values.get(slot) ?? null)
    this.#values.set(slot, value)
  }

  write(slot: number, to: ByteWriter): void {
    writeValue(to, this.#type, this.result(slot))
  }

  read(slot: number, from: ByteReader): void {
    this.#set(slot, readValue(from, this.#type))
  }
}

function extraBytesOf(value: Value): number {
  return typeof value === 'object' || typeof value === 'string' ? valueBytes(value) : 0
}
