import { isUtf8 } from 'node:buffer'
import { MillraceError, unreachable } from '../../kernel/index.ts'
import type { RecordingFormat } from './format.ts'
import type { RecordedEvent } from './recorded-event.ts'

const BLANK = 0x20
const ZERO = 0x30

/** A line as an event, or the reason why it is none. `utf8`: the line is known to be UTF-8. */
export type LineParser = (line: Uint8Array, utf8: boolean) => RecordedEvent | string

export function lineParser(format: RecordingFormat): LineParser {
  switch (format) {
    case 'lines':
      return (line, utf8) => received(line, utf8, Number.NaN)
    case 'timed':
      return parseTimed
    case 'frames':
      return (line) => parseFrame(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString())
    default:
      return unreachable(format)
  }
}

/** A payload that is not UTF-8 cannot have been a text frame. */
function received(payload: Uint8Array, utf8: boolean, timeMs: number): RecordedEvent {
  return { kind: 'recv', conn: '', timeMs, binary: !(utf8 || isUtf8(payload)), payload }
}

/** Doubles hold nanoseconds of today to a quarter of a microsecond, enough for pacing. */
function parseTimed(line: Uint8Array, utf8: boolean): RecordedEvent | string {
  let nanos = 0
  let at = 0
  for (; at < line.length && line[at] !== BLANK; at++) {
    const digit = line[at]! - ZERO
    if (digit < 0 || digit > 9) return 'it does not start with nanoseconds and a blank'
    nanos = nanos * 10 + digit
  }
  if (at === 0 || at === line.length) return 'it does not start with nanoseconds and a blank'
  return received(line.subarray(at + 1), utf8, nanos / 1e6)
}

interface FrameLine {
  readonly t?: unknown
  readonly conn?: unknown
  readonly ts?: unknown
  readonly data?: unknown
  readonly b64?: unknown
}

function parseFrame(line: string): RecordedEvent | string {
  let value: FrameLine | null
  try {
    value = JSON.parse(line) as FrameLine | null
  } catch {
    return 'it is not JSON'
  }
  if (typeof value !== 'object' || value === null) return 'it is not a JSON object'
  const { t: kind = 'recv', conn = '', ts = Number.NaN, data, b64 } = value
  if (kind !== 'connect' && kind !== 'send' && kind !== 'recv') return '"t" is none of connect, send, recv'
  if (typeof conn !== 'string') return '"conn" is not a string'
  if (typeof ts !== 'number') return '"ts" is not a number'
  const timeMs = ts * 1000
  if (typeof data === 'string') return { kind, conn, timeMs, binary: false, payload: data }
  if (typeof b64 === 'string') return { kind, conn, timeMs, binary: true, payload: Buffer.from(b64, 'base64') }
  if (kind === 'connect') return { kind, conn, timeMs, binary: false, payload: '' }
  return 'it has neither "data" nor "b64"'
}

export function badLine(file: string, number: number, reason: string): MillraceError {
  return new MillraceError('DATA_BAD_RECORD', `line ${number} of recording "${file}" cannot be read: ${reason}`)
}
