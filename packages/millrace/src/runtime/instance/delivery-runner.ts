import { Delivery, type DeliveryOptions, type DeliveryStatistics } from '../pipelines/index.ts'
import type { Runner } from './runner.ts'

/** Hands the topic of a sink table to the outside. */
export class DeliveryRunner implements Runner {
  readonly what: string
  hasFailed = false
  readonly #delivery: Delivery

  constructor({ events, ...options }: DeliveryOptions) {
    this.what = `the delivery of table "${options.table}"`
    this.#delivery = new Delivery({
      ...options,
      events: {
        ...events,
        error: (error, retryIn) => {
          if (retryIn === null) this.hasFailed = true
          events.error?.(error, retryIn)
        },
      },
    })
  }

  /** Nobody reads what it writes. */
  get opened(): Promise<void> {
    return Promise.resolve()
  }

  statistics(): Promise<DeliveryStatistics> {
    return this.#delivery.statistics()
  }

  drain(): Promise<void> {
    return this.#delivery.drain()
  }

  stop(): Promise<void> {
    return this.#delivery.stop()
  }
}
