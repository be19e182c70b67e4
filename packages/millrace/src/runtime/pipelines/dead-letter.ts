import { formatTimestamp, MillraceError } from '../../kernel/index.ts'
import type { Append, Log, LogRecord } from '../../log/index.ts'
import type { DeadLetter } from '../executor/executor.ts'

/**
 * Records that are no rows. Each is there once, however many pipelines read it: the key is the JSON list [topic, partition, offset, index,
 * reason]. The value:
 *
 *     {"table","topic","partition","offset","index","reason","message","at","payload" | "payload_base64"[,"payload_bytes"]}
 *
 * `payload_bytes`: how large the payload is of which only the beginning is there, because all of it does not fit into a record.
 *
 * A tombstone: the record was sent through its topic again.
 */
export const DEAD_LETTERS_TOPIC = '$dead_letters'

/** As text in JSON a byte may take six; in base64 three take four; and a record takes 64 MiB. */
const MAX_TEXT_BYTES = 10 * 1024 * 1024
const MAX_BASE64_BYTES = 44 * 1024 * 1024
/** What is kept of a larger one. */
const BEGINNING_BYTES = 64 * 1024

/** Makes the topic of dead letters if it is not there. */
export async function ensureDeadLettersTopic(log: Log): Promise<void> {
  if (log.topic(DEAD_LETTERS_TOPIC) !== undefined) return
  try {
    await log.createTopic(DEAD_LETTERS_TOPIC, { compact: true })
  } catch (thrown) {
    if (MillraceError.from(thrown).code !== 'LOG_TOPIC_EXISTS') throw thrown
  }
}

/** `now`: microseconds. */
export function deadLettersAppend(
  letters: readonly { readonly letter: DeadLetter; readonly topic: string }[],
  now: number,
): Append {
  const records = new Map<string, LogRecord>()
  for (const { letter, topic } of letters) {
    const { table, partition, offset, index, reason, message, payload } = letter
    const key = JSON.stringify([topic, partition, offset, index, reason])
    const value = {
      table,
      topic,
      partition,
      offset,
      index,
      reason,
      message,
      at: formatTimestamp(now),
      ...contentOf(payload),
    }
    records.set(key, { key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)), timestamp: now })
  }
  return { topic: DEAD_LETTERS_TOPIC, records: [...records.values()], checked: true }
}

interface Content {
  readonly payload?: string
  readonly payload_base64?: string
  readonly payload_bytes?: number
}

function contentOf(payload: Uint8Array): Content {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
  if (bytes.length > MAX_BASE64_BYTES) {
    return { payload_base64: bytes.toString('base64', 0, BEGINNING_BYTES), payload_bytes: bytes.length }
  }
  const text = bytes.length > MAX_TEXT_BYTES ? null : bytes.toString('utf8')
  return text !== null && Buffer.from(text).equals(bytes) ? { payload: text } : { payload_base64: bytes.toString('base64') }
}
