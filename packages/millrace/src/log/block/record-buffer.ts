import type { LogRecord, PackedValues } from '../log.ts'
import { NULL_KEY, NULL_VALUE, type RecordColumns } from './columns.ts'
import { encodeHeaders, encodePackedHeaders } from './headers.ts'

const FIRST_RECORDS = 16
const FIRST_BYTES = 1024

/** Bytes of the records of one partition that wait for their commit. Copies what it is given. */
export class RecordBuffer implements RecordColumns {
  count = 0
  timestamps = new Float64Array(FIRST_RECORDS)
  readonly #values = new ByteColumn()
  #keys: ByteColumn | null = null
  #headers: ByteColumn | null = null
  nulls: Uint8Array | null = null
  readonly sparseOffsets = null
  /** Every append so far was marked as checked. */
  checked = true

  get values(): Uint8Array {
    return this.#values.bytes
  }

  get valueEnds(): Uint32Array {
    return this.#values.ends
  }

  get keys(): Uint8Array | null {
    return this.#keys?.bytes ?? null
  }

  get keyEnds(): Uint32Array | null {
    return this.#keys?.ends ?? null
  }

  get headers(): Uint8Array | null {
    return this.#headers?.bytes ?? null
  }

  get headerEnds(): Uint32Array | null {
    return this.#headers?.ends ?? null
  }

  /** As new, but with the memory it has. */
  clear(): void {
    this.count = 0
    this.checked = true
    this.#values.clear()
    this.#keys = null
    this.#headers = null
    this.nulls = null
  }

  /** `logTime` is the timestamp of a record without one. */
  add(record: LogRecord, logTime: number): void {
    const row = this.count
    this.#reserve(row + 1)
    this.timestamps[row] = record.timestamp ?? logTime
    const key = record.key ?? null
    const headers = record.headers ?? []
    if (record.value === null || key !== null) this.#needNulls()
    if (key !== null) this.#keys ??= new ByteColumn(row)
    if (headers.length > 0) this.#headers ??= new ByteColumn(row)

    this.#values.add(record.value)
    this.#keys?.add(key)
    this.#headers?.add(headers.length === 0 ? null : encodeHeaders(headers))
    if (this.nulls !== null) this.nulls[row] = (record.value === null ? NULL_VALUE : 0) | (key === null ? NULL_KEY : 0)
    this.count++
  }

  addPacked({ bytes, offsets, timestamps, keys, tombstones, headers = [] }: PackedValues, logTime: number): void {
    const rows = offsets.length - 1
    const row = this.count
    this.#reserve(row + rows)
    if (timestamps === undefined) this.timestamps.fill(logTime, row, row + rows)
    else this.timestamps.set(timestamps.subarray(0, rows), row)
    if (keys !== undefined || tombstones !== undefined) this.#needNulls()
    if (keys !== undefined) this.#keys ??= new ByteColumn(row)
    if (headers.length > 0) this.#headers ??= new ByteColumn(row)

    this.#values.addPacked(bytes, offsets)
    if (keys === undefined) this.#keys?.addEmpty(rows)
    else this.#keys?.addPacked(keys.bytes, keys.offsets.subarray(0, rows + 1))
    if (headers.length === 0) {
      this.#headers?.addEmpty(rows)
    } else {
      const encoded = encodePackedHeaders(headers, rows)
      this.#headers?.addPacked(encoded.bytes, encoded.offsets)
    }
    const { nulls } = this
    if (nulls !== null) {
      nulls.fill(keys === undefined ? NULL_KEY : 0, row, row + rows)
      for (let i = 0; tombstones !== undefined && i < rows; i++) {
        if (tombstones[i] === 1) nulls[row + i]! |= NULL_VALUE
      }
    }
    this.count += rows
  }

  #reserve(rows: number): void {
    if (rows <= this.timestamps.length) return
    const capacity = Math.max(rows, 2 * this.timestamps.length)
    const timestamps = new Float64Array(capacity)
    timestamps.set(this.timestamps)
    this.timestamps = timestamps
    if (this.nulls === null) return
    const nulls = new Uint8Array(capacity)
    nulls.set(this.nulls)
    this.nulls = nulls
  }

  #needNulls(): void {
    this.nulls ??= new Uint8Array(this.timestamps.length).fill(NULL_KEY, 0, this.count)
  }
}

/** Byte strings back to back. */
class ByteColumn {
  bytes = new Uint8Array(FIRST_BYTES)
  ends: Uint32Array
  #count: number

  /** `count` empty strings come first. */
  constructor(count = 0) {
    this.ends = new Uint32Array(Math.max(FIRST_RECORDS, 2 * count) + 1)
    this.#count = count
  }

  clear(): void {
    this.#count = 0
    this.ends[0] = 0
  }

  add(part: Uint8Array | null): void {
    const start = this.ends[this.#count]!
    const end = part === null ? start : start + part.length
    this.#reserve(1, end)
    if (part !== null) this.bytes.set(part, start)
    this.ends[++this.#count] = end
  }

  addPacked(bytes: Uint8Array, offsets: Uint32Array): void {
    const rows = offsets.length - 1
    const first = offsets[0]!
    const start = this.ends[this.#count]!
    const size = offsets[rows]! - first
    this.#reserve(rows, start + size)
    this.bytes.set(bytes.subarray(first, first + size), start)
    const shift = start - first
    const ends = this.ends
    const row = this.#count
    for (let i = 1; i <= rows; i++) ends[row + i] = offsets[i]! + shift
    this.#count += rows
  }

  addEmpty(rows: number): void {
    const end = this.ends[this.#count]!
    this.#reserve(rows, end)
    this.ends.fill(end, this.#count + 1, this.#count + rows + 1)
    this.#count += rows
  }

  #reserve(rows: number, bytes: number): void {
    if (this.#count + rows >= this.ends.length) {
      const ends = new Uint32Array(Math.max(this.#count + rows + 1, 2 * this.ends.length))
      ends.set(this.ends)
      this.ends = ends
    }
    if (bytes > this.bytes.length) {
      const grown = new Uint8Array(Math.max(bytes, 2 * this.bytes.length))
      grown.set(this.bytes.subarray(0, this.ends[this.#count]!))
      this.bytes = grown
    }
  }
}
