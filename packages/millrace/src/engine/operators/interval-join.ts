import { MAX_BATCH_ROWS, type RecordBatch, type Schema } from '../../kernel/index.ts'
import type { IntervalJoinNode, JoinInput } from '../../plan/index.ts'
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
import { NULL_ROW } from '../state/join-rows.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'
import { describeIntervalJoin } from './describe-join.ts'
import { IntervalJoinSide } from './interval-join-side.ts'
import { JoinClock } from './join-clock.ts'
import { JoinKeys, NO_KEY } from './join-keys.ts'
import { JoinOutput } from './join-output.ts'
import { PairFilter } from './pair-filter.ts'
import { timesOf } from './times.ts'

const LEFT_TAG = 2
const RIGHT_TAG = 3
/** Rows freed in one call at most. */
const MAX_WORK = 16_384

/** A batch being taken in, and how far that has come. */
interface Arriving {
  readonly port: 0 | 1
  readonly length: number
  readonly times: Float64Array
  readonly marks: Float64Array
  readonly keys: Int32Array
  row: number
  /** The row being joined, in its side's rows; NULL_ROW between rows. */
  slot: number
  /** Position of the partner to look at next. */
  partner: number
}

/**
 * Joins rows whose event times are near each other. Each row meets the partners that came before it, in order of their time, and is then
 * kept until the other side's watermark has passed its reach. What depends on watermarks goes by the watermark each row carries, so
 * where batches were cut changes nothing.
 *
 * Rows behind their side's watermark are late: counted and dropped. The join's watermark is the smaller of its inputs', held back by as
 * much as rows wait to leave alone; such rows leave before the watermark that lets them go is passed on.
 */
export class IntervalJoin implements Operator {
  readonly schema: Schema
  readonly #node: IntervalJoinNode
  readonly #inputs: readonly [Schema, Schema]
  readonly #context: OperatorContext
  readonly #clock: JoinClock
  readonly #sides: readonly [IntervalJoinSide, IntervalJoinSide]
  readonly #keys: JoinKeys
  readonly #output: JoinOutput
  readonly #filter: PairFilter | null
  /** By how much rows that leave alone may be behind their own and the other side's watermark. */
  readonly #held: readonly [left: number, right: number]
  /** Pairs that the filter has not been asked about; a NULL_ROW: the other row leaves alone unless it has had a partner. */
  readonly #lefts = new Int32Array(MAX_BATCH_ROWS)
  readonly #rights = new Int32Array(MAX_BATCH_ROWS)
  readonly #marks = new Float64Array(MAX_BATCH_ROWS)
  #pairs = 0
  /** Rows that are needed only until the output is taken: left ones as they are, right ones as ~slot. */
  #gone: number[] = []
  /** The join's watermark as it stands before the next row. */
  #mark = Number.NEGATIVE_INFINITY
  #arriving: Arriving | null = null
  #expiring = false
  #announcing = false
  #work = 0
  #charged = 0

  constructor(node: IntervalJoinNode, inputs: readonly InputStream[], context: OperatorContext) {
    this.schema = node.schema
    this.#node = node
    this.#context = context
    this.#inputs = [inputs[0]!.schema, inputs[1]!.schema]
    const split = this.#inputs[0].fields.length
    this.#clock = new JoinClock(node.left, node.right)
    const left = new IntervalJoinSide(node, 'left', this.#inputs[0], split, LEFT_TAG)
    const right = new IntervalJoinSide(node, 'right', this.#inputs[1], split, RIGHT_TAG)
    this.#sides = [left, right]
    this.#keys = new JoinKeys(node.keys, this.#inputs[0], (key) => {
      left.open(key)
      right.open(key)
    })
    this.#output = new JoinOutput(node.schema, node.output, left.rows, right.rows, false)
    this.#filter =
      node.residual === null
        ? null
        : new PairFilter(node.id, node.residual, this.#inputs, [left.rows, right.rows], context)
    const waits = left.preserved || node.type === 'semi'
    this.#held = [right.preserved ? Math.max(0, -node.lower) : 0, waits ? Math.max(0, node.upper) : 0]
  }

  push(port: number, batch: RecordBatch, output: Output): Progress {
    const side = this.#sides[port]!
    const { rowtime, watermark } = this.#inputOf(port)
    side.read(batch)
    this.#arriving = {
      port: port as 0 | 1,
      length: batch.length,
      times: timesOf(batch.columns[rowtime]!, Number.NaN),
      marks: timesOf(batch.columns[watermark]!, Number.NEGATIVE_INFINITY),
      keys: this.#keys.resolve(side.side, batch),
      row: 0,
      slot: NULL_ROW,
      partner: 0,
    }
    return this.more(output)
  }

