import type { Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { SCRATCH_SLOT } from '../state/group-table.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import type { FrameCall } from './over-call.ts'
import { type RowAggregate, TAKE } from './over-row-aggregate.ts'
import type { OverRows } from './over-rows.ts'

/** Shared by those with one accumulator for each partition. */
abstract class PartitionAggregate implements FrameCall {
  protected readonly own: RowAggregate
  #partitions = 0

  constructor(own: RowAggregate) {
    this.own = own
  }

  open(partition: number): void {
    this.#partitions++
    this.own.accumulators.clear(partition)
  }

  close(partition: number): void {
    this.#partitions--
    this.own.accumulators.clear(partition)
  }

  enter(partition: number, position: number): void {
    this.own.add(partition, partition, position)
  }

  insert(partition: number, position: number): void {
    this.own.add(partition, partition, position)
  }

  result(partition: number): Value {
    return this.own.accumulators.result(partition)
  }

  get bytes(): number {
    return this.#partitions * this.own.accumulators.slotBytes + this.own.accumulators.extraBytes
  }

  abstract leave(partition: number, from: number, to: number, end: number): void
  abstract resultOf(partition: number, start: number, end: number): Value
  abstract write(partition: number, to: ByteWriter): void
  abstract read(partition: number, start: number, end: number, from: ByteReader): void
}

/** From the partition's first row: nothing ever leaves. A row that comes late counts from then on. */
export class RunningAggregate extends PartitionAggregate {
  leave(): void {}

  resultOf(partition: number): Value {
    return this.result(partition)
  }

  write(partition: number, to: ByteWriter): void {
    this.own.accumulators.write(partition, to)
  }

  read(partition: number, _start: number, _end: number, from: ByteReader): void {
    this.own.accumulators.read(partition, from)
  }
}

/** Exact aggregates: a row that leaves is taken out again. */
export class SubtractingAggregate extends PartitionAggregate {
  leave(partition: number, from: number, to: number): void {
    for (let position = from; position < to; position++) this.own.add(partition, partition, position, TAKE)
  }

  resultOf(partition: number, start: number, end: number): Value {
    return this.own.over(partition, start, end)
  }

  write(): void {}

  read(partition: number, start: number, end: number): void {
    for (let position = start; position < end; position++) this.enter(partition, position)
  }
}

/**
 * Aggregates that cannot forget but can be merged, by two stacks: rows before the boundary have, each in its own accumulator, the aggregate
 * of all rows from it up to the boundary; those behind it are in one accumulator. When the last row before the boundary has left, the
 * boundary moves to the end of the frame, so every row is merged twice at most ("Low-Latency Sliding-Window Aggregation in Worst-Case
 * Constant Time", Tangwongsan, Hirzel and Schneider, 2017, describes it as the two-stacks algorithm).
 */
export class MergingAggregate implements FrameCall {
  readonly #own: RowAggregate
  readonly #rows: OverRows
  /** By partition: how many rows of the frame are behind the boundary. */
  readonly #behind = new Float64Slots()
  #used = 0

  constructor(own: RowAggregate, rows: OverRows) {
    this.#own = own
    this.#rows = rows
  }

  open(partition: number): void {
    this.#behind.ensure(partition)
    this.#behind.set(partition, 0)
    this.#own.accumulators.clear(backSlot(partition))
    this.#used++
  }

  close(partition: number): void {
    this.#own.accumulators.clear(backSlot(partition))
    this.#used--
  }

  #frontSlot(partition: number, position: number): number {
    return this.#rows.sequences.at(partition, position) * 2 + 1
  }

  enter(partition: number, position: number): void {
    this.#own.add(backSlot(partition), partition, position)
    this.#behind.set(partition, this.#behind.get(partition) + 1)
  }

  leave(partition: number, from: number, to: number, end: number): void {
    const boundary = end - this.#behind.get(partition)
    for (let position = from; position < Math.min(to, boundary); position++) {
      this.#own.accumulators.clear(this.#frontSlot(partition, position))
      this.#used--
    }
    if (to > boundary) this.#turn(partition, to, end)
  }

  /** All rows of [start, end) come before the boundary. */
  #turn(partition: number, start: number, end: number): void {
    this.#fill(partition, start, end)
    this.#behind.set(partition, 0)
    this.#own.accumulators.clear(backSlot(partition))
  }

  #fill(partition: number, start: number, end: number): void {
    const { accumulators } = this.#own
    let next = -1
    for (let position = end - 1; position >= start; position--) {
      const slot = this.#frontSlot(partition, position)
      accumulators.clear(slot)
      this.#own.add(slot, partition, position)
      if (next !== -1) accumulators.merge(slot, next)
      next = slot
    }
    this.#used += Math.max(0, end - start)
  }

  insert(partition: number, _position: number, start: number, end: number): void {
    this.#used -= Math.max(0, end - 1 - this.#behind.get(partition) - start)
    this.#turn(partition, start, end)
  }

  result(partition: number, start: number, end: number): Value {
    const { accumulators } = this.#own
    const boundary = end - this.#behind.get(partition)
    if (start >= boundary) return accumulators.result(backSlot(partition))
    const front = this.#frontSlot(partition, start)
    if (end === boundary) return accumulators.result(front)
    accumulators.merge(SCRATCH_SLOT, front)
    accumulators.merge(SCRATCH_SLOT, backSlot(partition))
    try {
      return accumulators.result(SCRATCH_SLOT)
    } finally {
      accumulators.clear(SCRATCH_SLOT)
    }
  }

  resultOf(partition: number, start: number, end: number): Value {
    return this.#own.over(partition, start, end)
  }

  get bytes(): number {
    return this.#used * this.#own.accumulators.slotBytes + this.#own.accumulators.extraBytes
  }

  write(partition: number, to: ByteWriter): void {
    to.varint(this.#behind.get(partition))
  }

  read(partition: number, start: number, end: number, from: ByteReader): void {
    const boundary = end - from.varint()
    this.#fill(partition, start, boundary)
    for (let position = boundary; position < end; position++) this.enter(partition, position)
  }
}

/** Behind the scratch slot; rows have the odd ones. */
function backSlot(partition: number): number {
  return partition * 2
}

/** Computed from nothing for every row. */
export class RecomputedAggregate implements FrameCall {
  readonly #own: RowAggregate

  constructor(own: RowAggregate) {
    this.#own = own
  }

  open(): void {}
  close(): void {}
  leave(): void {}
  enter(): void {}
  insert(): void {}

  result(partition: number, start: number, end: number): Value {
    return this.#own.over(partition, start, end)
  }

  resultOf(partition: number, start: number, end: number): Value {
    return this.#own.over(partition, start, end)
  }

  get bytes(): number {
    return this.#own.accumulators.extraBytes
  }

  write(): void {}
  read(): void {}
}
