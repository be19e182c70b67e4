import type { IncomingMessage, ServerResponse } from 'node:http'
import { MillraceError } from '../kernel/index.ts'

/** A request that has found its route. */
export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What stands in place of `{name}` segments, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Segments in braces take any text: `/v1/topics/{topic}`. */
  readonly path: string
  handle(call: Call): Promise<void> | void
}

export interface Target {
  readonly path: string
  readonly query: URLSearchParams
}

export function targetOf(request: IncomingMessage): Target {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return mark < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) }
}

/** The parameters of a path, or null when it is another one. @throws MillraceError REQUEST_INVALID */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null
  const params: Record<string, string> = {}
  for (const [i, segment] of wanted.entries()) {
    if (segment.startsWith('{')) params[segment.slice(1, -1)] = given[i]!
    else if (segment !== given[i]) return null
  }
  for (const [name, text] of Object.entries(params)) params[name] = decodeSegment(text)
  return params
}

/** @throws MillraceError REQUEST_NOT_FOUND, REQUEST_METHOD, REQUEST_INVALID */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route: Route; readonly params: Record<string, string> } {
  const wanted = method === 'HEAD' ? 'GET' : method
  const there: string[] = []
  for (const route of routes) {
    const params = matchPath(route.path, path)
    if (params === null) continue
    if (route.method === wanted) return { route, params }
    there.push(route.method)
  }
  if (there.length === 0) throw new MillraceError('REQUEST_NOT_FOUND', `there is no path ${JSON.stringify(path)}`)
  throw new MillraceError('REQUEST_METHOD', `${JSON.stringify(path)} has no method ${method}`, {
    hint: `It has ${there.join(' and ')}.`,
  })
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new MillraceError('REQUEST_INVALID', `path segment ${JSON.stringify(text)} is not percent-encoded UTF-8`)
  }
}

/** @throws MillraceError REQUEST_INVALID for parameters the path does not have. */
export function checkQuery(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (known.includes(name)) continue
    throw new MillraceError('REQUEST_INVALID', `there is no parameter ${JSON.stringify(name)}`, {
      hint: known.length === 0 ? undefined : `Parameters: ${known.join(', ')}.`,
    })
  }
}

/** A whole number from `min` to `max`. @throws MillraceError REQUEST_INVALID */
export function wholeNumber(query: URLSearchParams, name: string, absent: number, min: number, max: number): number {
  const text = query.get(name)
  if (text === null) return absent
  const value = Number(text)
  if (/^\d{1,16}$/.test(text) && value >= min && value <= max) return value
  throw new MillraceError('REQUEST_INVALID', `parameter "${name}" is ${JSON.stringify(text)}`, {
    hint: `Write a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? ' up' : ` to ${max}`}.`,
  })
}
