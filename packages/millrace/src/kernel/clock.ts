/** Wall-clock time as integer microseconds since the epoch. Handed in everywhere; only this default reads the machine. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Math.round((performance.timeOrigin + performance.now()) * 1000) }

/** A clock that stands still until told. */
export class ManualClock implements Clock {
  #now: number

  constructor(startMicros = 0) {
    this.#now = startMicros
  }

  now(): number {
    return this.#now
  }

  set(micros: number): void {
    this.#now = micros
  }

  advance(micros: number): void {
    this.#now += micros
  }
}
