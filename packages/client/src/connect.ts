import {
  CLOSE_CODES,
  type Hello,
  isFinalClose,
  parseMessage,
  type RowGap,
  type StreamPosition,
  streamUrl,
} from '@millrace/protocol'
import { type RetryOptions, retryDelay } from './backoff.ts'
import { RowQueue } from './row-queue.ts'

/** The part of the standard WebSocket that is used; a browser's, Node 22's and that of the `ws` package fit. */
export interface WebSocketLike {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null
  onerror: ((event: unknown) => void) | null
  close(code?: number, reason?: string): void
}

export type WebSocketConstructor = new (url: string) => WebSocketLike

export type ConnectionStatus =
  | { readonly kind: 'connected'; readonly stream: string }
  /** Connecting again after `retryMs` milliseconds. */
  | { readonly kind: 'disconnected'; readonly code: number; readonly reason: string; readonly retryMs: number }
  /** The reader is too far behind; the connection comes back when it has caught up. */
  | { readonly kind: 'paused' }

export interface ConnectOptions<Row> {
  /** Where to begin. Default: with the next new row. */
  readonly position?: StreamPosition | undefined
  /** Makes a row from its JSON text. Default JSON.parse, which rounds numbers beyond 2^53. */
  readonly parse?: ((text: string) => Row) | undefined
  /** Rows the server could not give any more. */
  readonly onGap?: ((gap: RowGap) => void) | undefined
  readonly onStatus?: ((status: ConnectionStatus) => void) | undefined
  readonly retry?: RetryOptions | undefined
  /** Rows that may wait for the reader before the connection is given up until it has caught up. Default 100,000. */
  readonly maxBuffered?: number | undefined
  /** Aborting ends the stream as `close` does. */
  readonly signal?: AbortSignal | undefined
  /** Default: the global one. */
  readonly WebSocket?: WebSocketConstructor | undefined
}

/** Rows in order, for one reader. Leaving the loop closes the connection. */
export interface RowStream<Row> extends AsyncIterableIterator<Row, undefined> {
  /** After the last row that arrived, which the reader may not have taken yet. Null: not connected so far. */
  readonly position: StreamPosition | null
  /** Ends the stream at once: rows that wait for the reader are dropped. */
  close(): void
}

/**
 * Reads a `websocket_server` table at `url`. A lost connection is made again, and goes on with the row after the last one that came. The
 * stream ends when the server's query does, and fails when the retries are used up.
 */
export function connect<Row = unknown>(url: string, options: ConnectOptions<Row> = {}): RowStream<Row> {
  return new Connection<Row>(url, options)
}

class Connection<Row> implements RowStream<Row> {
  readonly #url: string
  readonly #options: ConnectOptions<Row>
  readonly #WebSocket: WebSocketConstructor
  readonly #parse: (text: string) => Row
  readonly #rows = new RowQueue<Row>()
  readonly #maxBuffered: number
  #position: StreamPosition | null
  #socket: WebSocketLike | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #attempts = 0
  #paused = false
  #closed = false

  constructor(url: string, options: ConnectOptions<Row>) {
    const constructor = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket
    if (constructor === undefined) throw new TypeError('there is no global WebSocket; pass one as option "WebSocket"')
    this.#url = url
    this.#options = options
    this.#WebSocket = constructor
    this.#parse = options.parse ?? ((text) => JSON.parse(text) as Row)
    this.#maxBuffered = options.maxBuffered ?? 100_000
    this.#position = options.position ?? null
    options.signal?.addEventListener('abort', () => this.close(), { once: true })
    if (options.signal?.aborted === true) this.close()
    else this.#open()
  }

  get position(): StreamPosition | null {
    return this.#position
  }

  async next(): Promise<IteratorResult<Row, undefined>> {
    const result = await this.#rows.next()
    if (this.#paused && this.#rows.length <= this.#maxBuffered / 2) {
      this.#paused = false
      this.#open()
    }
    return result
  }

  async return(): Promise<IteratorResult<Row, undefined>> {
    this.close()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  close(): void {
    this.#rows.close()
    this.#finish()
    this.#socket?.close(CLOSE_CODES.complete)
  }

  #finish(error?: unknown): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#rows.end(error)
  }

  #open(): void {
    if (this.#closed) return
    const socket = new this.#WebSocket(streamUrl(this.#url, this.#position))
    this.#socket = socket
    socket.onmessage = ({ data }) => {
      // After `close` messages may still come.
      if (this.#socket === socket && !this.#closed && !this.#paused) this.#onMessage(String(data))
    }
    // A close always follows, and says more.
    socket.onerror = () => undefined
    socket.onclose = ({ code, reason }) => {
      if (this.#socket === socket) this.#onClose(code, reason)
    }
  }

  #onMessage(text: string): void {
    const message = parseMessage(text)
    switch (message?.kind) {
      case 'hello':
        this.#attempts = 0
        this.#join(message.hello)
        this.#options.onStatus?.({ kind: 'connected', stream: message.hello.stream })
        return
      case 'gap': {
        const { gap } = message
        // Numbers of a stream that is no more say nothing about this one.
        if (gap.reason !== 'restarted') this.#position = { ...this.#position, next: gap.to + 1 }
        this.#options.onGap?.(gap)
        return
      }
      case 'row':
        this.#onRow(message.sequence, message.text)
        return
      case undefined:
        return
    }
  }

  #join({ stream, next }: Hello): void {
    const before = this.#position
    if (before?.stream === stream) return
    // Of a stream that took the place of another, everything the server still has is wanted.
    this.#position = { stream, next: before === null ? next : before.stream === undefined ? before.next : 0 }
  }

  #onRow(sequence: number, text: string): void {
    this.#position = { ...this.#position, next: sequence + 1 }
    try {
      this.#rows.push(this.#parse(text))
    } catch (error) {
      this.#finish(error)
      this.#socket?.close(CLOSE_CODES.complete)
      return
    }
    if (this.#rows.length < this.#maxBuffered) return
    this.#paused = true
    this.#socket?.close(CLOSE_CODES.complete)
    this.#socket = null
    this.#options.onStatus?.({ kind: 'paused' })
  }

  #onClose(code: number, reason: string): void {
    this.#socket = null
    if (this.#closed) return
    const { retry = {} } = this.#options
    if (isFinalClose(code)) {
      this.#finish()
    } else if (this.#attempts >= (retry.maxAttempts ?? Number.POSITIVE_INFINITY)) {
      this.#finish(new Error(`the connection was lost (${code}${reason === '' ? '' : `, ${reason}`})`))
    } else {
      const retryMs = retryDelay(this.#attempts++, retry)
      this.#timer = setTimeout(() => this.#open(), retryMs)
      this.#options.onStatus?.({ kind: 'disconnected', code, reason, retryMs })
    }
  }
}
