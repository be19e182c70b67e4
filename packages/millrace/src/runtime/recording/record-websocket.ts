import { MillraceError, systemClock, type Clock } from '../../kernel/index.ts'
import { connect, parseEndpoint, type ClientConnection, type ConnectOptions } from '../../wire/index.ts'
import { RecordingWriter } from './recording-writer.ts'

export interface RecordOptions
  extends Pick<ConnectOptions, 'headers' | 'subprotocols' | 'tlsCa' | 'maxMessageBytes' | 'handshakeMs' | 'signal'> {
  readonly output: string
  /** Sent as text frames after connecting, in order. They are written to the recording as they are. */
  readonly messages?: readonly string[]
  /** Name of the connection in the recording. Default: the host. */
  readonly conn?: string
  /** Stop after so many milliseconds from the handshake. */
  readonly durationMs?: number
  /** Stop after so many received messages. */
  readonly count?: number
  readonly clock?: Clock
  /** Called after the handshake, and then whenever messages were received. */
  readonly onProgress?: (progress: RecordProgress) => void
}

export interface RecordProgress {
  readonly messages: number
  readonly bytes: number
}

export interface RecordResult extends RecordProgress {
  /** `closed`: the server ended the connection, as `closeCode` and `closeReason` say; 1006 if it was lost. */
  readonly ended: 'count' | 'duration' | 'aborted' | 'closed'
  readonly closeCode: number
  readonly closeReason: string
}

/** Nothing is recorded any more after our close frame, so the peer's answer is not worth a long wait. */
const CLOSE_MS = 1000

/**
 * Records one connection to a file of the format `frames`. The file is checked before the connection is made and left
 * untouched if that fails; what was written when the recording ends, in whatever way, is a valid recording.
 *
 * @throws MillraceError FILE_NOT_WRITABLE, and what `connect` throws.
 */
export async function recordWebSocket(url: string, options: RecordOptions): Promise<RecordResult> {
  const endpoint = parseEndpoint(url)
  const writer = await RecordingWriter.open(options.output)
  let connection: ClientConnection
  try {
    connection = await connect({ ...options, url, closeMs: CLOSE_MS })
  } catch (error) {
    await writer.discard()
    throw error
  }
  let result: RecordResult
  try {
    await writer.begin()
    result = await record(connection, endpoint, writer, options)
  } catch (error) {
    connection.ws.terminate()
    await writer.close().catch(() => {})
    throw error
  }
  await writer.close()
  return result
}

function record(
  { ws }: ClientConnection,
  endpoint: URL,
  writer: RecordingWriter,
  options: RecordOptions,
): Promise<RecordResult> {
  const { signal, clock = systemClock, count = Infinity, durationMs } = options
  const conn = options.conn ?? endpoint.host
  // User, password and query are left out: they are where credentials stand.
  const addr = `${endpoint.protocol}//${endpoint.host}${endpoint.pathname}`
  let messages = 0
  let bytes = 0
  let ended: RecordResult['ended'] = 'closed'
  let timer: NodeJS.Timeout | undefined

  return new Promise((resolve, reject) => {
    const stop = (why: RecordResult['ended']): void => {
      if (ended !== 'closed') return
      ended = why
      ws.resume()
      ws.close(1000)
    }
    const fail = (error: unknown): void => {
      reject(MillraceError.from(error))
      ws.terminate()
    }
    const onAbort = (): void => stop('aborted')
    const put = (kind: 'connect' | 'send' | 'recv', payload: string | Buffer, binary: boolean): void => {
      const at = kind === 'recv' ? {} : { addr }
      const room = writer.write({ kind, conn, micros: clock.now(), payload, binary, ...at })
      if (room) return
      ws.pause()
      writer.drained().then(() => ws.resume(), fail)
    }

    ws.on('message', (raw, binary) => {
      // The default binary type of `ws` delivers every message as one Buffer.
      const data = raw as Buffer
      if (ended !== 'closed') return
      try {
        put('recv', data, binary)
      } catch (error) {
        fail(error)
        return
      }
      messages++
      bytes += data.length
      if (messages >= count) stop('count')
      options.onProgress?.({ messages, bytes })
    })
    ws.on('close', (closeCode, reason) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      resolve({ messages, bytes, ended, closeCode, closeReason: reason.toString() })
    })

    put('connect', '', false)
    options.onProgress?.({ messages, bytes })
    for (const message of options.messages ?? []) {
      ws.send(message)
      put('send', message, false)
    }
    if (durationMs !== undefined) timer = setTimeout(() => stop('duration'), durationMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted === true) stop('aborted')
    else ws.resume()
  })
}
