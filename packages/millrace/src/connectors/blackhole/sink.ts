import type { EncodedRows } from '../../formats/index.ts'
import { cancelled } from '../cancelled.ts'
import type { ConnectorContext, Sink } from '../connector.ts'

export class BlackholeSink implements Sink {
  readonly #context: ConnectorContext
  #rows = 0
  #bytes = 0
  #closed = false

  constructor(context: ConnectorContext) {
    this.#context = context
  }

  get rows(): number {
    return this.#rows
  }

  get bytes(): number {
    return this.#bytes
  }

  async open(): Promise<void> {}

  async write({ bytes, offsets }: EncodedRows, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled(signal)
    this.#rows += Math.max(0, offsets.length - 1)
    this.#bytes += bytes.length
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#context.notice(`took ${this.#rows} rows, ${this.#bytes} bytes`)
  }
}
