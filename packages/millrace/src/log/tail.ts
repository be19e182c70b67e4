import type { BlockHeader } from './block/layout.ts'

/** The blocks behind the last sealed one, in sum. */
export interface Tail {
  readonly chunks: number
  readonly records: number
  /** Of keys, values and headers. */
  readonly variable: number
  readonly flags: number
  readonly bytes: number
}

export const EMPTY_TAIL: Tail = { chunks: 0, records: 0, variable: 0, flags: 0, bytes: 0 }

export function withChunk(tail: Tail, header: BlockHeader, bytes: number): Tail {
  return {
    chunks: tail.chunks + 1,
    records: tail.records + header.count,
    variable: tail.variable + header.valueBytes + header.keyBytes + header.headerBytes,
    flags: tail.flags | (header.flags & 0xff),
    bytes: tail.bytes + bytes,
  }
}
