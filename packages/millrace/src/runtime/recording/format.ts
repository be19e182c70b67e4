/**
 * - `lines`: one message a line, verbatim (NDJSON, or any text without line breaks); no times.
 * - `timed`: `<nanoseconds since the epoch> <message>` a line.
 * - `frames`: one JSON object a line, `{t, conn, ts, addr, data | b64}`: the form `RecordingWriter` writes.
 */
export const RECORDING_FORMATS = ['lines', 'timed', 'frames'] as const

export type RecordingFormat = (typeof RECORDING_FORMATS)[number]

const TIMED = /^(\d{1,20}) (.)/
const FRAME_START = /^\{"t":"(?:connect|send|recv)","conn":"/

/**
 * The format that all sampled lines have. The last one may be cut short. Small numbers in front only count as times before
 * something that looks like JSON, so that a feed of numbers stays `lines`.
 */
export function detectFormat(lines: readonly string[]): RecordingFormat {
  const sample = lines.filter((line) => line !== '')
  if (sample.length === 0) return 'lines'
  if (sample.every((line) => isFrameLine(line))) return 'frames'
  if (sample.every((line) => isTimedLine(line))) return 'timed'
  return 'lines'
}

function isTimedLine(line: string): boolean {
  const match = TIMED.exec(line)
  return match !== null && (match[1]!.length >= 16 || '{["'.includes(match[2]!))
}

function isFrameLine(line: string): boolean {
  if (!line.startsWith('{')) return false
  let value: { readonly t?: unknown; readonly conn?: unknown }
  try {
    value = JSON.parse(line) as typeof value
  } catch {
    return FRAME_START.test(line)
  }
  return (value.t === 'connect' || value.t === 'send' || value.t === 'recv') && typeof value.conn === 'string'
}
