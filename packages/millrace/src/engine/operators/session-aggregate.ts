import type { RecordBatch } from '../../kernel/index.ts'
import type { WindowAggregateNode } from '../../plan/index.ts'
import type { InputStream, OperatorContext } from '../operator.ts'
import { OrderedMultimap } from '../state/ordered-multimap.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import { EarlyGroups } from './early-groups.ts'
import type { GroupExtra } from './grouped-state.ts'
import { type WindowInput, WindowOperator } from './window-operator.ts'

/** Bytes of one session beside its group: two doubles and a timer. */
const SESSION_BYTES = 28
const NONE = -1

/**
 * Sessions per key: [first event, last event + gap). A row at exactly last + gap opens a new session; a row out of order may extend one
 * backwards or join two. A session that had closed before a row (by the row's own watermark) is never touched again, so results do
 * not depend on where batches were cut. Sessions are emitted in order of their end, ties in the order in which they began.
 */
export class SessionAggregate extends WindowOperator {
  protected readonly coversAll = true
  readonly #gap: number
  /** By group slot: time of the last event, and the time its timer is set to, at or before its end. */
  readonly #last = new Float64Slots()
  readonly #armed = new Float64Slots()
  readonly #timers = new OrderedMultimap()
  readonly #changes: EarlyGroups | null
  /** Closed sessions of one end that are being emitted, and how many have been. */
  #due: number[] = []
  #emitted = 0
  /** The session whose change is being emitted. */
  #changing = NONE

  constructor(node: WindowAggregateNode, gap: number, input: InputStream, context: OperatorContext) {
    super(node, input, context)
    this.#gap = gap
    this.#changes = this.early ? new EarlyGroups(this.resultTypes) : null
  }

  protected covers(time: number): boolean {
    return time === time
  }

  protected nextBarrier({ batch }: WindowInput): number {
    return batch.length
  }

  protected add({ batch, times, watermarks }: WindowInput, from: number, to: number): void {
    const { groups } = this.state
    groups.resolveKeys(this.state.keyColumns(batch), from, to, this.keySlots)
    let added = from
    for (let i = from; i < to; i++) {
      const time = times[i]!
      const watermark = watermarks[i]!
      let session = NONE
      for (let slot = groups.first(this.keySlots[i]!); slot !== NONE; ) {
        const next = groups.next(slot)
        if (this.#touches(slot, time) && !this.#isClosed(slot, watermark)) {
          if (session === NONE) session = slot
          else {
            // Rows already assigned must be in their sessions before these become one.
            this.#flush(batch, added, i)
            added = i
            session = this.#join(session, slot)
          }
        }
        slot = next
      }
      if (session === NONE) session = this.#open(this.keySlots[i]!, time)
      else this.#extend(session, time, time)
      this.slots[i] = session
    }
    this.#flush(batch, added, to)
  }

