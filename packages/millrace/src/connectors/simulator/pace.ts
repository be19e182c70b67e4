import { MICROS_PER_SECOND } from '../../kernel/index.ts'

/** Times of events that come at an even rate: the i-th, from 0, is due `i / rate` seconds after the start. Microseconds. */
export class Pace {
  readonly #start: number
  readonly #rate: number

  constructor(start: number, eventsPerSecond: number) {
    this.#start = start
    this.#rate = eventsPerSecond
  }

  timeOf(index: number): number {
    return this.#start + Math.floor((index * MICROS_PER_SECOND) / this.#rate)
  }

  /** How many events are due `elapsed` microseconds after the start. */
  due(elapsed: number): number {
    return elapsed < 0 ? 0 : Math.floor((elapsed * this.#rate) / MICROS_PER_SECOND) + 1
  }
}
