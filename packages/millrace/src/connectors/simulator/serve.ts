import { type Clock, systemClock } from '../../kernel/index.ts'
import { FrameBuffer, listen, OPCODE, type ServerConnection } from '../../wire/index.ts'
import { Pace } from './pace.ts'
import { SimulatedExchange, type SimulatedTrade, symbolNames } from './simulated-exchange.ts'

export interface ServeSimulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number
  readonly host?: string
  readonly path?: string
  readonly seed?: number
  readonly symbols?: readonly string[]
  /** Trades a second over all symbols. Default 100. */
  readonly rate?: number
  readonly clock?: Clock
}

export interface SimulatorServer {
  readonly url: string
  /** Clients that are subscribed now. */
  readonly subscribers: number
  close(): Promise<void>
}

const TICK_MS = 5
/** Bytes a client may leave unread before it is disconnected. */
const QUEUE_BYTES = 1024 * 1024

/**
 * Serves a simulated exchange the way real ones serve theirs. A client gets nothing before it subscribes:
 *
 *     -> {"op":"subscribe","symbols":["BTC-USD"]}           no symbols, or "*": all of them
 *     <- {"type":"subscribed","symbols":["BTC-USD"]}
 *     <- {"type":"trade","id":17,"symbol":"BTC-USD",...}     from then on
 *     -> {"op":"unsubscribe"}
 *
 * Anything else is answered with {"type":"error","message":...}. Trades happen whether or not anybody listens.
 */
export async function serveSimulator(options: ServeSimulatorOptions = {}): Promise<SimulatorServer> {
  const exchange = new SimulatedExchange({ seed: options.seed ?? 1, symbols: options.symbols ?? symbolNames(5) })
  const clients = new Map<ServerConnection, Subscriber>()
  const listener = await listen({
    port: options.port ?? 0,
    path: options.path ?? '/',
    ...(options.host === undefined ? {} : { host: options.host }),
    onClient: (connection) => {
      const subscriber = new Subscriber(connection, exchange.symbols)
      clients.set(connection, subscriber)
      connection.ws.on('message', (data) => subscriber.onMessage(data.toString()))
      connection.ws.once('close', () => clients.delete(connection))
    },
  })

  const clock = options.clock ?? systemClock
  const start = clock.now()
  const pace = new Pace(start, options.rate ?? 100)
  const timer = setInterval(() => {
    const due = pace.due(clock.now() - start)
    while (exchange.count < due) {
      const trade = exchange.next(pace.timeOf(exchange.count))
      const text = exchange.encode(trade)
      for (const subscriber of clients.values()) subscriber.offer(trade, text)
    }
    for (const subscriber of clients.values()) subscriber.flush()
  }, TICK_MS)

  return {
    url: listener.url,
    get subscribers() {
      return [...clients.values()].filter((subscriber) => subscriber.isSubscribed).length
    },
    close: () => {
      clearInterval(timer)
      return listener.close()
    },
  }
}

class Subscriber {
  readonly #connection: ServerConnection
  readonly #symbols: readonly string[]
  readonly #frames = new FrameBuffer(4096)
  #wanted: ReadonlySet<string> = new Set()

  constructor(connection: ServerConnection, symbols: readonly string[]) {
    this.#connection = connection
    this.#symbols = symbols
  }

  get isSubscribed(): boolean {
    return this.#wanted.size > 0
  }

  onMessage(text: string): void {
    this.#connection.ws.send(JSON.stringify(this.#answer(text)))
  }

  offer(trade: SimulatedTrade, text: string): void {
    if (this.#wanted.has(trade.symbol)) this.#frames.append(OPCODE.text, text)
  }

  flush(): void {
    const { ws, socket } = this.#connection
    if (this.#frames.length === 0) return
    const chunk = this.#frames.take()
    if (ws.readyState !== ws.OPEN) return
    if (socket.writableLength > QUEUE_BYTES) ws.close(1008, 'the client reads too slowly')
    else socket.write(chunk)
  }

  #answer(text: string): object {
    const request = parseRequest(text)
    switch (request?.op) {
      case 'subscribe': {
        const unknown = request.symbols.find((symbol) => symbol !== '*' && !this.#symbols.includes(symbol))
        if (unknown !== undefined) return { type: 'error', message: `there is no symbol "${unknown}"` }
        const all = request.symbols.length === 0 || request.symbols.includes('*')
        this.#wanted = new Set(all ? this.#symbols : request.symbols)
        return { type: 'subscribed', symbols: [...this.#wanted] }
      }
      case 'unsubscribe':
        this.#wanted = new Set()
        return { type: 'unsubscribed' }
      default:
        return { type: 'error', message: 'send {"op":"subscribe","symbols":["BTC-USD"]} or {"op":"unsubscribe"}' }
    }
  }
}

function parseRequest(text: string): { readonly op: unknown; readonly symbols: readonly string[] } | null {
  try {
    const { op, symbols } = JSON.parse(text) as { op?: unknown; symbols?: unknown }
    return { op, symbols: Array.isArray(symbols) ? symbols.map(String) : [] }
  } catch {
    return null
  }
}
