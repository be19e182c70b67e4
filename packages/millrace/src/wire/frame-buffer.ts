import { frameHeaderBytes, writeFrameHeader, type FramePayload } from './frame.ts'
import type { Opcode } from './opcode.ts'

const DEFAULT_BYTES = 64 * 1024

/**
 * Packs server frames back to back, so that many leave in one write. Either hand the bytes away with `take`, or write
 * `bytes` and `clear` after the socket has called back, which reuses the memory.
 */
export class FrameBuffer {
  readonly #startBytes: number
  #buffer: Buffer
  #length = 0
  #frames = 0

  constructor(startBytes = DEFAULT_BYTES) {
    this.#startBytes = startBytes
    this.#buffer = Buffer.allocUnsafeSlow(startBytes)
  }

  /** Bytes packed so far. */
  get length(): number {
    return this.#length
  }

  /** Frames packed so far. */
  get frames(): number {
    return this.#frames
  }

  append(opcode: Opcode, payload: FramePayload): void {
    if (typeof payload === 'string') {
      const bytes = Buffer.byteLength(payload)
      const at = this.#header(opcode, bytes)
      // One byte per UTF-16 unit means ASCII, which latin1 writes fastest.
      this.#buffer.write(payload, at, bytes === payload.length ? 'latin1' : 'utf8')
      this.#length = at + bytes
    } else {
      const at = this.#header(opcode, payload.length)
      this.#buffer.set(payload, at)
      this.#length = at + payload.length
    }
    this.#frames++
  }

  /** A frame that is encoded already. */
  appendFrame(frame: Uint8Array): void {
    this.#reserve(frame.length)
    this.#buffer.set(frame, this.#length)
    this.#length += frame.length
    this.#frames++
  }

  /** A view of the packed bytes, valid until the next `append`, `clear` or `take`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Starts over in the same memory; what one huge frame made it grow by is given back. */
  clear(): void {
    if (this.#buffer.length > 4 * this.#startBytes) this.#buffer = Buffer.allocUnsafeSlow(this.#startBytes)
    this.#length = 0
    this.#frames = 0
  }

  /** Gives the packed bytes away for good and starts over in new memory. */
  take(): Buffer {
    const bytes = this.bytes()
    this.#buffer = Buffer.allocUnsafeSlow(this.#startBytes)
    this.#length = 0
    this.#frames = 0
    return bytes
  }

  #header(opcode: Opcode, payloadBytes: number): number {
    this.#reserve(frameHeaderBytes(payloadBytes) + payloadBytes)
    return writeFrameHeader(this.#buffer, this.#length, opcode, payloadBytes)
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
