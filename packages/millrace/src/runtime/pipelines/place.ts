import type { NodeId } from '../../plan/index.ts'
import type { InputPositions } from '../topic-input/index.ts'
import type { JournalEntry } from './journal.ts'

/** Where a pipeline stands between two steps. */
export class Place {
  /** Number of the next step. */
  step: number
  /** Microseconds: of the last step. Processing time never goes back. */
  now: number
  /** Offset of the next journal entry. */
  journal: number
  /** Sources that have come to their end. */
  readonly ended: Set<NodeId>
  readonly #positions: Map<NodeId, number[]>

  constructor(
    place: Pick<Place, 'step' | 'now' | 'journal'> & {
      readonly ended: Iterable<NodeId>
      readonly positions: InputPositions
    },
  ) {
    this.step = place.step
    this.now = place.now
    this.journal = place.journal
    this.ended = new Set(place.ended)
    this.#positions = new Map(Object.entries(place.positions).map(([source, offsets]) => [source, [...offsets]]))
  }

  /** Of the records that come next. */
  get positions(): InputPositions {
    return Object.fromEntries([...this.#positions].map(([source, offsets]) => [source, [...offsets]]))
  }

  position(source: NodeId, partition: number): number {
    return this.#positions.get(source)?.[partition] ?? 0
  }

  move(source: NodeId, partition: number, offset: number): void {
    const offsets = this.#positions.get(source) ?? []
    for (let other = offsets.length; other < partition; other++) offsets[other] = 0
    offsets[partition] = offset
    this.#positions.set(source, offsets)
  }

  /** Behind a step. */
  pass(entry: JournalEntry): void {
    for (const [source, partition, , to] of entry.in) this.move(source, partition, to)
    for (const source of entry.ended) this.ended.add(source)
    this.step = entry.step + 1
    this.now = entry.now
  }
}
