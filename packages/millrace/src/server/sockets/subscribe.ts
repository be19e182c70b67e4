import { MillraceError } from '../../kernel/index.ts'
import { parseSubscribeFrom, type TopicClient, type TopicEncoding } from '../../runtime/index.ts'
import { encodeFrame, OPCODE, type ServerConnection } from '../../wire/index.ts'
import { checkQuery } from '../router.ts'
import type { ServerContext } from '../server-context.ts'
import { closeWithError, jsonFrame } from './notices.ts'

/** Messages as text frames; what is no record of the topic is in a member `$millrace`. */
const frames: TopicEncoding = {
  id: 'topic/ws',
  row: (out, bytes, start, end) => out.append(OPCODE.text, bytes.subarray(start, end)),
  gap: (gap) => jsonFrame({ $millrace: { gap } }),
  topicGap: (gap) => jsonFrame({ $millrace: { gap } }),
  hello: () => null,
}

/** A destroyed socket takes writes and drops them; its `close` event ends the subscription. */
class SocketClient implements TopicClient {
  readonly #connection: ServerConnection
  readonly #dropped: (error: MillraceError) => void

  constructor(connection: ServerConnection, dropped: (error: MillraceError) => void) {
    this.#connection = connection
    this.#dropped = dropped
  }

  get pendingBytes(): number {
    return this.#connection.socket.writableLength
  }

  write(chunk: Buffer): void {
    this.#connection.socket.write(chunk)
  }

  whenDrained(callback: () => void): void {
    this.#connection.socket.write(NOTHING, callback)
  }

  end(error: MillraceError): void {
    this.#dropped(error)
    closeWithError(this.#connection, error)
  }
}

const NOTHING = Buffer.alloc(0)

/**
 * `/v1/subscribe/{topic}?from=`: every record as `{"cursor","timestamp","key","value"}`, first those that are there, then those that come.
 * The first frame, `{"$millrace":{"subscribed":{"topic","cursor"}}}`, says where it starts.
 */
export function subscribe(context: ServerContext, connection: ServerConnection, topic: string, query: URLSearchParams): void {
  const { ws, socket } = connection
  const dropped = (error: MillraceError): void => {
    context.counters.dropped.error++
    context.report(error)
  }
  let end: (() => void) | null = null
  let gone = false
  ws.once('close', () => {
    gone = true
    end?.()
  })
  const start = async (): Promise<void> => {
    checkQuery(query, ['from'])
    const from = parseSubscribeFrom(query.get('from') ?? 'latest')
    const started = (cursor: string): void => {
      socket.write(encodeFrame(OPCODE.text, JSON.stringify({ $millrace: { subscribed: { topic, cursor } } })))
    }
    end = await context.feeds.subscribe(topic, from, frames, new SocketClient(connection, dropped), started)
    if (gone) end()
  }
  start().catch((thrown: unknown) => {
    const error = MillraceError.from(thrown)
    dropped(error)
    closeWithError(connection, error)
  })
}
