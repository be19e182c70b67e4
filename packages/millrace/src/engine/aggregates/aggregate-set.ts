import { assert, type DataType, MAX_BATCH_ROWS, type RecordBatch, type Schema, type Value } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import type { SavedElements } from '../state/element-store.ts'
import type { Accumulators } from './aggregate.ts'
import { Count } from './count.ts'
import { aggregateDefinition, createAccumulators } from './registry.ts'

interface Call {
  readonly accumulators: Accumulators
  /** Input columns: arguments, then ORDER BY. */
  readonly columns: readonly number[]
  readonly filter: number | null
}

/** All aggregate calls of a node over the same groups. */
export class AggregateSet {
  readonly types: readonly DataType[]
  /** What is saved element by element, outside of `write`. */
  readonly elements: readonly SavedElements[]
  readonly #calls: readonly Call[]
  /** Rows of each group less those retracted; kept only over a changelog, where it is the last of the calls. */
  readonly #rowCounts: Count | null
  readonly #slots = new Int32Array(MAX_BATCH_ROWS)
  readonly #rows = new Int32Array(MAX_BATCH_ROWS)
  readonly #weights = new Int32Array(MAX_BATCH_ROWS)

  constructor(calls: readonly AggregateCall[], input: Schema, updating: boolean) {
    this.types = calls.map((c) => c.type)
    this.#rowCounts = updating ? new Count() : null
    const rowCounts = this.#rowCounts === null ? [] : [{ accumulators: this.#rowCounts, columns: [], filter: null }]
    const own = calls.map((call) => {
      const definition = aggregateDefinition(call.name)
      assert(definition !== undefined, `no aggregate function "${call.name}"`)
      const orderTypes = call.orderBy.map((key) => input.fields[key.column]!.type)
      return {
        accumulators: createAccumulators(definition, call, { orderTypes, updating, elementwise: true }),
        columns: [...call.args, ...call.orderBy.map((key) => key.column)],
        filter: call.filter,
      }
    })
    this.#calls = [...own, ...rowCounts]
    this.elements = this.#calls.flatMap((c) => c.accumulators.elements ?? [])
  }

  get slotBytes(): number {
    return this.#calls.reduce((sum, c) => sum + c.accumulators.slotBytes, 0)
  }

  get extraBytes(): number {
    return this.#calls.reduce((sum, c) => sum + c.accumulators.extraBytes, 0)
  }

  clear(slot: number): void {
    for (const call of this.#calls) call.accumulators.clear(slot)
  }

  /** Adds rows [from, to) of the batch, row i to slots[i]. */
  update(batch: RecordBatch, slots: Int32Array, from: number, to: number): void {
    const whole = from === 0 && to === batch.length
    for (const { accumulators, columns, filter } of this.#calls) {
      const inputs = columns.map((c) => batch.columns[c]!)
      if (whole && filter === null) {
        accumulators.update(inputs, slots, null, batch.weights, to)
      } else {
        const count = this.#select(batch, slots, from, to, filter)
        if (count > 0)
          accumulators.update(inputs, this.#slots, this.#rows, batch.weights === null ? null : this.#weights, count)
      }
    }
  }

  #select(batch: RecordBatch, slots: Int32Array, from: number, to: number, filter: number | null): number {
    const column = filter === null ? null : batch.columns[filter]!
    const flags = column !== null && column.kind === 'boolean' ? column.values : null
    const nulls = column === null ? null : column.nulls
    const { weights } = batch
    let count = 0
    for (let i = from; i < to; i++) {
      if (column !== null && (flags === null || flags[i] === 0 || (nulls !== null && nulls[i] === 1))) continue
      this.#slots[count] = slots[i]!
      this.#rows[count] = i
      if (weights !== null) this.#weights[count] = weights[i]!
      count++
    }
    return count
  }

  merge(slot: number, from: number): void {
    for (const call of this.#calls) call.accumulators.merge(slot, from)
  }

  /** The results of a group, in the order of the calls; throws DATA_EXPRESSION where one has none. */
  results(slot: number): Value[] {
    return this.types.map((_, i) => this.#calls[i]!.accumulators.result(slot))
  }

  /** Every row of the group has been retracted. */
  isEmpty(slot: number): boolean {
    return this.#rowCounts !== null && this.#rowCounts.result(slot) === 0
  }

  write(slot: number, to: ByteWriter): void {
    for (const call of this.#calls) call.accumulators.write(slot, to)
  }

  read(slot: number, from: ByteReader): void {
    for (const call of this.#calls) call.accumulators.read(slot, from)
  }
}
