import { type Column, type DataType, keyOf, type Value, valueAt } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'
import { DistinctSketch } from './distinct-sketch.ts'

/** APPROX_DISTINCT: the number of different values that are not NULL, in at most 10 KB a group. */
export class ApproximateDistinct implements Accumulators {
  readonly slotBytes = 8
  extraBytes = 0
  readonly #type: DataType
  readonly #sketches = new ObjectSlots<DistinctSketch>()

  constructor(type: DataType) {
    this.#type = type
  }

  clear(slot: number): void {
    this.#sketches.ensure(slot)
    this.#set(slot, undefined)
  }

  #set(slot: number, sketch: DistinctSketch | undefined): void {
    this.extraBytes += (sketch?.bytes ?? 0) - (this.#sketches.get(slot)?.bytes ?? 0)
    this.#sketches.set(slot, sketch)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    _weights: Int32Array | null,
    count: number,
  ): void {
    const column = columns[0]!
    for (let j = 0; j < count; j++) {
      const value = valueAt(column, rows === null ? j : rows[j]!)
      if (value !== null) this.#change(slots[j]!, (sketch) => sketch.add(keyOf(this.#type, value)))
    }
  }

  #change(slot: number, change: (sketch: DistinctSketch) => void): void {
    let sketch = this.#sketches.get(slot)
    if (sketch === undefined) {
      sketch = new DistinctSketch()
      this.#set(slot, sketch)
    }
    const before = sketch.bytes
    change(sketch)
    this.extraBytes += sketch.bytes - before
  }

  merge(slot: number, from: number): void {
    const other = this.#sketches.get(from)
    if (other !== undefined) this.#change(slot, (sketch) => sketch.merge(other))
  }

  result(slot: number): Value {
    return this.#sketches.get(slot)?.estimate() ?? 0
  }

  write(slot: number, to: ByteWriter): void {
    const sketch = this.#sketches.get(slot)
    to.byte(sketch === undefined ? 0 : 1)
    sketch?.write(to)
  }

  read(slot: number, from: ByteReader): void {
    if (from.byte() === 1) this.#set(slot, DistinctSketch.read(from))
  }
}
