import type { SlowClientPolicy } from '../../connectors/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import {
  type Instance,
  type JobEnd,
  noticeMessage,
  parseSubscribeFrom,
  type PlannedQuery,
  type ResultClient,
  type ResultEncoding,
  schemaJson,
  type SubscribeOptions,
} from '../../runtime/index.ts'
import { encodeFrame, OPCODE, type ServerConnection } from '../../wire/index.ts'
import { checkQuery } from '../router.ts'
import type { ServerContext } from '../server-context.ts'
import { closeWithError } from './notices.ts'

/** Messages as text frames; what is no row of the result is in a member `$millrace`. */
const frames: ResultEncoding = {
  id: 'result/ws',
  row: (out, bytes, start, end) => out.append(OPCODE.text, bytes.subarray(start, end)),
  // Rows have no numbers that a client could know: how many are missing is what can be said.
  gap: ({ count, reason }) => encodeFrame(OPCODE.text, noticeMessage({ gap: { count, reason } })),
  hello: () => null,
  frame: (message) => encodeFrame(OPCODE.text, message),
}

class SocketClient implements ResultClient {
  readonly #connection: ServerConnection
  readonly #failed: (error: MillraceError) => void

  constructor(connection: ServerConnection, failed: (error: MillraceError) => void) {
    this.#connection = connection
    this.#failed = failed
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

  end(end: JobEnd): void {
    const { ws } = this.#connection
    if (ws.readyState !== ws.OPEN) return
    switch (end.kind) {
      case 'finished':
        ws.close(1000, 'the result is complete')
        return
      case 'stopped':
        ws.close(1012, 'the server stops; connect again')
        return
      case 'failed':
        this.#failed(end.error)
    }
  }
}

const NOTHING = Buffer.alloc(0)

/**
 * `/v1/subscribe/{view}?from=&slow_client=`: the rows of a view as they come, each as `{"row":{...}}`; of one whose rows change first what
 * stands and then the changes, each as `{"op":"insert"|"delete","row":{...}}`. The first frame says what the rows look like,
 * `{"$millrace":{"subscribed":{"view","updating","schema"}}}`; `{"$millrace":{"live":{}}}` comes when everything that was there has been told.
 *
 * Tables and materialized views over a topic of another name are views of it.
 */
export function subscribeResult(
  context: ServerContext,
  instance: Instance,
  connection: ServerConnection,
  view: string,
  query: URLSearchParams,
): void {
  const { ws, socket } = connection
  const failed = (error: MillraceError): void => {
    context.counters.dropped.error++
    context.report(error)
    closeWithError(connection, error)
  }
  try {
    checkQuery(query, ['from', 'slow_client'])
    const start = startOf(query.get('from') ?? 'latest')
    const policy = policyOf(query.get('slow_client') ?? 'disconnect')
    const planned = planView(instance, view)
    const { schema, updating } = planned.output
    socket.write(frames.frame(noticeMessage({ subscribed: { view, updating, schema: schemaJson(schema) } })))
    const client = new SocketClient(connection, failed)
    const end = context.queries.subscribe(planned, {
      start,
      client,
      encoding: frames,
      policy,
      queueBytes: context.queueBytes,
    })
    ws.once('close', end)
  } catch (thrown) {
    failed(MillraceError.from(thrown))
  }
}

/** @throws MillraceError LOG_UNKNOWN_TOPIC, and what is wrong with what the view reads */
function planView(instance: Instance, view: string): PlannedQuery {
  try {
    return instance.planQuery(`SELECT * FROM "${view.replaceAll('"', '""')}"`)
  } catch (thrown) {
    const error = MillraceError.from(thrown)
    if (error.code !== 'SQL_UNKNOWN_TABLE' && view !== '') throw error
    throw new MillraceError('LOG_UNKNOWN_TOPIC', `there is no topic or view "${view}"`, {
      detail: error.detail,
      hint: error.hint,
    })
  }
}

/** @throws MillraceError REQUEST_INVALID */
function startOf(text: string): SubscribeOptions['start'] {
  const from = parseSubscribeFrom(text)
  switch (from.kind) {
    case 'earliest':
    case 'latest':
      return from
    case 'timestamp':
      return { kind: 'timestamp', timestamp: from.micros }
    case 'cursor':
      throw new MillraceError('REQUEST_INVALID', 'a view has no cursors', {
        detail: 'Its rows are computed anew for those who subscribe.',
        hint: 'Make it a materialized view: that is a topic, which is resumed by cursor.',
      })
  }
}

/** @throws MillraceError REQUEST_INVALID */
function policyOf(text: string): SlowClientPolicy {
  if (text === 'disconnect' || text === 'drop_oldest') return { kind: text }
  throw new MillraceError('REQUEST_INVALID', `parameter "slow_client" is ${JSON.stringify(text)}`, {
    hint: 'Write disconnect or drop_oldest.',
  })
}
