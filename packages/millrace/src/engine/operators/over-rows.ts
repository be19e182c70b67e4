import type { Column, DataType, Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { RowSequences } from '../state/row-sequences.ts'
import { RowStore } from '../state/row-store.ts'
import { CHUNK_MASK, Float64Slots, Int32Slots } from '../state/slot-columns.ts'

/** Bytes of a row beside its values: time, peers, rank, order. */
const ROW_BYTES = 32

/**
 * The rows that frames may still need, by partition in the order of OVER: what calls read of them, their time, their rank, and the number
 * of their group of peers. A row has a slot, which stays, and a position in its partition.
 */
export class OverRows {
  readonly sequences = new RowSequences()
  readonly store: RowStore
  readonly types: readonly DataType[]
  readonly #times = new Float64Slots()
  readonly #peers = new Float64Slots()
  readonly #ranks = new Float64Slots()
  readonly #partitions = new Int32Slots()
  /** Rows of equal time stand in this order. */
  readonly #orders = new Float64Slots()
  #nextOrder = 0

  constructor(types: readonly DataType[]) {
    this.types = types
    this.store = new RowStore(types)
  }

  get bytes(): number {
    return this.store.bytes + this.store.size * ROW_BYTES + this.sequences.bytes
  }

  /** Keeps a row of a partition, in no sequence yet. */
  add(partition: number, columns: readonly Column[], row: number, time: number, peers: number, rank: number): number {
    const slot = this.store.add(columns, row)
    this.#set(slot, partition, time, peers, rank, this.#nextOrder++)
    return slot
  }

  #set(slot: number, partition: number, time: number, peers: number, rank: number, order: number): void {
    for (const column of [this.#times, this.#peers, this.#ranks, this.#orders]) column.ensure(slot)
    this.#partitions.ensure(slot)
    this.#partitions.set(slot, partition)
    this.#times.set(slot, time)
    this.#peers.set(slot, peers)
    this.#ranks.set(slot, rank)
    this.#orders.set(slot, order)
  }

  orderOf(slot: number): number {
    return this.#orders.get(slot)
  }

  timeAt(partition: number, position: number): number {
    return this.#times.get(this.sequences.at(partition, position))
  }

  peersAt(partition: number, position: number): number {
    return this.#peers.get(this.sequences.at(partition, position))
  }

  rankAt(partition: number, position: number): number {
    return this.#ranks.get(this.sequences.at(partition, position))
  }

  valueAt(column: number, partition: number, position: number): Value {
    return this.store.value(column, this.sequences.at(partition, position))
  }

  /** The first position from `from` on whose row is later than `time`; with `orAt` one at `time` counts too. */
  seek(partition: number, from: number, time: number, orAt: boolean): number {
    const { sequences } = this
    let low = Math.max(from, sequences.first(partition))
    let high = sequences.end(partition)
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2)
      const at = this.timeAt(partition, middle)
      if (at > time || (orAt && at === time)) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The position behind the last peer of a row. */
  behindPeers(partition: number, position: number): number {
    const peers = this.peersAt(partition, position)
    let low = position + 1
    let high = this.sequences.end(partition)
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2)
      if (this.peersAt(partition, middle) > peers) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Removes the rows before `position`. */
  dropBefore(partition: number, position: number): void {
    const { sequences } = this
    while (sequences.first(partition) < position && sequences.end(partition) > sequences.first(partition))
      this.store.remove(sequences.shift(partition))
  }

  write(slot: number, to: ByteWriter): void {
    to.varint(this.#partitions.get(slot))
    to.double(this.#times.get(slot))
    to.varint(this.#peers.get(slot))
    to.varint(this.#ranks.get(slot))
    to.varint(this.#orders.get(slot))
    this.store.write(slot, to)
  }

  /** Puts rows back, with their old slots, into the sequences of their partitions, which are open at the right positions. */
  restore(rows: ReadonlyMap<number, ByteReader>): void {
    this.store.restore(new Set(rows.keys()))
    const restored: { slot: number; partition: number; time: number; order: number }[] = []
    for (const [slot, from] of rows) {
      const partition = from.varint()
      const time = from.double()
      const peers = from.varint()
      const rank = from.varint()
      const order = from.varint()
      this.#set(slot, partition, time, peers, rank, order)
      this.store.read(slot, from)
      restored.push({ slot, partition, time, order })
      if (order >= this.#nextOrder) this.#nextOrder = order + 1
    }
    restored.sort((a, b) => a.time - b.time || a.order - b.order)
    for (const { slot, partition } of restored) this.sequences.push(partition, slot)
  }
}

/** The row of a slot within its chunk. */
export function rowOf(slot: number): number {
  return slot & CHUNK_MASK
}
