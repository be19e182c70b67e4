import { MAX_BATCH_ROWS, type RecordBatch, type Schema } from '../../kernel/index.ts'
import type { AsofJoinNode, JoinInput } from '../../plan/index.ts'
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
import { OrderedMultimap } from '../state/ordered-multimap.ts'
import { Float64Slots } from '../state/slot-columns.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'
import { AsofJoinSide } from './asof-join-side.ts'
import { describeAsofJoin } from './describe-join.ts'
import { JoinClock } from './join-clock.ts'
import { JoinKeys, NO_KEY } from './join-keys.ts'
import { JoinOutput } from './join-output.ts'
import { timesOf } from './times.ts'

const LEFT_TAG = 2
const RIGHT_TAG = 3
const LEFT = 0
const RIGHT = 1
/** Rows forgotten, and rows looked at in vain, in one call at most. */
const MAX_WORK = 16_384
const NEVER = Number.POSITIVE_INFINITY
/** What only the end of an input passes. */
const AT_THE_END = Number.MAX_VALUE

/** A batch being taken in, and how far that has come. */
interface Arriving {
  readonly port: 0 | 1
  readonly batch: RecordBatch
  readonly times: Float64Array
  readonly marks: Float64Array
  readonly keys: Int32Array
  row: number
}

/** What a left row is answered with: a right row, or NULL_ROW. Undefined: not known yet. */
type Answer = number | undefined

/**
 * Each left row with the right row nearest to it in event time, once that is certain: when the right side's watermark has passed the time
 * up to which a better one could come. Answers leave in the order in which they became certain, those of one moment in order of arrival.
 *
 * A right row is kept for as long as a left row that waits, or may still come, could be answered with it. Rows behind their side's watermark
 * are late: counted and dropped.
 */
export class AsofJoin implements Operator {
  readonly schema: Schema
  readonly #node: AsofJoinNode
  readonly #inputs: readonly [Schema, Schema]
  readonly #context: OperatorContext
  readonly #clock: JoinClock
  readonly #left: AsofJoinSide
  readonly #right: AsofJoinSide
  readonly #keys: JoinKeys
  readonly #output: JoinOutput
  readonly #tolerance: number
  /** Left rows by when to look at them again: once the right side has come further than that. By slot, when that is. */
  readonly #timers = new OrderedMultimap()
  readonly #armed = new Float64Slots()
  /** Right rows by time - 1 us: later ones cannot stand before them any more when the right side has come further. */
  readonly #releases = new OrderedMultimap()
  /** Times of left rows that wait, where the right side's watermark does not tell: they hold the join's watermark. */
  readonly #waiting = new OrderedMultimap()
  /** Keys by when some right row of theirs may go. */
  readonly #prunes = new OrderedMultimap()
  /** Left rows to look at now, and how many of them have been. */
  #due: number[] = []
  #next = 0
  #gone: number[] = []
  #mark = Number.NEGATIVE_INFINITY
  #arriving: Arriving | null = null
  #answering = false
  #announcing = false
  #work = 0
  #charged = 0

