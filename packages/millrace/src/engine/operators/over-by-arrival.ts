import {
  type Column,
  type ColumnBuilder,
  columnBuilder,
  MAX_BATCH_ROWS,
  MICROS_PER_HOUR,
  type RecordBatch,
  type Schema,
  selectRows,
  type Value,
  valueAt,
} from '../../kernel/index.ts'
import { type OverNode, overCallType } from '../../plan/index.ts'
import type { ExplainLine, InputStream, Operator, OperatorContext, Output, Progress, Watermark } from '../operator.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'
import { describeOver } from './describe-over.ts'
import { OverState } from './over-state.ts'
import { attempt } from './row-result.ts'
import { timesOf } from './times.ts'

/**
 * How much longer than its frames reach a quiet partition is kept, by the event time of the rows: a feed that stalls, or comes in bursts,
 * loses nothing.
 */
const GRACE = MICROS_PER_HOUR

/**
 * Window functions in order of a column that has no watermark of its own: each partition's is the largest time so far. A row is answered
 * as it comes, by the rows that came before it. One that is earlier than another of its partition is put in its place and sees those
 * rows of its frame that are still kept: what the frame of the latest row reaches. From the first row of a partition on (UNBOUNDED
 * PRECEDING, ROW_NUMBER, RANK) rows count as they come. Rows without a time are counted and dropped.
 */
export class OverByArrival implements Operator {
  readonly schema: Schema
  readonly #node: OverNode
  readonly #time: number
  readonly #input: InputStream
  readonly #context: OperatorContext
  readonly #state: OverState
  readonly #results: readonly ColumnBuilder[]
  readonly #partitions = new Int32Array(MAX_BATCH_ROWS)
  readonly #answered = new Int32Array(MAX_BATCH_ROWS)

  constructor(node: OverNode, time: number, input: InputStream, context: OperatorContext) {
    this.schema = node.schema
    this.#node = node
    this.#time = time
    this.#input = input
    this.#context = context
    this.#state = new OverState(node, input, context, GRACE)
    this.#results = node.calls.map((c) => columnBuilder(overCallType(c)))
  }

  push(_port: number, all: RecordBatch, output: Output): Progress {
    const batch = this.#withTime(all)
    const times = timesOf(batch.columns[this.#time]!, Number.NaN)
    const rowtimes = timesOf(batch.columns[this.#node.rowtime]!, Number.NaN)
    const watermarks = timesOf(batch.columns[this.#node.watermark]!, Number.NEGATIVE_INFINITY)
    const kept = this.#state.kept.map((c) => batch.columns[c]!)
    let count = 0
    this.#state.resolve(batch, this.#partitions)
    for (let i = 0; i < batch.length; i++) {
      const partition = this.#partitions[i]!
      if (this.#state.isOver(partition, watermarks[i]!)) this.#state.reset(partition)
      const results = this.#answer(partition, batch, kept, i, times[i]!)
      this.#state.touch(partition, rowtimes[i]!)
      if (results === null) continue
      for (let c = 0; c < results.length; c++) this.#results[c]!.append(results[c]!)
      this.#answered[count++] = i
    }
    if (count > 0) this.#emit(count === batch.length ? batch : selectRows(batch, this.#answered, count), output)
    this.#state.charge(0)
    return 'done'
  }

  #withTime(batch: RecordBatch): RecordBatch {
    const times = timesOf(batch.columns[this.#time]!, Number.NaN)
    let count = 0
    for (let i = 0; i < batch.length; i++) if (times[i] === times[i]) this.#answered[count++] = i
    if (count === batch.length) return batch
    const { id, tables } = this.#node
    this.#context.count('null_time_rows', id, batch.length - count, tables.length === 1 ? tables[0] : undefined)
    return selectRows(batch, this.#answered, count)
  }

  #answer(
    partition: number,
    batch: RecordBatch,
    kept: readonly Column[],
    row: number,
    time: number,
  ): readonly Value[] | null {
    const state = this.#state
    const otherwise = (column: number) => valueAt(batch.columns[column]!, row)
    const last = state.lastTime(partition)
    return attempt(this.#context, this.#node.id, () => {
      if (time < last) return state.answerLate(partition, state.insert(partition, kept, row, time), otherwise)
      state.append(partition, kept, row, time, time === last)
      return state.answer(partition, otherwise)
    })
  }

  #emit(batch: RecordBatch, output: Output): void {
    const { columns, rowtime, watermark } = this.#node
    output.batch({
      schema: this.schema,
      length: batch.length,
      columns: [
        ...columns.map((c) => batch.columns[c]!),
        ...this.#results.map((r) => r.finish()),
        batch.columns[rowtime]!,
        batch.columns[watermark]!,
      ],
      weights: null,
    })
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    this.#state.expire(watermark.time)
    this.#state.charge(0)
    output.watermark(watermark)
    return 'done'
  }

  tick(): Progress {
    return 'done'
  }

  more(): Progress {
    return 'done'
  }

  snapshot(to: StateWriter): void {
    this.#state.snapshot(to)
  }

  restore(from: StateReader): void {
    this.#state.restore(from)
    this.#state.charge(0)
  }

  stateBytes(): number {
    return this.#state.bytes
  }

  explain(): ExplainLine {
    return describeOver(this.#node, this.#input.schema)
  }

  dispose(): void {
    this.#state.dispose()
  }
}
