import type { WindowAggregateNode } from '../../plan/index.ts'
import type { InputStream, OperatorContext } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { DirtyQueue } from '../state/dirty-queue.ts'
import { SlotBuckets } from '../state/slot-buckets.ts'
import { singleKey, slotKey, slotOfKey, type StateWriter } from '../state/state-io.ts'
import type { GroupExtra } from './grouped-state.ts'
import { PaneMerger } from './pane-merger.ts'
import { ShownWindows } from './shown-windows.ts'
import { floorTo } from './times.ts'
import { type WindowInput, WindowOperator, type WindowRow } from './window-operator.ts'

const CLOSED_TAG = 3
const SHOWN_TAG = 4
const NONE = -1

/**
 * Hopping windows. Rows go into panes of gcd(slide, size), a group for each pane and key; a window is put together from its panes when it
 * is emitted, so taking a row in costs the same whatever size / slide is, and emitting one nearly so. Windows close in order of their
 * end; its keys come in the order of the first pane they are in, within it in the order in which they came to it. Windows without rows
 * are not emitted.
 */
export class HopAggregate extends WindowOperator {
  readonly #size: number
  readonly #slide: number
  readonly #pane: number
  /** The earliest group of each key by its pane, and groups that have been the earliest. */
  readonly #earliest: SlotBuckets
  readonly #merger: PaneMerger
  /** Every window that closes at this watermark has been closed. */
  #closed = Number.NEGATIVE_INFINITY
  #closedSaved = Number.NEGATIVE_INFINITY
  /** The window being closed; the pane it stands at and how many of the groups there are done; whether they are being freed. */
  #window: number | null = null
  #cursorPane = 0
  #cursorIndex = 0
  #freeing = false

  readonly #shown: ShownWindows | null
  /** Panes that have changed since their windows were emitted. */
  readonly #dirty = new DirtyQueue()
  #dirtySaved: { readonly slot: number; readonly number: number }[] = []
  /** The key whose changes are being emitted, by one of its groups, and its windows. */
  #changing = NONE
  #changedWindows: readonly number[] = []
  #changedIndex = 0

  constructor(
    node: WindowAggregateNode,
    window: { readonly slide: number; readonly size: number },
    input: InputStream,
    context: OperatorContext,
  ) {
    super(node, input, context)
    this.#size = window.size
    this.#slide = window.slide
    this.#pane = greatestCommonDivisor(this.#slide, this.#size)
    this.#earliest = new SlotBuckets((slot) => this.state.groups.orderOf(slot))
    this.#merger = new PaneMerger(this.state.groups, this.state.aggregates, this.#size, this.#pane)
    this.#shown = this.early ? new ShownWindows(this.state.groups, this.resultTypes) : null
  }

  /** A hop whose slide is larger than its size leaves gaps. */
  protected get coversAll(): boolean {
    return this.#slide <= this.#size
  }

