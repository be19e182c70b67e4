/** Strings from bytes that were found well-formed. */

/**
 * The text of a JSON string token, quotes included in the range; escapes resolved. A lone surrogate's escape stays one,
 * as JSON.parse does it.
 */
export function stringText(bytes: Uint8Array, start: number, end: number): string {
  const text = sliceText(bytes, start, end)
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1)
}

/** The characters of a range of UTF-8. */
export function sliceText(bytes: Uint8Array, start: number, end: number): string {
  return asBuffer(bytes).toString('utf8', start, end)
}

export function sliceAscii(bytes: Uint8Array, start: number, end: number): string {
  return asBuffer(bytes).toString('latin1', start, end)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
