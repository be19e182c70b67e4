import { type Column, type DataType, type Value, valueAt } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import type { SavedElements } from '../state/element-store.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { Accumulators, AggregateContext } from './aggregate.ts'
import { ValueCounts } from './value-counts.ts'

/** A value that is not NULL, and how many rows of the group have it. */
export interface Frequency {
  readonly value: NonNullable<Value>
  readonly count: number
}

/** The result of a group from its values, in no order. `parameter`: what the call's second argument is; NULL without one. */
export type Summary = (values: readonly Frequency[], parameter: Value) => Value

/**
 * Aggregates that need to know how often each value occurs: quantiles, MODE, TOPK. Equal values are kept once. The second argument, where
 * there is one, is the same for all rows of a group; if it is not, the last one that is not NULL counts.
 */
export class Frequencies implements Accumulators {
  readonly slotBytes = 32
  readonly elements: readonly SavedElements[]
  readonly #values: ValueCounts
  readonly #parameterType: DataType | null
  readonly #parameters = new ObjectSlots<NonNullable<Value>>()
  readonly #summary: Summary

  constructor(call: AggregateCall, context: AggregateContext, summary: Summary) {
    this.#values = new ValueCounts([call.argTypes[0]!], 1, context.elementwise === true)
    this.elements = this.#values.elements
    this.#parameterType = call.argTypes[1] ?? null
    this.#summary = summary
  }

  get extraBytes(): number {
    return this.#values.bytes
  }

  clear(slot: number): void {
    this.#values.clear(slot)
    this.#parameters.ensure(slot)
    this.#parameters.set(slot, undefined)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void {
    const value = columns.slice(0, 1)
    const nulls = value[0]!.nulls
    const parameter = columns[1]
    for (let j = 0; j < count; j++) {
      const at = rows === null ? j : rows[j]!
      const slot = slots[j]!
      if (parameter !== undefined) this.#setParameter(slot, valueAt(parameter, at))
      if (nulls === null || nulls[at] === 0) this.#values.add(slot, value, at, weights === null ? 1 : weights[j]!)
    }
  }

  merge(slot: number, from: number): void {
    this.#values.merge(slot, from)
    this.#setParameter(slot, this.#parameters.get(from) ?? null)
  }

  #setParameter(slot: number, value: Value): void {
    if (value !== null) this.#parameters.set(slot, value)
  }

  result(slot: number): Value {
    const values: Frequency[] = []
    for (const { row, count } of this.#values.of(slot)) {
      if (count > 0) values.push({ value: row[0]!, count })
    }
    return this.#summary(values, this.#parameters.get(slot) ?? null)
  }

  write(slot: number, to: ByteWriter): void {
    this.#values.write(slot, to)
    if (this.#parameterType !== null) writeValue(to, this.#parameterType, this.#parameters.get(slot) ?? null)
  }

  read(slot: number, from: ByteReader): void {
    this.#values.read(slot, from)
    if (this.#parameterType !== null) this.#setParameter(slot, readValue(from, this.#parameterType))
  }
}
