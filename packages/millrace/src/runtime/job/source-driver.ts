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
  #lastArrival: number | null = null

  constructor(options: SourceDriverOptions) {
    this.#options = options
  }

  /** Resolves at the end of input or after `stop`; rejects when the source is lost for good. */
  async run(): Promise<void> {
    const { source, retry, clock, notice, table } = this.#options
    const signal = this.#stop.signal
    let failures = 0
    let lost: { readonly from: number; readonly reason: string } | null = null
    try {
      while (!signal.aborted) {
        try {
          await source.connect(null, signal)
          this.connected = true
          if (lost !== null) this.#gap(lost, clock.now())
          lost = null
          const connectedAt = clock.now()
          this.#lastArrival ??= connectedAt
          await this.#read(() => {
            failures = 0
          })
          return
        } catch (error) {
          if (signal.aborted) return
          const wasConnected = this.connected
          this.connected = false
          const reason = MillraceError.from(error)
          if (retry === null || reason.entry.retry !== 'reconnect') throw reason
          if (wasConnected && lost === null) lost = { from: this.#lastArrival ?? clock.now(), reason: reason.message }
          if (retry.maxRetries !== null && failures >= retry.maxRetries) throw exhausted(table, retry.maxRetries, reason)
          const pause = backoffDelay(retry, failures, Math.random)
          failures++
          this.reconnects++
          notice(`table "${table}": ${reason.message}; connecting again in ${(pause / 1e6).toFixed(1)} s`)
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

  async #read(onData: () => void): Promise<void> {
    const { source, inbox, node, clock } = this.#options
    const signal = this.#stop.signal
    for (;;) {
      const delivery = await source.read(signal)
      if (delivery === null) return
      if (delivery.payloads.length === 0) continue
      onData()
      this.#lastArrival = delivery.payloads[delivery.payloads.length - 1]!.timestamp ?? clock.now()
      const room = inbox.put(node, delivery)
      if (room !== undefined) await room
    }
  }

  #gap(lost: { readonly from: number; readonly reason: string }, to: number | null): void {
    if (this.#options.replayable) return
    this.#options.gap({ table: this.#options.table, from: lost.from, to, reason: lost.reason, count: null })
  }
}

function exhausted(table: string, retries: number, cause: MillraceError): MillraceError {
  const times = retries === 1 ? 'once' : `${retries} times`
  return new MillraceError('CONNECTOR_RETRIES_EXHAUSTED', `table "${table}": ${cause.message}`, {
    detail: retries === 0 ? cause.detail : `Tried again ${times}.${cause.detail === undefined ? '' : ` ${cause.detail}`}`,
    hint: cause.hint ?? `Check the address, or raise "reconnect.max_retries".`,
    cause,
  })
}
