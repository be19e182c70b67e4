export interface LineHandler {
  /**
   * Bytes [start, end) are a line without its break, valid during the call. `next` is the stream offset behind the
   * break.
   */
  line(bytes: Uint8Array, start: number, end: number, next: number): void
  /** A line of more than the allowed length was dropped; `length` bytes before the line feed. */
  overlong(length: number, next: number): void
}

/**
 * Lines out of a stream of chunks, cut anywhere. Memory is bounded by the chunk and the longest line allowed. Empty
 * lines are skipped and a carriage return before the break is no content; both count for offsets.
 */
export class LineSplitter {
  readonly #maxLength: number
  readonly #handler: LineHandler
  #carry: Buffer
  #carried = 0
  /** Length of the line at hand once it is too long to carry, else 0. */
  #dropped = 0
  #offset: number

  /** `offset` is the stream offset of the first byte to come. */
  constructor(maxLength: number, handler: LineHandler, offset = 0) {
    this.#maxLength = maxLength
    this.#handler = handler
    this.#carry = Buffer.allocUnsafe(Math.min(maxLength + 1, 4096))
    this.#offset = offset
  }

  push(chunk: Uint8Array): void {
    for (let from = 0; ; ) {
      const found = chunk.indexOf(0x0a, from)
      if (found === -1) {
        this.#keep(chunk, from, chunk.length)
        this.#offset += chunk.length
        return
      }
      this.#close(chunk, from, found, this.#offset + found + 1)
      from = found + 1
    }
  }

  /** The stream ended: a last line without a break is a line. */
  end(): void {
    this.#close(this.#carry, 0, 0, this.#offset)
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const length = this.#carried + to - from
    // One byte more may still be the carriage return of a line that fits.
    if (this.#dropped > 0 || length > this.#maxLength + 1) {
      this.#dropped += length
      this.#carried = 0
      return
    }
    if (length > this.#carry.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#maxLength + 1, Math.max(length, this.#carry.length * 2)))
      this.#carry.copy(larger, 0, 0, this.#carried)
      this.#carry = larger
    }
    this.#carry.set(chunk.subarray(from, to), this.#carried)
    this.#carried = length
  }

  #close(chunk: Uint8Array, from: number, to: number, next: number): void {
    if (this.#carried > 0 || this.#dropped > 0) {
      this.#keep(chunk, from, to)
      if (this.#dropped > 0) this.#handler.overlong(this.#dropped, next)
      else this.#emit(this.#carry, 0, this.#carried, next)
      this.#carried = 0
      this.#dropped = 0
    } else {
      this.#emit(chunk, from, to, next)
    }
  }

  #emit(bytes: Uint8Array, from: number, to: number, next: number): void {
    const end = to > from && bytes[to - 1] === 0x0d ? to - 1 : to
    if (end - from > this.#maxLength) this.#handler.overlong(to - from, next)
    else if (end > from) this.#handler.line(bytes, from, end, next)
  }
}
