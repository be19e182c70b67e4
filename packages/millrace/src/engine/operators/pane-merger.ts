import type { AggregateSet } from '../aggregates/aggregate-set.ts'
import { type GroupTable, SCRATCH_SLOT } from '../state/group-table.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { floorTo } from './times.ts'

const NONE = -1
/** Windows of no more panes are merged pane by pane. */
const FEW_PANES = 6
/** Bytes of one key's stacks beside their entries, and of one entry. */
const STACKS_BYTES = 160
const ENTRY_BYTES = 16

/** Of one key: merged panes on both sides of a boundary. */
interface Stacks {
  readonly boundary: number
  /** Panes at [from, boundary) are in the front: times descending, each slot holding everything from its time up to the boundary. */
  readonly from: number
  readonly times: number[]
  readonly slots: number[]
  /** The merge of panes at [boundary, until), and the last of these. */
  readonly back: number
  until: number
  lastMerged: number
}

/**
 * Puts windows together from panes. Where merging costs the same whatever was merged before, windows that follow each other share
 * their work: time is cut into blocks as long as a window, so that each window is the end of one block and the start of the next;
 * ends are merged backwards once for a block, starts forwards as they come, and a window costs five merges however many panes it has
 * (van Herk, "A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels", 1992). Blocks are aligned to
 * the epoch, so results depend on what is in the panes, to the last bit, and on nothing that happened before.
 */
export class PaneMerger {
  readonly #groups: GroupTable
  readonly #aggregates: AggregateSet
  readonly #size: number
  readonly #shares: boolean
  readonly #stacks = new ObjectSlots<Stacks>()
  /** No key's stacks hold panes from here on. */
  #reach = Number.NEGATIVE_INFINITY
  #bytes = 0

  constructor(groups: GroupTable, aggregates: AggregateSet, size: number, pane: number) {
    this.#groups = groups
    this.#aggregates = aggregates
    this.#size = size
    this.#shares = size / pane > FEW_PANES && aggregates.elements.length === 0
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Before the first use of a key. */
  ensure(key: number): void {
    this.#stacks.ensure(key)
  }

  /**
   * The slot that holds the key's window [start, start + size), until `release` or the next call. Panes that it has merged must be
   * reported when they change.
   */
  merge(key: number, start: number): number {
    return this.#shares ? this.#share(key, start) : this.#mergeAll(key, start)
  }

  release(slot: number): void {
    if (slot === SCRATCH_SLOT) this.#aggregates.clear(SCRATCH_SLOT)
  }

  /** Panes at `time` and later may change without being reported. */
  get reach(): number {
    return this.#reach
  }

  /** The key's pane at `time` changes. */
  changed(key: number, time: number): void {
    const stacks = this.#stacks.get(key)
    if (stacks !== undefined && time < stacks.until) this.forget(key)
  }

  /** Before the key goes. */
  forget(key: number): void {
    const stacks = this.#stacks.get(key)
    if (stacks === undefined) return
    this.#stacks.set(key, undefined)
    this.#bytes -= STACKS_BYTES + this.#entryBytes
    while (stacks.slots.length > 0) this.#pop(stacks)
    this.#free(stacks.back)
  }

  #mergeAll(key: number, start: number): number {
    const parts = this.#panes(key, start, start + this.#size)
    if (parts.length === 1) return parts[0]!
    for (let i = parts.length - 1; i >= 0; i--) this.#aggregates.merge(SCRATCH_SLOT, parts[i]!)
    return SCRATCH_SLOT
  }

  /** Groups of the key at [from, to), the latest first. */
  #panes(key: number, from: number, to: number): number[] {
    const groups = this.#groups
    const found: number[] = []
    for (let slot = groups.first(key); slot !== NONE && groups.timeOf(slot) >= from; slot = groups.next(slot))
      if (groups.timeOf(slot) < to) found.push(slot)
    return found
  }

  #share(key: number, start: number): number {
    const end = start + this.#size
    const stacks = this.#stacksFor(key, start, end)
    const { times, back } = stacks
    while (times.length > 0 && times.at(-1)! < start) this.#pop(stacks)
    this.#extend(stacks, key, end)
    const front = stacks.slots.at(-1)
    if (front === undefined) return back
    if (stacks.lastMerged === NONE) return front
    this.#aggregates.merge(SCRATCH_SLOT, front)
    this.#aggregates.merge(SCRATCH_SLOT, back)
    return SCRATCH_SLOT
  }

  #stacksFor(key: number, start: number, end: number): Stacks {
    const boundary = floorTo(start, this.#size) + this.#size
    const known = this.#stacks.get(key)
    if (known !== undefined) {
      if (known.boundary === boundary && known.from <= start && known.until <= end) return known
      this.forget(key)
    }
    const stacks: Stacks = {
      boundary,
      from: start,
      times: [],
      slots: [],
      back: this.#groups.allocateScratch(),
      until: boundary,
      lastMerged: NONE,
    }
    this.#stacks.set(key, stacks)
    this.#bytes += STACKS_BYTES + this.#entryBytes
    let behind = NONE
    for (const pane of this.#panes(key, start, boundary)) {
      const slot = this.#groups.allocateScratch()
      this.#aggregates.merge(slot, pane)
      if (behind !== NONE) this.#aggregates.merge(slot, behind)
      behind = slot
      stacks.times.push(this.#groups.timeOf(pane))
      stacks.slots.push(slot)
      this.#bytes += this.#entryBytes
    }
    if (boundary > this.#reach) this.#reach = boundary
    return stacks
  }

  /** Merges the panes up to `end` behind the boundary. */
  #extend(stacks: Stacks, key: number, end: number): void {
    const groups = this.#groups
    if (stacks.until >= end) return
    let next =
      stacks.lastMerged === NONE ? this.#panes(key, stacks.until, end).at(-1) : groups.previous(stacks.lastMerged)
    while (next !== undefined && next !== NONE && groups.timeOf(next) < end) {
      this.#aggregates.merge(stacks.back, next)
      stacks.lastMerged = next
      next = groups.previous(next)
    }
    stacks.until = end
    if (end > this.#reach) this.#reach = end
  }

  #pop(stacks: Stacks): void {
    stacks.times.pop()
    this.#free(stacks.slots.pop()!)
    this.#bytes -= this.#entryBytes
  }

  #free(slot: number): void {
    this.#aggregates.clear(slot)
    this.#groups.freeScratch(slot)
  }

  get #entryBytes(): number {
    return ENTRY_BYTES + this.#aggregates.slotBytes
  }
}
