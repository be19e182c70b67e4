import type { Column, DataType, Value } from '../../kernel/index.ts'
import { type KeyTable, keyTable } from './key-table.ts'
import { SlotAllocator } from './slot-allocator.ts'
import { SlotChanges } from './slot-changes.ts'
import { CHUNK_MASK, CHUNK_SHIFT, Float64Slots, Int32Slots } from './slot-columns.ts'

/** Bytes of one group beside its key and accumulators. */
const GROUP_BYTES = 48
const NONE = -1

/** A slot that is never a group's: accumulators may use it to merge into. */
export const SCRATCH_SLOT = 0

/**
 * Groups of keyed, windowed state: (key, time) to a dense group slot, where `time` names the window. A key's groups form a chain, the
 * latest time first, so that finding the current window's group costs no second hash lookup; a key is forgotten with its last group.
 */
export class GroupTable {
  readonly keys: KeyTable
  readonly changes = new SlotChanges()
  readonly #slots = new SlotAllocator(SCRATCH_SLOT + 1)
  readonly types: readonly DataType[]
  /** By key: both ends of its chain. */
  readonly #head = new Int32Slots(NONE)
  readonly #tail = new Int32Slots(NONE)
  readonly #key = new Int32Slots()
  readonly #next = new Int32Slots(NONE)
  readonly #previous = new Int32Slots(NONE)
  readonly #time = new Float64Slots()
  readonly #order = new Float64Slots()
  readonly #added: (slot: number) => void
  #sequence = 0
  #scratch = 0

  readonly #keyAdded = (key: number): void => {
    this.#head.ensure(key)
    this.#head.set(key, NONE)
    this.#tail.ensure(key)
    this.#tail.set(key, NONE)
  }

  /** `added` is told of every new group's slot before anything else uses it. */
  constructor(types: readonly DataType[], added: (slot: number) => void) {
    this.types = types
    this.keys = keyTable(types)
    this.#added = added
  }

  get size(): number {
    return this.#slots.live - this.#scratch
  }

  get bytes(): number {
    return this.keys.bytes + this.size * GROUP_BYTES
  }

  /** out[i] = key slot of row i, i in [from, to). Every key resolved must get a group before the next call from outside. */
  resolveKeys(columns: readonly Column[], from: number, to: number, out: Int32Array): void {
    this.keys.resolve(columns, from, to, out, this.#keyAdded)
  }

  resolveKey(values: readonly Value[]): number {
    return this.keys.resolveValues(values, this.#keyAdded)
  }

  /** out[i] = group of (keys[i], time), i in [from, to). New groups are told to `created` in order. */
  resolveGroups(
    keys: Int32Array,
    from: number,
    to: number,
    time: number,
    out: Int32Array,
    created: (slot: number) => void,
  ): void {
    const heads = this.#head.chunks
    const times = this.#time.chunks
    for (let i = from; i < to; i++) {
      const key = keys[i]!
      let slot = heads[key >> CHUNK_SHIFT]![key & CHUNK_MASK]!
      if (slot === NONE || times[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK] !== time) {
        slot = this.find(key, time)
        if (slot === NONE) {
          slot = this.add(key, time)
          created(slot)
        }
      }
      out[i] = slot
    }
  }

  /** -1 if there is none. */
  find(key: number, time: number): number {
    let slot = this.#head.get(key)
    while (slot !== NONE && this.#time.get(slot) > time) slot = this.#next.get(slot)
    return slot !== NONE && this.#time.get(slot) === time ? slot : NONE
  }

  add(key: number, time: number): number {
    const slot = this.#slots.allocate()
    this.#ensure(slot)
    this.#link(slot, key, time, this.#sequence++)
    this.changes.add(slot)
    this.#added(slot)
    return slot
  }

  remove(slot: number): void {
    const key = this.#key.get(slot)
    const after = this.#next.get(slot)
    const before = this.#previous.get(slot)
    if (before === NONE) this.#head.set(key, after)
    else this.#next.set(before, after)
    if (after === NONE) this.#tail.set(key, before)
    else this.#previous.set(after, before)
    if (before === NONE && after === NONE) this.keys.delete(key)
    this.changes.remove(slot)
    this.#slots.free(slot)
  }

  /** A slot that is no group's and not saved: somewhere to merge into. */
  allocateScratch(): number {
    const slot = this.#slots.allocate()
    this.#scratch++
    this.#added(slot)
    return slot
  }

  freeScratch(slot: number): void {
    this.#scratch--
    this.#slots.free(slot)
  }

  /** A key's group of the latest time, -1 if there is none; `next` leads to the one of the time before. */
  first(key: number): number {
    return this.#head.get(key)
  }

  next(slot: number): number {
    return this.#next.get(slot)
  }

  /** A key's group of the earliest time; `previous` leads to the one of the time after. */
  last(key: number): number {
    return this.#tail.get(key)
  }

  previous(slot: number): number {
    return this.#previous.get(slot)
  }

  keyOf(slot: number): number {
    return this.#key.get(slot)
  }

  timeOf(slot: number): number {
    return this.#time.get(slot)
  }

  /** Leaves the group in its place in the chain: the key's times must keep their order where `find` is used. */
  setTime(slot: number, time: number): void {
    this.#time.set(slot, time)
  }

  /** Groups made earlier have smaller numbers. */
  orderOf(slot: number): number {
    return this.#order.get(slot)
  }

  /** Puts back groups with their old slots; the table must be empty. Groups come in any order. */
  restore(groups: readonly RestoredGroup[]): void {
    const sorted = [...groups].sort((a, b) => a.order - b.order)
    this.#slots.restore(new Set(sorted.map((g) => g.slot)))
    for (const { slot, key, time, order } of sorted) {
      this.#ensure(slot)
      this.#link(slot, this.resolveKey(key), time, order)
      this.changes.restore(slot)
      this.#sequence = order + 1
    }
  }

  #link(slot: number, key: number, time: number, order: number): void {
    this.#key.set(slot, key)
    this.#time.set(slot, time)
    this.#order.set(slot, order)
    let after = this.#head.get(key)
    let before = NONE
    while (after !== NONE && this.#time.get(after) > time) {
      before = after
      after = this.#next.get(after)
    }
    this.#next.set(slot, after)
    this.#previous.set(slot, before)
    if (before === NONE) this.#head.set(key, slot)
    else this.#next.set(before, slot)
    if (after === NONE) this.#tail.set(key, slot)
    else this.#previous.set(after, slot)
  }

  #ensure(slot: number): void {
    this.#key.ensure(slot)
    this.#next.ensure(slot)
    this.#previous.ensure(slot)
    this.#time.ensure(slot)
    this.#order.ensure(slot)
  }
}

export interface RestoredGroup {
  readonly slot: number
  readonly key: readonly Value[]
  readonly time: number
  readonly order: number
}
