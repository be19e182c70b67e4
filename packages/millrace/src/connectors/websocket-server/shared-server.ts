import type { IncomingMessage, ServerResponse } from 'node:http'
import { MillraceError } from '../../kernel/index.ts'
import { authority, listen, type Listener, type ServerConnection } from '../../wire/index.ts'
import { ENVELOPE_PROTOCOL } from './row-messages.ts'

/** One stream on a server. */
export interface Route {
  readonly path: string
  readonly table: string
  /** Clients at present. */
  readonly clients: number
  /** The HTTP status to refuse an upgrade with, or null. */
  admit(request: IncomingMessage, query: URLSearchParams): number | null
  onClient(connection: ServerConnection, query: URLSearchParams): void
}

export interface OpenRoute {
  readonly url: string
  close(): Promise<void>
}

interface SharedServer {
  readonly listener: Listener
  readonly routes: Map<string, Route>
}

/** By address. Like the ports themselves, they belong to the process. */
const servers = new Map<string, SharedServer>()
/** Opening and closing happen one after the other: an address is free again before anybody else asks for it. */
let turn: Promise<unknown> = Promise.resolve()

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = turn.then(work)
  turn = result.catch(() => undefined)
  return result
}

/**
 * Adds a stream to the server at the address, which is started for the first one and stopped after the last. Plain HTTP requests are told
 * what there is.
 *
 * @throws MillraceError CONNECTOR_ADDRESS_IN_USE, CONNECTOR_IO, or CONFIG_OPTION_INVALID when the path is taken
 */
export function openRoute(host: string, port: number, route: Route): Promise<OpenRoute> {
  return inTurn(async () => {
    let server = servers.get(authority(host, port))
    if (server?.routes.has(route.path) === true) {
      throw new MillraceError(
        'CONFIG_OPTION_INVALID',
        `path "${route.path}" of "${authority(host, port)}" serves two tables`,
        {
          detail: `They are "${server.routes.get(route.path)!.table}" and "${route.table}".`,
          hint: 'Give one of them another path.',
        },
      )
    }
    if (server === undefined) {
      server = await startServer(host, port)
      // Port 0 is another port every time: nobody else can mean this one.
      if (port !== 0) servers.set(authority(host, port), server)
    }
    const { listener, routes } = server
    routes.set(route.path, route)
    return {
      url: reachable(new URL(route.path, listener.url)),
      close: () =>
        inTurn(async () => {
          routes.delete(route.path)
          if (routes.size > 0) return
          if (port !== 0) servers.delete(authority(host, port))
          await listener.close({ graceMs: 1000 })
        }),
    }
  })
}

async function startServer(host: string, port: number): Promise<SharedServer> {
  const routes = new Map<string, Route>()
  const listener = await listen({
    host,
    port,
    subprotocols: [ENVELOPE_PROTOCOL],
    admit: (request) => {
      const { path, query } = target(request)
      const route = routes.get(path)
      return route === undefined ? 404 : route.admit(request, query)
    },
    onClient: (connection) => {
      const { path, query } = target(connection.request)
      routes.get(path)!.onClient(connection, query)
    },
    onRequest: (request, response) => describe(routes, request, response),
  })
  return { listener, routes }
}

/** Nobody connects to "all addresses"; from here it is localhost. */
function reachable(url: URL): string {
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = 'localhost'
  return url.href
}

function target(request: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
  return { path, query: new URLSearchParams(query) }
}

function describe(routes: ReadonlyMap<string, Route>, request: IncomingMessage, response: ServerResponse): void {
  const { path } = target(request)
  const known = path === '/' || routes.has(path)
  const streams = [...routes.values()].map((route) => ({
    path: route.path,
    table: route.table,
    clients: route.clients,
  }))
  const help = 'Connect with WebSocket. ?envelope=true adds sequence numbers, ?from=N resumes at row N.'
  response.writeHead(known ? 200 : 404, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    connection: 'close',
  })
  response.end(
    request.method === 'HEAD' ? undefined : `${JSON.stringify({ server: 'millrace', streams, help }, null, 2)}\n`,
  )
}
