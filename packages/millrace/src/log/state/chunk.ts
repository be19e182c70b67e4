import { crc32 } from 'node:zlib'
import { SEALED_BYTES } from '../block/layout.ts'

/**
 * A chunk of a segment as stored, little-endian:
 *
 *      0 u32 magic           4 u32 checksum: CRC-32 of everything behind it
 *      8 u16 layout         10 u16 flags: 1 for the last chunk of its segment
 *     12 u32 CRC-32 of the owner's name
 *     16 f64 segment        24 f64 snapshot
 *     32 u32 number of the chunk in its segment, from 0
 *     36 u32 checksum of the chunk before, 0 for none
 *     40 body: a piece of the segment's changes, cut wherever the chunk was full
 *
 * All but the last have the size of the log's sealed blocks, so that freed pages fit again.
 */
export const CHUNK_HEADER_BYTES = 40
export const CHUNK_BYTES = SEALED_BYTES
const MAGIC = 0x53_52_4d_31
const LAYOUT = 1
const LAST = 1

export interface ChunkPlace {
  /** CRC-32 of the owner's name. */
  readonly owner: number
  readonly segment: number
  readonly snapshot: number
  readonly number: number
  readonly previous: number
  readonly last: boolean
}

/** Writes the header in front of the body, and returns the checksum. */
export function stampChunk(chunk: Uint8Array, place: ChunkPlace): number {
  const view = new DataView(chunk.buffer, chunk.byteOffset, CHUNK_HEADER_BYTES)
  view.setUint32(0, MAGIC, true)
  view.setUint16(8, LAYOUT, true)
  view.setUint16(10, place.last ? LAST : 0, true)
  view.setUint32(12, place.owner, true)
  view.setFloat64(16, place.segment, true)
  view.setFloat64(24, place.snapshot, true)
  view.setUint32(32, place.number, true)
  view.setUint32(36, place.previous, true)
  const checksum = crc32(chunk.subarray(8))
  view.setUint32(4, checksum, true)
  return checksum
}

export function chunkChecksum(chunk: Uint8Array): number {
  return new DataView(chunk.buffer, chunk.byteOffset, CHUNK_HEADER_BYTES).getUint32(4, true)
}

/** Why these bytes are not the chunk that belongs there, or null. */
export function chunkFault(chunk: Uint8Array | undefined, place: ChunkPlace): string | null {
  if (chunk === undefined) return 'it is missing'
  if (chunk.length < CHUNK_HEADER_BYTES) return 'it is too short'
  const view = new DataView(chunk.buffer, chunk.byteOffset, CHUNK_HEADER_BYTES)
  if (view.getUint32(0, true) !== MAGIC) return 'it does not begin as a chunk'
  if (view.getUint32(4, true) !== crc32(chunk.subarray(8))) return 'its checksum is wrong'
  if (view.getUint16(8, true) !== LAYOUT) return `its layout ${view.getUint16(8, true)} is unknown`
  const belongs =
    view.getUint32(12, true) === place.owner &&
    view.getFloat64(16, true) === place.segment &&
    view.getFloat64(24, true) === place.snapshot &&
    view.getUint32(32, true) === place.number &&
    view.getUint16(10, true) === (place.last ? LAST : 0)
  if (!belongs) return 'it belongs elsewhere'
  return view.getUint32(36, true) === place.previous ? null : 'it does not follow the chunk before'
}

/** Big-endian, so that chunks are stored in their order. */
export function chunkKey(segment: number, number: number): Uint8Array {
  const key = new Uint8Array(12)
  const view = new DataView(key.buffer)
  view.setUint32(0, Math.floor(segment / 2 ** 32))
  view.setUint32(4, segment % 2 ** 32)
  view.setUint32(8, number)
  return key
}

export function segmentOfKey(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.length)
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4)
}
