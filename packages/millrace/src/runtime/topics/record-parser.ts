import {
  didYouMean,
  jsonFault,
  parseTimestamp,
  skipJsonSpace,
  skipJsonString,
  skipJsonValue,
  timestampFromInteger,
} from '../../kernel/index.ts'
import type { LogRecord, RecordHeader } from '../../log/index.ts'

/** A record to append. Value and key are views of the bytes it was read from. */
export interface TopicRecord extends LogRecord {
  readonly value: Uint8Array | null
  readonly key: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  /** Absent: chosen by the key. */
  readonly partition: number | undefined
  /** The value was checked to be JSON. */
  readonly checked: boolean
  /** Of key, value and headers. */
  readonly bytes: number
}

interface Members {
  value?: Range
  value_encoding?: Range
  key?: Range
  key_encoding?: Range
  headers?: Range
  timestamp?: Range
  partition?: Range
}

interface Range {
  readonly start: number
  readonly end: number
}

const MEMBERS = ['value', 'value_encoding', 'key', 'key_encoding', 'headers', 'timestamp', 'partition'] as const
/** What reading adds and writing passes over, so that what was read can be written. */
const PASSED_OVER = ['offset', 'cursor']

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * Reads one record from bytes [start, end): `{"value": ..., "key": ..., "headers": ..., "timestamp": ..., "partition": ...}`, of which
 * only the value is needed. The value's text is taken as it stands. A key that is a string is its text, any other JSON as it stands.
 * See `RecordJson` for the encodings. Returns what is wrong with it, as the rest of a sentence about it, in place of a record.
 */
export function parseRecord(bytes: Buffer, start: number, end: number): TopicRecord | string {
  const members: Members = {}
  const fault = readMembers(bytes, start, end, members)
  if (fault !== null) return fault
  const { value: valueAt } = members
  if (valueAt === undefined) return 'has no member "value"'

  const valueEncoding = encodingOf(bytes, members.value_encoding, ['json', 'text', 'base64'])
  if (valueEncoding === undefined) return 'has a "value_encoding" that is none of "json", "text", "base64"'
  const value = valueOf(bytes, valueAt, valueEncoding)
  if (value === undefined) return notEncoded('value', valueEncoding)

  const keyEncoding = encodingOf(bytes, members.key_encoding, ['json', 'text', 'base64'])
  if (keyEncoding === undefined) return 'has a "key_encoding" that is none of "json", "text", "base64"'
  const key = members.key === undefined ? null : keyOf(bytes, members.key, keyEncoding)
  if (key === undefined) return notEncoded('key', keyEncoding)

  const headers = members.headers === undefined ? [] : headersOf(bytes, members.headers)
  if (headers === undefined) return 'has "headers" that are neither an object of texts nor a list of [name, text]'
  const timestamp = members.timestamp === undefined ? null : timestampOf(bytes, members.timestamp)
  if (timestamp === undefined) return 'has a "timestamp" that is neither RFC 3339 nor a whole number since 1970'
  const partition = members.partition === undefined ? null : partitionOf(bytes, members.partition)
  if (partition === undefined) return 'has a "partition" that is no whole number from 0'

  let size = (value?.length ?? 0) + (key?.length ?? 0)
  for (const header of headers) size += Buffer.byteLength(header.name) + header.value.length
  return {
    value,
    key,
    headers,
    timestamp: timestamp ?? undefined,
    partition: partition ?? undefined,
    checked: value !== null && valueEncoding === 'json',
    bytes: size,
  }
}

/** Notes where each member's value is; of a name that comes twice the last counts. Null: all is well. */
function readMembers(bytes: Buffer, start: number, end: number, members: Members): string | null {
  const malformed = (): string => `is not JSON: ${jsonFault(bytes, start, end) ?? 'unexpected text'}`
  let i = skipJsonSpace(bytes, start, end)
  if (bytes[i] !== OPEN_BRACE || i >= end) return jsonFault(bytes, start, end) === null ? 'is no object' : malformed()
  i = skipJsonSpace(bytes, i + 1, end)
  let more = i < end && bytes[i] !== CLOSE_BRACE
  while (more) {
    if (i >= end || bytes[i] !== QUOTE) return malformed()
    const nameEnd = skipJsonString(bytes, i, end)
    if (nameEnd < 0) return malformed()
    const name = textOf(bytes, { start: i, end: nameEnd })
    i = skipJsonSpace(bytes, nameEnd, end)
    if (i >= end || bytes[i] !== COLON) return malformed()
    const valueStart = skipJsonSpace(bytes, i + 1, end)
    const valueEnd = skipJsonValue(bytes, valueStart, end, 1)
    if (valueEnd < 0) return malformed()
    if (isMember(name)) members[name] = { start: valueStart, end: valueEnd }
    else if (!PASSED_OVER.includes(name)) {
      return `has an unexpected member ${JSON.stringify(name)}. ${didYouMean(name, MEMBERS) ?? `Members: ${MEMBERS.join(', ')}.`}`
    }
    i = skipJsonSpace(bytes, valueEnd, end)
    more = i < end && bytes[i] === COMMA
    if (more) i = skipJsonSpace(bytes, i + 1, end)
  }
  if (i >= end || bytes[i] !== CLOSE_BRACE) return malformed()
  return skipJsonSpace(bytes, i + 1, end) === end ? null : malformed()
}