  watermark(port: number, watermark: Watermark, output: Output): Progress {
    this.#clock.watermark(port, watermark)
    this.#expiring = true
    this.#announcing = true
    return this.more(output)
  }

  tick(): Progress {
    return 'done'
  }

  more(output: Output): Progress {
    this.#work = 0
    const done = this.#run(output)
    this.#emit(output)
    if (!done) return 'more'
    this.#keys.sweep((key) => {
      if (!this.#sides.every((s) => s.isEmpty(key))) return false
      for (const side of this.#sides) side.close(key)
      return true
    })
    this.#charge()
    return 'done'
  }

  /** False: there is more to do, and the output is full or the call has done its share. */
  #run(output: Output): boolean {
    for (;;) {
      if (this.#expiring) {
        if (!this.#expire()) return false
        this.#expiring = false
        this.#mark = Math.max(this.#mark, this.#time())
      }
      if (this.#announcing) {
        this.#announcing = false
        this.#emit(output)
        const announced = this.#clock.announce(this.#mark)
        if (announced !== null) output.watermark(announced)
      }
      const arriving = this.#arriving
      if (arriving === null) return true
      if (!this.#takeIn(arriving)) return false
    }
  }

  #time(): number {
    return Math.min(this.#clock.time(0) - this.#held[0], this.#clock.time(1) - this.#held[1])
  }

  /** Joins rows until rows have to leave before the next one, or the output is full: false. */
  #takeIn(arriving: Arriving): boolean {
    const { port, times, marks, keys } = arriving
    const own = this.#sides[port]
    for (; arriving.row < arriving.length; arriving.row++) {
      const i = arriving.row
      if (arriving.slot === NULL_ROW) {
        if (this.#clock.raise(port, marks[i]!)) {
          if (this.#leavesAlone()) {
            this.#expiring = true
            return true
          }
          this.#mark = Math.max(this.#mark, this.#time())
        }
        const time = times[i]!
        if (!(time >= this.#clock.time(port))) {
          this.#drop(port, time)
          continue
        }
        arriving.slot = own.add(i, keys[i]!, time)
        arriving.partner = keys[i] === NO_KEY ? 0 : this.#sides[1 - port]!.from(keys[i]!, this.#earliest(port, time))
      }
      if (keys[i] !== NO_KEY && !this.#meet(arriving, keys[i]!)) return false
      if (!this.#settleRow(own, arriving.slot, keys[i]!)) return false
      arriving.slot = NULL_ROW
    }
    this.#arriving = null
    return true
  }

  /** Whether some row is due that leaves without partner, so that it must do so before the next one. */
  #leavesAlone(): boolean {
    return this.#sides.some((side, port) => side.preserved && this.#isDue(port))
  }

  #isDue(port: number): boolean {
    const due = this.#sides[port]!.due()
    return due !== undefined && due < this.#clock.time(1 - port)
  }

  #inputOf(port: number): JoinInput {
    return port === 0 ? this.#node.left : this.#node.right
  }

