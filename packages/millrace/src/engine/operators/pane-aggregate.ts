import { MAX_BATCH_ROWS } from '../../kernel/index.ts'
import type { WindowAggregateNode, WindowSpec } from '../../plan/index.ts'
import type { InputStream, OperatorContext } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { SCRATCH_SLOT } from '../state/group-table.ts'
import { PaneList } from '../state/pane-list.ts'
import { Float64Slots, type Int32List } from '../state/slot-columns.ts'
import { singleKey, type StateReader, type StateWriter } from '../state/state-io.ts'
import { floorTo } from './times.ts'
import { type WindowInput, WindowOperator } from './window-operator.ts'

const CLOSED_TAG = 2

/**
 * Tumbling and hopping windows. Rows go into panes of gcd(slide, size); a window is put together from its panes when it closes, so taking
 * a row in costs the same whatever size / slide is. A tumbling window is one pane. Windows close in order of their end, keys in the order
 * in which they came, pane by pane. Windows without rows are not emitted.
 */
export class PaneAggregate extends WindowOperator {
  readonly #size: number
  readonly #slide: number
  readonly #pane: number
  readonly #panes = new PaneList()
  /** By key slot: number of the last window the key was emitted for; windows are numbered from 1 as they are emitted. */
  readonly #emitted = new Float64Slots()
  #windowNumber = 0
  readonly #keys = new Int32Array(MAX_BATCH_ROWS)
  readonly #slots = new Int32Array(MAX_BATCH_ROWS)
  /** Groups of the pane that rows are being added to. */
  #current: Int32List | null = null
  /** Every window that closes at this watermark has been closed. */
  #closed = Number.NEGATIVE_INFINITY
  #closedSaved = Number.NEGATIVE_INFINITY
  /** The window being emitted, and where it stands: pane and index of the next group. */
  #window: number | null = null
  #cursorPane = 0
  #cursorIndex = 0

  constructor(
    node: WindowAggregateNode,
    window: Exclude<WindowSpec, { kind: 'session' }>,
    input: InputStream,
    context: OperatorContext,
  ) {
    super(node, input, context)
    this.#size = window.size
    this.#slide = window.kind === 'tumble' ? window.size : window.slide
    this.#pane = greatestCommonDivisor(this.#slide, this.#size)
  }

  /** A hop whose slide is larger than its size leaves gaps. */
  protected get coversAll(): boolean {
    return this.#slide <= this.#size
  }

  protected covers(time: number): boolean {
    if (this.coversAll) return time === time
    return time - floorTo(time, this.#slide) < this.#size
  }

  /** A row whose first windows have closed before it must find them emitted. Tumbling windows have no such rows: these are late. */
  protected nextBarrier({ times, watermarks, batch }: WindowInput, from: number): number {
    if (this.#pane === this.#size) return batch.length
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
    groups.resolveKeys(this.state.keyColumns(batch), from, to, this.#keys)
    const pane = this.#pane
    for (let i = from; i < to; ) {
      const start = floorTo(times[i]!, pane)
      const end = start + pane
      let next = i + 1
      while (next < to && times[next]! >= start && times[next]! < end) next++
      this.#current = this.#panes.open(start)
      groups.resolveGroups(this.#keys, i, next, start, this.#slots, this.#created)
      i = next
    }
    groups.changes.markAll(this.#slots, from, to)
    aggregates.update(batch, this.#slots, from, to)
  }

  readonly #created = (slot: number): void => this.#current!.push(slot)

  protected close(watermark: number): boolean {
    for (;;) {
      if (this.#window === null) {
        const next = this.#nextWindow()
        if (next === undefined || next + this.#size + this.node.allowedLateness > watermark) {
          this.#closed = Math.max(this.#closed, watermark)
          return true
        }
        this.#window = next
        this.#windowNumber++
        this.#cursorPane = next
        this.#cursorIndex = 0
      }
      if (!this.#emitWindow(this.#window) || !this.#freePanes(this.#window + this.#slide)) return false
      this.#closed = Math.max(this.#closed, this.#window + this.#size + this.node.allowedLateness)
      this.#window = null
    }
  }

  /** Start of the first window that holds a pane and has not closed. */
  #nextWindow(): number | undefined {
    const first = this.#panes.first()
    if (first === undefined) return undefined
    const holding = floorTo(first - this.#size, this.#slide) + this.#slide
    if (this.#closed === Number.NEGATIVE_INFINITY) return holding
    const open = floorTo(this.#closed - this.node.allowedLateness - this.#size, this.#slide) + this.#slide
    return Math.max(holding, open)
  }

  #emitWindow(start: number): boolean {
    const end = start + this.#size
    for (;;) {
      const pane = this.#panes.firstFrom(this.#cursorPane, end)
      if (pane === undefined) return true
      if (pane !== this.#cursorPane) {
        this.#cursorPane = pane
        this.#cursorIndex = 0
      }
      const slots = this.#panes.groups(pane)
      while (this.#cursorIndex < slots.length) {
        if (!this.mayContinue()) return false
        this.#emitGroup(slots.get(this.#cursorIndex++), start, end)
      }
      this.#cursorPane = pane + this.#pane
      this.#cursorIndex = 0
    }
  }

  #emitGroup(slot: number, start: number, end: number): void {
    if (this.#pane === this.#size) return this.emit(slot, slot, start, end)
    const key = this.state.groups.keyOf(slot)
    this.#emitted.ensure(key)
    this.spend()
    if (this.#emitted.get(key) === this.#windowNumber) return
    this.#emitted.set(key, this.#windowNumber)
    const merged = this.#merged(key, start, end)
    this.emit(merged, slot, start, end)
    if (merged === SCRATCH_SLOT) this.state.aggregates.clear(SCRATCH_SLOT)
  }

  /** The slot with the key's panes of the window, merged in order of time: the scratch slot, unless there is only one. */
  #merged(key: number, start: number, end: number): number {
    const { groups, aggregates } = this.state
    const parts: number[] = []
    for (let slot = groups.first(key); slot >= 0; slot = groups.next(slot)) {
      const time = groups.timeOf(slot)
      if (time >= start && time < end) parts.push(slot)
    }
    if (parts.length === 1) return parts[0]!
    parts.sort((a, b) => groups.timeOf(a) - groups.timeOf(b))
    for (const part of parts) aggregates.merge(SCRATCH_SLOT, part)
    return SCRATCH_SLOT
  }

  /** Frees panes that no window from `before` on needs. */
  #freePanes(before: number): boolean {
    for (;;) {
      const pane = this.#panes.first()
      if (pane === undefined || pane >= before) return true
      const slots = this.#panes.groups(pane)
      while (slots.length > 0) {
        if (!this.mayContinue()) return false
        this.spend()
        this.state.remove(slots.pop())
      }
      this.#panes.remove(pane)
    }
  }

  protected get extraBytes(): number {
    return this.#panes.bytes
  }

  snapshot(to: StateWriter): void {
    this.state.snapshot(to, null)
    if (this.#closed === this.#closedSaved) return
    this.#closedSaved = this.#closed
    const writer = new ByteWriter()
    writer.double(this.#closed)
    to.put(singleKey(CLOSED_TAG), writer.take())
  }

  restore(from: StateReader): void {
    const others = this.state.restore(from, null, (slot) => this.#panes.open(this.state.groups.timeOf(slot)).push(slot))
    const closed = others.get(CLOSED_TAG)
    if (closed !== undefined) {
      this.#closed = new ByteReader(closed).double()
      this.#closedSaved = this.#closed
    }
    this.state.charge(this.extraBytes)
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
