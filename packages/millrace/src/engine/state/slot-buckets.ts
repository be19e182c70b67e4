import { OrderedMultimap } from './ordered-multimap.ts'

/** Bytes of one bucket beside its slots, and of one slot. */
const BUCKET_BYTES = 200
const SLOT_BYTES = 8

interface Bucket {
  slots: number[]
  /** The slots are in order, each once. */
  sorted: boolean
}

/** Slots by a time, those of one time in an order of their own; a slot that is put there twice counts once. */
export class SlotBuckets {
  readonly #buckets = new Map<number, Bucket>()
  readonly #times = new OrderedMultimap()
  readonly #orderOf: (slot: number) => number
  #entries = 0

  /** `orderOf`: different for each slot, the same as long as the slot is in a bucket. */
  constructor(orderOf: (slot: number) => number) {
    this.#orderOf = orderOf
  }

  get bytes(): number {
    return this.#buckets.size * BUCKET_BYTES + this.#entries * SLOT_BYTES
  }

  add(time: number, slot: number): void {
    let bucket = this.#buckets.get(time)
    if (bucket === undefined) {
      bucket = { slots: [], sorted: true }
      this.#buckets.set(time, bucket)
      this.#times.add(time, 0)
    }
    const { slots } = bucket
    if (bucket.sorted && slots.length > 0 && this.#orderOf(slots.at(-1)!) >= this.#orderOf(slot)) bucket.sorted = false
    slots.push(slot)
    this.#entries++
  }

  /** The earliest time with a bucket. */
  first(): number | undefined {
    return this.#times.firstKey()
  }

  /** The earliest such time at `from` or later, before `to`. */
  firstFrom(from: number, to: number): number | undefined {
    let found: number | undefined
    this.#times.scan(from, to, (time) => {
      found = time
      return false
    })
    return found
  }

  /** The slots of a time that has some, in order. Until one is added there, they stay as they are. */
  slots(time: number): readonly number[] {
    const bucket = this.#buckets.get(time)!
    if (!bucket.sorted) {
      const before = bucket.slots.length
      bucket.slots.sort((a, b) => this.#orderOf(a) - this.#orderOf(b))
      bucket.slots = bucket.slots.filter((slot, i, all) => slot !== all[i - 1])
      bucket.sorted = true
      this.#entries += bucket.slots.length - before
    }
    return bucket.slots
  }

  remove(time: number): void {
    this.#entries -= this.#buckets.get(time)!.slots.length
    this.#buckets.delete(time)
    this.#times.delete(time, 0)
  }
}
