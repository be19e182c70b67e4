import type { DataType, Value } from '../../kernel/index.ts'
import { type Element, ELEMENT_BYTES, ElementStore, NO_ELEMENT } from '../state/element-store.ts'
import type { GroupTable } from '../state/group-table.ts'
import { ObjectSlots } from '../state/slot-columns.ts'
import { valueBytes } from '../state/value-bytes.ts'
import { readValues, writeValues } from '../state/value-codec.ts'

/** Bytes of one row beside its results. */
const ROW_BYTES = 120 + ELEMENT_BYTES

interface Shown extends Element {
  /** Slot of the key. */
  readonly key: number
  readonly start: number
  results: readonly Value[]
}

/** The results shown for windows that are made of several groups each: by key and start. A key has a group as long as it has these. */
export class ShownWindows {
  readonly saved: ElementStore<Shown>
  readonly #byKey = new ObjectSlots<Map<number, Shown>>()
  #bytes = 0

  /** `types` are those of the results. */
  constructor(groups: GroupTable, types: readonly DataType[]) {
    this.saved = new ElementStore<Shown>(
      {
        write: ({ key, start, results }, to) => {
          writeValues(to, groups.types, groups.keys.values(key))
          to.double(start)
          writeValues(to, types, results)
        },
        read: (from) => ({
          id: NO_ELEMENT,
          key: groups.resolveKey(readValues(from, groups.types)),
          start: from.double(),
          results: readValues(from, types),
        }),
      },
      (elements) => elements.forEach((shown) => this.#place(shown)),
    )
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Before the first use of a key. */
  ensure(key: number): void {
    this.#byKey.ensure(key)
  }

  get(key: number, start: number): readonly Value[] | undefined {
    return this.#byKey.get(key)?.get(start)?.results
  }

  /** `results` undefined: nothing is shown any more. */
  set(key: number, start: number, results: readonly Value[] | undefined): void {
    const shown = this.#byKey.get(key)?.get(start)
    if (results === undefined) {
      if (shown !== undefined) this.#remove(shown)
    } else if (shown === undefined) {
      const added = { id: NO_ELEMENT, key, start, results }
      this.saved.add(added)
      this.#place(added)
    } else if (shown.results !== results) {
      this.#bytes += valueBytes(results) - valueBytes(shown.results)
      shown.results = results
      this.saved.mark(shown)
    }
  }

  #place(shown: Shown): void {
    let windows = this.#byKey.get(shown.key)
    if (windows === undefined) {
      windows = new Map()
      this.#byKey.set(shown.key, windows)
    }
    windows.set(shown.start, shown)
    this.#bytes += ROW_BYTES + valueBytes(shown.results)
  }

  #remove(shown: Shown): void {
    const windows = this.#byKey.get(shown.key)!
    windows.delete(shown.start)
    if (windows.size === 0) this.#byKey.set(shown.key, undefined)
    this.#bytes -= ROW_BYTES + valueBytes(shown.results)
    this.saved.remove(shown)
  }
}
