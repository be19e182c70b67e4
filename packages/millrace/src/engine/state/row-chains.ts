import { Int32Slots } from './slot-columns.ts'

const NONE = -1

/** By key, its rows in order of arrival, as a list from which any row can go. */
export class RowChains {
  readonly #first = new Int32Slots(NONE)
  readonly #last = new Int32Slots(NONE)
  readonly #next = new Int32Slots(NONE)
  readonly #previous = new Int32Slots(NONE)

  /** A new key. */
  open(key: number): void {
    this.#first.ensure(key)
    this.#last.ensure(key)
    this.#first.set(key, NONE)
    this.#last.set(key, NONE)
  }

  /** -1: the key has no rows. */
  first(key: number): number {
    return this.#first.get(key)
  }

  /** -1: it was the last one. */
  next(slot: number): number {
    return this.#next.get(slot)
  }

  add(key: number, slot: number): void {
    this.#next.ensure(slot)
    this.#previous.ensure(slot)
    const last = this.#last.get(key)
    if (last === NONE) this.#first.set(key, slot)
    else this.#next.set(last, slot)
    this.#previous.set(slot, last)
    this.#next.set(slot, NONE)
    this.#last.set(key, slot)
  }

  remove(key: number, slot: number): void {
    const before = this.#previous.get(slot)
    const after = this.#next.get(slot)
    if (before === NONE) this.#first.set(key, after)
    else this.#next.set(before, after)
    if (after === NONE) this.#last.set(key, before)
    else this.#previous.set(after, before)
  }
}
