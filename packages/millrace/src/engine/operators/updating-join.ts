import { MAX_BATCH_ROWS, type RecordBatch, type Schema } from '../../kernel/index.ts'
import type { UpdatingJoinNode } from '../../plan/index.ts'
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
import { describeUpdatingJoin } from './describe-join.ts'
import { JoinClock } from './join-clock.ts'
import { JoinKeys, NO_KEY } from './join-keys.ts'
import { JoinOutput } from './join-output.ts'
import { PairFilter } from './pair-filter.ts'
import { timesOf } from './times.ts'
import { UpdatingJoinSide } from './updating-join-side.ts'

const LEFT_TAG = 2
const RIGHT_TAG = 3
/** Pairs that are looked at together; each may lead to two rows. */
const PAIRS = 1024
/** Rows forgotten in one call at most. */
const MAX_WORK = 16_384

/** A batch being taken in, and how far that has come. */
interface Arriving {
  readonly port: 0 | 1
  readonly batch: RecordBatch
  readonly keys: Int32Array
  readonly times: Float64Array
  readonly marks: Float64Array
  row: number
  /** The row being joined, in its side's rows; NULL_ROW between rows. */
  slot: number
  /** The partner to look at next; -1: there is none. */
  partner: number
}

/**
 * Joins rows whenever they come. A row meets the rows of the other side that are there, in order of their arrival; one that is taken back
 * takes its pairs back. A row that has not changed for as long as the node says is forgotten: no pair is taken back for that, and
 * nothing that comes later finds it.
 *
 * Where both inputs only append and nothing leaves alone, so does the result, with the later event time of each pair; otherwise it is a
 * changelog, whose rows belong to no moment.
 */
export class UpdatingJoin implements Operator {
  readonly schema: Schema
  readonly #node: UpdatingJoinNode
  readonly #inputs: readonly [Schema, Schema]
  readonly #context: OperatorContext
  readonly #clock: JoinClock
  readonly #sides: readonly [UpdatingJoinSide, UpdatingJoinSide]
  readonly #keys: JoinKeys
  readonly #output: JoinOutput
  readonly #filter: PairFilter | null
  readonly #emitsPairs: boolean
  /** Rows of the batch and their partners, slots by side; where the partner is NULL_ROW, the row has met all of them. */
  readonly #slots: readonly [Int32Array, Int32Array] = [new Int32Array(PAIRS), new Int32Array(PAIRS)]
  readonly #rows = new Int32Array(PAIRS)
  #pairs = 0
  /** Partners that the row being joined has met. */
  #met = 0
  /** Rows of the pushing side that may not be there any more. */
  #doubtful: number[] = []
  #pushing: 0 | 1 = 0
  #mark = Number.NEGATIVE_INFINITY
  #arriving: Arriving | null = null
  #passing: readonly [port: number, watermark: Watermark] | null = null
  #expiring = false
  #charged = 0

