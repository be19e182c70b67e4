import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, MillraceError } from '../../kernel/index.ts'
import type { RetryPolicy, Source } from '../../connectors/index.ts'
import type { NodeId } from '../../plan/index.ts'
import { backoffDelay } from './backoff.ts'
import type { Inbox } from './inbox.ts'
import type { Gap } from './job-types.ts'

export interface SourceDriverOptions {
  readonly node: NodeId
  readonly table: string
  readonly source: Source
  /** Null: a loss is final. */
  readonly retry: RetryPolicy | null
  /**
   * Microseconds in which the first connection must come about where `retry` never gives up: an address that never answered is wrong more
   * often than down. Null: no limit.
   */
  readonly firstConnection: number | null
  /** Whether what was said while away can be read again: then a lost connection is no gap. */
  readonly replayable: boolean
  readonly clock: Clock
  readonly inbox: Inbox
  gap(gap: Gap): void
  notice(message: string): void
}

/**
 * Keeps one source connected: connects, reads into the inbox, connects again with backoff after a loss, and states every loss as a gap.
 */
export class SourceDriver {
  connected = false
  reconnects = 0

  readonly #options: SourceDriverOptions
  readonly #stop = new AbortController()
  /** Until here nothing is known to be missing. */
  #complete = 0

  constructor(options: SourceDriverOptions) {
    this.#options = options
  }

  get table(): string {
    return this.#options.table
  }

  /** Resolves at the end of input or after `stop`; rejects when the source is lost for good. */
  async run(): Promise<void> {
    const { source, retry, clock, notice, table } = this.#options
    const signal = this.#stop.signal
    const startedAt = clock.now()
    let everConnected = false
    let failures = 0
    let delays = 0
    let lost: { readonly from: number; readonly reason: string } | null = null
    try {
      while (!signal.aborted) {
        try {
          await source.connect(null, signal)
          this.connected = true
          everConnected = true
          this.#complete = clock.now()
          if (lost !== null) this.#gap(lost, this.#complete)
          lost = null
          await this.#read((received) => {
            failures = 0
            if (received >= PROVEN_PAYLOADS) delays = 0
          })
          return
        } catch (error) {
          if (signal.aborted) return
          const wasConnected = this.connected
          this.connected = false
          const reason = MillraceError.from(error)
          if (retry === null || reason.entry.retry !== 'reconnect') throw reason
          if (wasConnected) lost ??= { from: this.#complete, reason: reason.message }
          if (retry.maxRetries !== null && failures >= retry.maxRetries) throw exhausted(table, retry.maxRetries, reason)
          const pause = backoffDelay(retry, delays, Math.random)
          if (!everConnected && retry.maxRetries === null && this.#isOverdue(startedAt, pause)) {
            throw unreachable(table, failures, reason)
          }
          failures++
          delays++
          this.reconnects++
          notice(`table "${table}": ${reason.message}; connecting again in ${pauseText(pause)}`)
          await delay(pause / 1000, undefined, { signal }).catch(() => undefined)
        }
      }
    } finally {
      this.connected = false
      if (lost !== null) this.#gap(lost, null)
      await source.close()
    }
  }

  stop(): void {
    this.#stop.abort()
    void this.#options.source.close()
  }

  #isOverdue(startedAt: number, pause: number): boolean {
    const { firstConnection, clock } = this.#options
    return firstConnection !== null && clock.now() + pause - startedAt > firstConnection
  }

  /** `onData` is told how many payloads this connection has brought so far. */
  async #read(onData: (received: number) => void): Promise<void> {
    const { source, inbox, node, clock } = this.#options
    const signal = this.#stop.signal
    let received = 0
    for (;;) {
      const delivery = await source.read(signal)
      if (delivery === null) return
      if (delivery.payloads.length === 0) continue
      received += delivery.payloads.length
      onData(received)
      this.#complete = delivery.payloads[delivery.payloads.length - 1]!.timestamp ?? clock.now()
      const room = inbox.put(node, delivery)
      if (room !== undefined) await room
    }
  }

  #gap(lost: { readonly from: number; readonly reason: string }, to: number | null): void {
    if (this.#options.replayable) return
    this.#options.gap({ table: this.#options.table, from: lost.from, to, reason: lost.reason, count: null })
  }
}

/** A connection that brought so many payloads was a good one; one refused after a word or two was not, and the backoff goes on. */
const PROVEN_PAYLOADS = 10

function pauseText(micros: number): string {
  return micros < 1e6 ? `${Math.ceil(micros / 1000)} ms` : `${(micros / 1e6).toFixed(1)} s`
}

function exhausted(table: string, retries: number, cause: MillraceError): MillraceError {
  return new MillraceError('CONNECTOR_RETRIES_EXHAUSTED', `table "${table}": ${cause.message}`, {
    detail: retries === 0 ? cause.detail : `Tried again ${timesText(retries)}.${cause.detail === undefined ? '' : ` ${cause.detail}`}`,
    hint: cause.hint ?? `Check the address, or raise "reconnect.max_retries".`,
    cause,
  })
}

function unreachable(table: string, retries: number, cause: MillraceError): MillraceError {
  return new MillraceError('CONNECTOR_RETRIES_EXHAUSTED', `table "${table}": ${cause.message}`, {
    detail: `It was never connected, and tried again ${timesText(retries)}.${cause.detail === undefined ? '' : ` ${cause.detail}`}`,
    hint: cause.hint ?? 'Check the address. Once connected, a lost connection is made again without end.',
    cause,
  })
}

function timesText(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
