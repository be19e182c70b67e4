/** Records side by side, column by column: what blocks, appends under way and readers share. */
export interface RecordColumns {
  readonly count: number
  /** Microseconds. Here and below arrays may be longer than needed. */
  readonly timestamps: Float64Array
  /** Value i is values[valueEnds[i], valueEnds[i + 1]). */
  readonly values: Uint8Array
  readonly valueEnds: Uint32Array
  /** Null: no record has a key. */
  readonly keys: Uint8Array | null
  readonly keyEnds: Uint32Array | null
  /** Encoded, see `headers.ts`. Null: no record has headers. */
  readonly headers: Uint8Array | null
  readonly headerEnds: Uint32Array | null
  /** NULL_VALUE and NULL_KEY, a byte per record. Null: only when there are no keys and every value is there. */
  readonly nulls: Uint8Array | null
  /** Null: offsets have no holes. */
  readonly sparseOffsets: Float64Array | null
}

export const NULL_VALUE = 1
export const NULL_KEY = 2

/** Records [from, to) of `columns`. */
export interface Slice {
  readonly columns: RecordColumns
  readonly from: number
  readonly to: number
}

/** Which columns a block has. */
export const HAS_KEYS = 1
export const HAS_HEADERS = 2
export const HAS_NULLS = 4
export const HAS_OFFSETS = 8

export function columnFlags(columns: RecordColumns): number {
  return (
    (columns.keys === null ? 0 : HAS_KEYS) |
    (columns.headers === null ? 0 : HAS_HEADERS) |
    (columns.nulls === null ? 0 : HAS_NULLS) |
    (columns.sparseOffsets === null ? 0 : HAS_OFFSETS)
  )
}

/** Bytes per record of the columns of fixed width. */
export function fixedBytes(flags: number): number {
  return (
    12 +
    (flags & HAS_KEYS ? 4 : 0) +
    (flags & HAS_HEADERS ? 4 : 0) +
    (flags & HAS_NULLS ? 1 : 0) +
    (flags & HAS_OFFSETS ? 4 : 0)
  )
}

/** Bytes of keys, values and headers of records [from, to). */
export function variableBytes(columns: RecordColumns, from: number, to: number): number {
  let bytes = columns.valueEnds[to]! - columns.valueEnds[from]!
  if (columns.keyEnds !== null) bytes += columns.keyEnds[to]! - columns.keyEnds[from]!
  if (columns.headerEnds !== null) bytes += columns.headerEnds[to]! - columns.headerEnds[from]!
  return bytes
}

/** The most records from `from` on that take no more than `room` bytes in a block with `flags`; `to` bounds them. */
export function fittingRecords(columns: RecordColumns, from: number, to: number, flags: number, room: number): number {
  const fixed = fixedBytes(flags)
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((middle - from) * fixed + variableBytes(columns, from, middle) <= room) low = middle
    else high = middle - 1
  }
  return low
}
