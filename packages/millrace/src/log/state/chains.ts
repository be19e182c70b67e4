import { MillraceError } from '../../kernel/index.ts'
import type { StateChange } from '../state-store.ts'
import { migrate } from '../store/migrations.ts'
import { corrupt } from '../store/store-errors.ts'
import { segmentOfKey } from './chunk.ts'
import { chunkRemovals, readSegment, SegmentWriter, stateCorrupt, type Segment } from './segment.ts'
import {
  nextWrite,
  openStateEnvironment,
  ownerWrite,
  readNext,
  readOwners,
  STATE_FORMAT,
  STATE_TABLES,
  type StateEnvironment,
  type StateTable,
  type StateWrite,
} from './state-environment.ts'

/** Chunks removed in one transaction. */
const REMOVE_AT_ONCE = 64
/** What snapshots leave free on a full disk: for the log. */
const RESERVED_BYTES = 8 * 1024 * 1024

interface Transaction {
  readonly writes: readonly StateWrite[]
  readonly apply: () => void
}

type ChainMap = Map<string, readonly Segment[] | null>

/**
 * The chains of segments in an LMDB environment, one an owner. A chain is the list in its owner's entry, which changes in the transaction of
 * the last chunk of a segment: what is not in a list does not exist.
 */
export class Chains {
  readonly #store: StateEnvironment
  /** Oldest segment first; null: the entry is damaged. As it is in the store. */
  readonly #chains: ChainMap
  /** Of the next segment, and so of the next snapshot. */
  #next: number
  #turn: Promise<void> = Promise.resolve()
  #failed: MillraceError | null = null
  #closing: Promise<void> | null = null

  private constructor(store: StateEnvironment, chains: ChainMap, next: number) {
    this.#store = store
    this.#chains = chains
    this.#next = next
  }

  /** Removes what a crash has left of segments that were not complete. @throws what opening an environment throws. */
  static async open(directory: string): Promise<Chains> {
    const store = openStateEnvironment(directory)
    try {
      await migrate(store, STATE_FORMAT)
      assertWhole(store, ['catalog', 'owners'])
      const chains = readOwners(store)
      const known = new Set([...chains.values()].flatMap((chain) => (chain ?? []).map(({ id }) => id)))
      const keys = store.keys('chunks', {})
      // Chunks may belong to an owner whose entry is damaged; then they stay.
      const orphans = [...chains.values()].includes(null) ? [] : keys.filter((key) => !known.has(segmentOfKey(key)))
      const used = [0, ...known, ...keys.slice(-1).map(segmentOfKey)]
      const next = Math.max(readNext(store), 1 + Math.max(...used))
      for (const batch of batches(orphans, REMOVE_AT_ONCE)) {
        await store.write(batch.map((key) => ({ table: 'chunks', key, value: null })))
      }
      return new Chains(store, chains, next)
    } catch (error) {
      await store.close()
      throw error
    }
  }

  get fileBytes(): number {
    return this.#store.usedBytes()
  }

  get closing(): boolean {
    return this.#closing !== null
  }

