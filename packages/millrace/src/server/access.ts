import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { MillraceError } from '../kernel/index.ts'

export interface AccessOptions {
  /** Web pages that may use the server, by their exact origins; `*` for all. Those it serves itself always may. */
  readonly origins: readonly string[]
  /** Names the server may be called by beside localhost and addresses. */
  readonly hosts: readonly string[]
}

/**
 * Who may talk to the server. Programs send no origin and always may. The Host of a request must be an address, localhost or a listed
 * name: a page of somebody else, whose name was made to resolve to this machine, has that name in it (DNS rebinding).
 *
 * @throws MillraceError REQUEST_FORBIDDEN
 */
export function checkAccess(request: IncomingMessage, options: AccessOptions): void {
  const { host = '', origin } = request.headers
  if (!isKnownHost(host, options.hosts)) {
    throw new MillraceError('REQUEST_FORBIDDEN', `host ${JSON.stringify(host)} is not one the server goes by`, {
      hint: 'Use localhost or the address, or start the server with this name among its hosts.',
    })
  }
  if (origin !== undefined && !isKnownOrigin(origin, host, options.origins)) {
    throw new MillraceError('REQUEST_FORBIDDEN', `pages of ${JSON.stringify(origin)} may not use this server`, {
      hint: 'Start the server with this origin among those that may.',
    })
  }
}

export function isKnownOrigin(origin: string, host: string, origins: readonly string[]): boolean {
  return origin === `http://${host}` || origin === `https://${host}` || origins.includes('*') || origins.includes(origin)
}

function isKnownHost(host: string, hosts: readonly string[]): boolean {
  const name = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(host)
  if (name === null) return false
  const text = (name[1] ?? name[2]!).toLowerCase()
  return text === 'localhost' || isIP(text) !== 0 || hosts.some((known) => known.toLowerCase() === text)
}

/** Headers for pages of other origins that may; answers the question browsers ask first. True: that was all. */
export function answerCrossOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers
  if (origin === undefined) return false
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('vary', 'origin')
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST, DELETE',
    'access-control-allow-headers': 'content-type, producer-id, producer-sequence',
    'access-control-max-age': '600',
  })
  response.end()
  return true
}
