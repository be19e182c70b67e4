import { MAX_BATCH_ROWS, type RecordBatch } from '../../kernel/index.ts'
import { joinReads, type JoinSide, preserves, type UpdatingJoinNode } from '../../plan/index.ts'
import type { InputStream } from '../operator.ts'
import { JoinRows, NULL_ROW, type RowExtra } from '../state/join-rows.ts'
import { type KeyTable, keyTable } from '../state/key-table.ts'
import { OrderedMultimap } from '../state/ordered-multimap.ts'
import { RowChains } from '../state/row-chains.ts'
import { Float64Slots, Int32Slots } from '../state/slot-columns.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'
import { NO_KEY } from './join-keys.ts'

/** Bytes of a row beside what JoinRows says: chain, counts, times, timer. */
const ROW_BYTES = 56

/** What is alone about a row, as its number of partners says; null: nothing leaves for a row alone. */
type Alone = 'without partner' | 'with partner' | null

/**
 * The rows of one side of an un-windowed join, by key in order of arrival, each as often as it is there. Rows that are equal are one row
 * where the input may take rows back, so that it is found again. How many partners a row has counts those whose pairs stand in the
 * result: partners that were only forgotten still count.
 */
export class UpdatingJoinSide {
  readonly side: JoinSide
  readonly rows: JoinRows
  readonly #tag: number
  readonly #ttl: number
  readonly #alone: Alone
  readonly #chains = new RowChains()
  readonly #counts = new Int32Slots()
  readonly #partners = new Float64Slots()
  readonly #times = new Float64Slots()
  readonly #expires = new Float64Slots()
  readonly #timers = new OrderedMultimap()
  /** Whether a timer is set for the slot, be it that of a row that is gone. */
  readonly #armed = new Int32Slots()
  /** For inputs that take rows back: rows by all of their values. */
  readonly #identities: KeyTable | null
  readonly #slotOf = new Int32Slots(NULL_ROW)
  readonly #identityOf = new Int32Slots()
  readonly #batchIdentities = new Int32Array(MAX_BATCH_ROWS)
  readonly #unused = new Set<number>()

  constructor(node: UpdatingJoinNode, side: JoinSide, input: InputStream, leftColumns: number, tag: number) {
    this.side = side
    this.#tag = tag
    this.#ttl = node.ttl
    const passed = node.output.filter((o) => o.side === side).map((o) => o.column)
    this.rows = new JoinRows(input.schema, [...joinReads(node, side, leftColumns), ...passed])
    const half = node.type === 'semi' && side === 'left'
    this.#alone = half ? 'with partner' : preserves(node.type, side) ? 'without partner' : null
    const types = this.rows.columns.map((c) => input.schema.fields[c]!.type)
    this.#identities = input.updating ? keyTable(types) : null
  }

  get bytes(): number {
    return this.rows.bytes + this.rows.size * ROW_BYTES + (this.#identities?.bytes ?? 0)
  }

  /** Whether rows leave alone, so that their partners have to be counted. */
  get counts(): boolean {
    return this.#alone !== null
  }

  open(key: number): void {
    this.#chains.open(key)
  }

  first(key: number): number {
    return this.#chains.first(key)
  }

  next(slot: number): number {
    return this.#chains.next(slot)
  }

  read(batch: RecordBatch): void {
    this.rows.read(batch)
    const columns = this.rows.columns.map((c) => batch.columns[c]!)
    this.#identities?.resolve(columns, 0, batch.length, this.#batchIdentities, this.#identityAdded)
  }

  readonly #identityAdded = (identity: number): void => {
    this.#slotOf.ensure(identity)
    this.#slotOf.set(identity, NULL_ROW)
    this.#unused.add(identity)
  }

  /** The slot of an equal row; NULL_ROW: there is none. */
  find(row: number): number {
    return this.#identities === null ? NULL_ROW : this.#slotOf.get(this.#batchIdentities[row]!)
  }

