import type { EncodedRows } from './format.ts'

/**
 * Bytes in one growing buffer, cut into rows. Encoders write `bytes[at++]` themselves after `reserve`; `bytes` may be
 * another array after every call that reserves.
 */
export class ByteWriter {
  bytes: Buffer
  at = 0
  readonly #offsets: Uint32Array
  #rows = 0

  /** `bytesPerRow` is a guess. */
  constructor(rows: number, bytesPerRow: number) {
    this.bytes = Buffer.allocUnsafe(Math.max(256, Math.ceil(rows * bytesPerRow)))
    this.#offsets = new Uint32Array(rows + 1)
  }

  /** Room for `count` more bytes. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.at + count, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  raw(source: Uint8Array): void {
    this.reserve(source.length)
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < source.length; i++) bytes[at++] = source[i]!
    this.at = at
  }

  ascii(text: string): void {
    this.reserve(text.length)
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    this.at = at
  }

  utf8(text: string): void {
    this.reserve(text.length * 3)
    this.at += this.bytes.write(text, this.at)
  }

  endRow(separator: Uint8Array | undefined): void {
    if (separator !== undefined) this.raw(separator)
    this.#offsets[++this.#rows] = this.at
  }

  finish(): EncodedRows {
    return { bytes: this.bytes.subarray(0, this.at), offsets: this.#offsets }
  }
}
