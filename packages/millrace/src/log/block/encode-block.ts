import type { BlockMemory } from './block-memory.ts'
import {
  columnFlags,
  fixedBytes,
  HAS_HEADERS,
  HAS_KEYS,
  HAS_NULLS,
  HAS_OFFSETS,
  NULL_KEY,
  variableBytes,
  type Slice,
} from './columns.ts'
import { CHECKED, HEADER_BYTES, SEALED, sealedBytes, stampChecksum, writeHeader, type Link } from './layout.ts'

export interface BlockPlace {
  readonly partitionId: number
  readonly base: number
  readonly next: number
  readonly previous: Link
  /** Microseconds. */
  readonly logTime: number
  /** Of the records before this block. */
  readonly maxTimestampSoFar: number
  /** Padded to the size of sealed blocks. */
  readonly sealed: boolean
  readonly checked: boolean
}

export interface EncodedBlock {
  readonly bytes: Uint8Array
  readonly link: Link
  readonly maxTimestampSoFar: number
}

/** Bytes of a block with `count` records before padding. */
export function contentBytes(flags: number, count: number, variable: number): number {
  const ends = 1 + (flags & HAS_KEYS ? 1 : 0) + (flags & HAS_HEADERS ? 1 : 0)
  return HEADER_BYTES + 4 * ends + fixedBytes(flags) * count + variable
}

/** One block of the slices' records in their order; a sealed one in memory of `memory`, every byte of which is written. */
export function encodeBlock(slices: readonly Slice[], place: BlockPlace, memory?: BlockMemory): EncodedBlock {
  let flags = 0
  let count = 0
  let valueBytes = 0
  let variable = 0
  for (const { columns, from, to } of slices) {
    flags |= columnFlags(columns)
    count += to - from
    valueBytes += columns.valueEnds[to]! - columns.valueEnds[from]!
    variable += variableBytes(columns, from, to)
  }
  const content = contentBytes(flags, count, variable)
  const size = place.sealed ? sealedBytes(content) : content
  const bytes = memory === undefined || !place.sealed ? new Uint8Array(size) : memory.take(size)
  // No old memory gets into the padding.
  bytes.fill(0, content)
  const buffer = bytes.buffer

  let at = HEADER_BYTES
  const timestamps = new Float64Array(buffer, at, count)
  at += 8 * count
  const uint32Column = (length: number): Uint32Array => {
    const column = new Uint32Array(buffer, at, length)
    at += 4 * length
    return column
  }
  const valueEnds = uint32Column(count + 1)
  const keyEnds = flags & HAS_KEYS ? uint32Column(count + 1) : null
  const headerEnds = flags & HAS_HEADERS ? uint32Column(count + 1) : null
  const offsets = flags & HAS_OFFSETS ? uint32Column(count) : null
  const nullsAt = at
  if (flags & HAS_NULLS) at += count

  let row = 0
  for (const { columns, from, to } of slices) {
    timestamps.set(columns.timestamps.subarray(from, to), row)
    copyNulls(bytes, nullsAt + row, flags, columns.nulls, from, to)
    if (offsets !== null) {
      for (let i = from; i < to; i++) offsets[row + i - from] = columns.sparseOffsets![i]! - place.base
    }
    row += to - from
  }
  const valuesEnd = copyBytes(
    slices,
    bytes,
    at,
    valueEnds,
    (s) => s.columns.values,
    (s) => s.columns.valueEnds,
  )
  const keysEnd =
    keyEnds === null
      ? valuesEnd
      : copyBytes(
          slices,
          bytes,
          valuesEnd,
          keyEnds,
          (s) => s.columns.keys,
          (s) => s.columns.keyEnds,
        )
  const headersEnd =
    headerEnds === null
      ? keysEnd
      : copyBytes(
          slices,
          bytes,
          keysEnd,
          headerEnds,
          (s) => s.columns.headers,
          (s) => s.columns.headerEnds,
        )

  let minTimestamp = Number.POSITIVE_INFINITY
  let maxTimestamp = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i++) {
    const time = timestamps[i]!
    if (time < minTimestamp) minTimestamp = time
    if (time > maxTimestamp) maxTimestamp = time
  }
  const maxTimestampSoFar = Math.max(place.maxTimestampSoFar, maxTimestamp)
  writeHeader(bytes, {
    flags: flags | (place.sealed ? SEALED : 0) | (place.checked ? CHECKED : 0),
    partitionId: place.partitionId,
    base: place.base,
    next: place.next,
    previous: place.previous,
    count,
    logTime: place.logTime,
    minTimestamp,
    maxTimestamp,
    maxTimestampSoFar,
    valueBytes,
    keyBytes: keysEnd - valuesEnd,
    headerBytes: headersEnd - keysEnd,
    contentBytes: content,
  })
  return { bytes, link: { base: place.base, checksum: stampChecksum(bytes) }, maxTimestampSoFar }
}

function copyNulls(
  target: Uint8Array,
  at: number,
  flags: number,
  nulls: Uint8Array | null,
  from: number,
  to: number,
): void {
  if (nulls !== null) target.set(nulls.subarray(from, to), at)
  else if (flags & HAS_NULLS) target.fill(flags & HAS_KEYS ? NULL_KEY : 0, at, at + to - from)
}

/** Copies one column of byte strings and writes where each ends; returns the position behind it. */
function copyBytes(
  slices: readonly Slice[],
  target: Uint8Array,
  start: number,
  ends: Uint32Array,
  bytesOf: (slice: Slice) => Uint8Array | null,
  endsOf: (slice: Slice) => Uint32Array | null,
): number {
  let at = start
  let row = 0
  ends[0] = 0
  for (const slice of slices) {
    const { from, to } = slice
    const bytes = bytesOf(slice)
    const sourceEnds = endsOf(slice)
    if (bytes === null || sourceEnds === null) {
      for (let i = from; i < to; i++) ends[++row] = at - start
      continue
    }
    const first = sourceEnds[from]!
    const shift = at - start - first
    for (let i = from; i < to; i++) ends[++row] = sourceEnds[i + 1]! + shift
    target.set(bytes.subarray(first, sourceEnds[to]!), at)
    at += sourceEnds[to]! - first
  }
  return at
}
