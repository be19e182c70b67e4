import type { ByteReader, ByteWriter } from './bytes.ts'
import { SlotAllocator } from './slot-allocator.ts'
import { SlotChanges } from './slot-changes.ts'
import { ObjectSlots } from './slot-columns.ts'

/** What an element is saved under: given by its store, NO_ELEMENT outside of one. */
export interface Element {
  id: number
}

export const NO_ELEMENT = -1

/** Bytes of one element in its store beside itself. */
export const ELEMENT_BYTES = 17

/** How elements become bytes. What an element belongs to is part of it. */
export interface ElementCodec<E extends Element> {
  write(element: E, to: ByteWriter): void
  /** An element without id. */
  read(from: ByteReader): E
}

/** The store of elements of some kind, whatever they are, as those who save it see it. */
export interface SavedElements {
  /** Visits every element that has changed since the last time, with its bytes; null: it was saved before and is gone. */
  snapshot(writer: ByteWriter, put: (id: number, value: Uint8Array | null) => void): void
  /** Adds an element of a snapshot. Elements come in any order; `restored` follows. */
  restore(id: number, from: ByteReader): void
  restored(): void
}

/**
 * Elements of sets and lists that are saved one by one, so that a snapshot costs what has changed and not what is there: values of a
 * DISTINCT, rows of an ARRAY_AGG, the last row of each key. Finding an element is its owner's business.
 */
export class ElementStore<E extends Element> implements SavedElements {
  readonly #codec: ElementCodec<E>
  readonly #attach: (elements: readonly E[]) => void
  readonly #ids = new SlotAllocator()
  readonly #elements = new ObjectSlots<E>()
  readonly #changes = new SlotChanges()
  #restoring: E[] = []

  /** `attach` is given all elements of a snapshot, in any order, to put them where they belong. */
  constructor(codec: ElementCodec<E>, attach: (elements: readonly E[]) => void) {
    this.#codec = codec
    this.#attach = attach
  }

  get size(): number {
    return this.#ids.live
  }

  add(element: E): void {
    const id = this.#ids.allocate()
    element.id = id
    this.#elements.ensure(id)
    this.#elements.set(id, element)
    this.#changes.add(id)
  }

  /** The element has changed. */
  mark(element: E): void {
    this.#changes.mark(element.id)
  }

  remove(element: E): void {
    const { id } = element
    this.#elements.set(id, undefined)
    this.#changes.remove(id)
    this.#ids.free(id)
    element.id = NO_ELEMENT
  }

  snapshot(writer: ByteWriter, put: (id: number, value: Uint8Array | null) => void): void {
    this.#changes.take((id, live) => {
      if (live) this.#codec.write(this.#elements.get(id)!, writer)
      put(id, live ? writer.take() : null)
    })
  }

  restore(id: number, from: ByteReader): void {
    const element = this.#codec.read(from)
    element.id = id
    this.#restoring.push(element)
  }

  restored(): void {
    const elements = this.#restoring
    this.#restoring = []
    this.#ids.restore(new Set(elements.map((e) => e.id)))
    for (const element of elements) {
      this.#elements.ensure(element.id)
      this.#elements.set(element.id, element)
      this.#changes.restore(element.id)
    }
    this.#attach(elements)
  }
}
