import type { JoinInput } from '../../plan/index.ts'
import type { Watermark } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { singleKey, type StateReader, type StateWriter } from '../state/state-io.ts'

const CLOCK_TAG = 1
const ENDED = Number.POSITIVE_INFINITY

/**
 * How far the two inputs of a join have come: for each, the event time before which its rows are late, its lateness taken off. An input
 * that is idle goes along with the other one, so that it holds nobody back; what it brings from before then is late.
 */
export class JoinClock {
  readonly #lateness: readonly number[]
  readonly #times = new Float64Array(2).fill(Number.NEGATIVE_INFINITY)
  readonly #idle: [boolean, boolean] = [false, false]
  #announced: Watermark = { time: Number.NEGATIVE_INFINITY, idle: false }
  #changed = false

  constructor(left: JoinInput, right: JoinInput) {
    this.#lateness = [left.lateness, right.lateness]
  }

  time(port: number): number {
    return this.#times[port]!
  }

  /** A row of `port` stands behind this watermark. True if an input has come further. */
  raise(port: number, mark: number): boolean {
    const time = mark - this.#lateness[port]!
    if (!(time > this.#times[port]!)) return false
    this.#times[port] = time
    this.#follow()
    this.#changed = true
    return true
  }

  watermark(port: number, { time, idle }: Watermark): void {
    this.#idle[port as 0 | 1] = idle
    this.#changed = true
    if (!this.raise(port, time)) this.#follow()
  }

  #follow(): void {
    for (const port of [0, 1] as const) {
      const other = this.#times[1 - port]!
      if (this.#idle[port] && other !== ENDED && other > this.#times[port]!) this.#times[port] = other
    }
  }

  /** `time` as the join's own watermark; null if that says nothing new. */
  announce(time: number): Watermark | null {
    const open = ([0, 1] as const).filter((p) => this.#times[p] !== ENDED)
    const idle = open.length > 0 && open.every((p) => this.#idle[p])
    if (time <= this.#announced.time && idle === this.#announced.idle) return null
    this.#announced = { time: Math.max(time, this.#announced.time), idle }
    this.#changed = true
    return this.#announced
  }

  snapshot(to: StateWriter): void {
    if (!this.#changed) return
    this.#changed = false
    const writer = new ByteWriter()
    for (const value of [...this.#times, this.#announced.time]) writer.double(value)
    for (const flag of [...this.#idle, this.#announced.idle]) writer.byte(flag ? 1 : 0)
    to.put(singleKey(CLOCK_TAG), writer.take())
  }

  restore(from: StateReader): void {
    for (const [key, value] of from.entries()) {
      if (key[0] !== CLOCK_TAG) continue
      const reader = new ByteReader(value)
      this.#times[0] = reader.double()
      this.#times[1] = reader.double()
      const time = reader.double()
      const flag = () => reader.byte() === 1
      this.#idle[0] = flag()
      this.#idle[1] = flag()
      this.#announced = { time, idle: flag() }
    }
  }
}
