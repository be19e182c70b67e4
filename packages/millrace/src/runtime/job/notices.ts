import type { Clock } from '../../kernel/index.ts'

const INTERVAL_MICROS = 10_000_000

/** Passes each distinct message on at most once per 10 s. */
export class Notices {
  readonly #clock: Clock
  readonly #show: (message: string) => void
  readonly #shownAt = new Map<string, number>()

  constructor(clock: Clock, show: (message: string) => void) {
    this.#clock = clock
    this.#show = show
  }

  /** `key` says which messages are the same; digits in it do not count. */
  say(message: string, key: string = message): void {
    const now = this.#clock.now()
    const kind = key.replace(/\d+/g, '#')
    const last = this.#shownAt.get(kind)
    if (last !== undefined && now - last < INTERVAL_MICROS) return
    if (this.#shownAt.size > 1000) this.#shownAt.clear()
    this.#shownAt.set(kind, now)
    this.#show(message)
  }
}
