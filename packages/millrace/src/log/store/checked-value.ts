import { crc32 } from 'node:zlib'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A small value with a checksum over it and its key. */
export function wrapValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(4 + value.length)
  stored.set(value, 4)
  new DataView(stored.buffer).setUint32(0, crc32(value, crc32(key)))
  return stored
}

/** Undefined: the checksum does not fit. */
export function unwrapValue(key: Uint8Array, stored: Uint8Array): Uint8Array | undefined {
  if (stored.length < 4) return undefined
  const value = stored.subarray(4)
  const checksum = new DataView(stored.buffer, stored.byteOffset).getUint32(0)
  return checksum === crc32(value, crc32(key)) ? value : undefined
}

/** JSON with a checksum. */
export function encodeJson(key: Uint8Array, value: unknown): Uint8Array {
  return wrapValue(key, encoder.encode(JSON.stringify(value)))
}

/** Undefined: the checksum does not fit. */
export function decodeJson(key: Uint8Array, stored: Uint8Array): unknown {
  const value = unwrapValue(key, stored)
  return value === undefined ? undefined : JSON.parse(decoder.decode(value))
}