  #drop(port: number, time: number): void {
    const { tables } = this.#inputOf(port)
    const counter = time === time ? 'late_rows' : 'null_time_rows'
    this.#context.count(counter, this.#node.id, 1, tables.length === 1 ? tables[0] : undefined)
  }

  /** The times of partners of a row at `time`. */
  #earliest(port: number, time: number): number {
    return port === 0 ? time + this.#node.lower : time - this.#node.upper
  }

  #latest(port: number, time: number): number {
    return port === 0 ? time + this.#node.upper : time - this.#node.lower
  }

  /** Pairs the row with the partners there are; false: no room for another pair. */
  #meet(arriving: Arriving, key: number): boolean {
    const { port, slot } = arriving
    const other = this.#sides[1 - port]!
    const latest = this.#latest(port, arriving.times[arriving.row]!)
    const end = other.end(key)
    for (; arriving.partner < end; arriving.partner++) {
      const partner = other.at(key, arriving.partner)
      if (other.timeOf(partner) > latest) return true
      if (!this.#hasRoom()) return false
      if (port === 0) this.#pair(slot, partner)
      else this.#pair(partner, slot)
    }
    return true
  }

  /** Keeps the row, or lets it go where no partner can come. */
  #settleRow(own: IntervalJoinSide, slot: number, key: number): boolean {
    const other = own.side === 'left' ? 1 : 0
    if (key !== NO_KEY && this.#clock.time(other) <= own.timeOf(slot) + own.reach) {
      own.keep(slot)
      return true
    }
    if (own.preserved) {
      if (!this.#hasRoom()) return false
      if (own.side === 'left') this.#pair(slot, NULL_ROW)
      else this.#pair(NULL_ROW, slot)
    }
    this.#gone.push(own.side === 'left' ? slot : ~slot)
    return true
  }

  #hasRoom(): boolean {
    return this.#output.length + this.#pairs < MAX_BATCH_ROWS
  }

  #pair(left: number, right: number): void {
    if (this.#filter === null) return this.#join(left, right, this.#mark)
    this.#lefts[this.#pairs] = left
    this.#rights[this.#pairs] = right
    this.#marks[this.#pairs++] = this.#mark
  }

  /** Puts the pairs to the filter. */
  #decide(): void {
    if (this.#filter === null || this.#pairs === 0) return
    const passes = this.#filter.test(this.#lefts, this.#rights, this.#pairs)
    for (let i = 0; i < this.#pairs; i++) {
      const left = this.#lefts[i]!
      const right = this.#rights[i]!
      if (left === NULL_ROW || right === NULL_ROW || passes[i] === 1) this.#join(left, right, this.#marks[i]!)
    }
    this.#pairs = 0
  }

  /** Two rows that belong together, or one that has to leave alone. */
  #join(left: number, right: number, mark: number): void {
    const [lefts, rights] = this.#sides
    if (right === NULL_ROW) {
      if (!lefts.isMatched(left)) this.#output.add(left, NULL_ROW, lefts.timeOf(left), mark)
    } else if (left === NULL_ROW) {
      if (!rights.isMatched(right)) this.#output.add(NULL_ROW, right, rights.timeOf(right), mark)
    } else if (this.#node.type === 'semi') {
      if (!lefts.isMatched(left)) this.#output.add(left, NULL_ROW, lefts.timeOf(left), mark)
      lefts.match(left)
    } else {
      lefts.match(left)
      rights.match(right)
      if (this.#node.type === 'anti') return
      this.#output.add(left, right, Math.max(lefts.timeOf(left), rights.timeOf(right)), mark)
    }
  }

  /** Lets go what no partner can come for any more, in the order in which that became so; false: not all of it yet. */
  #expire(): boolean {
    this.#decide()
    for (;;) {
      const port = this.#nextDue()
      if (port === null) return true
      if (!this.#hasRoom() || this.#work++ >= MAX_WORK) return false
      const side = this.#sides[port]!
      const slot = side.shift()
      this.#keys.suspect(side.rows.keyOf(slot))
      if (side.preserved) this.#join(port === 0 ? slot : NULL_ROW, port === 0 ? NULL_ROW : slot, this.#mark)
      this.#gone.push(port === 0 ? slot : ~slot)
    }
  }

  #nextDue(): number | null {
    const [left, right] = [this.#isDue(0), this.#isDue(1)]
    if (left && right) return this.#sides[0].due()! <= this.#sides[1].due()! ? 0 : 1
    return left ? 0 : right ? 1 : null
  }

  #emit(output: Output): void {
    this.#decide()
    const batch = this.#output.take()
    if (batch !== null) output.batch(batch)
    for (const slot of this.#gone) {
      if (slot >= 0) this.#sides[0].rows.remove(slot)
      else this.#sides[1].rows.remove(~slot)
    }
    this.#gone = []
  }

  #charge(): void {
    const bytes = this.stateBytes()
    if (bytes !== this.#charged) this.#context.chargeState(this.#node.id, bytes - this.#charged)
    this.#charged = bytes
  }

  snapshot(to: StateWriter): void {
    this.#clock.snapshot(to)
    for (const side of this.#sides) side.snapshot(to)
  }

  restore(from: StateReader): void {
    this.#clock.restore(from)
    for (const side of this.#sides) side.restore(from, (slot) => this.#keys.keyOf(side.side, side.rows, slot))
    this.#mark = this.#time()
    this.#charge()
  }

  stateBytes(): number {
    return this.#keys.bytes + this.#sides[0].bytes + this.#sides[1].bytes
  }

  explain(): ExplainLine {
    return describeIntervalJoin(this.#node, this.#inputs)
  }

  dispose(): void {
    this.#context.chargeState(this.#node.id, -this.#charged)
    this.#charged = 0
  }
}

export const intervalJoinDefinition: OperatorDefinition<IntervalJoinNode> = {
  kind: 'interval_join',
  build: (node, inputs, context) => new IntervalJoin(node, inputs, context),
}
