import { Int32List } from './slot-columns.ts'

/** Hands out dense slot numbers from `base` on, the most recently freed first. */
export class SlotAllocator {
  readonly #free = new Int32List()
  readonly #base: number
  #limit: number
  #live = 0

  constructor(base = 0) {
    this.#base = base
    this.#limit = base
  }

  /** Slots in use. */
  get live(): number {
    return this.#live
  }

  /** All slots ever handed out are below this. */
  get limit(): number {
    return this.#limit
  }

  allocate(): number {
    this.#live++
    return this.#free.length > 0 ? this.#free.pop() : this.#limit++
  }

  free(slot: number): void {
    this.#live--
    this.#free.push(slot)
  }

  /** Starts anew with exactly these slots in use. */
  restore(slots: ReadonlySet<number>): void {
    this.#free.clear()
    this.#limit = this.#base
    for (const slot of slots) if (slot >= this.#limit) this.#limit = slot + 1
    for (let slot = this.#limit - 1; slot >= this.#base; slot--) if (!slots.has(slot)) this.#free.push(slot)
    this.#live = slots.size
  }
}
