import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws'
import { MillraceError } from '../kernel/index.ts'
import { truncateReason } from './close-codes.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { maxBufferedChunks } from './ws-options.ts'

/** One accepted client. */
export interface ServerConnection {
  /** Control frames and inbound messages. An `error` listener is attached already; `close` follows every error. */
  readonly ws: WebSocket
  /**
   * The socket below. Whole frames from `encodeFrame` may be written to it at any time while `ws` is open: `ws` writes
   * whole frames synchronously too, so the two never interleave inside a frame.
   */
  readonly socket: Socket
  /** The upgrade request: path, query, headers. */
  readonly request: IncomingMessage
  readonly remoteAddress: string
}

export interface ListenOptions {
  readonly port: number
  /** Default 127.0.0.1: reachable from this machine only. */
  readonly host?: string
  /** Exact path of the upgrade request; others get 404. Default: any path. */
  readonly path?: string
  /**
   * The first of these that the client offers is chosen; one that offers only others gets none. `any`: the client's first
   * is chosen. Default: none.
   */
  readonly subprotocols?: readonly string[] | 'any'
  /** Decides on the Origin header, undefined when a client (not a browser) sent none. False gives 403. */
  readonly allowOrigin?: (origin: string | undefined, request: IncomingMessage) => boolean
  /** Clients at once; one more gets 503. Default: no limit. */
  readonly maxClients?: number
  /** The last word before an upgrade that is well-formed: the HTTP status to refuse it with, or null. */
  readonly admit?: (request: IncomingMessage) => number | null
  readonly maxMessageBytes?: number
  readonly maxFragments?: number
  readonly handshakeMs?: number
  /** Milliseconds for a plain request with its body. Default: `handshakeMs`. */
  readonly requestMs?: number
  readonly closeMs?: number
  /** False: pings are only reported, and the owner answers them. Default true. */
  readonly autoPong?: boolean
  /** Called in the turn of the upgrade, before any message: attach the listeners here. */
  readonly onClient: (client: ServerConnection) => void
  /** Plain HTTP requests. Default: 426. */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void
}

export interface CloseOptions {
  /** Default 1001, going away. */
  readonly code?: number
  readonly reason?: string
  /** Milliseconds for the closing handshakes before the sockets are destroyed. */
  readonly graceMs?: number
}