function isMember(name: string): name is keyof Members {
  return (MEMBERS as readonly string[]).includes(name)
}

type Encoding = 'json' | 'text' | 'base64'

function encodingOf(bytes: Buffer, at: Range | undefined, allowed: readonly Encoding[]): Encoding | undefined {
  if (at === undefined) return 'json'
  const name = textOf(bytes, at)
  return allowed.find((encoding) => encoding === name)
}

function valueOf(bytes: Buffer, at: Range, encoding: Encoding): Uint8Array | null | undefined {
  if (isNull(bytes, at)) return null
  return encoding === 'json' ? bytes.subarray(at.start, at.end) : decoded(bytes, at, encoding)
}

function keyOf(bytes: Buffer, at: Range, encoding: Encoding): Uint8Array | null | undefined {
  if (isNull(bytes, at)) return null
  if (encoding !== 'json') return decoded(bytes, at, encoding)
  return bytes[at.start] === QUOTE ? decoded(bytes, at, 'text') : bytes.subarray(at.start, at.end)
}

function decoded(bytes: Buffer, at: Range, encoding: 'text' | 'base64'): Uint8Array | undefined {
  const text = textOf(bytes, at)
  return text === undefined ? undefined : bytesOf(text, encoding)
}

function bytesOf(text: string, encoding: 'text' | 'base64'): Uint8Array | undefined {
  if (encoding === 'base64') return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined
  // Half a surrogate pair has no UTF-8.
  return /\p{Surrogate}/u.test(text) ? undefined : Buffer.from(text)
}

function headersOf(bytes: Buffer, at: Range): readonly RecordHeader[] | undefined {
  if (isNull(bytes, at)) return []
  const text = bytes.toString('utf8', at.start, at.end)
  const parsed = JSON.parse(text) as unknown
  if (typeof parsed !== 'object') return undefined
  const entries: unknown[] = Array.isArray(parsed) ? parsed : entriesOf(bytes, at)
  const headers: RecordHeader[] = []
  for (const entry of entries) {
    if (!Array.isArray(entry)) return undefined
    const [name, content, encoding = 'text', ...rest] = entry as unknown[]
    if (typeof name !== 'string' || typeof content !== 'string' || rest.length > 0) return undefined
    if (encoding !== 'text' && encoding !== 'base64') return undefined
    const value = bytesOf(content, encoding)
    if (value === undefined || /\p{Surrogate}/u.test(name)) return undefined
    headers.push({ name, value })
  }
  return headers
}

/** The members of an object in the order of the text, which JSON.parse does not keep for names that look like numbers. */
function entriesOf(bytes: Buffer, at: Range): unknown[] {
  const entries: unknown[] = []
  let i = skipJsonSpace(bytes, at.start + 1, at.end)
  while (bytes[i] === QUOTE) {
    const nameEnd = skipJsonString(bytes, i, at.end)
    const start = skipJsonSpace(bytes, skipJsonSpace(bytes, nameEnd, at.end) + 1, at.end)
    const end = skipJsonValue(bytes, start, at.end, 2)
    entries.push([textOf(bytes, { start: i, end: nameEnd }), textOf(bytes, { start, end })])
    i = skipJsonSpace(bytes, end, at.end)
    if (bytes[i] === COMMA) i = skipJsonSpace(bytes, i + 1, at.end)
  }
  return entries
}

function timestampOf(bytes: Buffer, at: Range): number | null | undefined {
  if (isNull(bytes, at)) return null
  const text = textOf(bytes, at)
  if (text !== undefined) return numberOf(parseTimestamp(text))
  const digits = bytes.toString('latin1', at.start, at.end)
  return /^-?\d{1,19}$/.test(digits) ? numberOf(timestampFromInteger(exactInt(digits), 'auto')) : undefined
}

function exactInt(digits: string): number | bigint {
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : BigInt(digits)
}

function numberOf(value: number | bigint | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function partitionOf(bytes: Buffer, at: Range): number | null | undefined {
  if (isNull(bytes, at)) return null
  const text = bytes.toString('latin1', at.start, at.end)
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** Undefined when it is no string. */
function textOf(bytes: Buffer, at: Range): string
function textOf(bytes: Buffer, at: Range): string | undefined
function textOf(bytes: Buffer, at: Range): string | undefined {
  if (bytes[at.start] !== QUOTE) return undefined
  const text = bytes.toString('utf8', at.start, at.end)
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1)
}

function isNull(bytes: Buffer, at: Range): boolean {
  return bytes[at.start] === 0x6e
}

function notEncoded(member: string, encoding: Encoding): string {
  const what = encoding === 'base64' ? 'base64 in a string' : 'a string of whole characters'
  return `has a "${member}" that is not ${what}`
}
