import type { Delivery } from '../../connectors/index.ts'
import type { NodeId } from '../../plan/index.ts'

export interface InboxItem {
  readonly source: NodeId
  readonly delivery: Delivery
  readonly bytes: number
}

/** Deliveries of all sources on their way to the executor, bounded in bytes: a full inbox makes the sources wait. */
export class Inbox {
  readonly #limit: number
  #items: InboxItem[] = []
  #ended: NodeId[] = []
  #bytes = 0
  #wake: (() => void) | null = null
  #room: (() => void)[] = []

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get isEmpty(): boolean {
    return this.#items.length === 0 && this.#ended.length === 0
  }

  /** Resolves when there is room again. The delivery is taken in any case. */
  put(source: NodeId, delivery: Delivery): Promise<void> | void {
    let bytes = 0
    for (const payload of delivery.payloads) bytes += payload.value.length
    this.#items.push({ source, delivery, bytes })
    this.#bytes += bytes
    this.#notify()
    if (this.#bytes <= this.#limit) return
    return new Promise((resolve) => this.#room.push(resolve))
  }

  end(source: NodeId): void {
    this.#ended.push(source)
    this.#notify()
  }

  /** Everything that is there, in order of arrival; ends come after all deliveries. */
  take(): { readonly items: readonly InboxItem[]; readonly ended: readonly NodeId[] } {
    const taken = { items: this.#items, ended: this.#ended }
    this.#items = []
    this.#ended = []
    this.#bytes = 0
    const waiting = this.#room
    this.#room = []
    for (const resolve of waiting) resolve()
    return taken
  }

  /** Resolves when something is there, after `millis`, or on `wake`. */
  wait(millis: number): Promise<void> {
    if (!this.isEmpty) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#notify(), millis)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  wake(): void {
    this.#notify()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}
