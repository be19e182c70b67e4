import { once } from 'node:events'
import { WebSocket } from 'ws'
import { type Millrace, start, until } from '../cli/millrace.ts'

export interface Serving {
  readonly child: Millrace
  readonly url: string
  /** Everything said on stderr so far. */
  said(): string
  /** How the process ended. */
  readonly exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** `millrace serve` in its own process, listening. */
export async function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Serving> {
  const child = start(['serve', '--port', '0', ...args], { env })
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  child.stdout.resume()
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const [, url] = await until(child.stderr, /at (http:\S+)\n/)
  return { child, url: url!, said: () => text, exit }
}

/** A connection that is open; null when it could not be made. No message goes by before somebody listens. */
export async function connect(url: string, path: string, onMessage: (text: string) => void): Promise<WebSocket | null> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}${path}`)
  ws.on('error', () => undefined)
  ws.on('message', (data) => onMessage(String(data)))
  return new Promise((resolve) => {
    ws.once('open', () => resolve(ws))
    ws.once('close', () => resolve(null))
  })
}

export async function closed(ws: WebSocket): Promise<void> {
  if (ws.readyState !== ws.CLOSED) await once(ws, 'close')
}
