import { randomFillSync } from 'node:crypto'
import { assert } from '../kernel/index.ts'
import { isSendableCloseCode, truncateReason } from './close-codes.ts'
import { MAX_CONTROL_PAYLOAD, OPCODE, type Opcode } from './opcode.ts'

/**
 * Encoding of unfragmented frames (RFC 6455, section 5.2):
 *
 *     byte 0      FIN (1) RSV (000) opcode (4 bits)
 *     byte 1      MASK (1 bit) length (7 bits): 0-125, or 126: 16 bits follow, or 127: 64 bits follow
 *     0, 2, 8     extended length, big-endian, always the shortest form
 *     0, 4        masking key, from clients only
 *                 payload, XORed with the key when masked
 *
 * A frame from a server is the same bytes for every client: encode it once, write it to many sockets.
 */

/** A text payload as a string (encoded as UTF-8) or as bytes that are UTF-8 already; binary payloads are bytes. */
export type FramePayload = string | Uint8Array

const FIN = 0x80
const MASKED = 0x80

/** Bytes before the payload: 2, 4 or 10, and 4 more when masked. */
export function frameHeaderBytes(payloadBytes: number, masked = false): number {
  return (payloadBytes <= 125 ? 2 : payloadBytes <= 0xffff ? 4 : 10) + (masked ? 4 : 0)
}

/**
 * Writes the header of a final frame at `offset` and returns the offset after it.
 * The caller has made room for `frameHeaderBytes` bytes. `mask`, when given, has 4 bytes.
 */
export function writeFrameHeader(
  target: Buffer,
  offset: number,
  opcode: Opcode,
  payloadBytes: number,
  mask?: Uint8Array,
): number {
  const maskBit = mask === undefined ? 0 : MASKED
  target[offset] = FIN | opcode
  let at = offset + 2
  if (payloadBytes <= 125) {
    target[offset + 1] = maskBit | payloadBytes
  } else if (payloadBytes <= 0xffff) {
    target[offset + 1] = maskBit | 126
    target[offset + 2] = payloadBytes >>> 8
    target[offset + 3] = payloadBytes & 0xff
    at += 2
  } else {
    target[offset + 1] = maskBit | 127
    target.writeUInt32BE(Math.floor(payloadBytes / 0x1_0000_0000), offset + 2)
    target.writeUInt32BE(payloadBytes >>> 0, offset + 6)
    at += 8
  }
  if (mask !== undefined) {
    target.set(mask, at)
    at += 4
  }
  return at
}

/** XORs `bytes` in place with the 4-byte key, starting at the key's first byte. Applying it twice restores the bytes. */
export function applyMask(bytes: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i]! ^ mask[i & 3]!
}

/**
 * One whole frame in one buffer. `role` is the sender: a client masks with a fresh random key, a server never masks.
 * The payload of a control frame must fit into 125 bytes.
 */
export function encodeFrame(opcode: Opcode, payload: FramePayload, role: 'server' | 'client' = 'server'): Buffer {
  const text = typeof payload === 'string'
  const length = text ? Buffer.byteLength(payload) : payload.length
  assert(opcode < OPCODE.close || length <= MAX_CONTROL_PAYLOAD, 'the payload of a control frame is over 125 bytes')
  const mask = role === 'client' ? randomFillSync(new Uint8Array(4)) : undefined
  const frame = Buffer.allocUnsafe(frameHeaderBytes(length, mask !== undefined) + length)
  const at = writeFrameHeader(frame, 0, opcode, length, mask)
  if (text) frame.write(payload, at)
  else frame.set(payload, at)
  if (mask !== undefined) applyMask(frame.subarray(at), mask)
  return frame
}

/**
 * A close frame. Without a code the payload is empty. The code must be one that may be sent; a reason over 123 bytes is
 * cut at a character.
 */
export function encodeCloseFrame(code?: number, reason = '', role: 'server' | 'client' = 'server'): Buffer {
  if (code === undefined) return encodeFrame(OPCODE.close, '', role)
  assert(isSendableCloseCode(code), `close code ${code} must not be sent`)
  const text = Buffer.from(truncateReason(reason))
  const payload = Buffer.allocUnsafe(2 + text.length)
  payload.writeUInt16BE(code)
  payload.set(text, 2)
  return encodeFrame(OPCODE.close, payload, role)
}
