import type { PackedBytes, PackedHeader, RecordHeader } from '../log.ts'

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

/** The same for `count` records, given by columns. */
export function encodePackedHeaders(headers: readonly PackedHeader[], count: number): PackedBytes {
  const columns = headers.map(({ name, value }) => ({ name: encoder.encode(name), value }))
  let size = 0
  for (const { name, value } of columns) {
    size += count * (8 + name.length + ('offsets' in value ? 0 : value.length))
    if ('offsets' in value) size += value.offsets[count]! - value.offsets[0]!
  }
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  const offsets = new Uint32Array(count + 1)
  let at = 0
  const write = (source: Uint8Array, from: number, to: number): void => {
    view.setUint32(at, to - from, true)
    at += 4
    for (let i = from; i < to; i++) bytes[at++] = source[i]!
  }
  for (let row = 0; row < count; row++) {
    for (const { name, value } of columns) {
      const packed = 'offsets' in value
      const from = packed ? value.offsets[row]! : 0
      const to = packed ? value.offsets[row + 1]! : value.length
      if (packed && from === to) continue
      write(name, 0, name.length)
      write(packed ? value.bytes : value, from, to)
    }
    offsets[row + 1] = at
  }
  return { bytes, offsets }
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