  #touches(slot: number, time: number): boolean {
    return time < this.#endOf(slot) && this.state.groups.timeOf(slot) < time + this.#gap
  }

  #isClosed(slot: number, watermark: number): boolean {
    return this.#endOf(slot) + this.node.allowedLateness <= watermark
  }

  #flush(batch: RecordBatch, from: number, to: number): void {
    if (from === to) return
    this.state.groups.changes.markAll(this.slots, from, to)
    this.#changes?.dirty.markAll(this.slots, from, to)
    this.state.aggregates.update(batch, this.slots, from, to)
  }

  #open(key: number, time: number): number {
    const slot = this.state.groups.add(key, time)
    this.#changes?.add(slot)
    this.#track(slot, time)
    this.#arm(slot, time + this.#gap)
    return slot
  }

  #track(slot: number, last: number): void {
    this.#last.ensure(slot)
    this.#armed.ensure(slot)
    this.#last.set(slot, last)
  }

  #arm(slot: number, end: number): void {
    this.#armed.set(slot, end)
    this.#timers.add(end, slot)
  }

  #extend(slot: number, first: number, last: number): void {
    const { groups } = this.state
    if (first < groups.timeOf(slot)) groups.setTime(slot, first)
    // The timer stays: when it fires, it is set again to the session's end.
    if (last > this.#last.get(slot)) this.#last.set(slot, last)
  }

  /** Two sessions become one, in the place of the one that began earlier to arrive. What was shown of either is to be taken back. */
  #join(a: number, b: number): number {
    const { groups, aggregates } = this.state
    const [kept, gone] = groups.orderOf(a) < groups.orderOf(b) ? [a, b] : [b, a]
    aggregates.merge(kept, gone)
    this.#extend(kept, groups.timeOf(gone), this.#last.get(gone))
    groups.changes.mark(kept)
    if (this.#changes !== null) {
      const shown = [...this.#changes.shown(gone)]
      this.#changes.edit(kept, (rows) => rows.push(...shown))
      this.#changes.dirty.mark(kept)
      this.#changes.remove(gone)
    }
    this.#timers.delete(this.#armed.get(gone), gone)
    this.state.remove(gone)
    return kept
  }

  protected close(watermark: number): boolean {
    for (;;) {
      while (this.#emitted < this.#due.length) {
        if (!this.mayContinue()) return false
        const slot = this.#due[this.#emitted]!
        if (!this.#finish(slot)) return false
        this.#emitted++
        this.state.remove(slot)
      }
      const end = this.#timers.firstKey()
      if (end === undefined || end + this.node.allowedLateness > watermark) return true
      if (!this.mayContinue()) return false
      this.#collectDue(end)
    }
  }

  #finish(slot: number): boolean {
    const start = this.state.groups.timeOf(slot)
    const end = this.#endOf(slot)
    const changes = this.#changes
    if (changes === null) this.emit(slot, start, end, this.resultsOf(slot, true))
    else if (changes.dirty.isDirty(slot) || changes.shown(slot).length === 0) {
      const results = this.resultsOf(slot, true)
      const next = results === null ? null : { start, end, results }
      if (!changes.edit(slot, (shown) => this.replace(slot, shown, next))) return false
    }
    changes?.remove(slot)
    return true
  }

  protected emitChanges(): boolean {
    const changes = this.#changes!
    for (;;) {
      if (this.#changing === NONE) this.#changing = changes.dirty.shift()
      const slot = this.#changing
      if (slot === NONE) return true
      if (!this.mayContinue()) return false
      const results = this.resultsOf(slot, false)
      const start = this.state.groups.timeOf(slot)
      const next = results === null ? null : { start, end: this.#endOf(slot), results }
      if (!changes.edit(slot, (shown) => this.replace(slot, shown, next))) return false
      this.state.groups.changes.mark(slot)
      this.#changing = NONE
    }
  }

  #endOf(slot: number): number {
    return this.#last.get(slot) + this.#gap
  }

  /** Takes the timers set to `end`: sessions that really end then are due, the others are set again. */
  #collectDue(end: number): void {
    const { groups } = this.state
    this.#due = []
    this.#emitted = 0
    while (this.#timers.firstKey() === end) {
      const slot = this.#timers.shift()
      this.spend()
      if (this.#endOf(slot) > end) {
        this.#arm(slot, this.#endOf(slot))
        groups.changes.mark(slot)
      } else this.#due.push(slot)
    }
    this.#due.sort((a, b) => groups.orderOf(a) - groups.orderOf(b))
  }

  protected get extraBytes(): number {
    return this.state.groups.size * SESSION_BYTES + (this.#changes?.bytes ?? 0)
  }

  /** Where a timer stands is saved too: it decides how the work of closing is cut into calls. */
  protected readonly groupExtra: GroupExtra = {
    write: (slot, to) => {
      to.double(this.#last.get(slot))
      to.double(this.#armed.get(slot))
      this.#changes?.write(slot, to)
    },
    read: (slot, from) => {
      this.#track(slot, from.double())
      this.#arm(slot, from.double())
      this.#changes?.read(slot, from)
    },
  }

  protected saveOwn(): void {}

  protected restoreOwn(): void {}

  protected restoreGroup(): void {}

  protected restored(): void {
    this.#changes?.restored()
  }
}
