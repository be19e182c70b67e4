import type { Column, Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { CHUNK_MASK, CHUNK_SHIFT, Float64Slots } from '../state/slot-columns.ts'
import type { Accumulators } from './aggregate.ts'

/** COUNT(*) without columns, COUNT(x) of rows where x is not NULL, COUNT_IF(x) of rows where x is true. */
export class Count implements Accumulators {
  readonly slotBytes = 8
  readonly extraBytes = 0
  readonly #counts = new Float64Slots()
  readonly #onlyTrue: boolean

  constructor(onlyTrue = false) {
    this.#onlyTrue = onlyTrue
  }

  clear(slot: number): void {
    this.#counts.ensure(slot)
    this.#counts.set(slot, 0)
  }

  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void {
    const chunks = this.#counts.chunks
    const column = columns[0]
    const nulls = column === undefined ? null : column.nulls
    const flags = this.#onlyTrue && column!.kind === 'boolean' ? column!.values : null
    if (nulls === null && flags === null) {
      for (let j = 0; j < count; j++) {
        const slot = slots[j]!
        chunks[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK]! += weights === null ? 1 : weights[j]!
      }
      return
    }
    for (let j = 0; j < count; j++) {
      const row = rows === null ? j : rows[j]!
      if ((nulls !== null && nulls[row] === 1) || (flags !== null && flags[row] === 0)) continue
      const slot = slots[j]!
      chunks[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK]! += weights === null ? 1 : weights[j]!
    }
  }

  merge(slot: number, from: number): void {
    this.#counts.set(slot, this.#counts.get(slot) + this.#counts.get(from))
  }

  result(slot: number): Value {
    return this.#counts.get(slot)
  }

  write(slot: number, to: ByteWriter): void {
    to.double(this.#counts.get(slot))
  }

  read(slot: number, from: ByteReader): void {
    this.#counts.set(slot, from.double())
  }
}
