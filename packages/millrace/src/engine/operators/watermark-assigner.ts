import { type Column, isNullAt, MAX_BATCH_ROWS, type RecordBatch, type Schema } from '../../kernel/index.ts'
import type { WatermarkNode } from '../../plan/index.ts'
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
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { type KeyTable, keyTable } from '../state/key-table.ts'
import { SlotChanges } from '../state/slot-changes.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import { singleKey, slotKey, slotOfKey, type StateReader, type StateWriter } from '../state/state-io.ts'
import { readValues, writeValues } from '../state/value-codec.ts'
import { columnName, describeDuration } from './describe.ts'
import { timeColumn, timesOf, watermarkColumn } from './times.ts'

/** Fields of a partition: its largest mark, when its last row with a mark came (processing time), 1 while it is idle. */
const MARK = 0
const SEEN = 1
const IDLE = 2

const TIME_TAG = 1
const PARTITION_TAG = 2

/**
 * Gives each row the watermark as it stood before it: the largest `mark` of its partition's earlier rows, the minimum over partitions
 * that are not idle, never going back. Rows without event time, or with one too far in the future, move nothing.
 *
 * A partition without rows for `idleTimeout` is idle. When all are, the watermark goes on at the pace of processing time from the last
 * mark, so that a quiet feed still closes its windows. A table that has never sent anything is idle that long after it began.
 */
export class WatermarkAssigner implements Operator {
  readonly schema: Schema
  readonly #node: WatermarkNode
  readonly #input: Schema
  readonly #context: OperatorContext
  readonly #partitions: KeyTable
  readonly #fields = new Float64Slots(3)
  readonly #changes = new SlotChanges()
  readonly #slots = new Int32Array(MAX_BATCH_ROWS)
  #partitionCount = 0
  #time = Number.NEGATIVE_INFINITY
  #idle = false
  /** Processing time of the first step. */
  #began: number | null = null
  #announced: Watermark = { time: Number.NEGATIVE_INFINITY, idle: false }
  #changed = false

