import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MillraceError } from '../kernel/index.ts'
import { errorBody } from './detailed-error.ts'

export const NDJSON = 'application/x-ndjson'

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}

export function sendText(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' })
  response.end(text)
}

/** Once the answer has begun it can only be cut off, which the client sees. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: MillraceError): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (error.entry.http === 503) response.setHeader('retry-after', '1')
  // A body that was not read would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close')
  sendJson(response, error.entry.http, errorBody(error))
}

/** Writes and waits for room. False: the client is gone. */
export async function writeChunk(response: ServerResponse, chunk: Buffer): Promise<boolean> {
  if (response.destroyed) return false
  if (response.write(chunk)) return true
  return new Promise((resolve) => {
    const done = (alive: boolean) => (): void => {
      response.off('drain', onDrain)
      response.off('close', onClose)
      resolve(alive)
    }
    const onDrain = done(true)
    const onClose = done(false)
    response.once('drain', onDrain)
    response.once('close', onClose)
  })
}
