import { formatTimestamp, MillraceError } from '../../kernel/index.ts'
import type { Append, Log, LogRecord } from '../../log/index.ts'
import type { DeadLetter } from '../executor/executor.ts'

/**
 * Records that are no rows. Each is there once, however many pipelines read it: the key is the JSON list [topic, partition, offset, index,
 * reason]. The value:
 *
 *     {"table","topic","partition","offset","index","reason","message","at","payload" | "payload_base64"}
 *
 * A tombstone: the record was sent through its topic again.
 */
export const DEAD_LETTERS_TOPIC = '$dead_letters'

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

function contentOf(payload: Uint8Array): { readonly payload: string } | { readonly payload_base64: string } {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? { payload: text } : { payload_base64: bytes.toString('base64') }
}
