/** The longest time rows wait for others to leave with them. */
const MAX_WAIT_MS = 5

/**
 * Decides when staged rows leave. When ticks are cheap: at the end of the present turn of the event loop. When they are dear, as with many
 * clients: not before as much time has passed as the last one took, so that at most half of the time goes into ticks and rows gather.
 */
export class TickTimer {
  readonly #tick: () => void
  #immediate: NodeJS.Immediate | null = null
  #timeout: NodeJS.Timeout | null = null
  #cost = 0
  #endedAt = 0

  constructor(tick: () => void) {
    this.#tick = tick
  }

  /** Makes sure that there will be a tick. */
  schedule(): void {
    if (this.#immediate !== null || this.#timeout !== null) return
    const wait = this.#cost < 1 ? 0 : Math.min(this.#cost, MAX_WAIT_MS) - (performance.now() - this.#endedAt)
    if (wait < 1) this.#immediate = setImmediate(this.#run)
    else this.#timeout = setTimeout(this.#run, wait)
  }

  cancel(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate)
    if (this.#timeout !== null) clearTimeout(this.#timeout)
    this.#immediate = null
    this.#timeout = null
  }

  readonly #run = (): void => {
    this.#immediate = null
    this.#timeout = null
    const started = performance.now()
    this.#tick()
    this.#endedAt = performance.now()
    this.#cost = this.#endedAt - started
  }
}