  constructor(node: WatermarkNode, input: InputStream, context: OperatorContext) {
    this.schema = node.schema
    this.#node = node
    this.#input = input.schema
    this.#context = context
    this.#partitions = keyTable(node.partition === null ? [] : [input.schema.fields[node.partition]!.type])
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    const rowtimeColumn = batch.columns[this.#node.rowtime]!
    const rowtimes = timesOf(rowtimeColumn, Number.NaN)
    const future = this.#futureRows(batch, rowtimes)
    const usable = future ?? rowtimes
    const plain = future === null && rowtimeColumn.kind === 'exact'
    const complete = plain && rowtimeColumn.nulls === null
    const marks = this.#marks(batch, complete ? null : usable)
    const watermarks = new Float64Array(batch.length)
    if (this.#node.partition === null) this.#assignSingle(marks, watermarks)
    else this.#assignPartitioned(batch.columns[this.#node.partition]!, marks, watermarks)
    output.batch({
      schema: this.schema,
      length: batch.length,
      columns: [...batch.columns, plain ? rowtimeColumn : timeColumn(usable), watermarkColumn(watermarks)],
      weights: batch.weights,
    })
    this.#announce(output)
    return 'done'
  }

  /** The event times without those too far in the future; null when there are none of these. */
  #futureRows(batch: RecordBatch, rowtimes: Float64Array): Float64Array | null {
    const { arrival, maxFutureSkew } = this.#node
    if (arrival === null || maxFutureSkew === null) return null
    const arrivals = timesOf(batch.columns[arrival]!, Number.NaN)
    const column = batch.columns[this.#node.rowtime]!
    // Times that doubles cannot hold are missing in `rowtimes`; those of the far future count all the same.
    const beyond = column.kind === 'wide' ? column : null
    let kept: Float64Array | null = null
    let count = 0
    for (let i = 0; i < rowtimes.length; i++) {
      const time = beyond !== null && !isNullAt(beyond, i) ? Number(beyond.values[i]) : rowtimes[i]!
      if (!(time > arrivals[i]! + maxFutureSkew)) continue
      kept ??= rowtimes.slice()
      kept[i] = Number.NaN
      count++
    }
    if (count > 0) this.#context.count('future_rows', this.#node.id, count, this.#node.table)
    return kept
  }

  /** The marks of rows that have an event time; `rowtimes` null: all have. */
  #marks(batch: RecordBatch, rowtimes: Float64Array | null): Float64Array {
    const marks = timesOf(batch.columns[this.#node.mark]!, Number.NaN)
    if (rowtimes === null) return marks
    return marks.map((mark, row) => (Number.isNaN(rowtimes[row]) ? Number.NaN : mark))
  }

  #assignSingle(marks: Float64Array, watermarks: Float64Array): void {
    let time = this.#time
    let largest = this.#partitionCount === 0 ? Number.NEGATIVE_INFINITY : this.#fields.get(0, MARK)
    let marked = false
    for (let i = 0; i < marks.length; i++) {
      watermarks[i] = time
      const mark = marks[i]!
      if (mark !== mark) continue
      marked = true
      if (mark > largest) {
        largest = mark
        if (mark > time) time = mark
      }
    }
    if (!marked) return
    if (this.#partitionCount === 0) this.#partitions.resolveValues([], this.#keyAdded)
    this.#touch(0, largest)
    this.#advance(time)
  }

  #assignPartitioned(column: Column, marks: Float64Array, watermarks: Float64Array): void {
    const slots = this.#slots
    this.#partitions.resolve([column], 0, column.length, slots, this.#keyAdded)
    for (let i = 0; i < marks.length; i++) {
      watermarks[i] = this.#time
      const mark = marks[i]!
      if (mark !== mark) continue
      const slot = slots[i]!
      const before = this.#fields.get(slot, MARK)
      const wasIdle = this.#fields.get(slot, IDLE) === 1
      this.#touch(slot, Math.max(before, mark))
      // Only a partition that moves, or comes back, can change the minimum.
      if (wasIdle || mark > before) this.#advance(this.#activeMinimum())
    }
  }

  readonly #keyAdded = (slot: number): void => {
    this.#addPartition(slot)
    this.#changes.add(slot)
  }

  /** A partition without any mark holds nobody back: it is idle until its first. */
  #addPartition(slot: number): void {
    this.#fields.ensure(slot)
    this.#fields.set(slot, Number.NEGATIVE_INFINITY, MARK)
    this.#fields.set(slot, Number.NEGATIVE_INFINITY, SEEN)
    this.#fields.set(slot, 1, IDLE)
    this.#partitionCount = Math.max(this.#partitionCount, slot + 1)
  }

