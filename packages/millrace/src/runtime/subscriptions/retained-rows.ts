import type { EncodedRows } from '../../formats/index.ts'

interface Block {
  readonly bytes: Uint8Array
  /** Row i is [offsets[i], offsets[i + 1]). */
  readonly offsets: ArrayLike<number>
  readonly first: number
  count: number
  /** Bytes of all rows before the block, since the beginning. */
  readonly position: number
}

/** Where small publications are gathered. */
interface OpenBlock extends Block {
  readonly offsets: number[]
}

const OPEN_BLOCK_BYTES = 64 * 1024
/** Publications of at least this size are kept as they are, not copied. */
const OWN_BLOCK_BYTES = 16 * 1024

/** The latest rows of a stream, numbered from 0. The oldest go, a block at a time, when there are too many bytes. */
export class RetainedRows {
  readonly #limit: number
  #blocks: Block[] = []
  /** Blocks before this index are gone. */
  #head = 0
  #open: OpenBlock | null = null
  /** Memory of all blocks. */
  #held = 0
  #next = 0
  #position = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  /** The number of the oldest row that is still there. */
  get first(): number {
    return this.#blocks[this.#head]?.first ?? this.#next
  }

  /** The number the next row gets. */
  get next(): number {
    return this.#next
  }

  append({ bytes, offsets }: EncodedRows): void {
    const count = offsets.length - 1
    const start = offsets[0]!
    const length = offsets[count]! - start
    if (length < OWN_BLOCK_BYTES) {
      this.#gather(bytes, offsets, start, length)
    } else if (bytes.buffer.byteLength <= 2 * length) {
      this.#push({ bytes, offsets, first: this.#next, count, position: this.#position })
    } else {
      // Keeping a small part of a large buffer would keep all of it.
      const own = new Uint8Array(bytes.subarray(start, start + length))
      this.#push({
        bytes: own,
        offsets: offsets.map((o) => o - start),
        first: this.#next,
        count,
        position: this.#position,
      })
    }
    this.#next += count
    this.#position += length
    this.#evict()
  }

  /** Bytes of the rows from `sequence` on; it is retained, or the next. */
  bytesFrom(sequence: number): number {
    if (sequence >= this.#next) return 0
    const block = this.#blocks[this.#find(sequence)]!
    return this.#position - block.position - (block.offsets[sequence - block.first]! - block.offsets[0]!)
  }

  /** Visits rows from `from` on, in order, until `visit` returns false or there are no more. `from` is retained, or the next. */
  scan(from: number, visit: (bytes: Uint8Array, start: number, end: number, sequence: number) => boolean): void {
    if (from >= this.#next) return
    for (let b = this.#find(from); b < this.#blocks.length; b++) {
      const { bytes, offsets, first, count } = this.#blocks[b]!
      for (let i = Math.max(0, from - first); i < count; i++) {
        if (!visit(bytes, offsets[i]!, offsets[i + 1]!, first + i)) return
      }
    }
  }

  #gather(bytes: Uint8Array, offsets: Uint32Array, start: number, length: number): void {
    let open = this.#open
    if (open === null || open.offsets[open.count]! + length > OPEN_BLOCK_BYTES) {
      open = {
        bytes: new Uint8Array(OPEN_BLOCK_BYTES),
        offsets: [0],
        first: this.#next,
        count: 0,
        position: this.#position,
      }
      this.#push(open)
      this.#open = open
    }
    const shift = open.offsets[open.count]! - start
    open.bytes.set(bytes.subarray(start, start + length), shift + start)
    for (let i = 1; i < offsets.length; i++) open.offsets.push(offsets[i]! + shift)
    open.count += offsets.length - 1
  }

  #push(block: Block): void {
    this.#open = null
    this.#blocks.push(block)
    this.#held += block.bytes.buffer.byteLength
  }

  #evict(): void {
    while (this.#held > this.#limit && this.#blocks.length - this.#head > 1) {
      this.#held -= this.#blocks[this.#head]!.bytes.buffer.byteLength
      this.#head++
    }
    if (this.#head > 64 && this.#head * 2 > this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#head)
      this.#head = 0
    }
  }

  /** The index of the block that holds a retained row. */
  #find(sequence: number): number {
    let low = this.#head
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#blocks[middle]!.first <= sequence) low = middle
      else high = middle - 1
    }
    return low
  }
}
