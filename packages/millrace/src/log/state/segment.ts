import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../kernel/index.ts'
import type { StateChange } from '../state-store.ts'
import { ChangeDecoder, ChangeEncoder, type ByteSink } from './change-codec.ts'
import { CHUNK_BYTES, CHUNK_HEADER_BYTES, chunkChecksum, chunkFault, chunkKey, stampChunk } from './chunk.ts'
import type { StateWrite } from './state-environment.ts'

/** A complete piece of an owner's chain: what one `save` wrote, or several merged. */
export interface Segment {
  /** Its chunks go by this number. */
  readonly id: number
  /** Applied behind the segments before, it gives this snapshot. */
  readonly snapshot: number
  readonly chunks: number
  readonly bytes: number
  readonly changes: number
  /** Of all changes together. */
  readonly keyBytes: number
  /** Of the last chunk, whose chain leads back to the first. */
  readonly checksum: number
}

/** Cuts changes into chunks. */
export class SegmentWriter implements ByteSink {
  readonly #place: { readonly owner: number; readonly segment: number; readonly snapshot: number }
  readonly #encoder = new ChangeEncoder(this)
  #writes: StateWrite[] = []
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #at = CHUNK_HEADER_BYTES
  #chunks = 0
  #previous = 0
  #bytes = 0
  #changes = 0
  #keyBytes = 0

  constructor(owner: string, id: number, snapshot: number) {
    this.#place = { owner: crc32(owner), segment: id, snapshot }
  }

  /** Chunks that are full and wait to be taken. */
  get full(): number {
    return this.#writes.length
  }

  add(change: StateChange): void {
    this.#encoder.add(change)
    this.#changes++
    this.#keyBytes += change.key.length
  }

  take(): StateWrite[] {
    const writes = this.#writes
    this.#writes = []
    return writes
  }

  /** The writes that are left, the last chunk among them. */
  finish(): { readonly segment: Segment; readonly writes: readonly StateWrite[] } {
    this.#end(true)
    const { segment: id, snapshot } = this.#place
    const segment: Segment = {
      id,
      snapshot,
      chunks: this.#chunks,
      bytes: this.#bytes,
      changes: this.#changes,
      keyBytes: this.#keyBytes,
      checksum: this.#previous,
    }
    return { segment, writes: this.take() }
  }

  /** What removes the chunks that were taken. */
  removal(): StateWrite[] {
    return chunkRemovals(this.#place.segment, this.#chunks)
  }

  byte(value: number): void {
    if (this.#at === CHUNK_BYTES) this.#end(false)
    this.#chunk[this.#at++] = value
  }

  uint32(value: number): void {
    if (this.#at + 4 <= CHUNK_BYTES) this.#at = this.#chunk.writeUInt32LE(value, this.#at)
    else for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff)
  }

  bytes(value: Uint8Array): void {
    let from = 0
    while (value.length - from > CHUNK_BYTES - this.#at) {
      const to = from + CHUNK_BYTES - this.#at
      this.#chunk.set(value.subarray(from, to), this.#at)
      this.#at = CHUNK_BYTES
      from = to
      this.#end(false)
    }
    this.#chunk.set(from === 0 ? value : value.subarray(from), this.#at)
    this.#at += value.length - from
  }

  #end(last: boolean): void {
    const value = this.#chunk.subarray(0, this.#at)
    this.#previous = stampChunk(value, { ...this.#place, number: this.#chunks, previous: this.#previous, last })
    this.#writes.push({ table: 'chunks', key: chunkKey(this.#place.segment, this.#chunks), value })
    this.#chunks++
    this.#bytes += value.length
    if (last) return
    this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    this.#at = CHUNK_HEADER_BYTES
  }
}

export function chunkRemovals(segment: number, chunks: number): StateWrite[] {
  return Array.from(
    { length: chunks },
    (_, n) => ({ table: 'chunks', key: chunkKey(segment, n), value: null }) as const,
  )
}

/**
 * The changes of a segment in order, a chunk's at a time.
 *
 * @throws MillraceError STATE_CORRUPT.
 */
export async function* readSegment(
  get: (key: Uint8Array) => Uint8Array | undefined,
  owner: string,
  segment: Segment,
): AsyncGenerator<readonly StateChange[]> {
  const changes = new ChangeDecoder()
  const name = crc32(owner)
  let previous = 0
  for (let number = 0; number < segment.chunks; number++) {
    const chunk = get(chunkKey(segment.id, number))
    const last = number === segment.chunks - 1
    const { id, snapshot } = segment
    const fault = chunkFault(chunk, { owner: name, segment: id, snapshot, number, previous, last })
    if (fault !== null) throw corrupt(owner, segment, `chunk ${number} cannot be read: ${fault}`)
    previous = chunkChecksum(chunk!)
    let decoded: readonly StateChange[]
    try {
      decoded = changes.push(chunk!.subarray(CHUNK_HEADER_BYTES))
    } catch (error) {
      throw corrupt(owner, segment, `chunk ${number} cannot be decoded: ${(error as Error).message}`)
    }
    if (decoded.length > 0) yield decoded
    await setImmediate()
  }
  if (previous !== segment.checksum || !changes.complete)
    throw corrupt(owner, segment, 'its last chunk is not the one it had')
}

function corrupt(owner: string, { snapshot }: Segment, reason: string): MillraceError {
  return stateCorrupt(owner, `Snapshot ${snapshot}: ${reason}.`)
}

export function stateCorrupt(owner: string, detail: string): MillraceError {
  return new MillraceError('STATE_CORRUPT', `saved state of "${owner}" is damaged`, {
    detail,
    hint: 'Drop the state, so that it is computed again from the log, or restore a backup.',
  })
}
