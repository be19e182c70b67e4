import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { cancelled } from '../cancelled.ts'
import type { ConnectorContext, Delivery, Payload, Position, Source } from '../connector.ts'
import type { SimulatorOptions } from './definition.ts'
import { Pace } from './pace.ts'
import { SimulatedExchange } from './simulated-exchange.ts'

const BATCH = 1024
/** Trades that fall due within this time are delivered together. */
const TICK_MS = 5
/** Between the times of trades when the rate is unlimited. */
const UNLIMITED_RATE = 1_000_000

/** Positions are { count, start }: how many trades were delivered, and the time of the first. */
export class SimulatorSource implements Source {
  readonly #options: SimulatorOptions
  readonly #context: ConnectorContext
  #exchange: SimulatedExchange
  #pace: Pace
  #closed = false
  #start = 0
  /** On the clock, when the trade number `#exchange.count` was due. */
  #origin = 0

  constructor(options: SimulatorOptions, context: ConnectorContext) {
    this.#options = options
    this.#context = context
    this.#exchange = this.#createExchange()
    this.#pace = new Pace(0, 1)
  }

  async connect(from: Position | null): Promise<void> {
    if (this.#closed) throw cancelled()
    const { rate, start_time } = this.#options
    const now = this.#context.clock.now()
    const done = Number(from?.['count'] ?? 0)
    this.#start = from === null ? (start_time ?? now) : Number(from['start'])
    this.#pace = new Pace(this.#start, rate ?? UNLIMITED_RATE)
    this.#exchange = this.#createExchange()
    this.#exchange.skip(done)
    this.#origin = now - (this.#pace.timeOf(done) - this.#start)
  }

  async read(signal: AbortSignal): Promise<Delivery | null> {
    for (;;) {
      // Between two deliveries of a simulator that is never out of breath everything else gets its turn.
      await setImmediate()
      if (signal.aborted || this.#closed) throw cancelled(signal)
      const { count } = this.#exchange
      if (count >= (this.#options.count ?? Infinity)) return null
      const due = Math.min(this.#due(), count + BATCH, this.#options.count ?? Infinity)
      if (due > count) return this.#take(due)
      await delay(TICK_MS)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  /** How many trades there may be by now. */
  #due(): number {
    if (this.#options.rate === null) return Infinity
    return this.#pace.due(this.#context.clock.now() - this.#origin)
  }

  #take(until: number): Delivery {
    const payloads: Payload[] = []
    while (this.#exchange.count < until) {
      const trade = this.#exchange.next(this.#pace.timeOf(this.#exchange.count))
      payloads.push({
        value: Buffer.from(this.#exchange.encode(trade)),
        key: undefined,
        timestamp: trade.timestamp,
        headers: undefined,
      })
    }
    return { payloads, position: { count: until, start: this.#start }, ack: async () => undefined }
  }

  #createExchange(): SimulatedExchange {
    const { seed, symbols, timestamp_format } = this.#options
    return new SimulatedExchange({ seed, symbols, timestampFormat: timestamp_format })
  }
}
