import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { EncodedRows } from '../../formats/index.ts'
import { unreachable } from '../../kernel/index.ts'
import { DEFAULT_LIMITS, KeepAlive, type ServerConnection, truncateReason } from '../../wire/index.ts'
import type { Attachment, Broadcast, ClientSink, SlowClientPolicy } from '../broadcast.ts'
import { cancelled } from '../cancelled.ts'
import type { ConnectorContext, Ending, Sink } from '../connector.ts'
import type { WebSocketServerOptions } from './definition.ts'
import { rowKey } from './row-key.ts'
import { ENVELOPE_PROTOCOL, envelopedRows, plainRows } from './row-messages.ts'
import { type OpenRoute, openRoute, type Route } from './shared-server.ts'

/** For clients that are behind when the stream ends. */
const GRACE_MS = 2000
const SWEEP_MS = 1000

/**
 * Serves rows over WebSocket. Clients only listen; what they send is ignored. Query parameters of the address: `envelope=true` for sequence
 * numbers (also as subprotocol `millrace.envelope`), `from=N` for the first row wanted, `stream=ID` for the stream N counts in.
 */
export class WebSocketServerSink implements Sink, Route {
  readonly path: string
  readonly table: string
  readonly #options: WebSocketServerOptions
  readonly #context: ConnectorContext
  readonly #policy: SlowClientPolicy
  readonly #clients = new Map<ServerConnection, Vitals>()
  #broadcast: Broadcast | null = null
  #route: OpenRoute | null = null
  #sweep: NodeJS.Timeout | undefined

  constructor(options: WebSocketServerOptions, context: ConnectorContext) {
    this.path = options.path
    this.table = context.table
    this.#options = options
    this.#context = context
    this.#policy = policyOf(options)
  }

  get clients(): number {
    return this.#clients.size
  }

  async open(): Promise<void> {
    const { host, port, replay_size, queue_size } = this.#options
    this.#broadcast = this.#context.broadcast({ retainBytes: Math.max(replay_size, 2 * queue_size) })
    this.#route = await openRoute(host, port, this)
    this.#sweep = setInterval(() => this.#checkClients(), SWEEP_MS)
    this.#context.listening(this.#route.url)
  }

  async write(rows: EncodedRows, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled(signal)
    await this.#broadcast?.publish(rows)
  }

  async flush(): Promise<void> {
    await this.#broadcast?.flush()
  }

  async close(ending: Ending): Promise<void> {
    const broadcast = this.#broadcast
    const route = this.#route
    this.#broadcast = null
    this.#route = null
    clearInterval(this.#sweep)
    const { code, reason } = farewell(ending)
    await broadcast?.close(code, reason, GRACE_MS)
    await route?.close()
  }

  admit(request: IncomingMessage, query: URLSearchParams): number | null {
    const { origin } = request.headers
    if (origin !== undefined && !this.#options.origins.includes('*') && !this.#options.origins.includes(origin)) {
      this.#context.notice(`refused a web page from ${JSON.stringify(origin)}, which option "origins" does not name`)
      return 403
    }
    if (this.#clients.size >= this.#options.max_clients) return 503
    return /^\d{0,15}$/.test(query.get('from') ?? '') ? null : 400
  }

  onClient(connection: ServerConnection, query: URLSearchParams): void {
    const { ws, socket } = connection
    const from = query.get('from') ?? ''
    const enveloped = query.get('envelope') === 'true' || ws.protocol === ENVELOPE_PROTOCOL
    const keepAlive = new KeepAlive(
      { heartbeatMs: DEFAULT_LIMITS.heartbeatMs, pongMs: DEFAULT_LIMITS.pongMs },
      performance.now(),
    )
    this.#clients.set(connection, { keepAlive, taken: 0 })
    socket.setNoDelay(true)
    let attachment: Attachment | undefined
    const onLife = () => keepAlive.onLife(performance.now())
    ws.on('pong', onLife)
    ws.on('ping', onLife)
    ws.on('message', onLife)
    ws.once('close', () => {
      this.#clients.delete(connection)
      attachment?.detach()
    })
    attachment = this.#broadcast?.attach(new SocketClient(connection), {
      encoding: enveloped ? envelopedRows : plainRows,
      policy: this.#policy,
      queueBytes: this.#options.queue_size,
      from: from === '' ? undefined : Number(from),
      stream: query.get('stream') ?? undefined,
    })
    if (attachment === undefined) ws.close(1001, 'the stream is over')
  }

  /** A client that takes its bytes is alive, however long they keep it from answering a ping. */
  #checkClients(): void {
    const now = performance.now()
    for (const [{ ws, socket }, vitals] of this.#clients) {
      const taken = socket.bytesWritten - socket.writableLength
      if (taken > vitals.taken && socket.writableLength > 0) vitals.keepAlive.onLife(now)
      vitals.taken = taken
      switch (vitals.keepAlive.check(now)) {
        case 'ping':
          if (ws.readyState === ws.OPEN) ws.ping()
          break
        case 'dead':
        case 'idle':
          socket.destroy()
          break
        case 'wait':
          break
      }
    }
  }
}

interface Vitals {
  readonly keepAlive: KeepAlive
  /** Bytes the system has taken so far. */
  taken: number
}

/** A destroyed socket takes writes and drops them; its `close` event ends the attachment. */
class SocketClient implements ClientSink {
  readonly #ws: WebSocket
  readonly #socket: Socket

  constructor({ ws, socket }: ServerConnection) {
    this.#ws = ws
    this.#socket = socket
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  write(chunk: Buffer): void {
    this.#socket.write(chunk)
  }

  whenDrained(callback: () => void): void {
    this.#socket.write(NOTHING, callback)
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, truncateReason(reason))
  }
}

const NOTHING = Buffer.alloc(0)

function policyOf(options: WebSocketServerOptions): SlowClientPolicy {
  const kind = options.slow_client
  switch (kind) {
    case 'disconnect':
    case 'drop_oldest':
      return { kind }
    case 'conflate':
      return { kind, keyOf: rowKey(options['conflate.key'] ?? []) }
    default:
      return unreachable(kind)
  }
}

function farewell(ending: Ending): { readonly code: number; readonly reason: string } {
  switch (ending.kind) {
    case 'complete':
      return { code: 1000, reason: 'the stream is complete' }
    case 'stopped':
      return { code: 1001, reason: 'the query was stopped' }
    case 'failed':
      return { code: 1011, reason: 'the query failed' }
    default:
      return unreachable(ending)
  }
}
