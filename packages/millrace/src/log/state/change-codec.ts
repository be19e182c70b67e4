import type { StateChange } from '../state-store.ts'

/**
 * Changes as bytes: one of
 *
 *     0 u32 length, node in UTF-8       the node of the changes that follow
 *     1 u32 length, key, u32 length, value
 *     2 u32 length, key                 deletes
 */
const NODE = 0
const PUT = 1
const DELETE = 2

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Where encoded bytes go. */
export interface ByteSink {
  byte(value: number): void
  uint32(value: number): void
  bytes(value: Uint8Array): void
}

export class ChangeEncoder {
  readonly #out: ByteSink
  #node: string | null = null

  constructor(out: ByteSink) {
    this.#out = out
  }

  add({ node, key, value }: StateChange): void {
    if (node !== this.#node) {
      this.#node = node
      this.#out.byte(NODE)
      this.#part(encoder.encode(node))
    }
    this.#out.byte(value === null ? DELETE : PUT)
    this.#part(key)
    if (value !== null) this.#part(value)
  }

  #part(bytes: Uint8Array): void {
    this.#out.uint32(bytes.length)
    this.#out.bytes(bytes)
  }
}

/** Takes the bytes in pieces that were cut anywhere. Changes point into the pieces. */
export class ChangeDecoder {
  #node = ''
  #pieces: Uint8Array[] = []
  #held = 0
  /** Fewer bytes cannot hold the change that comes next. */
  #needed = 1

  /** The changes that are complete. @throws RangeError for bytes that are no changes. */
  push(piece: Uint8Array): StateChange[] {
    this.#pieces.push(piece)
    this.#held += piece.length
    if (this.#held < this.#needed) return []
    const bytes = this.#pieces.length === 1 ? piece : new Uint8Array(Buffer.concat(this.#pieces))
    const changes: StateChange[] = []
    const end = this.#decode(bytes, changes)
    this.#pieces = end === bytes.length ? [] : [bytes.subarray(end)]
    this.#held = bytes.length - end
    return changes
  }

  /** Nothing is left of a change that was begun. */
  get complete(): boolean {
    return this.#held === 0
  }

  /** Returns where the first change begins that is not complete. */
  #decode(bytes: Uint8Array, changes: StateChange[]): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let begin = 0
    let at = 0
    // The part behind `at`; undefined, and the bytes needed for it, when it is not all there.
    const part = (): Uint8Array | undefined => {
      const body = at + 4
      const end = body > bytes.length ? body : body + view.getUint32(at, true)
      this.#needed = end - begin
      if (end > bytes.length) return undefined
      at = end
      return bytes.subarray(body, end)
    }
    while (begin < bytes.length) {
      const kind = bytes[begin]!
      if (kind > DELETE) throw new RangeError(`no change begins with ${kind}`)
      at = begin + 1
      const first = part()
      if (first === undefined) return begin
      if (kind === NODE) {
        this.#node = decoder.decode(first)
      } else {
        const value = kind === DELETE ? null : part()
        if (value === undefined) return begin
        changes.push({ node: this.#node, key: first, value })
      }
      begin = at
    }
    this.#needed = 1
    return begin
  }
}