export interface Listener {
  readonly host: string
  /** The real port, also when 0 was asked for. */
  readonly port: number
  /** `ws://host:port/path` as a local client would spell it. */
  readonly url: string
  readonly clients: ReadonlySet<ServerConnection>
  /** Stops accepting, closes every client and resolves when all sockets are gone. May be called again. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Serves WebSocket (RFC 6455, version 13 only, no compression) on its own HTTP server.
 *
 * @throws MillraceError CONNECTOR_ADDRESS_IN_USE when the port is taken, CONNECTOR_IO when the address cannot be used.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const host = options.host ?? '127.0.0.1'
  const handshakeMs = options.handshakeMs ?? DEFAULT_LIMITS.handshakeMs
  const http = createServer(
    {
      headersTimeout: handshakeMs,
      requestTimeout: options.requestMs ?? handshakeMs,
      connectionsCheckingInterval: Math.min(1000, handshakeMs),
    },
    options.onRequest ?? ((_, response) => refuseRequest(response)),
  )
  await bind(http, options.port, host)

  const clients = new Set<ServerConnection>()
  const wss = new WebSocketServer(serverOptions(options))
  http.on('upgrade', (request, stream, head) => {
    // The HTTP server is ours and plain, so the stream is a TCP socket.
    const socket = stream as Socket
    const refusal = refuseUpgrade(options, request, clients.size)
    if (refusal !== null) {
      endWithStatus(socket, refusal)
      return
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      const client = { ws, socket, request, remoteAddress: socket.remoteAddress ?? '' }
      clients.add(client)
      ws.on('error', ignore)
      ws.once('close', () => clients.delete(client))
      options.onClient(client)
    })
  })

  const port = (http.address() as AddressInfo).port
  let closing: Promise<void> | undefined
  return {
    host,
    port,
    url: `ws://${authority(host, port)}${options.path ?? '/'}`,
    clients,
    close: (how = {}) => (closing ??= shutDown(http, clients, how)),
  }
}

function serverOptions(options: ListenOptions): ServerOptions {
  const maxPayload = options.maxMessageBytes ?? DEFAULT_LIMITS.clientMessageBytes
  const subprotocols = options.subprotocols ?? []
  // `closeTimeout` is an option of ws that its type declarations lack.
  const result: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    allowSynchronousEvents: true,
    autoPong: options.autoPong ?? true,
    maxPayload,
    maxFragments: options.maxFragments ?? DEFAULT_LIMITS.fragments,
    maxBufferedChunks: maxBufferedChunks(maxPayload),
    closeTimeout: options.closeMs ?? DEFAULT_LIMITS.closeMs,
    handleProtocols: (offered) =>
      (subprotocols === 'any' ? [...offered] : subprotocols).find((name) => offered.has(name)) ?? false,
  }
  return result
}

function bind(http: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => reject(bindError(error, port, host)))
    http.listen({ port, host }, () => {
      http.removeAllListeners('error')
      http.on('error', ignore)
      resolve()
    })
  })
}

function bindError(error: NodeJS.ErrnoException, port: number, host: string): MillraceError {
  const address = `"${authority(host, port)}"`
  switch (error.code) {
    case 'EADDRINUSE':
      return new MillraceError('CONNECTOR_ADDRESS_IN_USE', `address ${address} is in use`, {
        detail: 'Another process, or another part of this one, listens there.',
        hint: 'Choose another port; port 0 takes any free one.',
        cause: error,
      })
    case 'EACCES':
      return new MillraceError('CONNECTOR_IO', `listening on ${address} is not permitted`, {
        hint: 'Choose a port from 1024 up.',
        cause: error,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new MillraceError('CONNECTOR_IO', `address ${address} does not belong to this machine`, {
        hint: 'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses.',
        cause: error,
      })
    default:
      return new MillraceError('CONNECTOR_IO', `listening on ${address} failed: ${error.message}`, { cause: error })
  }
}

/** The HTTP status to refuse with, or null. */
function refuseUpgrade(options: ListenOptions, request: IncomingMessage, clients: number): number | null {
  const path = (request.url ?? '/').split('?', 1)[0]
  if (options.path !== undefined && path !== options.path) return 404
  if (request.headers['sec-websocket-version'] !== '13') return 426
  if (options.allowOrigin !== undefined && !options.allowOrigin(request.headers.origin, request)) return 403
  if (options.maxClients !== undefined && clients >= options.maxClients) return 503
  return options.admit?.(request) ?? null
}

function endWithStatus(socket: Socket, status: number): void {
  const version = status === 426 ? 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' : ''
  socket.on('error', ignore)
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${version}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}

function refuseRequest(response: ServerResponse): void {
  response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket', connection: 'close' })
  response.end('This address speaks WebSocket only.\n')
}

async function shutDown(http: Server, clients: ReadonlySet<ServerConnection>, how: CloseOptions): Promise<void> {
  const reason = truncateReason(how.reason ?? '')
  const gone = [...clients].map(({ ws }) => new Promise<void>((resolve) => ws.once('close', () => resolve())))
  for (const { ws } of clients) ws.close(how.code ?? 1001, reason)
  // Upgraded sockets are no longer the HTTP server's; this ends those that never upgraded.
  const stopped = new Promise<void>((resolve) => http.close(() => resolve()))
  http.closeAllConnections()
  const timer = setTimeout(() => {
    for (const { socket } of clients) socket.destroy()
  }, how.graceMs ?? 1000)
  await Promise.all(gone)
  clearTimeout(timer)
  await stopped
}

/** `host:port`, an IPv6 address in brackets. */
export function authority(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function ignore(): void {}
