import type { RecordHeader } from '../log.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Each header: u32 length of the name, name in UTF-8, u32 length of the value, value. */
export function encodeHeaders(headers: readonly RecordHeader[]): Uint8Array {
  const names = headers.map((h) => encoder.encode(h.name))
  const bytes = new Uint8Array(headers.reduce((sum, h, i) => sum + 8 + names[i]!.length + h.value.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  const write = (part: Uint8Array): void => {
    view.setUint32(at, part.length, true)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  for (const [i, header] of headers.entries()) {
    write(names[i]!)
    write(header.value)
  }
  return bytes
}

export function decodeHeaders(bytes: Uint8Array): RecordHeader[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headers: RecordHeader[] = []
  let at = 0
  const read = (): Uint8Array => {
    const length = view.getUint32(at, true)
    at += 4 + length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const name = decoder.decode(read())
    headers.push({ name, value: read() })
  }
  return headers
}
