import type { RecordHeader } from '../log.ts'
import { HAS_HEADERS, HAS_KEYS, HAS_NULLS, HAS_OFFSETS, NULL_KEY, NULL_VALUE, type RecordColumns } from './columns.ts'
import { decodeHeaders } from './headers.ts'
import { CHECKED, HEADER_BYTES, readHeader, type BlockHeader } from './layout.ts'

/**
 * Consecutive records of one partition, as a reader gets them. `bytes`, `offsets` and `timestamps` are what the executor calls
 * packed payloads: value i is bytes[offsets[i], offsets[i + 1]), a tombstone is empty. The block owns its memory.
 */
export class LogBlock implements RecordColumns {
  readonly partition: number
  /** Of record 0 when `sparseOffsets` is null: then record i has `firstOffset + i`. */
  readonly firstOffset: number
  /** Where to read on. */
  readonly nextOffset: number
  readonly count: number
  readonly bytes: Uint8Array
  readonly offsets: Uint32Array
  readonly timestamps: Float64Array
  readonly keys: Uint8Array | null
  readonly keyEnds: Uint32Array | null
  readonly headers: Uint8Array | null
  readonly headerEnds: Uint32Array | null
  readonly nulls: Uint8Array | null
  /** Compaction leaves holes: the offset of each record. Null: there are none. */
  readonly sparseOffsets: Float64Array | null
  /** Every value was validated when it was appended. */
  readonly checked: boolean

  constructor(partition: number, firstOffset: number, nextOffset: number, columns: RecordColumns, checked: boolean) {
    this.partition = partition
    this.firstOffset = firstOffset
    this.nextOffset = nextOffset
    this.count = columns.count
    this.bytes = columns.values
    this.offsets = columns.valueEnds
    this.timestamps = columns.timestamps
    this.keys = columns.keys
    this.keyEnds = columns.keyEnds
    this.headers = columns.headers
    this.headerEnds = columns.headerEnds
    this.nulls = columns.nulls
    this.sparseOffsets = columns.sparseOffsets
    this.checked = checked
  }

  get values(): Uint8Array {
    return this.bytes
  }

  get valueEnds(): Uint32Array {
    return this.offsets
  }

  offset(i: number): number {
    return this.sparseOffsets === null ? this.firstOffset + i : this.sparseOffsets[i]!
  }

  value(i: number): Uint8Array | null {
    if (this.nulls !== null && this.nulls[i]! & NULL_VALUE) return null
    return this.bytes.subarray(this.offsets[i]!, this.offsets[i + 1]!)
  }

  key(i: number): Uint8Array | null {
    if (this.keys === null || this.keyEnds === null || this.nulls === null || this.nulls[i]! & NULL_KEY) return null
    return this.keys.subarray(this.keyEnds[i]!, this.keyEnds[i + 1]!)
  }

  headersOf(i: number): readonly RecordHeader[] {
    if (this.headers === null || this.headerEnds === null) return []
    return decodeHeaders(this.headers.subarray(this.headerEnds[i]!, this.headerEnds[i + 1]!))
  }

  /** Only the records with offsets in [from, to); no bytes are copied. */
  between(from: number, to: number): LogBlock {
    if (from <= this.firstOffset && to >= this.nextOffset) return this
    const first = this.#indexOf(from)
    const last = Math.max(first, this.#indexOf(to))
    return new LogBlock(
      this.partition,
      Math.max(from, this.firstOffset),
      Math.min(to, this.nextOffset),
      {
        count: last - first,
        timestamps: this.timestamps.subarray(first, last),
        values: this.bytes,
        valueEnds: this.offsets.subarray(first, last + 1),
        keys: this.keys,
        keyEnds: this.keyEnds?.subarray(first, last + 1) ?? null,
        headers: this.headers,
        headerEnds: this.headerEnds?.subarray(first, last + 1) ?? null,
        nulls: this.nulls?.subarray(first, last) ?? null,
        sparseOffsets: this.sparseOffsets?.subarray(first, last) ?? null,
      },
      this.checked,
    )
  }

  /** Of the first record at or after `offset`. */
  #indexOf(offset: number): number {
    if (this.sparseOffsets === null) return Math.min(Math.max(0, offset - this.firstOffset), this.count)
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.sparseOffsets[middle]! < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The records of a stored block, as views of its bytes. The block must be sound (`blockFault`) and the caller's own. */
export function decodeBlock(stored: Uint8Array, partition: number, header: BlockHeader = readHeader(stored)): LogBlock {
  const aligned = stored.byteOffset % 8 === 0 ? stored : stored.slice()
  const { buffer, byteOffset } = aligned
  const { count, flags } = header
  let at = HEADER_BYTES
  const timestamps = new Float64Array(buffer, byteOffset + at, count)
  at += 8 * count
  const uint32Column = (length: number): Uint32Array => {
    const column = new Uint32Array(buffer, byteOffset + at, length)
    at += 4 * length
    return column
  }
  const bytesColumn = (length: number): Uint8Array => {
    at += length
    return new Uint8Array(buffer, byteOffset + at - length, length)
  }
  const valueEnds = uint32Column(count + 1)
  const keyEnds = flags & HAS_KEYS ? uint32Column(count + 1) : null
  const headerEnds = flags & HAS_HEADERS ? uint32Column(count + 1) : null
  const offsets = flags & HAS_OFFSETS ? uint32Column(count) : null
  const nulls = flags & HAS_NULLS ? bytesColumn(count) : null
  const columns: RecordColumns = {
    count,
    timestamps,
    valueEnds,
    keyEnds,
    headerEnds,
    nulls,
    sparseOffsets: offsets === null ? null : Float64Array.from(offsets, (delta) => header.base + delta),
    values: bytesColumn(header.valueBytes),
    keys: keyEnds === null ? null : bytesColumn(header.keyBytes),
    headers: headerEnds === null ? null : bytesColumn(header.headerBytes),
  }
  return new LogBlock(partition, header.base, header.next, columns, (flags & CHECKED) !== 0)
}
