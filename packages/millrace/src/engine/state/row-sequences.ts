import { ObjectSlots } from './slot-columns.ts'

/** A ring of row slots; `first` is the position of the oldest, positions count from the partition's beginning. */
interface Ring {
  slots: Int32Array
  head: number
  length: number
  first: number
}

const SMALLEST = 4

/** By partition, its rows in order. Rows enter at the end, rarely before it, and leave at the front; positions never change for that. */
export class RowSequences {
  readonly #rings = new ObjectSlots<Ring>()
  #capacity = 0

  get bytes(): number {
    return this.#capacity * 4
  }

  /** Begins a partition whose next row has this position. */
  open(partition: number, first = 0): void {
    this.#rings.ensure(partition)
    this.#rings.set(partition, { slots: new Int32Array(SMALLEST), head: 0, length: 0, first })
    this.#capacity += SMALLEST
  }

  /** Forgets a partition, which has no rows left. */
  close(partition: number): void {
    this.#capacity -= this.#rings.get(partition)!.slots.length
    this.#rings.set(partition, undefined)
  }

  /** Position of the first row that is kept. */
  first(partition: number): number {
    return this.#rings.get(partition)!.first
  }

  /** Position behind the last row. */
  end(partition: number): number {
    const ring = this.#rings.get(partition)!
    return ring.first + ring.length
  }

  at(partition: number, position: number): number {
    const { slots, head, first } = this.#rings.get(partition)!
    return slots[(head + position - first) & (slots.length - 1)]!
  }

  push(partition: number, slot: number): void {
    const ring = this.#rings.get(partition)!
    if (ring.length === ring.slots.length) this.#resize(ring, ring.length * 2)
    ring.slots[(ring.head + ring.length++) & (ring.slots.length - 1)] = slot
  }

  /** Puts a row before the one at `position`; costs as much as there are rows behind. */
  insert(partition: number, position: number, slot: number): void {
    const ring = this.#rings.get(partition)!
    this.push(partition, slot)
    const { slots, head, first } = ring
    const mask = slots.length - 1
    const place = position - first
    for (let i = ring.length - 1; i > place; i--) slots[(head + i) & mask] = slots[(head + i - 1) & mask]!
    slots[(head + place) & mask] = slot
  }

  /** Removes the first row and returns its slot. */
  shift(partition: number): number {
    const ring = this.#rings.get(partition)!
    const slot = ring.slots[ring.head]!
    ring.head = (ring.head + 1) & (ring.slots.length - 1)
    ring.length--
    ring.first++
    if (ring.slots.length > SMALLEST && ring.length * 4 <= ring.slots.length) this.#resize(ring, ring.slots.length / 2)
    return slot
  }

  #resize(ring: Ring, capacity: number): void {
    const slots = new Int32Array(capacity)
    for (let i = 0; i < ring.length; i++) slots[i] = ring.slots[(ring.head + i) & (ring.slots.length - 1)]!
    this.#capacity += capacity - ring.slots.length
    ring.slots = slots
    ring.head = 0
  }
}
