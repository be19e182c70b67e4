import { encodeFrame, type FrameBuffer, OPCODE } from '../../wire/index.ts'
import type { RowEncoding, RowGap } from '../broadcast.ts'

/** The subprotocol that asks for the envelope, for clients that cannot add a query to the address. */
export const ENVELOPE_PROTOCOL = 'millrace.envelope'

/**
 * Rows as WebSocket text frames.
 *
 * Plain: every row is one frame with the row and nothing else. Envelope: `{"seq":42,"row":{...}}`, after a first frame
 * `{"$millrace":{"hello":{"stream":"9f2c11d0","next":42}}}`. In both, lost rows are stated by
 * `{"$millrace":{"gap":{"from":7,"to":19,"count":13,"reason":"slow_client"}}}`.
 */
function notice(content: object): Buffer {
  return encodeFrame(OPCODE.text, JSON.stringify({ $millrace: content }))
}

const gap = (lost: RowGap): Buffer => notice({ gap: lost })

export const plainRows: RowEncoding = {
  id: 'ws/plain',
  row: (out, bytes, start, end) => out.append(OPCODE.text, bytes.subarray(start, end)),
  gap,
  hello: () => null,
}

export const envelopedRows: RowEncoding = {
  id: 'ws/envelope',
  row: envelope,
  gap,
  hello: (stream, next) => notice({ hello: { stream, next } }),
}

let scratch = Buffer.allocUnsafeSlow(4096)

/** The row's bytes go in as they are; they are not encoded again. */
function envelope(out: FrameBuffer, bytes: Uint8Array, start: number, end: number, sequence: number): void {
  const head = `{"seq":${sequence},"row":`
  const length = head.length + end - start + 1
  if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(2 * length)
  scratch.write(head, 0, 'latin1')
  scratch.set(bytes.subarray(start, end), head.length)
  scratch[length - 1] = 0x7d
  out.append(OPCODE.text, scratch.subarray(0, length))
}
