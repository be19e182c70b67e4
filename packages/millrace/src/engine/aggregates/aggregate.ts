import type { Column, DataType, Value } from '../../kernel/index.ts'
import type { AggregateCall, AggregateSignature } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import type { SavedElements } from '../state/element-store.ts'

/**
 * Accumulators of one aggregate call for many groups: group g is slot g, a small dense integer given by the keyed state. Storage grows
 * in chunks, never by copying everything. Results depend on the order of rows at most, never on how they were cut into batches.
 */
export interface Accumulators {
  /** Makes the slot empty: before first use, before reuse, and when its group is gone, so that it holds no memory. */
  clear(slot: number): void
  /**
   * Adds `count` rows: the j-th is row rows[j] of the columns (row j itself where `rows` is null) and goes to slots[j] with weight
   * weights[j] (+1 where `weights` is null). Negative weights retract rows that were added before. `columns`: the call's arguments,
   * then its ORDER BY columns.
   */
  update(
    columns: readonly Column[],
    slots: Int32Array,
    rows: Int32Array | null,
    weights: Int32Array | null,
    count: number,
  ): void
  /** slot += from, another slot of these accumulators, which keeps its content: panes of a hop, merged sessions. */
  merge(slot: number, from: number): void
  /** Throws MillraceError DATA_EXPRESSION where there is none. */
  result(slot: number): Value
  /** What `read` needs to restore the slot exactly. */
  write(slot: number, to: ByteWriter): void
  /** The slot is empty before. */
  read(slot: number, from: ByteReader): void
  /**
   * What is saved element by element instead of by `write`: only where the context asks for it. Elements are restored when all slots
   * are, and slots have their old numbers then.
   */
  readonly elements?: readonly SavedElements[]
  /** Approximate bytes of one slot, and of all slots together beyond that: sets, lists, long values. */
  readonly slotBytes: number
  readonly extraBytes: number
}

export interface AggregateContext {
  /** Types of the call's ORDER BY columns. */
  readonly orderTypes: readonly DataType[]
  /** The input is a changelog: rows come with negative weights too. */
  readonly updating: boolean
  /** Sets and lists are saved as `elements`, except those of the scratch slot, which nobody saves. */
  readonly elementwise?: boolean
}

/** Executed as a test and printed in the reference: the call over one column of these values. */
export interface AggregateExample {
  readonly sql: string
  readonly type: DataType
  readonly values: readonly Value[]
  /** The result's text; NULL for none. */
  readonly result: string
}

export interface AggregateDefinition extends AggregateSignature {
  readonly aliases: readonly string[]
  /** One line for SHOW FUNCTIONS and the reference page. */
  readonly doc: string
  readonly examples: readonly AggregateExample[]
  /** Whether `create`d accumulators take negative weights by themselves. */
  readonly retractable: boolean
  create(call: AggregateCall, context: AggregateContext): Accumulators
}
