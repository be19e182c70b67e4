import { MillraceError } from '../../kernel/index.ts'

/** Appends numbers and text to a growing buffer. `take` hands out a copy and starts anew, so one writer serves many entries. */
export class ByteWriter {
  #bytes = Buffer.alloc(256)
  #length = 0

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#bytes.writeDoubleLE(value, this.#length)
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeUInt32LE(value, this.#length)
  }

  /** A non-negative safe integer, seven bits a byte. */
  varint(value: number): void {
    this.#reserve(8)
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    this.#bytes[this.#length++] = value
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  /** UTF-8, or UTF-16 where the text has unpaired surrogates, which UTF-8 cannot carry. */
  text(value: string): void {
    const paired = !/\p{Surrogate}/u.test(value)
    this.byte(paired ? 0 : 1)
    this.bytes(Buffer.from(value, paired ? 'utf8' : 'utf16le'))
  }

  bigint(value: bigint): void {
    const negative = value < 0n
    const digits = (negative ? -value : value).toString(16)
    this.byte(negative ? 1 : 0)
    this.bytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'))
  }

  take(): Uint8Array {
    const bytes = new Uint8Array(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return bytes
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + count))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
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
