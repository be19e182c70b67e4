/** A growing list of doubles that keeps its room when cleared. */
export class NumberList {
  #values = new Float64Array(1024)
  #length = 0

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  copy(): Float64Array {
    return this.#values.slice(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }
}