  owners(): readonly string[] {
    return [...this.#chains.keys()]
  }

  /** Empty for an owner that has none. @throws MillraceError STATE_CORRUPT when the entry is damaged. */
  of(owner: string): readonly Segment[] {
    const chain = this.#chains.get(owner)
    if (chain === null) throw stateCorrupt(owner, 'The entry of the owner has a wrong checksum.')
    return chain ?? []
  }

  has(owner: string, segments: readonly Segment[]): boolean {
    const chain = this.#chains.get(owner)
    return segments.every((segment) => chain?.includes(segment))
  }

  /** @throws MillraceError LOG_FAILED, LOG_CLOSED. */
  assertUsable(): void {
    if (this.#failed !== null) throw this.#failed
    if (this.#closing !== null) throw new MillraceError('LOG_CLOSED', 'the state store is closed')
  }

  /** A writer for a segment with a number that none has had; `snapshot` null: the snapshot has the same number. */
  newSegment(owner: string, snapshot: number | null): { readonly id: number; readonly writer: SegmentWriter } {
    const id = this.#next++
    return { id, writer: new SegmentWriter(owner, id, snapshot ?? id) }
  }

  async *read(owner: string, segment: Segment): AsyncGenerator<readonly StateChange[]> {
    const get = (key: Uint8Array): Uint8Array | undefined => {
      this.assertUsable()
      return this.#store.get('chunks', key)
    }
    yield* readSegment(get, owner, segment)
  }

  /** Writes the chunks of a segment that are full, `atOnce` in a transaction. */
  async writeChunks(writer: SegmentWriter, atOnce: number): Promise<void> {
    await this.#writeAll(writer.take(), atOnce)
  }

  /**
   * Writes what is left of a segment together with the chain that has it. `change` sees the chain as it is then; null: nobody wants the
   * segment any more, and null is the answer.
   */
  async finish(
    owner: string,
    writer: SegmentWriter,
    atOnce: number,
    change: (chain: readonly Segment[], segment: Segment) => readonly Segment[] | null,
  ): Promise<Segment | null> {
    const { segment, writes } = writer.finish()
    const whole = Math.floor((writes.length - 1) / atOnce) * atOnce
    await this.#writeAll(writes.slice(0, whole), atOnce)
    let finished: Segment | null = null
    await this.#transaction(() => {
      const chain = change(this.of(owner), segment)
      if (chain === null) return null
      return {
        writes: [...writes.slice(whole), ownerWrite(owner, chain), nextWrite(this.#next)],
        apply: () => {
          this.#chains.set(owner, chain)
          finished = segment
        },
      }
    }, RESERVED_BYTES)
    return finished
  }

  /** Keeps what is up to `snapshot`; null: nothing of the owner. */
  async forget(owner: string, snapshot: number | null): Promise<void> {
    let forgotten: readonly Segment[] = []
    await this.#transaction(() => {
      const chain = this.#chains.get(owner) ?? []
      const kept = chain.filter((segment) => snapshot !== null && segment.snapshot <= snapshot)
      if (snapshot !== null && kept.length === chain.length) return null
      return {
        writes: [ownerWrite(owner, snapshot === null ? null : kept)],
        apply: () => {
          forgotten = chain.filter((segment) => !kept.includes(segment))
          if (snapshot === null) this.#chains.delete(owner)
          else this.#chains.set(owner, kept)
        },
      }
    })
    await this.removeSegments(forgotten)
  }

  /** Of segments that are in no chain any more. */
  async removeSegments(segments: readonly Segment[]): Promise<void> {
    const removals = segments.flatMap(({ id, chunks }) => chunkRemovals(id, chunks))
    await this.#writeAll(removals, REMOVE_AT_ONCE)
  }

  /** Of a segment that did not get to its end; should that fail too, the next process does it. */
  async removeUnfinished(writer: SegmentWriter): Promise<void> {
    await this.#writeAll(writer.removal(), REMOVE_AT_ONCE).catch(() => undefined)
  }

  /** No entry is lost, whoever it belonged to. @throws MillraceError LOG_CORRUPT. */
  async assertWhole(): Promise<void> {
    await this.#transaction(() => {
      assertWhole(this.#store, STATE_TABLES)
      return null
    })
  }

  /** Waits for the transaction under way. */
  close(): Promise<void> {
    this.#closing ??= this.#turn.then(() => this.#store.close())
    return this.#closing
  }

  async #writeAll(writes: readonly StateWrite[], atOnce: number): Promise<void> {
    for (const batch of batches(writes, atOnce)) {
      await this.#transaction(() => ({ writes: batch, apply: () => undefined }), RESERVED_BYTES)
    }
  }

  /** One transaction after the other; `plan` sees what those before have left. Null: there is nothing to write. */
  #transaction(plan: () => Transaction | null, reserved = 0): Promise<void> {
    const done = this.#turn.then(async () => {
      this.assertUsable()
      const transaction = plan()
      if (transaction === null) return
      try {
        await this.#store.write(transaction.writes, reserved)
      } catch (error) {
        if (MillraceError.from(error).code === 'LOG_FAILED') this.#failed = MillraceError.from(error)
        throw error
      }
      transaction.apply()
    })
    this.#turn = done.catch(() => undefined)
    return done
  }
}

function assertWhole(store: StateEnvironment, tables: readonly StateTable[]): void {
  for (const table of tables) {
    const fault = store.treeFault(table)
    if (fault !== null) throw corrupt(store.directory, `Table "${table}": ${fault}.`)
  }
}

function* batches<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size)
}
