import { sliceAscii } from '../text.ts'

const SLOTS = 1024
const MAX_BYTES = 32

/**
 * Short ASCII strings by their bytes, so that a repeated value (a symbol, a type) is one JavaScript string made once.
 * Direct-mapped: a collision replaces.
 */
export class StringCache {
  readonly #bytes = new Uint8Array(SLOTS * MAX_BYTES)
  readonly #lengths = new Uint8Array(SLOTS)
  readonly #strings: string[] = Array.from({ length: SLOTS }, () => '')

  /** The string of ASCII bytes [start, end); `hash` is any function of them. */
  get(bytes: Uint8Array, start: number, end: number, hash: number): string {
    const length = end - start
    if (length > MAX_BYTES) return sliceAscii(bytes, start, end)
    const slot = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (SLOTS - 1)
    const base = slot * MAX_BYTES
    if (this.#lengths[slot] === length) {
      let i = 0
      while (i < length && this.#bytes[base + i] === bytes[start + i]) i++
      if (i === length) return this.#strings[slot]!
    }
    const text = sliceAscii(bytes, start, end)
    this.#lengths[slot] = length
    for (let i = 0; i < length; i++) this.#bytes[base + i] = bytes[start + i]!
    this.#strings[slot] = text
    return text
  }
}
