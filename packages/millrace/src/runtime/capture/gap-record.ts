import { formatTimestamp, MillraceError } from '../../kernel/index.ts'
import type { Append, Log } from '../../log/index.ts'
import type { Gap } from '../job/job-types.ts'

/**
 * Gaps of all captured topics, one record each, keyed by the topic's name, in the transaction of the records around it:
 *
 *     {"topic":"trades","partition":0,"offset":1204,"from":"2026-01-31T12:00:00.5Z","to":"2026-01-31T12:00:02Z","reason":"...","count":null}
 *
 * What was said between `from` and `to` is missing in front of the record at `offset`. `to` null: the feed did not come back. `count`: how
 * many messages are missing; null: unknown.
 */
export const GAPS_TOPIC = '$gaps'

export function gapAppend(topic: string, offset: number, gap: Gap): Append {
  const { from, to, reason, count } = gap
  const times = { from: formatTimestamp(from), to: to === null ? null : formatTimestamp(to) }
  const value = Buffer.from(JSON.stringify({ topic, partition: 0, offset, ...times, reason, count }))
  return { topic: GAPS_TOPIC, records: [{ key: Buffer.from(topic), value }], checked: true }
}

/** Makes the topic of gaps if it is not there. */
export async function ensureGapsTopic(log: Log): Promise<void> {
  if (log.topic(GAPS_TOPIC) !== undefined) return
  try {
    await log.createTopic(GAPS_TOPIC)
  } catch (thrown) {
    if (MillraceError.from(thrown).code !== 'LOG_TOPIC_EXISTS') throw thrown
  }
}
