import { Int32List } from './slot-columns.ts'
import { OrderedMultimap } from './ordered-multimap.ts'

/** Bytes of one pane beside its groups. */
const PANE_BYTES = 200

/** The windows of tumbling state, or panes, in order of their start, each with its groups in order of arrival. Empty stretches cost nothing. */
export class PaneList {
  readonly #groups = new Map<number, Int32List>()
  readonly #starts = new OrderedMultimap()

  get bytes(): number {
    return this.#groups.size * PANE_BYTES
  }

  /** The pane's groups; an unknown pane is made. */
  open(start: number): Int32List {
    let groups = this.#groups.get(start)
    if (groups === undefined) {
      groups = new Int32List()
      this.#groups.set(start, groups)
      this.#starts.add(start, 0)
    }
    return groups
  }

  groups(start: number): Int32List {
    return this.#groups.get(start)!
  }

  first(): number | undefined {
    return this.#starts.firstKey()
  }

  remove(start: number): void {
    this.#groups.delete(start)
    this.#starts.delete(start, 0)
  }
}
