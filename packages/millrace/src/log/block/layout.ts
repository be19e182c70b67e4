import { crc32 } from 'node:zlib'

/**
 * A block as stored, little-endian:
 *
 *      0 u32 magic          4 u32 checksum: CRC-32 of everything behind it, padding included
 *      8 u16 layout        10 u16 flags
 *     12 u32 partition id  16 f64 base offset      24 f64 next offset (of the block that follows)
 *     32 f64 previous block's base offset, -1 for none       40 u32 its checksum
 *     44 u32 records       48 f64 log time         56 f64 least timestamp   64 f64 greatest timestamp
 *     72 f64 greatest timestamp of the partition up to here
 *     80 u32 value bytes   84 u32 key bytes        88 u32 header bytes      92 u32 bytes without padding
 *     96 columns: timestamps f64, value ends u32 (one more than records), key ends u32 (likewise), header ends u32 (likewise),
 *        offset - base u32, nulls u8; then values, keys, headers
 *
 * Times are microseconds since the epoch. A column is there if its flag is set.
 */
export const HEADER_BYTES = 96
export const MAGIC = 0x4c_52_4d_31
export const LAYOUT = 1

/** Flags of a block beside those of `columns.ts`. */
export const SEALED = 0x100
export const CHECKED = 0x200

/** A sealed block's value fills this many bytes, or a whole multiple of the pages: see `sealedBytes`. */
export const PAGE_BYTES = 4096
const BLOCK_PAGES = 64
/** LMDB puts a header in front of a value that has pages of its own. */
const PAGE_HEADER_BYTES = 24
export const SEALED_BYTES = BLOCK_PAGES * PAGE_BYTES - PAGE_HEADER_BYTES

/** The size of the sealed block that holds `content` bytes: always the same, and whole multiples of its pages for large records. */
export function sealedBytes(content: number): number {
  const pages = BLOCK_PAGES * PAGE_BYTES
  return Math.max(1, Math.ceil((content + PAGE_HEADER_BYTES) / pages)) * pages - PAGE_HEADER_BYTES
}

/** Storage a value of this size takes. */
export function storedBytes(valueBytes: number): number {
  return Math.ceil((valueBytes + PAGE_HEADER_BYTES) / PAGE_BYTES) * PAGE_BYTES
}

/** Names a block by what it contains. */
export interface Link {
  /** -1: there is none. */
  readonly base: number
  readonly checksum: number
}

export const NO_LINK: Link = { base: -1, checksum: 0 }

export function sameLink(a: Link, b: Link): boolean {
  return a.base === b.base && a.checksum === b.checksum
}

export interface BlockHeader {
  readonly checksum: number
  readonly layout: number
  readonly flags: number
  readonly partitionId: number
  readonly base: number
  readonly next: number
  readonly previous: Link
  readonly count: number
  readonly logTime: number
  readonly minTimestamp: number
  readonly maxTimestamp: number
  readonly maxTimestampSoFar: number
  readonly valueBytes: number
  readonly keyBytes: number
  readonly headerBytes: number
  readonly contentBytes: number
}

export function readHeader(block: Uint8Array): BlockHeader {
  const view = new DataView(block.buffer, block.byteOffset, HEADER_BYTES)
  return {
    checksum: view.getUint32(4, true),
    layout: view.getUint16(8, true),
    flags: view.getUint16(10, true),
    partitionId: view.getUint32(12, true),
    base: view.getFloat64(16, true),
    next: view.getFloat64(24, true),
    previous: { base: view.getFloat64(32, true), checksum: view.getUint32(40, true) },
    count: view.getUint32(44, true),
    logTime: view.getFloat64(48, true),
    minTimestamp: view.getFloat64(56, true),
    maxTimestamp: view.getFloat64(64, true),
    maxTimestampSoFar: view.getFloat64(72, true),
    valueBytes: view.getUint32(80, true),
    keyBytes: view.getUint32(84, true),
    headerBytes: view.getUint32(88, true),
    contentBytes: view.getUint32(92, true),
  }
}

/** Writes all but the checksum, which `seal` does when the body is there. */
export function writeHeader(block: Uint8Array, header: Omit<BlockHeader, 'checksum' | 'layout'>): void {
  const view = new DataView(block.buffer, block.byteOffset, HEADER_BYTES)
  view.setUint32(0, MAGIC, true)
  view.setUint16(8, LAYOUT, true)
  view.setUint16(10, header.flags, true)
  view.setUint32(12, header.partitionId, true)
  view.setFloat64(16, header.base, true)
  view.setFloat64(24, header.next, true)
  view.setFloat64(32, header.previous.base, true)
  view.setUint32(40, header.previous.checksum, true)
  view.setUint32(44, header.count, true)
  view.setFloat64(48, header.logTime, true)
  view.setFloat64(56, header.minTimestamp, true)
  view.setFloat64(64, header.maxTimestamp, true)
  view.setFloat64(72, header.maxTimestampSoFar, true)
  view.setUint32(80, header.valueBytes, true)
  view.setUint32(84, header.keyBytes, true)
  view.setUint32(88, header.headerBytes, true)
  view.setUint32(92, header.contentBytes, true)
}

/** Enters the checksum and returns it. */
export function stampChecksum(block: Uint8Array): number {
  const checksum = crc32(block.subarray(8))
  new DataView(block.buffer, block.byteOffset).setUint32(4, checksum, true)
  return checksum
}

/** Why these bytes are no block, or null. */
export function blockFault(block: Uint8Array): string | null {
  if (block.length < HEADER_BYTES) return 'it is too short'
  const view = new DataView(block.buffer, block.byteOffset, HEADER_BYTES)
  if (view.getUint32(0, true) !== MAGIC) return 'it does not begin as a block'
  if (view.getUint32(4, true) !== crc32(block.subarray(8))) return 'its checksum is wrong'
  if (view.getUint16(8, true) !== LAYOUT) return `its layout ${view.getUint16(8, true)} is unknown`
  return null
}
