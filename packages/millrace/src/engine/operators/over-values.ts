import type { Value } from '../../kernel/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { Float64Slots, ObjectSlots } from '../state/slot-columns.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { FrameCall, FramedCall } from './over-call.ts'
import type { OverRows } from './over-rows.ts'

type NthCall = Extract<FramedCall, { kind: 'nth' }>

/** FIRST_VALUE, LAST_VALUE and NTH_VALUE of a bounded frame: a row that is kept anyway. */
export class FrameValue implements FrameCall {
  readonly bytes = 0
  readonly #rows: OverRows
  readonly #n: number
  readonly #column: number

  constructor(call: NthCall, rows: OverRows, column: number) {
    this.#rows = rows
    this.#n = call.n
    this.#column = column
  }

  open(): void {}
  close(): void {}
  leave(): void {}
  enter(): void {}
  insert(): void {}

  result(partition: number, start: number, end: number): Value {
    const position = this.#n > 0 ? start + this.#n - 1 : end - 1
    return position >= start && position < end ? this.#rows.valueAt(this.#column, partition, position) : null
  }

  resultOf(partition: number, start: number, end: number): Value {
    return this.result(partition, start, end)
  }

  write(): void {}
  read(): void {}
}

/** The same from the partition's first row on: the value is kept, no row has to be. */
export class RunningValue implements FrameCall {
  bytes = 0
  readonly #call: NthCall
  readonly #rows: OverRows
  readonly #column: number
  /** Rows so far. */
  readonly #counts = new Float64Slots()
  readonly #values = new ObjectSlots<Value>()

  constructor(call: NthCall, rows: OverRows, columnOf: (column: number) => number) {
    this.#call = call
    this.#rows = rows
    this.#column = columnOf(call.column)
  }

  open(partition: number): void {
    this.#counts.ensure(partition)
    this.#values.ensure(partition)
    this.#counts.set(partition, 0)
    this.#values.set(partition, null)
    this.bytes += 8 + valueBytes(null)
  }

  close(partition: number): void {
    this.bytes -= 8 + valueBytes(this.#values.get(partition) ?? null)
    this.#values.set(partition, undefined)
  }

  leave(): void {}

  enter(partition: number, position: number): void {
    const count = this.#counts.get(partition) + 1
    this.#counts.set(partition, count)
    if (this.#call.n === -1 || this.#call.n === count)
      this.#set(partition, this.#rows.valueAt(this.#column, partition, position))
  }

  #set(partition: number, value: Value): void {
    this.bytes += valueBytes(value) - valueBytes(this.#values.get(partition) ?? null)
    this.#values.set(partition, value)
  }

  insert(partition: number, position: number): void {
    this.enter(partition, position)
  }

  result(partition: number): Value {
    return this.#values.get(partition) ?? null
  }

  resultOf(partition: number): Value {
    return this.result(partition)
  }

  write(partition: number, to: ByteWriter): void {
    to.varint(this.#counts.get(partition))
    writeValue(to, this.#call.type, this.#values.get(partition) ?? null)
  }

  read(partition: number, _start: number, _end: number, from: ByteReader): void {
    this.#counts.set(partition, from.varint())
    this.#set(partition, readValue(from, this.#call.type))
  }
}
