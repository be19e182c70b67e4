import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { WebSocket, type ClientOptions } from 'ws'
import { MillraceError } from '../kernel/index.ts'
import { connectError, statusError, timedOut } from './connect-error.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { defaultTrust } from './system-roots.ts'
import { maxBufferedChunks } from './ws-options.ts'

export interface ConnectOptions {
  /** `ws://` or `wss://`. */
  readonly url: string
  /** In order; a name may occur several times and is then sent several times. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly subprotocols?: readonly string[]
  /** Certificates in PEM that are trusted instead of Node's and the system's roots. */
  readonly tlsCa?: string
  readonly maxMessageBytes?: number
  readonly maxFragments?: number
  readonly handshakeMs?: number
  readonly closeMs?: number
  /**
   * Text messages come as they are, even where they are no UTF-8 and RFC 6455 would have the connection closed with 1007: for owners
   * that check every message anyway and would rather lose one message than the connection. Default false.
   */
  readonly acceptInvalidUtf8?: boolean
  readonly signal?: AbortSignal
  /**
   * The endpoint as error messages may show it. The default is scheme, host and port: path and query may carry secrets.
   */
  readonly displayName?: string
}

export interface ClientConnection {
  /** Open and paused: attach the listeners, then call `ws.resume()`. An `error` listener is attached already. */
  readonly ws: WebSocket
  readonly socket: Socket
  /** The subprotocol the server chose, or an empty string. */
  readonly protocol: string
}

type Header = readonly [name: string, value: string]

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// Visible ASCII, blanks, tabs and bytes from 0x80 (RFC 9110, section 5.5).
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const OWN_HEADERS = new Set(['connection', 'upgrade', 'content-length', 'transfer-encoding'])

/**
 * Opens a WebSocket without compression and follows no redirects.
 *
 * @throws MillraceError CONFIG_INVALID for a malformed URL or header; CONNECTOR_REFUSED for 401, 403 and certificates
 * that are not trusted; CONNECTOR_NOT_CONNECTED for everything that may mend itself; CANCELLED after an abort.
 */
export function connect(options: ConnectOptions): Promise<ClientConnection> {
  const { signal } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) throw cancelled(options)
    const url = parseEndpoint(options.url)
    const name = options.displayName ?? `${url.protocol}//${url.host}`
    const { headers, subprotocols } = splitHeaders(options.headers ?? [], options.subprotocols ?? [], name)
    const ws = open(url, subprotocols, clientOptions(options, headers, url.protocol === 'wss:'), name)
    let socket: Socket | undefined

    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    const fail = (error: MillraceError): void => settle(() => reject(error))
    const onAbort = (): void => {
      fail(cancelled(options))
      ws.terminate()
    }
    // A limit on the whole handshake; that of `ws` starts again with every byte the peer sends.
    const handshakeMs = options.handshakeMs ?? DEFAULT_LIMITS.handshakeMs
    const timer = setTimeout(() => {
      fail(timedOut(name, handshakeMs))
      ws.terminate()
    }, handshakeMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    ws.on('error', (error) => fail(connectError(error, name)))
    ws.on('unexpected-response', (request, response) => {
      fail(statusError(response, name))
      request.destroy()
    })
    ws.on('upgrade', (response: IncomingMessage) => {
      socket = response.socket
    })
    ws.on('open', () => {
      // Frames may have arrived together with the handshake: they wait until the owner listens.
      ws.pause()
      settle(() => resolve({ ws, socket: socket!, protocol: ws.protocol }))
    })
  })
}

/** @throws MillraceError CONFIG_INVALID, whose message does not show the URL, since it may hold secrets. */
export function parseEndpoint(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new MillraceError('CONFIG_INVALID', 'the endpoint is not a URL', {
      hint: 'Write ws://host:port/path or wss://host/path.',
      cause: cause instanceof Error ? cause.name : undefined,
    })
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new MillraceError('CONFIG_INVALID', 'the endpoint is no WebSocket address', {
      hint: 'A WebSocket endpoint starts with ws:// or wss://.',
    })
  }
  // RFC 6455, section 3: fragment identifiers are meaningless here and must not be used.
  if (url.hash !== '') {
    throw new MillraceError('CONFIG_INVALID', 'the endpoint has a fragment', {
      hint: 'Remove the "#" and what follows it, or write it as %23.',
    })
  }
  return url
}

function open(url: URL, subprotocols: readonly string[], options: ClientOptions, name: string): WebSocket {
  try {
    return new WebSocket(url, [...subprotocols], options)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new MillraceError('CONFIG_INVALID', `the settings of "${name}" make no handshake: ${message}`)
  }
}

function clientOptions(options: ConnectOptions, headers: Readonly<Record<string, string[]>>, secure: boolean): ClientOptions {
  const maxPayload = options.maxMessageBytes ?? DEFAULT_LIMITS.feedMessageBytes
  // `ws` has `closeTimeout` and hands `headers` to Node, which takes lists; its type declarations know neither.
  const result: ClientOptions & { closeTimeout: number; secureContext?: SecureContext } = {
    headers: headers as Record<string, never>,
    perMessageDeflate: false,
    followRedirects: false,
    allowSynchronousEvents: true,
    skipUTF8Validation: options.acceptInvalidUtf8 ?? false,
    maxPayload,
    maxFragments: options.maxFragments ?? DEFAULT_LIMITS.fragments,
    maxBufferedChunks: maxBufferedChunks(maxPayload),
    closeTimeout: options.closeMs ?? DEFAULT_LIMITS.closeMs,
    ...(options.tlsCa !== undefined ? { ca: options.tlsCa } : secure ? { secureContext: defaultTrust() } : {}),
  }
  return result
}

/**
 * Groups equal names, whatever their case, since HTTP treats them as one; Node sends each value of a group on its own
 * line. A Sec-WebSocket-Protocol header becomes subprotocols, because the answer must be checked against them.
 */
function splitHeaders(
  list: readonly Header[],
  subprotocols: readonly string[],
  name: string,
): { headers: Record<string, string[]>; subprotocols: readonly string[] } {
  const groups = new Map<string, [spelling: string, values: string[]]>()
  const protocols = [...subprotocols]
  for (const [header, value] of list) {
    const key = header.toLowerCase()
    if (!TOKEN.test(header)) throw invalidHeader(name, `header name ${JSON.stringify(header)} is not an HTTP token`)
    if (!HEADER_VALUE.test(value))
      throw invalidHeader(name, `the value of header "${header}" has a character HTTP does not allow`)
    if (key === 'sec-websocket-protocol') {
      protocols.push(
        ...value
          .split(',')
          .map((p) => p.trim())
          .filter((p) => p !== ''),
      )
    } else if (OWN_HEADERS.has(key) || key.startsWith('sec-websocket-')) {
      throw invalidHeader(name, `header "${header}" belongs to the handshake and cannot be set`)
    } else {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [header, [value]])
      else group[1].push(value)
    }
  }
  return { headers: Object.fromEntries(groups.values()), subprotocols: [...new Set(protocols)] }
}

function invalidHeader(name: string, message: string): MillraceError {
  return new MillraceError('CONFIG_INVALID', message, { detail: `The header is meant for "${name}".` })
}

function cancelled(options: ConnectOptions): MillraceError {
  return new MillraceError('CANCELLED', 'connecting was cancelled', { cause: options.signal?.reason })
}
