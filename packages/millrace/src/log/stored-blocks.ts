import { MillraceError } from '../kernel/index.ts'
import type { Slice } from './block/columns.ts'
import { encodeBlock } from './block/encode-block.ts'
import { blockFault, CHECKED, readHeader, SEALED_BYTES, type BlockHeader } from './block/layout.ts'
import { decodeBlock, type LogBlock } from './block/log-block.ts'
import type { Store } from './store/store.ts'

/** The blocks of one partition as they are in the store: found by offset, checked, decoded. */
export class StoredBlocks {
  readonly #store: Store
  readonly #topic: string
  readonly #index: number
  readonly #id: number

  constructor(store: Store, topic: string, index: number, id: number) {
    this.#store = store
    this.#topic = topic
    this.#index = index
    this.#id = id
  }

  /**
   * The block with the record at `offset`, which must be there; of small blocks in the tail several together. The block begins at or
   * before `offset`.
   *
   * @throws MillraceError LOG_CORRUPT.
   */
  read(offset: number, sealedEnd: number): LogBlock {
    // A commit that is durable but not applied yet may have moved the tail into a sealed block.
    if (offset >= sealedEnd) {
      const block = this.#joinChunks(this.#store.tailFrom(this.#id, offset, SEALED_BYTES), offset)
      if (block !== null) return block
    }
    const stored = this.#store.floor('sealed', this.#id, offset)
    if (stored === undefined) throw this.corrupt(offset, 'its block is missing')
    return decodeBlock(stored, this.#index, this.#check(stored, offset))
  }

  /** Of the block with the record at `offset`, which must be there. @throws MillraceError LOG_CORRUPT. */
  headerAt(offset: number, sealedEnd: number): BlockHeader {
    const [chunk] = offset >= sealedEnd ? this.#store.tailFrom(this.#id, offset, 0) : []
    const stored = chunk ?? this.#store.floor('sealed', this.#id, offset)
    if (stored === undefined) throw this.corrupt(offset, 'its block is missing')
    return this.#check(stored, offset)
  }

  /** @throws MillraceError LOG_CORRUPT when the block is damaged or does not hold `offset`. */
  decode(stored: Uint8Array, offset: number): { readonly header: BlockHeader; readonly block: LogBlock } {
    const header = this.#check(stored, offset)
    return { header, block: decodeBlock(stored, this.#index, header) }
  }

  corrupt(offset: number, reason: string): MillraceError {
    return new MillraceError(
      'LOG_CORRUPT',
      `topic "${this.#topic}" is damaged at partition ${this.#index}, offset ${offset}`,
      {
        detail: `The record cannot be read: ${reason}. Records before it are sound.`,
        hint: 'Export what can be read, restore a backup, or delete the topic.',
      },
    )
  }

  #joinChunks(chunks: readonly Uint8Array[], offset: number): LogBlock | null {
    const [first] = chunks
    if (first === undefined) return null
    const header = this.#check(first, offset)
    const slices: Slice[] = []
    let next = header.base
    let checked = true
    for (const chunk of chunks) {
      // What is sound in front of a damaged block can be read.
      if (next > header.base && this.#fault(chunk, next) !== null) break
      const { count, flags, ...place } = readHeader(chunk)
      slices.push({ columns: decodeBlock(chunk, this.#index), from: 0, to: count })
      checked &&= (flags & CHECKED) !== 0
      next = place.next
    }
    if (slices.length === 1) return decodeBlock(first, this.#index, header)
    const { base, previous, maxTimestampSoFar, logTime } = header
    const place = { partitionId: this.#id, base, next, previous, maxTimestampSoFar, logTime, sealed: false, checked }
    return decodeBlock(encodeBlock(slices, place).bytes, this.#index)
  }

  /** The header of a block that is sound and belongs where it was found. */
  #check(stored: Uint8Array, offset: number): BlockHeader {
    const fault = this.#fault(stored, offset)
    if (fault !== null) throw this.corrupt(offset, fault)
    return readHeader(stored)
  }

  #fault(stored: Uint8Array, offset: number): string | null {
    const fault = blockFault(stored)
    if (fault !== null) return fault
    const { partitionId, base, next } = readHeader(stored)
    return partitionId === this.#id && base <= offset && offset < next ? null : 'its block belongs elsewhere'
  }
}
