import type { WindowAggregateNode } from '../../plan/index.ts'
import type { InputStream, OperatorContext } from '../operator.ts'
import { PaneList } from '../state/pane-list.ts'
import type { Int32List } from '../state/slot-columns.ts'
import { EarlyGroups } from './early-groups.ts'
import type { GroupExtra } from './grouped-state.ts'
import { floorTo } from './times.ts'
import { type WindowInput, WindowOperator } from './window-operator.ts'

const NONE = -1

/**
 * Tumbling windows: each row is in one, so a window and key are one group. Rows whose window has closed must not come: they are late.
 * Windows close in order of their end, keys in the order in which they came. Windows without rows are not emitted.
 */
export class TumbleAggregate extends WindowOperator {
  protected readonly coversAll = true
  readonly #size: number
  readonly #windows = new PaneList()
  readonly #changes: EarlyGroups | null
  /** Groups of the window that rows are being added to. */
  #current: Int32List | null = null
  /** How many groups of the first window have been emitted. */
  #emitted = 0
  /** The group whose change is being emitted. */
  #changing = NONE

  constructor(node: WindowAggregateNode, size: number, input: InputStream, context: OperatorContext) {
    super(node, input, context)
    this.#size = size
    this.#changes = this.early ? new EarlyGroups(this.resultTypes) : null
  }

  protected covers(time: number): boolean {
    return time === time
  }

  protected nextBarrier({ batch }: WindowInput): number {
    return batch.length
  }

  protected add({ batch, times }: WindowInput, from: number, to: number): void {
    const { groups, aggregates } = this.state
    groups.resolveKeys(this.state.keyColumns(batch), from, to, this.keySlots)
    const size = this.#size
    for (let i = from; i < to; ) {
      const start = floorTo(times[i]!, size)
      const end = start + size
      let next = i + 1
      while (next < to && times[next]! >= start && times[next]! < end) next++
      this.#current = this.#windows.open(start)
      groups.resolveGroups(this.keySlots, i, next, start, this.slots, this.#created)
      i = next
    }
    groups.changes.markAll(this.slots, from, to)
    this.#changes?.dirty.markAll(this.slots, from, to)
    aggregates.update(batch, this.slots, from, to)
  }

  readonly #created = (slot: number): void => {
    this.#changes?.add(slot)
    this.#current!.push(slot)
  }

  protected close(watermark: number): boolean {
    for (;;) {
      const start = this.#windows.first()
      if (start === undefined || start + this.#size + this.node.allowedLateness > watermark) return true
      const groups = this.#windows.groups(start)
      while (this.#emitted < groups.length) {
        if (!this.mayContinue() || !this.#finish(groups.get(this.#emitted), start)) return false
        this.#emitted++
      }
      this.#emitted = 0
      this.#windows.remove(start)
    }
  }

  #finish(slot: number, start: number): boolean {
    const end = start + this.#size
    const changes = this.#changes
    if (changes === null) this.emit(slot, start, end, this.resultsOf(slot, true))
    else if (changes.dirty.isDirty(slot) || changes.shown(slot).length === 0) {
      const results = this.resultsOf(slot, true)
      const next = results === null ? null : { start, end, results }
      if (!changes.edit(slot, (shown) => this.replace(slot, shown, next))) return false
    }
    changes?.remove(slot)
    this.spend()
    this.state.remove(slot)
    return true
  }

  protected emitChanges(): boolean {
    const changes = this.#changes!
    for (;;) {
      if (this.#changing === NONE) this.#changing = changes.dirty.shift()
      const slot = this.#changing
      if (slot === NONE) return true
      if (!this.mayContinue()) return false
      const start = this.state.groups.timeOf(slot)
      const results = this.resultsOf(slot, false)
      const next = results === null ? null : { start, end: start + this.#size, results }
      if (!changes.edit(slot, (shown) => this.replace(slot, shown, next))) return false
      this.state.groups.changes.mark(slot)
      this.#changing = NONE
    }
  }

  protected get extraBytes(): number {
    return this.#windows.bytes + (this.#changes?.bytes ?? 0)
  }

  protected get groupExtra(): GroupExtra | null {
    return this.#changes
  }

  protected saveOwn(): void {}

  protected restoreOwn(): void {}

  protected restoreGroup(slot: number): void {
    this.#windows.open(this.state.groups.timeOf(slot)).push(slot)
  }

  protected restored(): void {
    this.#changes?.restored()
  }
}