  protected covers(time: number): boolean {
    if (this.coversAll) return time === time
    return time - floorTo(time, this.#slide) < this.#size
  }

  /** A row whose first windows have closed before it must find them emitted. */
  protected nextBarrier({ times, watermarks, batch }: WindowInput, from: number): number {
    const lateness = this.node.allowedLateness
    for (let i = from; i < times.length; i++) {
      const watermark = watermarks[i]!
      if (times[i]! + lateness >= watermark || watermark <= this.#closed) continue
      const firstEnd = floorTo(times[i]! - this.#size, this.#slide) + this.#slide + this.#size
      if (firstEnd + lateness <= watermark) return i
    }
    return batch.length
  }

  protected add({ batch, times }: WindowInput, from: number, to: number): void {
    const { groups, aggregates } = this.state
    groups.resolveKeys(this.state.keyColumns(batch), from, to, this.keySlots)
    const pane = this.#pane
    for (let i = from; i < to; ) {
      const start = floorTo(times[i]!, pane)
      const end = start + pane
      let next = i + 1
      while (next < to && times[next]! >= start && times[next]! < end) next++
      groups.resolveGroups(this.keySlots, i, next, start, this.slots, this.#created)
      if (start < this.#merger.reach) for (let j = i; j < next; j++) this.#merger.changed(this.keySlots[j]!, start)
      i = next
    }
    groups.changes.markAll(this.slots, from, to)
    if (this.early) this.#dirty.markAll(this.slots, from, to)
    aggregates.update(batch, this.slots, from, to)
  }

  readonly #created = (slot: number): void => {
    const { groups } = this.state
    const key = groups.keyOf(slot)
    if (this.early) this.#dirty.ensure(slot)
    if (groups.last(key) !== slot) return
    if (groups.first(key) === slot) this.#meet(key)
    this.#earliest.add(groups.timeOf(slot), slot)
  }

  /** The key is new. */
  #meet(key: number): void {
    this.#merger.ensure(key)
    this.#shown?.ensure(key)
  }

  #isEarliest(slot: number): boolean {
    return this.state.groups.last(this.state.groups.keyOf(slot)) === slot
  }

  protected close(watermark: number): boolean {
    for (;;) {
      if (this.#window === null) {
        const next = this.#nextWindow()
        if (next === undefined || next + this.#size + this.node.allowedLateness > watermark) {
          this.#closed = Math.max(this.#closed, watermark)
          return true
        }
        this.#window = next
        this.#cursorPane = next
        this.#cursorIndex = 0
      }
      if (!this.#freeing && !this.#emitWindow(this.#window)) return false
      if (!this.#freePanes(this.#window + this.#slide)) return false
      this.#closed = Math.max(this.#closed, this.#window + this.#size + this.node.allowedLateness)
      this.#window = null
    }
  }

  /** Start of the first window that holds a pane and has not closed. */
  #nextWindow(): number | undefined {
    const first = this.#earliest.first()
    if (first === undefined) return undefined
    return Math.max(floorTo(first - this.#size, this.#slide) + this.#slide, this.#firstOpen())
  }

  /** Start of the first window that has not closed. */
  #firstOpen(): number {
    if (this.#closed === Number.NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY
    return floorTo(this.#closed - this.node.allowedLateness - this.#size, this.#slide) + this.#slide
  }

  #emitWindow(start: number): boolean {
    for (;;) {
      const pane = this.#earliest.firstFrom(this.#cursorPane, start + this.#size)
      if (pane === undefined) break
      if (pane !== this.#cursorPane) {
        this.#cursorPane = pane
        this.#cursorIndex = 0
      }
      const slots = this.#earliest.slots(pane)
      while (this.#cursorIndex < slots.length) {
        if (!this.mayContinue()) return false
        const slot = slots[this.#cursorIndex++]!
        if (this.#isEarliest(slot)) this.#finish(slot, start)
      }
      this.#cursorPane = pane + this.#pane
      this.#cursorIndex = 0
    }
    this.#freeing = true
    this.#cursorIndex = 0
    return true
  }

  /** Where blocks of the merger begin, a key's panes are merged anew. */
  #finish(group: number, start: number): void {
    if (start === floorTo(start, this.#size)) this.spend(this.#size / this.#pane)
    const key = this.state.groups.keyOf(group)
    if (this.#shown === null) {
      const slot = this.#merger.merge(key, start)
      this.emit(group, start, start + this.#size, this.resultsOf(slot, true))
      this.#merger.release(slot)
      return
    }
    if (this.#dirty.size > 0 || this.#shown.get(key, start) === undefined) this.#replace(key, group, start, true)
    this.#shown.set(key, start, undefined)
  }

  /** Frees panes that no window from `before` on needs; their keys go on to their next panes. */
  #freePanes(before: number): boolean {
    for (;;) {
      const pane = this.#earliest.first()
      if (pane === undefined || pane >= before) {
        this.#freeing = false
        return true
      }
      const slots = this.#earliest.slots(pane)
      while (this.#cursorIndex < slots.length) {
        if (!this.mayContinue()) return false
        this.spend()
        this.#free(slots[this.#cursorIndex++]!)
      }
      this.#cursorIndex = 0
      this.#earliest.remove(pane)
    }
  }

  /** Every group of the earliest pane is its key's earliest. */
  #free(slot: number): void {
    const { groups } = this.state
    const next = groups.previous(slot)
    if (next === NONE) this.#merger.forget(groups.keyOf(slot))
    else this.#earliest.add(groups.timeOf(next), next)
    if (this.early) this.#dirty.clean(slot)
    this.state.remove(slot)
  }

  protected emitChanges(): boolean {
    const { groups } = this.state
    for (;;) {
      if (this.#changing === NONE) {
        this.#changing = this.#dirty.shift()
        if (this.#changing === NONE) return true
        this.#changedWindows = this.#windowsOf(this.#changing)
        this.#changedIndex = 0
        this.spend(this.#size / this.#pane)
      }
      const group = this.#changing
      while (this.#changedIndex < this.#changedWindows.length) {
        if (!this.mayContinue()) return false
        this.#replace(groups.keyOf(group), group, this.#changedWindows[this.#changedIndex++]!, false)
      }
      this.#changing = NONE
    }
  }

  /** Starts of the open windows that the changed panes of the group's key are in, ascending; the panes count as unchanged then. */
  #windowsOf(changed: number): number[] {
    const { groups } = this.state
    const panes: number[] = []
    for (let slot = groups.first(groups.keyOf(changed)); slot !== NONE; slot = groups.next(slot)) {
      if (slot !== changed && !this.#dirty.isDirty(slot)) continue
      this.#dirty.clean(slot)
      groups.changes.mark(slot)
      panes.push(groups.timeOf(slot))
    }
    const starts: number[] = []
    let next = this.#firstOpen()
    for (const pane of panes.reverse()) {
      next = Math.max(next, floorTo(pane - this.#size, this.#slide) + this.#slide)
      for (; next <= pane; next += this.#slide) starts.push(next)
    }
    return starts
  }

  #replace(key: number, group: number, start: number, closing: boolean): void {
    const end = start + this.#size
    const slot = this.#merger.merge(key, start)
    const results = this.resultsOf(slot, closing)
    this.#merger.release(slot)
    const before = this.#shown!.get(key, start)
    const shown: WindowRow[] = before === undefined ? [] : [{ start, end, results: before }]
    // There is room: at most one row is taken back.
    this.replace(group, shown, results === null ? null : { start, end, results })
    this.#shown!.set(key, start, shown[0]?.results)
  }

  protected get extraBytes(): number {
    return this.#earliest.bytes + this.#merger.bytes + this.#dirty.bytes + (this.#shown?.bytes ?? 0)
  }

  protected get groupExtra(): GroupExtra | null {
    return this.early ? this.#queued : null
  }

  /** The place in the queue of those to be emitted. */
  readonly #queued: GroupExtra = {
    write: (slot, to) => to.varint(this.#dirty.numberOf(slot)),
    read: (slot, from) => {
      this.#dirty.ensure(slot)
      const number = from.varint()
      if (number > 0) this.#dirtySaved.push({ slot, number })
    },
  }

  protected saveOwn(to: StateWriter): void {
    const writer = new ByteWriter()
    this.#shown?.saved.snapshot(writer, (id, value) => to.put(slotKey(SHOWN_TAG, id), value))
    if (this.#closed === this.#closedSaved) return
    this.#closedSaved = this.#closed
    writer.double(this.#closed)
    to.put(singleKey(CLOSED_TAG), writer.take())
  }

  readonly #shownSaved: { readonly id: number; readonly value: Uint8Array }[] = []

  protected restoreOwn(key: Uint8Array, value: Uint8Array): void {
    if (key[0] === SHOWN_TAG) {
      this.#shownSaved.push({ id: slotOfKey(key), value })
    } else {
      this.#closed = new ByteReader(value).double()
      this.#closedSaved = this.#closed
    }
  }

  protected restoreGroup(slot: number): void {
    const { groups } = this.state
    const key = groups.keyOf(slot)
    if (groups.first(key) === slot) this.#meet(key)
    if (groups.last(key) === slot) this.#earliest.add(groups.timeOf(slot), slot)
  }

  protected restored(): void {
    for (const { id, value } of this.#shownSaved.splice(0)) this.#shown!.saved.restore(id, new ByteReader(value))
    this.#shown?.saved.restored()
    this.#dirty.restore(this.#dirtySaved)
    this.#dirtySaved = []
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
