import { CHUNK_MASK, CHUNK_SHIFT, CHUNK_SLOTS, Int32List } from './slot-columns.ts'

const CHANGED = 1
const SAVED = 2
const LIVE = 4

/** Which slots have changed since the last snapshot, deletions included: each slot is listed once, however often it changed. */
export class SlotChanges {
  readonly #flags: Uint8Array[] = []
  readonly #changed = new Int32List()

  /** The slot is in use from now on. */
  add(slot: number): void {
    while (this.#flags.length <= slot >> CHUNK_SHIFT) this.#flags.push(new Uint8Array(CHUNK_SLOTS))
    this.#flags[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK]! |= LIVE
    this.mark(slot)
  }

  /** The slot is free from now on. */
  remove(slot: number): void {
    this.#flags[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK]! &= ~LIVE
    this.mark(slot)
  }

  mark(slot: number): void {
    const flags = this.#flags[slot >> CHUNK_SHIFT]!
    const at = slot & CHUNK_MASK
    if ((flags[at]! & CHANGED) === 0) {
      flags[at]! |= CHANGED
      this.#changed.push(slot)
    }
  }

  /** slots[from..to). */
  markAll(slots: Int32Array, from: number, to: number): void {
    const chunks = this.#flags
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if ((chunks[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK]! & CHANGED) === 0) this.mark(slot)
    }
  }

  isLive(slot: number): boolean {
    const chunk = this.#flags[slot >> CHUNK_SHIFT]
    return chunk !== undefined && (chunk[slot & CHUNK_MASK]! & LIVE) !== 0
  }

  /** The slot is in use and unchanged: it came from a snapshot. */
  restore(slot: number): void {
    this.add(slot)
    this.#flags[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK] = LIVE | SAVED
    this.#changed.pop()
  }

  /** Visits each changed slot once; `live` false: it was saved before and is gone now. Nothing has changed afterwards. */
  take(visit: (slot: number, live: boolean) => void): void {
    for (let i = 0; i < this.#changed.length; i++) {
      const slot = this.#changed.get(i)
      const flags = this.#flags[slot >> CHUNK_SHIFT]!
      const at = slot & CHUNK_MASK
      const live = (flags[at]! & LIVE) !== 0
      if (live || (flags[at]! & SAVED) !== 0) visit(slot, live)
      flags[at] = live ? LIVE | SAVED : 0
    }
    this.#changed.clear()
  }
}