  constructor(node: UpdatingJoinNode, inputs: readonly InputStream[], context: OperatorContext) {
    this.schema = node.schema
    this.#node = node
    this.#context = context
    this.#inputs = [inputs[0]!.schema, inputs[1]!.schema]
    this.#clock = new JoinClock(node.left, node.right)
    const split = this.#inputs[0].fields.length
    const left = new UpdatingJoinSide(node, 'left', inputs[0]!, split, LEFT_TAG)
    const right = new UpdatingJoinSide(node, 'right', inputs[1]!, split, RIGHT_TAG)
    this.#sides = [left, right]
    this.#keys = new JoinKeys(node.keys, this.#inputs[0], (key) => {
      left.open(key)
      right.open(key)
    })
    this.#output = new JoinOutput(node.schema, node.output, left.rows, right.rows, node.updating)
    this.#filter =
      node.residual === null
        ? null
        : new PairFilter(node.id, node.residual, this.#inputs, [left.rows, right.rows], context)
    this.#emitsPairs = node.type !== 'semi' && node.type !== 'anti'
  }

  push(port: number, batch: RecordBatch, output: Output): Progress {
    const side = this.#sides[port]!
    const input = port === 0 ? this.#node.left : this.#node.right
    side.read(batch)
    this.#pushing = port as 0 | 1
    this.#arriving = {
      port: port as 0 | 1,
      batch,
      keys: this.#keys.resolve(side.side, batch),
      times: timesOf(batch.columns[input.rowtime]!, Number.NaN),
      marks: timesOf(batch.columns[input.watermark]!, Number.NEGATIVE_INFINITY),
      row: 0,
      slot: NULL_ROW,
      partner: -1,
    }
    return this.more(output)
  }

  watermark(port: number, watermark: Watermark, output: Output): Progress {
    this.#passing = [port, watermark]
    return this.more(output)
  }

  tick(_now: number, output: Output): Progress {
    this.#expiring = true
    return this.more(output)
  }

  more(output: Output): Progress {
    const done = this.#run()
    const rows = this.#output.take()
    if (rows !== null) output.batch(rows)
    this.#settle()
    if (!done) return 'more'
    for (const side of this.#sides) side.sweep()
    this.#keys.sweep((key) => this.#sides.every((s) => s.first(key) === -1))
    if (this.#passing !== null) {
      this.#clock.watermark(...this.#passing)
      this.#passing = null
      this.#advance()
      const announced = this.#clock.announce(this.#mark)
      if (announced !== null) output.watermark(announced)
    }
    this.#charge()
    return 'done'
  }

  #run(): boolean {
    if (this.#expiring && !this.#expire()) return false
    this.#expiring = false
    const arriving = this.#arriving
    if (arriving === null) return true
    while (this.#output.length + 2 * PAIRS <= MAX_BATCH_ROWS) {
      this.#gather(arriving)
      this.#apply(arriving)
      if (arriving.row === arriving.batch.length) {
        this.#arriving = null
        return true
      }
    }
    return false
  }

  #advance(): void {
    this.#mark = Math.max(this.#mark, Math.min(this.#clock.time(0), this.#clock.time(1)))
  }

  /** Collects rows with their partners, up to PAIRS. */
  #gather(arriving: Arriving): void {
    const { port, batch, keys } = arriving
    const [own, other] = [this.#sides[port], this.#sides[1 - port]!]
    this.#pairs = 0
    for (; arriving.row < batch.length; arriving.row++) {
      const key = keys[arriving.row]!
      if (arriving.slot === NULL_ROW) {
        if (!this.#begin(arriving, own, key)) continue
        arriving.partner = key === NO_KEY ? -1 : other.first(key)
      }
      for (; arriving.partner !== -1; arriving.partner = other.next(arriving.partner)) {
        if (this.#pairs === PAIRS) return
        this.#add(arriving, arriving.partner)
      }
      if (this.#pairs === PAIRS) return
      this.#add(arriving, NULL_ROW)
      arriving.slot = NULL_ROW
    }
  }

  #add({ port, slot, row }: Arriving, partner: number): void {
    this.#slots[port][this.#pairs] = slot
    this.#slots[1 - port]![this.#pairs] = partner
    this.#rows[this.#pairs++] = row
  }

  /** Finds or copies the next row; false: nothing comes of it. */
  #begin(arriving: Arriving, own: UpdatingJoinSide, key: number): boolean {
    const { batch, row, times } = arriving
    if (key === NO_KEY && !own.counts) return false
    const taken = batch.weights !== null && batch.weights[row]! < 0
    let slot = key === NO_KEY ? NULL_ROW : own.find(row)
    if (slot === NULL_ROW) {
      // What is taken back but not known has been forgotten.
      if (taken && key !== NO_KEY) return false
      slot = own.add(row, key, times[row]!)
      this.#doubtful.push(slot)
    } else if (taken) this.#doubtful.push(slot)
    arriving.slot = slot
    return true
  }

  /** Does what the collected rows lead to, one after the other. */
  #apply({ port, batch, marks, keys }: Arriving): void {
    const own = this.#sides[port]
    const owns = this.#slots[port]
    const partners = this.#slots[1 - port]!
    const passes = this.#filter?.test(this.#slots[0], this.#slots[1], this.#pairs)
    for (let i = 0; i < this.#pairs; i++) {
      const slot = owns[i]!
      const row = this.#rows[i]!
      const weight = batch.weights === null ? 1 : batch.weights[row]!
      const known = keys[row] !== NO_KEY
      if (weight < 0 && known && own.countOf(slot) === 0) continue
      if (!this.#node.updating && this.#clock.raise(port, marks[row]!)) this.#advance()
      if (partners[i] !== NULL_ROW) {
        if (passes === undefined || passes[i] === 1) this.#meet(port, slot, partners[i]!, weight)
        continue
      }
      if (known && own.counts && own.countOf(slot) === 0) own.setPartners(slot, this.#met)
      this.#met = 0
      if (own.alone(slot) === 1) this.#emitAlone(port, slot, weight)
      if (known) own.change(slot, weight, this.#context.step.now)
    }
  }

  #meet(port: 0 | 1, slot: number, partner: number, weight: number): void {
    const other = this.#sides[1 - port]!
    const count = other.countOf(partner)
    this.#met += count
    const before = other.alone(partner)
    if (other.counts) other.pair(partner, weight)
    const change = (other.alone(partner) - before) * count
    if (change < 0) this.#emitAlone(1 - port, partner, change)
    if (this.#emitsPairs) {
      if (port === 0) this.#emit(slot, partner, weight * count)
      else this.#emit(partner, slot, weight * count)
    }
    if (change > 0) this.#emitAlone(1 - port, partner, change)
  }

  #emitAlone(port: number, slot: number, weight: number): void {
    if (port === 0) this.#emit(slot, NULL_ROW, weight)
    else this.#emit(NULL_ROW, slot, weight)
  }

  #emit(left: number, right: number, weight: number): void {
    if (this.#node.updating) {
      this.#output.add(left, right, Number.NaN, Number.NEGATIVE_INFINITY, weight)
      return
    }
    const time = this.#sides[0].timeOf(left)
    const later = right === NULL_ROW ? time : Math.max(time, this.#sides[1].timeOf(right))
    this.#output.add(left, right, later, this.#mark)
  }

  /** Forgets rows of the pushing side that are there no times; what has left in pairs with them is out by now. */
  #settle(): void {
    if (this.#arriving !== null && this.#arriving.slot !== NULL_ROW) return
    const port = this.#pushing
    for (const slot of this.#doubtful) {
      const side = this.#sides[port]
      if (!side.rows.store.changes.isLive(slot) || side.countOf(slot) > 0) continue
      const key = side.rows.keyOf(slot)
      side.remove(slot)
      if (key !== NO_KEY) this.#keys.suspect(key)
    }
    this.#doubtful = []
  }

  #expire(): boolean {
    const { now } = this.#context.step
    let work = 0
    for (const side of this.#sides) {
      for (;;) {
        const slot = side.expired(now)
        if (slot === null) break
        if (slot !== NULL_ROW) {
          this.#keys.suspect(side.rows.keyOf(slot))
          side.remove(slot)
        }
        if (++work >= MAX_WORK) return false
      }
    }
    return true
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
    this.#advance()
    this.#charge()
  }

  stateBytes(): number {
    return this.#keys.bytes + this.#sides[0].bytes + this.#sides[1].bytes
  }

  explain(): ExplainLine {
    return describeUpdatingJoin(this.#node, this.#inputs)
  }

  dispose(): void {
    this.#context.chargeState(this.#node.id, -this.#charged)
    this.#charged = 0
  }
}

export const updatingJoinDefinition: OperatorDefinition<UpdatingJoinNode> = {
  kind: 'join',
  build: (node, inputs, context) => new UpdatingJoin(node, inputs, context),
}
