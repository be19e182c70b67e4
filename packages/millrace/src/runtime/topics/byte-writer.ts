/** Bytes appended to memory that grows. */
export class ByteWriter {
  #buffer: Buffer
  length = 0

  constructor(startBytes = 16 * 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(startBytes)
  }

  text(text: string): void {
    // No character has more than three bytes a UTF-16 unit.
    this.#reserve(text.length * 3)
    this.length += this.#buffer.write(text, this.length)
  }

  bytes(source: Uint8Array, start = 0, end: number = source.length): void {
    this.#reserve(end - start)
    this.#buffer.set(source.subarray(start, end), this.length)
    this.length += end - start
  }

  /** Gives the bytes away and starts over in new memory. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.length)
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(1024, Math.min(this.#buffer.length, 256 * 1024)))
    this.length = 0
    return taken
  }

  #reserve(bytes: number): void {
    const needed = this.length + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(grown, 0, 0, this.length)
    this.#buffer = grown
  }
}
