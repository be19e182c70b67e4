import { MAX_BATCH_ROWS, MillraceError, type RecordBatch, type Schema, type Value } from '../../kernel/index.ts'
import type { AggregateNode } from '../../plan/index.ts'
import type {
  ExplainLine,
  InputStream,
  Operator,
  OperatorContext,
  OperatorDefinition,
  Output,
  Progress,
  Watermark,
} from '../operator.ts'
import { Int32Slots } from '../state/slot-columns.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'
import { describeAggregation } from './describe.ts'
import { GroupedState } from './grouped-state.ts'
import { RowBuilder } from './row-builder.ts'
import { sameValues } from './same-values.ts'

/** Every group of an un-windowed aggregate stands at the same time. */
const ALWAYS = 0

/** A group that a batch has touched, with its results before; null if it showed none. */
interface Touched {
  readonly slot: number
  readonly before: readonly Value[] | null
}

/**
 * Un-windowed GROUP BY: a changelog. After each batch every group whose results have changed retracts its old row and inserts the new
 * one; a group all of whose rows were retracted goes. Without keys there is one group, from the start, so that COUNT(*) of nothing is 0.
 * How many changes there are depends on the batches, where they lead does not.
 */
export class Aggregate implements Operator {
  readonly schema: Schema
  readonly #node: AggregateNode
  readonly #input: Schema
  readonly #context: OperatorContext
  readonly #state: GroupedState
  readonly #rows: RowBuilder
  readonly #keys = new Int32Array(MAX_BATCH_ROWS)
  readonly #slots = new Int32Array(MAX_BATCH_ROWS)
  /** By slot: 1 while it is among those touched. */
  readonly #marks = new Int32Slots()
  #touched: Touched[] = []
  #next = 0
  #passing: Watermark | null = null

  constructor(node: AggregateNode, input: InputStream, context: OperatorContext) {
    this.schema = node.schema
    this.#node = node
    this.#input = input.schema
    this.#context = context
    this.#state = new GroupedState(node.id, node.keys, node.aggregates, input, context)
    this.#rows = new RowBuilder(node.schema, true)
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    const { groups, aggregates } = this.#state
    this.#touched = []
    this.#next = 0
    groups.resolveKeys(this.#state.keyColumns(batch), 0, batch.length, this.#keys)
    groups.resolveGroups(this.#keys, 0, batch.length, ALWAYS, this.#slots, this.#created)
    for (let i = 0; i < batch.length; i++) {
      const slot = this.#slots[i]!
      if (this.#marks.get(slot) === 0) this.#touch(slot, this.#shown(slot))
    }
    groups.changes.markAll(this.#slots, 0, batch.length)
    aggregates.update(batch, this.#slots, 0, batch.length)
    return this.more(output)
  }

  readonly #created = (slot: number): void => {
    this.#marks.ensure(slot)
    this.#touch(slot, null)
  }

  #touch(slot: number, before: readonly Value[] | null): void {
    this.#marks.set(slot, 1)
    this.#touched.push({ slot, before })
  }

  /** The results a group shows; null where it has none. */
  #shown(slot: number): readonly Value[] | null {
    try {
      return this.#state.aggregates.results(slot)
    } catch (error) {
      if (MillraceError.is(error) && error.code === 'DATA_EXPRESSION') return null
      throw error
    }
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    this.#start()
    this.#passing = watermark
    return this.more(output)
  }

  tick(_now: number, output: Output): Progress {
    this.#start()
    return this.more(output)
  }

  /** The one group without keys shows itself before any row has come. */
  #start(): void {
    const { groups } = this.#state
    if (this.#node.keys.length > 0 || groups.size > 0) return
    this.#touched = []
    this.#next = 0
    this.#created(groups.add(groups.resolveKey([]), ALWAYS))
  }

  more(output: Output): Progress {
    while (this.#next < this.#touched.length && this.#rows.hasRoom(2)) this.#change(this.#touched[this.#next++]!)
    const rows = this.#rows.take()
    if (rows !== null) output.batch(rows)
    if (this.#next < this.#touched.length) return 'more'
    this.#touched = []
    this.#next = 0
    if (this.#passing !== null) output.watermark(this.#passing)
    this.#passing = null
    this.#state.charge(0)
    return 'done'
  }

  #change({ slot, before }: Touched): void {
    this.#marks.set(slot, 0)
    const gone = this.#node.keys.length > 0 && this.#state.aggregates.isEmpty(slot)
    const after = gone ? null : this.#results(slot)
    if (before === null || after === null || !sameValues(this.#state.aggregates.types, before, after)) {
      const key = this.#state.keyValues(slot)
      if (before !== null) this.#rows.append([...key, ...before, null, null], -1)
      if (after !== null) this.#rows.append([...key, ...after, null, null], 1)
    }
    if (gone) this.#state.remove(slot)
  }

  #results(slot: number): readonly Value[] | null {
    try {
      return this.#state.aggregates.results(slot)
    } catch (error) {
      if (!MillraceError.is(error) || error.code !== 'DATA_EXPRESSION') throw error
      this.#context.count('row_errors', this.#node.id, 1)
      this.#context.rowError(this.#node.id, error)
      return null
    }
  }

  snapshot(to: StateWriter): void {
    this.#state.snapshot(to, null)
  }

  restore(from: StateReader): void {
    this.#state.restore(from, null, (slot) => this.#marks.ensure(slot))
    this.#state.charge(0)
  }

  stateBytes(): number {
    return this.#state.bytes
  }

  explain(): ExplainLine {
    return { name: 'aggregate', detail: describeAggregation(this.#node.keys, this.#node.aggregates, this.#input) }
  }

  dispose(): void {
    this.#state.dispose()
  }
}

export const aggregateDefinition: OperatorDefinition<AggregateNode> = {
  kind: 'aggregate',
  build: (node, inputs, context) => new Aggregate(node, inputs[0]!, context),
}