  /** Copies a row, which is there no times yet. */
  add(row: number, key: number, time: number): number {
    const slot = this.rows.add(row, key)
    this.#ensure(slot)
    this.#counts.set(slot, 0)
    this.#partners.set(slot, 0)
    this.#times.set(slot, time)
    if (key === NO_KEY) return slot
    this.#chains.add(key, slot)
    if (this.#identities !== null) this.#identify(slot, this.#batchIdentities[row]!)
    return slot
  }

  #identify(slot: number, identity: number): void {
    this.#slotOf.set(identity, slot)
    this.#identityOf.set(slot, identity)
  }

  timeOf(slot: number): number {
    return this.#times.get(slot)
  }

  countOf(slot: number): number {
    return this.#counts.get(slot)
  }

  /** There are so many more of the row, which is remembered anew from `now` on. */
  change(slot: number, by: number, now: number): void {
    this.#counts.set(slot, this.#counts.get(slot) + by)
    this.#expires.set(slot, now + this.#ttl)
    if (this.#armed.get(slot) === 0) this.#arm(slot)
    this.rows.store.changes.mark(slot)
  }

  #arm(slot: number): void {
    this.#timers.add(this.#expires.get(slot), slot)
    this.#armed.set(slot, 1)
  }

  /** What leaves for the row alone, of each time it is there: 1 or 0. */
  alone(slot: number): number {
    if (this.#alone === null) return 0
    return this.#partners.get(slot) > 0 === (this.#alone === 'with partner') ? 1 : 0
  }

  /** So many more partners have pairs with the row. */
  pair(slot: number, by: number): void {
    this.#partners.set(slot, this.#partners.get(slot) + by)
    this.rows.store.changes.mark(slot)
  }

  setPartners(slot: number, count: number): void {
    this.#partners.set(slot, count)
  }

  /** Takes the row from those that find partners, and its values. */
  remove(slot: number): void {
    const key = this.rows.keyOf(slot)
    if (key !== NO_KEY) {
      this.#chains.remove(key, slot)
      if (this.#identities !== null) {
        const identity = this.#identityOf.get(slot)
        this.#slotOf.set(identity, NULL_ROW)
        this.#unused.add(identity)
      }
    }
    this.rows.remove(slot)
  }

  /** A row that has not changed for so long at `now`; NULL_ROW: there is none, or not yet; null: none is due any more. */
  expired(now: number): number | null {
    const due = this.#timers.firstKey()
    if (due === undefined || due > now) return null
    const slot = this.#timers.shift()
    this.#armed.set(slot, 0)
    if (!this.rows.store.changes.isLive(slot)) return NULL_ROW
    if (this.#expires.get(slot) <= now) return slot
    this.#arm(slot)
    return NULL_ROW
  }

  /** Forgets identities without a row. Between batches only. */
  sweep(): void {
    if (this.#identities === null) return
    for (const identity of this.#unused) {
      if (this.#slotOf.get(identity) === NULL_ROW) this.#identities.delete(identity)
    }
    this.#unused.clear()
  }

  #ensure(slot: number): void {
    for (const column of [this.#counts, this.#partners, this.#times, this.#expires, this.#armed, this.#identityOf])
      column.ensure(slot)
  }

  readonly #extra: RowExtra = {
    write: (slot, to) => {
      to.varint(this.#counts.get(slot))
      to.varint(this.#partners.get(slot))
      to.double(this.#times.get(slot))
      to.double(this.#expires.get(slot))
    },
    read: (slot, from) => {
      this.#ensure(slot)
      this.#counts.set(slot, from.varint())
      this.#partners.set(slot, from.varint())
      this.#times.set(slot, from.double())
      this.#expires.set(slot, from.double())
    },
  }

  snapshot(to: StateWriter): void {
    this.rows.snapshot(to, this.#tag, this.#extra)
  }

  restore(from: StateReader, keyOf: (slot: number) => number): void {
    this.rows.restore(from, this.#tag, this.#extra, (slot) => {
      const key = keyOf(slot)
      this.#chains.add(key, slot)
      this.#arm(slot)
      if (this.#identities !== null) {
        const values = this.rows.columns.map((c) => this.rows.value(c, slot))
        this.#identify(slot, this.#identities.resolveValues(values, this.#identityAdded))
      }
      return key
    })
  }
}
