import { type Column, MAX_BATCH_ROWS, type Value } from '../../kernel/index.ts'
import { KeyIndex } from './key-index.ts'
import type { KeyTable } from './key-table.ts'
import { SlotAllocator } from './slot-allocator.ts'
import { Int32Slots } from './slot-columns.ts'

/** Bytes of one key beside its parts: a Map entry with a number, three slots. */
const KEY_BYTES = 88
const SMALL = 2 ** 15
const LARGE = 2 ** 26

/**
 * Keys of several columns: the slot of all columns but the last, and the slot of the last, paired to one number. So no key is ever spelled
 * out, and values are kept once however many keys they are part of.
 */
export class CompositeKeyTable implements KeyTable {
  readonly #first: KeyTable
  readonly #last: KeyTable
  readonly #index = new KeyIndex()
  readonly #slots = new SlotAllocator()
  /** By slot: its two parts. */
  readonly #firstOf = new Int32Slots()
  readonly #lastOf = new Int32Slots()
  /** By slot of a part: how many keys it is part of. */
  readonly #firstUses = new Int32Slots()
  readonly #lastUses = new Int32Slots()
  readonly #firsts = new Int32Array(MAX_BATCH_ROWS)
  readonly #lasts = new Int32Array(MAX_BATCH_ROWS)

  readonly #firstAdded = (slot: number): void => {
    this.#firstUses.ensure(slot)
    this.#firstUses.set(slot, 0)
  }
  readonly #lastAdded = (slot: number): void => {
    this.#lastUses.ensure(slot)
    this.#lastUses.set(slot, 0)
  }

  constructor(first: KeyTable, last: KeyTable) {
    this.#first = first
    this.#last = last
  }

  get size(): number {
    return this.#slots.live
  }

  get bytes(): number {
    return this.#slots.live * KEY_BYTES + this.#first.bytes + this.#last.bytes
  }

  values(slot: number): Value[] {
    return [...this.#first.values(this.#firstOf.get(slot)), ...this.#last.values(this.#lastOf.get(slot))]
  }

  resolve(columns: readonly Column[], from: number, to: number, out: Int32Array, added: (slot: number) => void): void {
    this.#first.resolve(columns.slice(0, -1), from, to, this.#firsts, this.#firstAdded)
    this.#last.resolve(columns.slice(-1), from, to, this.#lasts, this.#lastAdded)
    for (let i = from; i < to; i++) out[i] = this.#resolve(this.#firsts[i]!, this.#lasts[i]!, added)
  }

  resolveValues(values: readonly Value[], added: (slot: number) => void): number {
    const first = this.#first.resolveValues(values.slice(0, -1), this.#firstAdded)
    return this.#resolve(first, this.#last.resolveValues(values.slice(-1), this.#lastAdded), added)
  }

  #resolve(first: number, last: number, added: (slot: number) => void): number {
    const found = this.#index.get(pairOf(first, last))
    if (found !== undefined) return found
    const slot = this.#slots.allocate()
    for (const column of [this.#firstOf, this.#lastOf]) column.ensure(slot)
    this.#firstOf.set(slot, first)
    this.#lastOf.set(slot, last)
    this.#firstUses.set(first, this.#firstUses.get(first) + 1)
    this.#lastUses.set(last, this.#lastUses.get(last) + 1)
    this.#index.add(pairOf(first, last), slot)
    added(slot)
    return slot
  }

  delete(slot: number): void {
    const first = this.#firstOf.get(slot)
    const last = this.#lastOf.get(slot)
    this.#index.delete(pairOf(first, last))
    this.#slots.free(slot)
    release(this.#first, this.#firstUses, first)
    release(this.#last, this.#lastUses, last)
  }
}

function release(part: KeyTable, uses: Int32Slots, slot: number): void {
  const left = uses.get(slot) - 1
  uses.set(slot, left)
  if (left === 0) part.delete(slot)
}

/** One number for each pair: a small integer for small slots, which Maps look up fastest; otherwise a negative one. */
function pairOf(first: number, last: number): number {
  return first < SMALL && last < SMALL ? first * SMALL + last : -1 - (first * LARGE + last)
}