  #touch(slot: number, mark: number): void {
    this.#fields.set(slot, mark, MARK)
    this.#fields.set(slot, this.#context.step.now, SEEN)
    this.#fields.set(slot, 0, IDLE)
    this.#changes.mark(slot)
    this.#idle = false
  }

  #activeMinimum(): number {
    let minimum = Number.POSITIVE_INFINITY
    for (let slot = 0; slot < this.#partitionCount; slot++) {
      if (this.#fields.get(slot, IDLE) === 0) minimum = Math.min(minimum, this.#fields.get(slot, MARK))
    }
    return minimum
  }

  #advance(time: number): void {
    if (time > this.#time) this.#time = time
  }

  #announce(output: Output): void {
    if (this.#announced.time === this.#time && this.#announced.idle === this.#idle) return
    this.#announced = { time: this.#time, idle: this.#idle }
    this.#changed = true
    output.watermark(this.#announced)
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    // Event time is this node's to say; only the end of the input comes from before it.
    if (watermark.time === Number.POSITIVE_INFINITY) {
      this.#time = Number.POSITIVE_INFINITY
      this.#announce(output)
    }
    return 'done'
  }

  tick(now: number, output: Output): Progress {
    const { idleTimeout } = this.#node
    if (idleTimeout === null || this.#time === Number.POSITIVE_INFINITY) return 'done'
    if (this.#began === null) {
      this.#began = now
      this.#changed = true
    }
    let active = 0
    let quiet = Number.NEGATIVE_INFINITY
    for (let slot = 0; slot < this.#partitionCount; slot++) {
      const seen = this.#fields.get(slot, SEEN)
      if (this.#fields.get(slot, IDLE) === 0) {
        if (now - seen < idleTimeout) {
          active++
          continue
        }
        this.#fields.set(slot, 1, IDLE)
        this.#changes.mark(slot)
      }
      if (seen !== Number.NEGATIVE_INFINITY) quiet = Math.max(quiet, this.#fields.get(slot, MARK) + (now - seen))
    }
    if (active > 0) this.#advance(this.#activeMinimum())
    else if (quiet !== Number.NEGATIVE_INFINITY) {
      this.#idle = true
      this.#advance(quiet)
    } else if (now - this.#began >= idleTimeout) this.#idle = true
    this.#announce(output)
    return 'done'
  }

  more(): Progress {
    return 'done'
  }

  snapshot(to: StateWriter): void {
    const writer = new ByteWriter()
    if (this.#changed) {
      this.#changed = false
      writer.double(this.#time)
      writer.byte(this.#idle ? 1 : 0)
      writer.double(this.#began ?? Number.NaN)
      to.put(singleKey(TIME_TAG), writer.take())
    }
    this.#changes.take((slot) => {
      writeValues(writer, this.#partitionTypes(), this.#partitions.values(slot))
      for (const field of [MARK, SEEN, IDLE]) writer.double(this.#fields.get(slot, field))
      to.put(slotKey(PARTITION_TAG, slot), writer.take())
    })
  }

  restore(from: StateReader): void {
    const partitions: { readonly slot: number; readonly reader: ByteReader }[] = []
    for (const [key, value] of from.entries()) {
      const reader = new ByteReader(value)
      if (key[0] !== TIME_TAG) {
        partitions.push({ slot: slotOfKey(key), reader })
        continue
      }
      this.#time = reader.double()
      this.#idle = reader.byte() === 1
      this.#announced = { time: this.#time, idle: this.#idle }
      const began = reader.double()
      this.#began = Number.isNaN(began) ? null : began
    }
    // Partitions never go, so that in the order of their slots each gets its own again.
    for (const { slot, reader } of partitions.sort((a, b) => a.slot - b.slot)) {
      this.#partitions.resolveValues(readValues(reader, this.#partitionTypes()), (added) => this.#addPartition(added))
      for (const field of [MARK, SEEN, IDLE]) this.#fields.set(slot, reader.double(), field)
      this.#changes.restore(slot)
    }
  }

  #partitionTypes() {
    const { partition } = this.#node
    return partition === null ? [] : [this.#input.fields[partition]!.type]
  }

  stateBytes(): number {
    return this.#partitions.bytes
  }

  explain(): ExplainLine {
    const { rowtime, mark, idleTimeout, maxFutureSkew } = this.#node
    const parts = [`${columnName(this.#input, rowtime)} up to ${columnName(this.#input, mark)}`]
    if (idleTimeout !== null) parts.push(`idle after ${describeDuration(idleTimeout)}`)
    if (maxFutureSkew !== null) parts.push(`at most ${describeDuration(maxFutureSkew)} ahead of arrival`)
    return { name: 'watermark', detail: parts.join(', ') }
  }

  dispose(): void {}
}

export const watermarkDefinition: OperatorDefinition<WatermarkNode> = {
  kind: 'watermark',
  build: (node, inputs, context) => new WatermarkAssigner(node, inputs[0]!, context),
}
