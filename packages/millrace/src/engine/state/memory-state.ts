import type { StateReader, StateWriter } from './state-io.ts'

/** State kept in memory: the union of all snapshots written to it, the later entry for a key winning. */
export class MemoryState implements StateReader, StateWriter {
  readonly #entries = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>()

  get size(): number {
    return this.#entries.size
  }

  put(key: Uint8Array, value: Uint8Array | null): void {
    const name = Buffer.from(key).toString('latin1')
    if (value === null) this.#entries.delete(name)
    else this.#entries.set(name, { key: new Uint8Array(key), value: new Uint8Array(value) })
  }

  *entries(): Iterable<readonly [Uint8Array, Uint8Array]> {
    for (const { key, value } of this.#entries.values()) yield [key, value]
  }
}
