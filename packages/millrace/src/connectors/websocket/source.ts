import { readFile } from 'node:fs/promises'
import type { WebSocket } from 'ws'
import { MillraceError } from '../../kernel/index.ts'
import { type ClientConnection, connect, describeClose, KeepAlive } from '../../wire/index.ts'
import { cancelled } from '../cancelled.ts'
import type { ConnectorContext, Delivery, Payload, Position, Source } from '../connector.ts'
import { fillMessage } from '../template.ts'
import type { WebSocketOptions } from './definition.ts'
import { type Header, parseHeaders } from './headers.ts'
import { subscriptionMessages } from './subscription.ts'

/** Received bytes that wait for `read` before the socket is paused. */
const PENDING_BYTES = 4 * 1024 * 1024
/** For the closing handshake after `close`. */
const CLOSE_MS = 1000
/** Some servers of the Laminar kind cut longer messages. */
const LONG_SUBSCRIPTION = 2048

/** One connection at a time. Everything that arrives between two reads is one delivery. */
export class WebSocketSource implements Source {
  readonly #options: WebSocketOptions
  readonly #context: ConnectorContext
  readonly #headers: readonly Header[]
  readonly #messages: readonly string[]
  /** The endpoint as messages may show it: without path, query and credentials, and with variables as they were written. */
  readonly #name: string
  readonly #closing = new AbortController()
  #ws: WebSocket | null = null
  #keepAlive: KeepAlive | null = null
  #timer: NodeJS.Timeout | undefined
  #payloads: Payload[] = []
  #bytes = 0
  #paused = false
  /** Whether something has come in this turn of the event loop; all of it has the same arrival. */
  #inTurn = false
  #arrival = 0
  /** How the connection ended: `null` is the end of input. */
  #ended: MillraceError | null | undefined
  /** Why we ended it ourselves. */
  #reason: string | null = null
  #wake: (() => void) | null = null

  /** @throws MillraceError CONFIG_VARIABLE_MISSING */
  constructor(options: WebSocketOptions, context: ConnectorContext) {
    this.#options = options
    this.#context = context
    this.#headers = parseHeaders(options.headers ?? '')
    this.#messages = subscriptionMessages(options.subscription_messages, options.subscription_message)
    this.#name = displayName(options.endpoint)
    this.#fill()
  }

  async connect(_from: Position | null, signal: AbortSignal): Promise<void> {
    const { endpoint, headers, messages } = this.#fill()
    const tlsCa = await this.#readAuthorities()
    const connection = await connect({
      url: endpoint,
      headers,
      displayName: this.#name,
      maxMessageBytes: this.#options.max_message_size,
      // Every format checks what it decodes; one bad message is a bad record, not the end of the feed.
      acceptInvalidUtf8: true,
      handshakeMs: this.#options.handshake_timeout / 1000,
      signal: AbortSignal.any([signal, this.#closing.signal]),
      ...(tlsCa === undefined ? {} : { tlsCa }),
    })
    if (this.#closing.signal.aborted) {
      connection.ws.terminate()
      throw cancelled()
    }
    this.#attach(connection)
    for (const message of messages) connection.ws.send(message)
    connection.ws.resume()
  }

  async read(signal: AbortSignal): Promise<Delivery | null> {
    for (;;) {
      if (signal.aborted || this.#closing.signal.aborted) throw cancelled(signal)
      if (this.#payloads.length > 0) return this.#take()
      if (this.#ended === null) return null
      if (this.#ended !== undefined) throw this.#ended
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake)
          this.#wake = null
          resolve()
        }
        this.#wake = wake
        signal.addEventListener('abort', wake)
      })
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#wake?.()
    this.#payloads = []
    const ws = this.#ws
    this.#release()
    if (ws === null || ws.readyState === ws.CLOSED) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => ws.terminate(), CLOSE_MS)
      ws.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      ws.resume()
      ws.close(1000)
    })
  }

