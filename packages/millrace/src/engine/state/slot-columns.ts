/**
 * Columns of per-slot state. Slots are small dense integers; storage comes in chunks of CHUNK_SLOTS slots, so growing never copies
 * what is there. `chunks` is open to the inner loops of this engine: slot s lives in `chunks[s >> CHUNK_SHIFT]` at `(s & CHUNK_MASK) * stride`.
 */
export const CHUNK_SHIFT = 10
export const CHUNK_SLOTS = 1 << CHUNK_SHIFT
export const CHUNK_MASK = CHUNK_SLOTS - 1

/** `stride` doubles per slot, zero at first. `ensure` before the first use of a slot. */
export class Float64Slots {
  readonly chunks: Float64Array[] = []
  readonly #stride: number

  constructor(stride = 1) {
    this.#stride = stride
  }

  ensure(slot: number): void {
    while (this.chunks.length <= slot >> CHUNK_SHIFT) this.chunks.push(new Float64Array(CHUNK_SLOTS * this.#stride))
  }

  get(slot: number, field = 0): number {
    return this.chunks[slot >> CHUNK_SHIFT]![(slot & CHUNK_MASK) * this.#stride + field]!
  }

  set(slot: number, value: number, field = 0): void {
    this.chunks[slot >> CHUNK_SHIFT]![(slot & CHUNK_MASK) * this.#stride + field] = value
  }

  /** Sets all of a slot's fields to zero. */
  clear(slot: number): void {
    const at = (slot & CHUNK_MASK) * this.#stride
    this.chunks[slot >> CHUNK_SHIFT]!.fill(0, at, at + this.#stride)
  }
}

export class Int32Slots {
  readonly chunks: Int32Array[] = []
  readonly #initial: number

  constructor(initial = 0) {
    this.#initial = initial
  }

  ensure(slot: number): void {
    while (this.chunks.length <= slot >> CHUNK_SHIFT) this.chunks.push(new Int32Array(CHUNK_SLOTS).fill(this.#initial))
  }

  get(slot: number): number {
    return this.chunks[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK]!
  }

  set(slot: number, value: number): void {
    this.chunks[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK] = value
  }
}

/** One reference per slot; undefined until set. */
export class ObjectSlots<T> {
  readonly chunks: (T | undefined)[][] = []

  ensure(slot: number): void {
    while (this.chunks.length <= slot >> CHUNK_SHIFT)
      this.chunks.push(new Array<T | undefined>(CHUNK_SLOTS).fill(undefined))
  }

  get(slot: number): T | undefined {
    return this.chunks[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK]
  }

  set(slot: number, value: T | undefined): void {
    this.chunks[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK] = value
  }
}

/** A list of integers that grows by chunks: work lists, free lists, the groups of a window. */
export class Int32List {
  readonly #chunks: Int32Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    const chunk = this.#length >> CHUNK_SHIFT
    if (chunk === this.#chunks.length) this.#chunks.push(new Int32Array(chunk === 0 ? 16 : CHUNK_SLOTS))
    else if (chunk === 0 && this.#length === this.#chunks[0]!.length) this.#growFirst()
    this.#chunks[chunk]![this.#length & CHUNK_MASK] = value
    this.#length++
  }

  get(index: number): number {
    return this.#chunks[index >> CHUNK_SHIFT]![index & CHUNK_MASK]!
  }

  /** Removes and returns the last value; the list must not be empty. */
  pop(): number {
    return this.get(--this.#length)
  }

  clear(): void {
    this.#chunks.length = 0
    this.#length = 0
  }

  /** Most windows hold few groups: the first chunk starts small and doubles. */
  #growFirst(): void {
    const grown = new Int32Array(this.#length * 2)
    grown.set(this.#chunks[0]!)
    this.#chunks[0] = grown
  }
}