  constructor(node: AsofJoinNode, inputs: readonly InputStream[], context: OperatorContext) {
    this.schema = node.schema
    this.#node = node
    this.#context = context
    this.#inputs = [inputs[0]!.schema, inputs[1]!.schema]
    this.#tolerance = node.tolerance ?? NEVER
    this.#clock = new JoinClock(node.left, node.right)
    const split = this.#inputs[0].fields.length
    this.#left = new AsofJoinSide(node, 'left', this.#inputs[0], split, LEFT_TAG)
    this.#right = new AsofJoinSide(node, 'right', this.#inputs[1], split, RIGHT_TAG)
    this.#keys = new JoinKeys(node.keys, this.#inputs[0], (key) => {
      this.#left.open(key)
      this.#right.open(key)
    })
    this.#output = new JoinOutput(node.schema, node.output, this.#left.rows, this.#right.rows, false)
  }

  push(port: number, batch: RecordBatch, output: Output): Progress {
    const side = port === LEFT ? this.#left : this.#right
    const { rowtime, watermark } = this.#inputOf(port)
    side.read(batch)
    this.#arriving = {
      port: port as 0 | 1,
      batch,
      times: timesOf(batch.columns[rowtime]!, Number.NaN),
      marks: timesOf(batch.columns[watermark]!, Number.NEGATIVE_INFINITY),
      keys: this.#keys.resolve(side.side, batch),
      row: 0,
    }
    return this.more(output)
  }

  watermark(port: number, watermark: Watermark, output: Output): Progress {
    this.#clock.watermark(port, watermark)
    this.#answering = true
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
      if (!this.#left.isEmpty(key) || !this.#right.isEmpty(key)) return false
      this.#left.close(key)
      this.#right.close(key)
      return true
    })
    this.#charge()
    return 'done'
  }

  #run(output: Output): boolean {
    for (;;) {
      if (this.#answering) {
        if (!this.#answerDue()) return false
        this.#answering = false
        this.#advance()
      }
      if (this.#announcing) {
        if (!this.#prune()) return false
        this.#announcing = false
        this.#emit(output)
        const announced = this.#clock.announce(this.#mark)
        if (announced !== null) output.watermark(announced)
      }
      if (this.#arriving === null) return true
      if (!this.#takeIn(this.#arriving)) return false
    }
  }

  /** No left row that is still to be answered, waiting or to come, is older than this. */
  #advance(): void {
    const time = Math.min(this.#clock.time(LEFT), this.#clock.time(RIGHT), this.#waiting.firstKey() ?? NEVER)
    this.#mark = Math.max(this.#mark, time)
  }

  /** Takes rows in until rows have to be answered before the next one, or the output is full: false. */
  #takeIn(arriving: Arriving): boolean {
    const { port, batch, times, marks, keys } = arriving
    for (; arriving.row < batch.length; arriving.row++) {
      if (!this.#hasRoom()) return false
      const i = arriving.row
      if (this.#clock.raise(port, marks[i]!)) {
        if (this.#isDue()) {
          this.#answering = true
          return true
        }
        this.#advance()
      }
      const time = times[i]!
      if (!(time >= this.#clock.time(port))) this.#drop(port, time)
      else if (port === LEFT) this.#takeLeft(i, keys[i]!, time)
      else if (keys[i] !== NO_KEY) {
        this.#takeRight(i, keys[i]!, time, batch.weights !== null && batch.weights[i]! < 0)
        if (this.#isDue()) {
          this.#answering = true
          arriving.row++
          return true
        }
      }
    }
    this.#arriving = null
    return true
  }

  #inputOf(port: number): JoinInput {
    return port === LEFT ? this.#node.left : this.#node.right
  }

  #drop(port: number, time: number): void {
    const { tables } = this.#inputOf(port)
    const counter = time === time ? 'late_rows' : 'null_time_rows'
    this.#context.count(counter, this.#node.id, 1, tables.length === 1 ? tables[0] : undefined)
  }

  #takeLeft(row: number, key: number, time: number): void {
    const slot = this.#left.add(row, key, time)
    this.#armed.ensure(slot)
    this.#armed.set(slot, Number.NaN)
    const answer = key === NO_KEY ? NULL_ROW : this.#answerOf(slot)
    if (answer !== undefined) {
      this.#leave(slot, answer)
      this.#gone.push(slot)
      return
    }
    this.#left.place(slot)
    if (this.#node.direction !== 'backward') this.#waiting.add(time, slot)
  }

  #takeRight(row: number, key: number, time: number, ends: boolean): void {
    const slot = this.#right.add(row, key, time)
    if (ends) this.#right.flag(slot)
    this.#right.place(slot)
    this.#track(slot)
    if (this.#node.direction !== 'backward') this.#releases.add(time - 1, slot)
  }

  /** Notes when a right row may have to go. */
  #track(slot: number): void {
    const time = this.#right.timeOf(slot)
    const key = this.#right.rows.keyOf(slot)
    this.#prunes.add(time, key)
    if (this.#tolerance !== NEVER && this.#node.direction !== 'forward') this.#prunes.add(time + this.#tolerance, key)
  }

  /** The answer for a left row; where it is not certain, the row is looked at again when it may be. */
  #answerOf(slot: number): Answer {
    const { direction, strict } = this.#node
    const time = this.#left.timeOf(slot)
    const key = this.#left.rows.keyOf(slot)
    const reached = this.#clock.time(RIGHT)
    if (direction !== 'forward' && reached <= time) return this.#arm(slot, time)
    if (direction === 'backward') {
      const before = (strict ? this.#right.from(key, time) : this.#right.after(key, time)) - 1
      return this.#valid(key, before, time - this.#tolerance)
    }
    const limit = Math.min(time + this.#tolerance, AT_THE_END)
    const position = direction === 'nearest' || strict ? this.#right.after(key, time) : this.#right.from(key, time)
    const next = position < this.#right.end(key) ? this.#right.at(key, position) : NULL_ROW
    const ahead = next === NULL_ROW ? NEVER : this.#right.timeOf(next) - time
    const isFirst = next !== NULL_ROW && time + ahead <= reached
    const before = direction === 'nearest' ? this.#valid(key, position - 1, time - this.#tolerance) : NULL_ROW
    if (before === NULL_ROW) {
      if (isFirst) return ahead <= this.#tolerance ? next : NULL_ROW
      return reached > limit ? NULL_ROW : this.#arm(slot, limit)
    }
    const behind = time - this.#right.timeOf(before)
    if (isFirst) return ahead < behind ? next : before
    return reached >= time + behind ? before : this.#arm(slot, time + behind - 1)
  }

  /** The right row at a position, if there is one, it is not too old and it is no end. */
  #valid(key: number, position: number, oldest: number): number {
    if (position < this.#right.first(key)) return NULL_ROW
    const slot = this.#right.at(key, position)
    return this.#right.timeOf(slot) < oldest || this.#right.isFlagged(slot) ? NULL_ROW : slot
  }

  /** Looks at the row again once the right side has come further than `due`. */
  #arm(slot: number, due: number): undefined {
    if (this.#armed.get(slot) === due) return undefined
    this.#armed.set(slot, due)
    this.#timers.add(due, slot)
    return undefined
  }

  #leave(slot: number, answer: number): void {
    if (answer === NULL_ROW && this.#node.type === 'inner') return
    this.#output.add(slot, answer, this.#left.timeOf(slot), this.#mark)
  }

  /** Answers a row that waits, if that is possible now. */
  #tryAnswer(slot: number): boolean {
    const answer = this.#answerOf(slot)
    if (answer === undefined) return false
    this.#leave(slot, answer)
    this.#left.flag(slot)
    this.#armed.set(slot, Number.NaN)
    if (this.#node.direction !== 'backward') this.#waiting.delete(this.#left.timeOf(slot), slot)
    this.#dropAnswered(this.#left.rows.keyOf(slot))
    return true
  }

  /** Rows go in order of their time; one answered before an older one stays until then. */
  #dropAnswered(key: number): void {
    while (!this.#left.isEmpty(key) && this.#left.isFlagged(this.#left.at(key, this.#left.first(key)))) {
      this.#gone.push(this.#left.shift(key))
    }
    this.#keys.suspect(key)
  }

  #isDue(): boolean {
    const reached = this.#clock.time(RIGHT)
    return (this.#timers.firstKey() ?? NEVER) < reached || (this.#releases.firstKey() ?? NEVER) < reached
  }

  /** Answers what has become certain; false: not all of it yet. */
  #answerDue(): boolean {
    for (;;) {
      while (this.#next < this.#due.length) {
        if (!this.#hasRoom() || this.#work++ >= MAX_WORK) return false
        this.#tryAnswer(this.#due[this.#next++]!)
      }
      if (!this.#isDue()) return true
      const timer = this.#timers.firstKey() ?? NEVER
      if ((this.#releases.firstKey() ?? NEVER) > timer) this.#collectDue(timer)
      else if (!this.#release()) return false
    }
  }

  /** The left rows whose timer is set to `due`, in order of arrival. */
  #collectDue(due: number): void {
    this.#due = []
    this.#next = 0
    while (this.#timers.firstKey() === due) {
      const slot = this.#timers.shift()
      if (this.#armed.get(slot) !== due) continue
      this.#armed.set(slot, Number.NaN)
      this.#due.push(slot)
    }
    const { rows } = this.#left
    this.#due.sort((a, b) => rows.orderOf(a) - rows.orderOf(b))
  }

  /** The next right row becomes the one after the left rows before it; false: not all of them have been answered yet. */
  #release(): boolean {
    let released: number | undefined
    this.#releases.scan(Number.NEGATIVE_INFINITY, NEVER, (_, slot) => {
      released = slot
      return false
    })
    const time = this.#right.timeOf(released!)
    const key = this.#right.rows.keyOf(released!)
    while (!this.#left.isEmpty(key)) {
      const slot = this.#left.at(key, this.#left.first(key))
      if (this.#left.timeOf(slot) > time) break
      if (!this.#hasRoom() || this.#work++ >= MAX_WORK) return false
      if (!this.#tryAnswer(slot)) break
    }
    this.#releases.shift()
    return true
  }

  /** Forgets right rows that no left row can be answered with; false: not all of them yet. */
  #prune(): boolean {
    for (;;) {
      const due = this.#prunes.firstKey()
      if (due === undefined || !(due < this.#mark)) return true
      if (this.#work++ >= MAX_WORK) return false
      const key = this.#prunes.shift()
      while (!this.#right.isEmpty(key) && this.#isUseless(key)) {
        this.#gone.push(~this.#right.shift(key))
        this.#work++
      }
      this.#keys.suspect(key)
    }
  }

  /** Whether the key's first right row is; every left row to be answered is at `#mark` or later. */
  #isUseless(key: number): boolean {
    const first = this.#right.first(key)
    const slot = this.#right.at(key, first)
    const time = this.#right.timeOf(slot)
    if (!(time < this.#mark)) return false
    if (this.#node.direction === 'forward' || this.#right.isFlagged(slot)) return true
    if (time + this.#tolerance < this.#mark) return true
    return first + 1 < this.#right.end(key) && this.#right.timeOf(this.#right.at(key, first + 1)) < this.#mark
  }

  #hasRoom(): boolean {
    return this.#output.length < MAX_BATCH_ROWS
  }

  #emit(output: Output): void {
    const batch = this.#output.take()
    if (batch !== null) output.batch(batch)
    for (const slot of this.#gone) {
      if (slot >= 0) this.#left.rows.remove(slot)
      else this.#right.rows.remove(~slot)
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
    this.#left.snapshot(to)
    this.#right.snapshot(to)
  }

  restore(from: StateReader): void {
    this.#clock.restore(from)
    this.#right.restore(
      from,
      (slot) => this.#keys.keyOf('right', this.#right.rows, slot),
      (slot) => {
        this.#track(slot)
        // Those the right side had passed have been released already.
        const released = this.#right.timeOf(slot) - 1
        if (this.#node.direction !== 'backward' && released >= this.#clock.time(RIGHT)) this.#releases.add(released, slot)
      },
    )
    this.#left.restore(
      from,
      (slot) => this.#keys.keyOf('left', this.#left.rows, slot),
      (slot) => {
        this.#armed.ensure(slot)
        this.#armed.set(slot, Number.NaN)
        if (this.#left.isFlagged(slot)) return
        if (this.#node.direction !== 'backward') this.#waiting.add(this.#left.timeOf(slot), slot)
        // It could not be answered before, so this only sets its timer.
        this.#answerOf(slot)
      },
    )
    this.#advance()
    this.#charge()
  }

  stateBytes(): number {
    return this.#keys.bytes + this.#left.bytes + this.#right.bytes
  }

  explain(): ExplainLine {
    return describeAsofJoin(this.#node, this.#inputs)
  }

  dispose(): void {
    this.#context.chargeState(this.#node.id, -this.#charged)
    this.#charged = 0
  }
}

export const asofJoinDefinition: OperatorDefinition<AsofJoinNode> = {
  kind: 'asof_join',
  build: (node, inputs, context) => new AsofJoin(node, inputs, context),
}