  #attach({ ws, socket }: ClientConnection): void {
    const { ping_interval, ping_timeout } = this.#options
    this.#ws = ws
    this.#ended = undefined
    this.#reason = null
    this.#paused = false
    this.#keepAlive = new KeepAlive(
      {
        heartbeatMs: ping_interval / 1000,
        pongMs: ping_timeout / 1000,
        idleMs: (this.#options['connection.idle_timeout'] ?? 0) / 1000,
      },
      performance.now(),
    )
    socket.setNoDelay(true)
    ws.on('message', this.#onMessage)
    ws.on('ping', this.#onLife)
    ws.on('pong', this.#onLife)
    ws.once('error', this.#onError)
    ws.once('close', this.#onClose)
    this.#watch()
  }

  /** The hot path: one object per message, no copy; the socket's buffers are not reused. */
  readonly #onMessage = (data: Buffer): void => {
    if (!this.#inTurn) this.#startTurn()
    const waiting = this.#payloads.push({ value: data, key: undefined, timestamp: this.#arrival, headers: undefined })
    if (waiting === 1) this.#wake?.()
    this.#bytes += data.length
    if (this.#bytes > PENDING_BYTES && !this.#paused) {
      this.#paused = true
      this.#ws?.pause()
    }
  }

  #startTurn(): void {
    this.#inTurn = true
    this.#arrival = this.#context.clock.now()
    this.#keepAlive?.onMessage(performance.now())
    setImmediate(this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#inTurn = false
  }

  #take(): Delivery {
    const payloads = this.#payloads
    this.#payloads = []
    this.#bytes = 0
    if (this.#paused) {
      this.#paused = false
      this.#ws?.resume()
    }
    return { payloads, position: null, ack: acknowledge }
  }

  readonly #onLife = (): void => {
    this.#keepAlive?.onLife(performance.now())
    this.#watch()
  }

  readonly #onError = (error: Error & { readonly code?: string }): void => {
    this.#reason ??=
      error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
        ? `a message is larger than "max_message_size" (${this.#options.max_message_size} bytes)`
        : error.message
  }

  readonly #onClose = (code: number, reason: Buffer): void => {
    const ours = this.#reason
    this.#release()
    const { end_of_input } = this.#options
    const clean = ours === null && (code === 1000 || code === 1005)
    if (
      end_of_input === 'any_close' ||
      this.#options['reconnect.max_retries'] === 0 ||
      (end_of_input === 'clean_close' && clean)
    ) {
      this.#ended = null
    } else {
      const why = ours ?? describeClose(code, reason.toString())
      this.#ended = new MillraceError('CONNECTOR_NOT_CONNECTED', `the connection to "${this.#name}" was lost: ${why}`)
    }
    this.#wake?.()
  }

  /** Pings, and ends a connection that shows no life. While we do not read ourselves, nothing is held against the peer. */
  #watch(): void {
    clearTimeout(this.#timer)
    const keepAlive = this.#keepAlive
    if (keepAlive === null) return
    const at = keepAlive.nextAt()
    if (at === Infinity) return
    this.#timer = setTimeout(
      () => {
        const now = performance.now()
        if (this.#paused) keepAlive.onMessage(now)
        switch (keepAlive.check(now)) {
          case 'wait':
            break
          case 'ping':
            this.#ws?.ping()
            break
          case 'dead':
            this.#drop(`no answer to a ping for ${this.#options.ping_timeout / 1e6} s`)
            return
          case 'idle':
            this.#drop(`no message for ${(this.#options['connection.idle_timeout'] ?? 0) / 1e6} s`)
            return
        }
        this.#watch()
      },
      Math.max(1, at - performance.now()),
    )
  }

  #drop(reason: string): void {
    this.#reason = reason
    this.#ws?.terminate()
  }

  #release(): void {
    clearTimeout(this.#timer)
    this.#keepAlive = null
    const ws = this.#ws
    this.#ws = null
    ws?.off('message', this.#onMessage)
    ws?.off('ping', this.#onLife)
    ws?.off('pong', this.#onLife)
    ws?.off('close', this.#onClose)
  }

  /** Everything that may hold variables, with their values as they are now. */
  #fill(): { readonly endpoint: string; readonly headers: readonly Header[]; readonly messages: readonly string[] } {
    const { template, notice } = this.#context
    const fill = template.bind(this.#context)
    return {
      endpoint: fill(this.#options.endpoint),
      headers: this.#headers.map(([name, value]): Header => [name, fill(value)]),
      messages: this.#messages.map((message, i) => {
        if (message.length > LONG_SUBSCRIPTION) {
          notice.call(
            this.#context,
            `subscription message ${i} is longer than ${LONG_SUBSCRIPTION} characters, which some servers cut`,
          )
        }
        return fillMessage(message, fill)
      }),
    }
  }

  async #readAuthorities(): Promise<string | undefined> {
    const path = this.#options['tls.cafile']
    if (path === undefined) return undefined
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new MillraceError(
        'CONFIG_OPTION_INVALID',
        `"tls.cafile" names "${path}", which cannot be read: ${error.code}`,
        { cause: error },
      )
    })
    if (text.includes('-----BEGIN ')) return text
    throw new MillraceError('CONFIG_OPTION_INVALID', `"tls.cafile" names "${path}", which holds no certificate`, {
      hint: 'The file must hold certificates in PEM, which start with -----BEGIN CERTIFICATE-----.',
    })
  }
}

function displayName(endpoint: string): string {
  const match = /^([A-Za-z]+:\/\/)?(?:[^/?#]*@)?([^/?#]*)/.exec(endpoint)
  return `${match?.[1] ?? ''}${match?.[2] ?? ''}`
}

const done = Promise.resolve()
const acknowledge = (): Promise<void> => done
