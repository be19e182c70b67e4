import { validateUtf8 } from '../../kernel/index.ts'
import type { Log, LogRecord, RecordHeader } from '../../log/index.ts'
import type { RecordedEvent } from './recorded-event.ts'
import type { Recording } from './recording.ts'

/** Name of the connection a record came over; absent: the topic's name. */
export const CONNECTION_HEADER = 'conn'
/** "binary" for a record that came in a binary frame although it is text; absent: what the bytes look like. */
export const FRAME_HEADER = 'frame'

export interface ImportedRecording {
  /** Messages of the server, all of which are in the topic. */
  readonly records: number
  /** What the client said, and its connections: they are no records. */
  readonly skipped: number
}

const encoder = new TextEncoder()

/**
 * Appends what the server said to partition 0 of a topic, which is made if need be: the bytes of each message, when it came (in
 * microseconds), and, in headers, over which connection and in which kind of frame.
 *
 * @throws MillraceError what `Recording.events` throws, the messages before being in the topic; what `Log.append` throws.
 */
export async function importRecording(log: Log, topic: string, recording: Recording): Promise<ImportedRecording> {
  if (log.topic(topic) === undefined) await log.createTopic(topic)
  let records = 0
  let skipped = 0
  for await (const events of recording.events()) {
    const received = events.filter(({ kind }) => kind === 'recv')
    skipped += events.length - received.length
    if (received.length === 0) continue
    await log.append({ topic, records: received.map((event) => recordOf(event, topic)) })
    records += received.length
  }
  return { records, skipped }
}

function recordOf({ conn, timeMs, binary, payload }: RecordedEvent, topic: string): LogRecord {
  const bytes = typeof payload === 'string' ? encoder.encode(payload) : payload
  const headers: RecordHeader[] = []
  if (conn !== '' && conn !== topic) headers.push({ name: CONNECTION_HEADER, value: encoder.encode(conn) })
  if (binary && validateUtf8(bytes)) headers.push({ name: FRAME_HEADER, value: encoder.encode('binary') })
  return {
    value: bytes,
    headers,
    // Seconds as a double are exact to a quarter of a microsecond.
    timestamp: Number.isNaN(timeMs) ? undefined : Math.round(timeMs * 1000),
  }
}
