import { MillraceError } from '../../kernel/index.ts'

/** Bytes of the first chunk of a writer; each is twice the one before, up to the largest. */
const FIRST_CHUNK = 256
const LARGEST_CHUNK = 65_536
/** Up to this length text is looked at byte by byte: most is short and ASCII. */
const SHORT_TEXT = 64

/**
 * Appends numbers and text. `take` hands out what has been appended since the last time: a view of a chunk of memory that is never
 * written again there, so entries cost no copy and share their chunks.
 */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CHUNK)
  /** Where the entry being written begins, and where it goes on. */
  #start = 0
  #end = 0

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#end++] = value
  }

  double(value: number): void {
    this.#reserve(8)
    this.#end = this.#bytes.writeDoubleLE(value, this.#end)
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#end = this.#bytes.writeUInt32LE(value, this.#end)
  }

  /** In an order that comparing bytes keeps. */
  uint32BE(value: number): void {
    this.#reserve(4)
    this.#end = this.#bytes.writeUInt32BE(value, this.#end)
  }

  /** A non-negative safe integer, seven bits a byte. */
  varint(value: number): void {
    this.#reserve(8)
    while (value >= 0x80) {
      this.#bytes[this.#end++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    this.#bytes[this.#end++] = value
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#end)
    this.#end += value.length
  }

  /** UTF-8, or UTF-16 where the text has unpaired surrogates, which UTF-8 cannot carry. */
  text(value: string): void {
    if (value.length <= SHORT_TEXT && this.#ascii(value)) return
    const encoding = /\p{Surrogate}/u.test(value) ? 'utf16le' : 'utf8'
    const length = Buffer.byteLength(value, encoding)
    this.byte(encoding === 'utf8' ? 0 : 1)
    this.varint(length)
    this.#reserve(length)
    this.#end += this.#bytes.write(value, this.#end, encoding)
  }

  /** Writes nothing and answers false when some unit is not ASCII. */
  #ascii(value: string): boolean {
    this.#reserve(2 + value.length)
    const bytes = this.#bytes
    let at = this.#end
    bytes[at++] = 0
    bytes[at++] = value.length
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i)
      if (unit >= 0x80) return false
      bytes[at++] = unit
    }
    this.#end = at
    return true
  }

  bigint(value: bigint): void {
    const negative = value < 0n
    const digits = (negative ? -value : value).toString(16)
    this.byte(negative ? 1 : 0)
    this.bytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'))
  }

  take(): Uint8Array {
    const bytes = new Uint8Array(this.#bytes.buffer, this.#start, this.#end - this.#start)
    this.#start = this.#end
    return bytes
  }

  #reserve(count: number): void {
    if (this.#end + count <= this.#bytes.length) return
    const begun = this.#end - this.#start
    const next = Buffer.allocUnsafeSlow(Math.max(Math.min(this.#bytes.length * 2, LARGEST_CHUNK), 2 * (begun + count)))
    this.#bytes.copy(next, 0, this.#start, this.#end)
    this.#bytes = next
    this.#start = 0
    this.#end = begun
  }
}

/** Reads what a ByteWriter wrote, in the same order. Throws STATE_CORRUPT where the bytes end early. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  byte(): number {
    return this.#bytes[this.#advance(1)]!
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8))
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4))
  }

  uint32BE(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  bytes(): Uint8Array {
    const length = this.varint()
    const at = this.#advance(length)
    return new Uint8Array(this.#bytes.subarray(at, at + length))
  }

  text(): string {
    const encoding = this.byte() === 0 ? 'utf8' : 'utf16le'
    const length = this.varint()
    const at = this.#advance(length)
    return this.#bytes.toString(encoding, at, at + length)
  }

  bigint(): bigint {
    const negative = this.byte() === 1
    const magnitude = BigInt(`0x${Buffer.from(this.bytes()).toString('hex') || '0'}`)
    return negative ? -magnitude : magnitude
  }

  #advance(count: number): number {
    const at = this.#at
    if (at + count > this.#bytes.length) throw new MillraceError('STATE_CORRUPT', 'a state entry ends early')
    this.#at = at + count
    return at
  }
}
