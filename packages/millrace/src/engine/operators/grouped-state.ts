import type { Column, DataType, RecordBatch, Value } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import { AggregateSet } from '../aggregates/aggregate-set.ts'
import type { InputStream, OperatorContext } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { GroupTable, type RestoredGroup, SCRATCH_SLOT } from '../state/group-table.ts'
import { slotKey, slotOfKey, type StateReader, type StateWriter } from '../state/state-io.ts'
import { readValues, writeValues } from '../state/value-codec.ts'

const GROUP_TAG = 1
/** The tags of operators lie between. */
const ELEMENT_TAG = 255

/** What a kind of window keeps with each group beside key, time and accumulators. */
export interface GroupExtra {
  write(slot: number, to: ByteWriter): void
  read(slot: number, from: ByteReader): void
}

/** Groups with their aggregates: keyed state that is charged to the query and saved slot by slot. */
export class GroupedState {
  readonly groups: GroupTable
  readonly aggregates: AggregateSet
  readonly keys: readonly number[]
  readonly #keyTypes: readonly DataType[]
  readonly #node: string
  readonly #context: OperatorContext
  #charged = 0

  constructor(
    node: string,
    keys: readonly number[],
    calls: readonly AggregateCall[],
    input: InputStream,
    context: OperatorContext,
  ) {
    this.keys = keys
    this.#node = node
    this.#context = context
    this.#keyTypes = keys.map((k) => input.schema.fields[k]!.type)
    this.aggregates = new AggregateSet(calls, input.schema, input.updating)
    this.groups = new GroupTable(this.#keyTypes, (slot) => this.aggregates.clear(slot))
    this.aggregates.clear(SCRATCH_SLOT)
  }

  keyColumns(batch: RecordBatch): readonly Column[] {
    return this.keys.map((k) => batch.columns[k]!)
  }

  /** The values of a group's key. */
  keyValues(slot: number): Value[] {
    return this.groups.keys.values(this.groups.keyOf(slot))
  }

  remove(slot: number): void {
    this.groups.remove(slot)
    this.aggregates.clear(slot)
  }

  get bytes(): number {
    return this.groups.bytes + this.groups.size * this.aggregates.slotBytes + this.aggregates.extraBytes
  }

  /** Tells the query what has been added or freed since the last time; `extra` bytes are the operator's own. */
  charge(extra: number): void {
    const bytes = this.bytes + extra
    const delta = bytes - this.#charged
    this.#charged = bytes
    if (delta !== 0) this.#context.chargeState(this.#node, delta)
  }

  dispose(): void {
    this.#context.chargeState(this.#node, -this.#charged)
    this.#charged = 0
  }

  snapshot(to: StateWriter, extra: GroupExtra | null): void {
    const writer = new ByteWriter()
    const { groups } = this
    groups.changes.take((slot, live) => {
      if (!live) return to.put(slotKey(GROUP_TAG, slot), null)
      writer.varint(groups.orderOf(slot))
      writer.double(groups.timeOf(slot))
      writeValues(writer, this.#keyTypes, this.keyValues(slot))
      extra?.write(slot, writer)
      this.aggregates.write(slot, writer)
      to.put(slotKey(GROUP_TAG, slot), writer.take())
    })
    for (const [store, elements] of this.aggregates.elements.entries())
      elements.snapshot(writer, (id, value) => to.put(elementKey(store, id), value))
  }

  /** Puts the saved groups back and visits their slots, those made earlier first. `other` is given the operator's own entries before. */
  restore(
    from: StateReader,
    extra: GroupExtra | null,
    visit: (slot: number) => void,
    other: (key: Uint8Array, value: Uint8Array) => void = () => {},
  ): void {
    const { elements } = this.aggregates
    const restored: (RestoredGroup & { readonly rest: ByteReader })[] = []
    for (const [key, value] of from.entries()) {
      if (key[0] === ELEMENT_TAG) {
        const { store, id } = elementOfKey(key)
        elements[store]!.restore(id, new ByteReader(value))
      } else if (key[0] !== GROUP_TAG) {
        other(key, value)
      } else {
        const reader = new ByteReader(value)
        const order = reader.varint()
        const time = reader.double()
        restored.push({ slot: slotOfKey(key), order, time, key: readValues(reader, this.#keyTypes), rest: reader })
      }
    }
    this.groups.restore(restored)
    for (const { slot, rest } of restored.sort((a, b) => a.order - b.order)) {
      this.aggregates.clear(slot)
      extra?.read(slot, rest)
      this.aggregates.read(slot, rest)
      visit(slot)
    }
    for (const each of elements) each.restored()
  }
}

/** Key of an element's entry: tag, the store's number among the aggregates', the element's id. */
function elementKey(store: number, id: number): Uint8Array {
  return Uint8Array.of(ELEMENT_TAG, store >>> 8, store, id >>> 24, id >>> 16, id >>> 8, id)
}

function elementOfKey(key: Uint8Array): { readonly store: number; readonly id: number } {
  return { store: (key[1]! << 8) | key[2]!, id: slotOfKey(key.subarray(2)) }
}
