import { MillraceError } from '../kernel/index.ts'
import type { Append, Hold, LogRecord } from './log.ts'
import type { TopicConfig } from './topic-config.ts'

/** Keys, value and headers of one record together. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024
/** What LMDB takes as a key in pages of 4 KiB, less what the log puts in front. */
const MAX_KEY_BYTES = 1900

const encoder = new TextEncoder()

/** Counts what is appended. @throws MillraceError LOG_INVALID, LIMIT_MESSAGE_SIZE. */
export function checkAppend(append: Append, config: TopicConfig): { readonly count: number; readonly bytes: number } {
  const { topic, records } = append
  if ('offsets' in records) {
    const { bytes, offsets, timestamps } = records
    const count = offsets.length - 1
    if (config.compact) throw noKey(topic)
    let sound =
      count >= 0 && offsets[count]! <= bytes.length && (timestamps === undefined || timestamps.length >= count)
    for (let i = 0; i < count; i++) {
      const size = offsets[i + 1]! - offsets[i]!
      sound &&= size >= 0
      if (size > MAX_RECORD_BYTES) throw tooLarge(topic, size)
    }
    if (!sound) throw invalid(topic, 'The offsets of packed values must rise and stay within the bytes.')
    checkTimestamps(topic, timestamps?.subarray(0, count) ?? [])
    return { count, bytes: offsets[count]! - offsets[0]! }
  }
  let bytes = 0
  for (const record of records) {
    const size = recordBytes(record)
    if (size > MAX_RECORD_BYTES) throw tooLarge(topic, size)
    if (config.compact && (record.key ?? null) === null) throw noKey(topic)
    if (record.timestamp !== undefined && !isTimestamp(record.timestamp)) throw badTimestamp(topic, record.timestamp)
    bytes += size
  }
  return { count: records.length, bytes }
}

/** @throws MillraceError LOG_INVALID. */
export function checkHold({ owner, offset }: Hold): void {
  const fits =
    encoder.encode(owner).length <= MAX_KEY_BYTES && (offset === null || (Number.isSafeInteger(offset) && offset >= 0))
  if (!fits) throw new MillraceError('LOG_INVALID', `hold of "${owner.slice(0, 40)}" has no valid owner or offset`)
}

/** The key of a small value in bytes. @throws MillraceError LOG_INVALID. */
export function checkPutKey(name: string): Uint8Array {
  const key = encoder.encode(name)
  if (key.length > 0 && key.length <= MAX_KEY_BYTES) return key
  throw new MillraceError('LOG_INVALID', `"${name.slice(0, 40)}" cannot be the key of a value`, {
    detail: `A key has 1 to ${MAX_KEY_BYTES} bytes in UTF-8.`,
  })
}

function recordBytes({ key, value, headers = [] }: LogRecord): number {
  let bytes = (value?.length ?? 0) + (key?.length ?? 0)
  for (const header of headers) bytes += 8 + 3 * header.name.length + header.value.length
  return bytes
}

/** Microseconds that stay exact in every arithmetic. */
function isTimestamp(time: number): boolean {
  return Math.abs(time) <= Number.MAX_SAFE_INTEGER
}

function checkTimestamps(topic: string, times: Float64Array | readonly number[]): void {
  for (const time of times) if (!isTimestamp(time)) throw badTimestamp(topic, time)
}

function invalid(topic: string, detail: string): MillraceError {
  return new MillraceError('LOG_INVALID', `topic "${topic}" cannot take these records`, { detail })
}

function noKey(topic: string): MillraceError {
  return invalid(topic, 'It is compacted by key, so every record needs one.')
}

function badTimestamp(topic: string, time: number): MillraceError {
  return invalid(topic, `The timestamp ${time} is no number of microseconds.`)
}

function tooLarge(topic: string, size: number): MillraceError {
  return new MillraceError('LIMIT_MESSAGE_SIZE', `a record of ${size} bytes is too large for topic "${topic}"`, {
    detail: `The limit is ${MAX_RECORD_BYTES} bytes.`,
  })
}
