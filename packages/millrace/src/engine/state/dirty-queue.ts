import { Float64Slots, Int32List } from './slot-columns.ts'

const CLEAN = 0
const NONE = -1

/**
 * Slots that something has still to be done about, each once, in the order in which they became so. A slot must be clean before it is
 * another's.
 */
export class DirtyQueue {
  /** By slot: its number in the queue, CLEAN when it is not in it. Numbers ascend for ever. */
  readonly #numbers = new Float64Slots()
  /** The slots of the numbers from #first on; those cleaned since then are still there. */
  readonly #slots = new Int32List()
  #first = 1
  #next = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#slots.length * 4
  }

  /** Before the first use of a slot. */
  ensure(slot: number): void {
    this.#numbers.ensure(slot)
  }

  mark(slot: number): void {
    if (this.#numbers.get(slot) !== CLEAN) return
    this.#numbers.set(slot, this.#first + this.#slots.length)
    this.#slots.push(slot)
    this.#size++
  }

  /** slots[from..to). */
  markAll(slots: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) this.mark(slots[i]!)
  }

  isDirty(slot: number): boolean {
    return this.#numbers.get(slot) !== CLEAN
  }

  clean(slot: number): void {
    if (this.#numbers.get(slot) === CLEAN) return
    this.#numbers.set(slot, CLEAN)
    if (--this.#size > 0) return
    this.#first += this.#slots.length
    this.#next = 0
    this.#slots.clear()
  }

  /** Takes the first slot out; -1 when there is none. */
  shift(): number {
    while (this.#size > 0) {
      const number = this.#first + this.#next
      const slot = this.#slots.get(this.#next++)
      if (this.#numbers.get(slot) !== number) continue
      this.clean(slot)
      return slot
    }
    return NONE
  }

  /** What is saved of a slot: 0 when it is clean. */
  numberOf(slot: number): number {
    return this.#numbers.get(slot)
  }

  /** Puts slots back with their saved numbers, which others keep; the queue must be empty. */
  restore(saved: readonly { readonly slot: number; readonly number: number }[]): void {
    const sorted = [...saved].sort((a, b) => a.number - b.number)
    this.#first = sorted[0]?.number ?? this.#first
    for (const { slot, number } of sorted) {
      // In a place that was cleaned before any slot of another number will do.
      while (this.#first + this.#slots.length < number) this.#slots.push(slot)
      this.mark(slot)
    }
  }
}
