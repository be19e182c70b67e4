export interface KeepAliveOptions {
  /** Milliseconds of silence before a ping; 0 means no pings. */
  readonly heartbeatMs: number
  /** Milliseconds after a ping in which the peer must show life. */
  readonly pongMs: number
  /** Milliseconds without a message before the peer counts as idle; 0 or absent means for ever. */
  readonly idleMs?: number
}

/**
 * - `wait`: nothing to do before `nextAt`.
 * - `ping`: send a ping now; it is counted as sent.
 * - `dead`: the peer did not answer the ping; drop the connection.
 * - `idle`: the peer may be alive but has sent no message for `idleMs`.
 */
export type KeepAliveAction = 'wait' | 'ping' | 'dead' | 'idle'

const GRACE_MS = 100

/**
 * The books of one connection's keep-alive. It owns no timer and reads no clock: the owner hands in monotonic
 * milliseconds, calls `check` at `nextAt` and does what it says.
 *
 * A verdict needs two checks past the deadline: the first only asks for a second, shortly after. A process that was held
 * up itself so reads what is waiting in its sockets before it blames the peer.
 */
export class KeepAlive {
  readonly #heartbeatMs: number
  readonly #pongMs: number
  readonly #idleMs: number
  #lastLife: number
  #lastMessage: number
  #pingedAt: number | null = null
  #recheckAt: number | null = null

  constructor(options: KeepAliveOptions, now: number) {
    this.#heartbeatMs = options.heartbeatMs
    this.#pongMs = options.pongMs
    this.#idleMs = options.idleMs ?? 0
    this.#lastLife = now
    this.#lastMessage = now
  }

  /** Call on every message. */
  onMessage(now: number): void {
    this.#lastMessage = now
    this.#lastLife = now
    this.#pingedAt = null
    this.#recheckAt = null
  }

  /** Call on every pong, ping or other sign of life that is not a message. */
  onLife(now: number): void {
    this.#lastLife = now
    if (this.#pingedAt === null) return
    this.#pingedAt = null
    this.#recheckAt = null
  }

  check(now: number): KeepAliveAction {
    const verdict = this.#verdict(now)
    if (verdict === 'dead' || verdict === 'idle') {
      if (this.#recheckAt === null) {
        this.#recheckAt = now + GRACE_MS
        return 'wait'
      }
      return now < this.#recheckAt ? 'wait' : verdict
    }
    this.#recheckAt = null
    if (verdict === 'ping') this.#pingedAt = now
    return verdict
  }

  /** The time at which to call `check` next; Infinity when there is nothing to watch. Recompute after each call. */
  nextAt(): number {
    if (this.#recheckAt !== null) return this.#recheckAt
    const beat =
      this.#pingedAt !== null
        ? this.#pingedAt + this.#pongMs
        : this.#heartbeatMs > 0
          ? this.#lastLife + this.#heartbeatMs
          : Infinity
    return this.#idleMs > 0 ? Math.min(beat, this.#lastMessage + this.#idleMs) : beat
  }

  #verdict(now: number): KeepAliveAction {
    if (this.#pingedAt !== null && now >= this.#pingedAt + this.#pongMs) return 'dead'
    if (this.#idleMs > 0 && now >= this.#lastMessage + this.#idleMs) return 'idle'
    if (this.#pingedAt === null && this.#heartbeatMs > 0 && now >= this.#lastLife + this.#heartbeatMs) return 'ping'
    return 'wait'
  }
}
