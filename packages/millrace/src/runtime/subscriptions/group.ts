import type { RowEncoding, RowFilter } from '../../connectors/index.ts'
import { FrameBuffer } from '../../wire/index.ts'
import type { Subscription } from './subscription.ts'

/** Messages of consecutive rows, shared by every member of a group. */
export interface Chunk {
  readonly bytes: Buffer
  readonly messages: number
  /** The number of its first row. */
  readonly first: number
}

/** A chunk worth a buffer of its own; smaller ones are copied out of the one they were packed in. */
const OWN_BUFFER_BYTES = 16 * 1024

/** Clients that get the same bytes: same encoding, same filter. A row is encoded once for all of them. */
export class Group {
  readonly encoding: RowEncoding
  readonly filter: RowFilter | null
  /** Bytes of a chunk at most, but for a single row that is larger. */
  chunkBytes = 128 * 1024
  /** All that want these bytes. */
  subscribers = 0
  /** Those that keep up. */
  readonly members = new Set<Subscription>()
  readonly #frames = new FrameBuffer()
  #first = 0

  constructor(encoding: RowEncoding, filter: RowFilter | null) {
    this.encoding = encoding
    this.filter = filter
  }

  get stagedBytes(): number {
    return this.#frames.length
  }

  stage(bytes: Uint8Array, start: number, end: number, sequence: number): void {
    if (this.filter !== null && !this.filter.matches(bytes, start, end)) return
    if (this.#frames.frames === 0) this.#first = sequence
    this.encoding.row(this.#frames, bytes, start, end, sequence)
  }

  /** Takes what is staged. Null: nothing is. */
  seal(): Chunk | null {
    const frames = this.#frames
    if (frames.frames === 0) return null
    const messages = frames.frames
    const small = frames.length < OWN_BUFFER_BYTES
    const bytes = small ? Buffer.from(frames.bytes()) : frames.take()
    if (small) frames.clear()
    return { bytes, messages, first: this.#first }
  }
}

export function groupKey(encoding: RowEncoding, filter: RowFilter | null): string {
  return filter === null ? encoding.id : `${encoding.id}\n${filter.id}`
}
