/** Hands values from a producer that does not wait to one consumer that does. */
export class RowQueue<T> {
  #items: T[] = []
  #taken = 0
  #end: { readonly error?: unknown } | null = null
  #wake: (() => void) | null = null

  get length(): number {
    return this.#items.length - this.#taken
  }

  push(item: T): void {
    if (this.#end !== null) return
    this.#items.push(item)
    this.#notify()
  }

  /** What was pushed before is still handed out; then the consumer is done, or gets the error. */
  end(error?: unknown): void {
    if (this.#end !== null) return
    this.#end = error === undefined ? {} : { error }
    this.#notify()
  }

  /** Ends at once; what waits is forgotten. */
  close(): void {
    this.#items = []
    this.#taken = 0
    this.end()
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.length > 0) return { done: false, value: this.#take() }
      if (this.#end !== null) {
        if ('error' in this.#end) throw this.#end.error
        return { done: true, value: undefined }
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #take(): T {
    const item = this.#items[this.#taken++]!
    if (this.#taken >= 1024 || this.#taken === this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = null
  }
}
