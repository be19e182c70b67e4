import { assert, type Column, type Value } from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { Accumulators } from '../aggregates/aggregate.ts'
import { aggregateDefinition, createAccumulators } from '../aggregates/registry.ts'
import { SCRATCH_SLOT } from '../state/group-table.ts'
import { type OverRows, rowOf } from './over-rows.ts'

export const ADD = Int32Array.of(1)
export const TAKE = Int32Array.of(-1)

/** Accumulators fed with one kept row at a time, FILTER included. */
export class RowAggregate {
  readonly accumulators: Accumulators
  readonly rows: OverRows
  readonly #columns: readonly number[]
  readonly #filter: number | null
  readonly #inputs: Column[]
  readonly #slot = new Int32Array(1)
  readonly #row = new Int32Array(1)

  constructor(call: AggregateCall, rows: OverRows, columnOf: (column: number) => number) {
    const definition = aggregateDefinition(call.name)
    assert(definition !== undefined, `no aggregate function "${call.name}"`)
    this.rows = rows
    this.#columns = [...call.args, ...call.orderBy.map((o) => o.column)].map(columnOf)
    this.#filter = call.filter === null ? null : columnOf(call.filter)
    this.#inputs = new Array<Column>(this.#columns.length)
    const orderTypes = call.orderBy.map((o) => rows.types[columnOf(o.column)]!)
    this.accumulators = createAccumulators(definition, call, { orderTypes, updating: false })
    this.accumulators.clear(SCRATCH_SLOT)
  }

  add(slot: number, partition: number, position: number, weight = ADD): void {
    const { store, sequences } = this.rows
    const row = sequences.at(partition, position)
    this.#row[0] = rowOf(row)
    if (this.#filter !== null) {
      const flags = store.chunk(this.#filter, row)
      if (flags.kind !== 'boolean' || flags.nulls![rowOf(row)] === 1 || flags.values[rowOf(row)] === 0) return
    }
    for (let i = 0; i < this.#columns.length; i++) this.#inputs[i] = store.chunk(this.#columns[i]!, row)
    this.#slot[0] = slot
    this.accumulators.update(this.#inputs, this.#slot, this.#row, weight === ADD ? null : weight, 1)
  }

  /** The result over the rows at [start, end), computed from nothing. */
  over(partition: number, start: number, end: number): Value {
    const { accumulators } = this
    try {
      for (let position = start; position < end; position++) this.add(SCRATCH_SLOT, partition, position)
      return accumulators.result(SCRATCH_SLOT)
    } finally {
      accumulators.clear(SCRATCH_SLOT)
    }
  }
}
