import { type Ending, type ResolvedTable, resolveTable, type RetryPolicy } from '../../connectors/index.ts'
import { assert, type Clock, MillraceError, type OptionValue, systemClock } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import { backoffDelay } from '../job/backoff.ts'
import { connectorContext } from '../job/connector-context.ts'
import { Notices } from '../job/notices.ts'
import type { Templates } from '../templates.ts'
import { deliver } from './delivery-run.ts'
import { pause } from './pause.ts'

export interface DeliveryOptions {
  readonly log: Log
  /** Its name is that of its topic. */
  readonly table: string
  /** The table's options, as in a plan. */
  readonly options: Readonly<Record<string, OptionValue>>
  readonly templates: Templates
  readonly stdout: NodeJS.WritableStream
  readonly clock?: Clock
  readonly retry?: RetryPolicy
  readonly events: DeliveryEvents
}

export interface DeliveryEvents {
  notice?(message: string): void
  /** The sink serves at this address. */
  listening?(url: string): void
  /** It failed for good, or is tried again in `retryIn` microseconds. */
  error?(error: MillraceError, retryIn: number | null): void
}

export type DeliveryState = 'starting' | 'running' | 'retrying' | 'stopping' | 'stopped' | 'failed'

export interface DeliveryStatistics {
  readonly table: string
  readonly state: DeliveryState
  readonly records: number
  readonly bytes: number
  readonly restarts: number
  /** Records of the topic that are not delivered yet. */
  readonly lag: number
  readonly error: MillraceError | null
}

/** Microseconds. */
const RETRY: RetryPolicy = { initialDelay: 200_000, maxDelay: 30_000_000, maxRetries: null }

/**
 * Hands the records of a table's topic to its connector, in order, and tries again after errors of the outside. Where the sink has
 * checkpoints, each record is there once whatever happens; otherwise those since the last note come again after a crash.
 */
export class Delivery {
  readonly table: string
  /** Resolves when the sink is open, or the delivery has ended. */
  readonly opened: Promise<void>
  readonly #options: DeliveryOptions
  readonly #clock: Clock
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>
  #setOpened: () => void = () => undefined
  #state: DeliveryState = 'starting'
  #error: MillraceError | null = null
  #offset = 0
  #records = 0
  #bytes = 0
  #restarts = 0
  #watching: (() => void)[] = []

  constructor(options: DeliveryOptions) {
    this.table = options.table
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.opened = new Promise((resolve) => {
      this.#setOpened = resolve
    })
    this.#ended = this.#supervise().finally(() => {
      this.#setOpened()
      this.#wake()
    })
  }

  async statistics(): Promise<DeliveryStatistics> {
    const { log } = this.#options
    const [range] = log.topic(this.table) === undefined ? [] : await log.offsets(this.table)
    const lag = Math.max(0, (range?.end ?? 0) - Math.max(this.#offset, range?.start ?? 0))
    return {
      table: this.table,
      state: this.#state,
      records: this.#records,
      bytes: this.#bytes,
      restarts: this.#restarts,
      lag,
      error: this.#error,
    }
  }

  /** Resolves when what is in the topic now is delivered, or nothing is delivered any more. */
  async drain(): Promise<void> {
    const [range] = await this.#options.log.offsets(this.table)
    while (!this.#isOver && this.#offset < (range?.end ?? 0))
      await new Promise<void>((resolve) => this.#watching.push(resolve))
  }

  /** Resolves when what was handed over is noted. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#isOver) this.#state = 'stopping'
    this.#stop.abort()
    await this.#ended
  }

  get #isOver(): boolean {
    return this.#state === 'stopped' || this.#state === 'failed'
  }

  #wake(): void {
    const watching = this.#watching
    this.#watching = []
    for (const resolve of watching) resolve()
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stop
    const { events, templates } = this.#options
    for (let attempt = 0; ; attempt++) {
      const recordsBefore = this.#records
      try {
        await this.#run(signal)
        this.#state = 'stopped'
        return
      } catch (thrown) {
        const error = templates.redactError(MillraceError.from(thrown))
        // Nobody reads the output any more: that is nobody's fault.
        if (signal.aborted || error.code === 'CANCELLED') {
          this.#state = 'stopped'
          return
        }
        this.#error = error
        if (this.#records > recordsBefore) attempt = 0
        const again = error.entry.who === 'external' && error.entry.retry !== 'never'
        const delay = again ? backoffDelay(this.#options.retry ?? RETRY, attempt, Math.random) : null
        this.#state = delay === null ? 'failed' : 'retrying'
        events.error?.(error, delay)
        if (delay === null) return
        this.#restarts++
        await pause(delay / 1000, signal)
      }
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { log, table, options, events } = this.#options
    const resolved = resolveTable(options, table)
    const { connector } = resolved
    const sink = await this.#createSink(resolved)
    let ending: Ending = { kind: 'stopped' }
    try {
      await deliver({
        log,
        table,
        sink,
        separator: Buffer.from(connector.rowSeparator),
        signal,
        opened: ({ offset }) => {
          this.#offset = offset
          this.#error = null
          if (!signal.aborted) this.#state = 'running'
          this.#setOpened()
          this.#wake()
        },
        delivered: ({ offset }, records, bytes) => {
          this.#offset = offset
          this.#records += records
          this.#bytes += bytes
          this.#wake()
        },
        missed: (from, to) =>
          events.notice?.(
            `table "${table}": retention deleted ${to - from} records before they were delivered, from offset ${from} on`,
          ),
      })
    } catch (thrown) {
      const error = MillraceError.from(thrown)
      ending = { kind: 'failed', error }
      throw error
    } finally {
      await sink.close(ending).catch(() => undefined)
    }
  }

  #createSink({ connector, connectorOptions }: ResolvedTable) {
    const { table, templates, stdout, events } = this.#options
    assert(connector.sink !== undefined, `connector "${connector.name}" is no sink`)
    const notices = new Notices(this.#clock, (message) => events.notice?.(templates.redact(message)))
    const context = connectorContext(table, {
      clock: this.#clock,
      templates,
      stdout,
      notices,
      events: { output: () => undefined, listening: (_, url) => events.listening?.(url) },
    })
    return connector.sink(connectorOptions, context)
  }
}
