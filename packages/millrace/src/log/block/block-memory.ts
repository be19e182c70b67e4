import { SEALED_BYTES } from './layout.ts'

/** 16 MiB: more blocks than one transaction seals. */
const MAX_BLOCKS = 64

/**
 * Memory of sealed blocks that have been written, for those to come: a fresh quarter of a megabyte for each would cost more, in page faults and
 * garbage collection, than what is done with it.
 */
export class BlockMemory {
  readonly #free: Uint8Array<ArrayBuffer>[] = []

  /** Has any bytes. */
  take(size: number): Uint8Array<ArrayBuffer> {
    return (size === SEALED_BYTES ? this.#free.pop() : undefined) ?? new Uint8Array(size)
  }

  /** Nobody else may have the bytes any more. */
  giveBack(bytes: Uint8Array): void {
    const { buffer, byteLength } = bytes
    if (byteLength !== SEALED_BYTES || buffer.byteLength !== SEALED_BYTES || this.#free.length >= MAX_BLOCKS) return
    this.#free.push(new Uint8Array(buffer as ArrayBuffer))
  }
}
