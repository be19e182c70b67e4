import type { Append, Log, LogRecord } from '../../log/index.ts'
import { DEAD_LETTERS_TOPIC } from './dead-letter.ts'

/** Header of a record that was sent again: `partition:offset` of the one that was refused. */
export const REDRIVEN_HEADER = 'redriven'

export interface StoredDeadLetter {
  /** What names it: the JSON list [topic, partition, offset, index, reason]. */
  readonly key: string
  readonly table: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly index: number
  readonly reason: string
  readonly message: string
  /** RFC 3339: when it was refused. */
  readonly at: string
  readonly payload: Uint8Array
  /** Of a payload of which only the beginning is kept: how large it is; otherwise null. */
  readonly payloadBytes: number | null
}

type StoredValue = Omit<StoredDeadLetter, 'key' | 'payload' | 'payloadBytes'> & {
  readonly payload?: string
  readonly payload_base64?: string
  readonly payload_bytes?: number
}

/** Letters of one transaction of a redrive. */
const REDRIVEN_AT_ONCE = 500

/** Those that were not sent again, in the order in which they were refused. `table` null: of all tables. */
export async function listDeadLetters(log: Log, table: string | null): Promise<readonly StoredDeadLetter[]> {
  const found = new Map<string, StoredDeadLetter>()
  if (log.topic(DEAD_LETTERS_TOPIC) === undefined) return []
  for await (const block of await log.reader(DEAD_LETTERS_TOPIC)) {
    for (let i = 0; i < block.count; i++) {
      const key = Buffer.from(block.key(i) ?? []).toString()
      const value = block.value(i)
      found.delete(key)
      if (value === null) continue
      const { payload, payload_base64: base64, payload_bytes: payloadBytes = null, ...letter } = JSON.parse(Buffer.from(value).toString()) as StoredValue
      if (table !== null && letter.table !== table) continue
      found.set(key, {
        ...letter,
        key,
        payload: base64 === undefined ? Buffer.from(payload ?? '') : Buffer.from(base64, 'base64'),
        payloadBytes,
      })
    }
  }
  return [...found.values()]
}

/**
 * Sends dead letters through their topics again, to where they were, with the key that the record had if that is still there; whoever
 * reads those topics tries them with the schema of today. In the transaction that appends its record, a letter is deleted. Letters whose
 * topic is gone, or that need a key or the rest of a payload that is gone, stay. Answers how many were sent. One redrive of a log goes on
 * at a time: two would send the same letters.
 */
export function redriveDeadLetters(log: Log, which: RedriveChoice): Promise<number> {
  const sent = (turns.get(log) ?? Promise.resolve()).then(() => redriveNow(log, which))
  turns.set(
    log,
    sent.catch(() => undefined),
  )
  return sent
}

export interface RedriveChoice {
  readonly table?: string | undefined
  readonly keys?: readonly string[] | undefined
}

const turns = new WeakMap<Log, Promise<unknown>>()

async function redriveNow(log: Log, which: RedriveChoice): Promise<number> {
  const keys = which.keys === undefined ? null : new Set(which.keys)
  const letters = (await listDeadLetters(log, which.table ?? null)).filter(({ key }) => keys === null || keys.has(key))
  let sent = 0
  for (let at = 0; at < letters.length; at += REDRIVEN_AT_ONCE) {
    const appends: Append[] = []
    const tombstones: LogRecord[] = []
    for (const letter of letters.slice(at, at + REDRIVEN_AT_ONCE)) {
      const append = await redriven(log, letter)
      if (append === null) continue
      appends.push(append)
      tombstones.push({ key: Buffer.from(letter.key), value: null })
    }
    if (tombstones.length > 0)
      await log.commit({ appends: [...appends, { topic: DEAD_LETTERS_TOPIC, records: tombstones }] })
    sent += tombstones.length
  }
  return sent
}

async function redriven(log: Log, { topic, partition, offset, payload, payloadBytes }: StoredDeadLetter): Promise<Append | null> {
  const config = log.topic(topic)?.config
  if (config === undefined || partition >= config.partitions) return null
  const record = await recordAt(log, topic, partition, offset)
  const key = record?.key ?? null
  const value = payloadBytes === null ? payload : record?.value
  if (value == null || (payloadBytes !== null && value.length !== payloadBytes)) return null
  if (config.compact && key === null) return null
  const headers = [{ name: REDRIVEN_HEADER, value: Buffer.from(`${partition}:${offset}`) }]
  return { topic, partition, records: [{ key, value, headers }] }
}

/** Null: it is not there any more. */
async function recordAt(
  log: Log,
  topic: string,
  partition: number,
  offset: number,
): Promise<{ readonly key: Uint8Array | null; readonly value: Uint8Array | null } | null> {
  const range = (await log.offsets(topic)).find((each) => each.partition === partition)
  if (range === undefined || offset < range.start || offset >= range.end) return null
  const block = await (await log.reader(topic, { partition, from: { offset }, to: offset + 1 })).next()
  return block === null ? null : { key: block.key(0), value: block.value(0) }
}
