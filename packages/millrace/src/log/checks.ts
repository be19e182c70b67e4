import { MillraceError } from '../kernel/index.ts'
import type { Append, Hold, LogRecord, PackedBytes, PackedValues } from './log.ts'
import type { TopicConfig } from './topic-config.ts'

/** Keys, value and headers of one record together. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024
/** What LMDB takes as a key in pages of 4 KiB, less what the log puts in front. */
const MAX_KEY_BYTES = 1900

const encoder = new TextEncoder()

/** Counts what is appended. @throws MillraceError LOG_INVALID, LIMIT_MESSAGE_SIZE. */
export function checkAppend(append: Append, config: TopicConfig): { readonly count: number; readonly bytes: number } {
  const { topic, records } = append
  if ('offsets' in records) return checkPacked(topic, records, config)
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

function checkPacked(
  topic: string,
  records: PackedValues,
  config: TopicConfig,
): { readonly count: number; readonly bytes: number } {
  const { offsets, timestamps, keys, tombstones, headers = [] } = records
  const count = offsets.length - 1
  if (config.compact && keys === undefined) throw noKey(topic)
  const columns = headers.flatMap(({ value }) => ('offsets' in value ? [value] : []))
  let sound = [records, ...(keys === undefined ? [] : [keys]), ...columns].every((column) => isPacked(column, count))
  sound &&= (timestamps?.length ?? count) >= count && (tombstones?.length ?? count) >= count
  if (!sound) throw invalid(topic, 'The offsets of packed values must rise and stay within the bytes.')
  let sameHeaders = 0
  for (const { name, value } of headers) sameHeaders += 8 + 3 * name.length + ('offsets' in value ? 0 : value.length)
  let bytes = 0
  for (let i = 0; i < count; i++) {
    let size = offsets[i + 1]! - offsets[i]! + sameHeaders
    if (keys !== undefined) size += keys.offsets[i + 1]! - keys.offsets[i]!
    for (const column of columns) size += column.offsets[i + 1]! - column.offsets[i]!
    if (size > MAX_RECORD_BYTES) throw tooLarge(topic, size)
    bytes += size
  }
  checkTimestamps(topic, timestamps?.subarray(0, count) ?? [])
  return { count, bytes }
}

/** Offsets of `count` byte strings rise and stay within the bytes. */
function isPacked({ bytes, offsets }: PackedBytes, count: number): boolean {
  if (count < 0 || offsets.length <= count || offsets[count]! > bytes.length) return false
  for (let i = 0; i < count; i++) if (offsets[i + 1]! < offsets[i]!) return false
  return true
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
