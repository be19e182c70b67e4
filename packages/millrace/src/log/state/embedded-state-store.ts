import { setImmediate } from 'node:timers/promises'
import { MillraceError } from '../../kernel/index.ts'
import type { StateChange, StateReport, StateStore, StateStoreStatistics } from '../state-store.ts'
import { Chains } from './chains.ts'
import { mergeChanges, mergeFrom } from './merge.ts'
import { stateCorrupt, type Segment, type SegmentWriter } from './segment.ts'

export interface OpenStateStoreOptions {
  readonly directory: string
}

/** Chunks in one transaction: 4 MB for those somebody waits for, 1 MB for those of a merge. */
const SAVE_CHUNKS = 15
const MERGE_CHUNKS = 4
const MAX_OWNER_BYTES = 1900
/** Milliseconds of work before others get the event loop. */
const SLICE_MS = 8

/**
 * Opens the store of a directory, which is made if need be and belongs to this process until `close`.
 *
 * @throws MillraceError LOG_LOCKED, LOG_DIRECTORY, LOG_VERSION, LOG_CORRUPT, LOG_FULL.
 */
export async function openStateStore({ directory }: OpenStateStoreOptions): Promise<StateStore> {
  return new EmbeddedStateStore(await Chains.open(directory))
}

class EmbeddedStateStore implements StateStore {
  readonly #chains: Chains
  /** One merge after the other, whoever it is for: they would only compete for the disk. */
  #merging: Promise<void> = Promise.resolve()
  /** Saves, loads and checks under way: merges wait for them. */
  #busy = 0
  #wakeMerge: () => void = () => undefined
  #snapshots = 0
  #bytes = 0
  #merges = 0

  constructor(chains: Chains) {
    this.#chains = chains
  }

  /** The bytes of the changes must stay as they are until the promise settles. */
  save(owner: string, changes: readonly StateChange[]): Promise<number> {
    return this.#whileMergesWait(async () => {
      checkOwner(owner)
      this.#chains.of(owner)
      const { id, writer } = this.#chains.newSegment(owner, null)
      const segment = await this.#orRemove(writer, async () => {
        await this.#writeChanges(writer, changes)
        return this.#chains.finish(owner, writer, SAVE_CHUNKS, (chain, added) => [...chain, added])
      })
      this.#snapshots++
      this.#bytes += segment?.bytes ?? 0
      return id
    })
  }

  async *load(owner: string, snapshot: number): AsyncGenerator<readonly StateChange[]> {
    this.#chains.assertUsable()
    const chain = this.#chains.of(owner)
    const last = chain.findIndex((segment) => segment.snapshot === snapshot)
    if (last === -1) throw stateCorrupt(owner, `Snapshot ${snapshot} is missing.`)
    this.#busy++
    try {
      for (const segment of chain.slice(0, last + 1)) yield* this.#chains.read(owner, segment)
    } finally {
      this.#rest()
    }
  }

  /**
   * Resolves when all is merged that is worth it; snapshots may be saved meanwhile. A disk that is too full to merge is no error: what is
   * merged later is the same.
   *
   * @throws MillraceError STATE_CORRUPT for a damaged chunk, LOG_FULL, LOG_FAILED.
   */
  async settle(owner: string, snapshot: number | null): Promise<void> {
    this.#chains.assertUsable()
    if (!this.#chains.owners().includes(owner)) return
    if (snapshot !== null) this.#chains.of(owner)
    await this.#chains.forget(owner, snapshot)
    if (snapshot === null) return
    const merged = this.#merging.then(() => this.#merge(owner, snapshot))
    this.#merging = merged.catch(() => undefined)
    await merged
  }

  async owners(): Promise<readonly string[]> {
    this.#chains.assertUsable()
    return this.#chains.owners()
  }

  /** @throws MillraceError LOG_CORRUPT when entries are lost, whoever they belonged to. */
  verify(): Promise<readonly StateReport[]> {
    return this.#whileMergesWait(async () => {
      await this.#chains.assertWhole()
      const reports: StateReport[] = []
      for (const owner of this.#chains.owners()) reports.push(await this.#verifyOwner(owner))
      return reports
    })
  }

  /** Counted since the store was opened. */
  statistics(): StateStoreStatistics {
    return { snapshots: this.#snapshots, bytes: this.#bytes, fileBytes: this.#chains.fileBytes, merges: this.#merges }
  }

  close(): Promise<void> {
    const closing = this.#chains.close()
    this.#wakeMerge()
    return closing
  }

  async #whileMergesWait<T>(work: () => Promise<T>): Promise<T> {
    this.#chains.assertUsable()
    this.#busy++
    try {
      return await work()
    } finally {
      this.#rest()
    }
  }

  #rest(): void {
    if (--this.#busy === 0) this.#wakeMerge()
  }

  async #othersDone(): Promise<void> {
    while (this.#busy > 0 && !this.#chains.closing) {
      await new Promise<void>((resolve) => {
        this.#wakeMerge = resolve
      })
    }
  }

  async #orRemove<T>(writer: SegmentWriter, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      await this.#chains.removeUnfinished(writer)
      throw error
    }
  }

  async #writeChanges(writer: SegmentWriter, changes: readonly StateChange[]): Promise<void> {
    let sliceStart = performance.now()
    let full = 0
    for (const change of changes) {
      writer.add(change)
      if (writer.full === full) continue
      if (writer.full >= SAVE_CHUNKS) await this.#chains.writeChunks(writer, SAVE_CHUNKS)
      full = writer.full
      if (performance.now() - sliceStart < SLICE_MS) continue
      await setImmediate()
      sliceStart = performance.now()
    }
  }

  async #merge(owner: string, snapshot: number): Promise<void> {
    for (;;) {
      if (!this.#chains.owners().includes(owner)) return
      const chain = this.#chains.of(owner).filter((segment) => segment.snapshot <= snapshot)
      const from = mergeFrom(chain)
      if (from === null) return
      const segments = chain.slice(from)
      try {
        if (!(await this.#mergeSegments(owner, segments, from === 0))) return
      } catch (error) {
        const { code } = MillraceError.from(error)
        // Forgotten meanwhile: then chunks were missing for good reason.
        if (code === 'LOG_FULL' || code === 'LOG_CLOSED' || !this.#chains.has(owner, segments)) return
        throw error
      }
    }
  }

  /** False: the segments were forgotten meanwhile. */
  async #mergeSegments(owner: string, segments: readonly Segment[], first: boolean): Promise<boolean> {
    const { writer } = this.#chains.newSegment(owner, segments.at(-1)!.snapshot)
    const merged = await this.#orRemove(writer, async () => {
      await mergeChanges(
        segments,
        first,
        (segment) => this.#readBetweenOthers(owner, segment),
        (change) => {
          writer.add(change)
          return writer.full >= MERGE_CHUNKS ? this.#chains.writeChunks(writer, MERGE_CHUNKS) : undefined
        },
      )
      return this.#chains.finish(owner, writer, MERGE_CHUNKS, (chain, segment) =>
        segments.every((s) => chain.includes(s))
          ? chain.flatMap((s) => (s === segments[0] ? [segment] : segments.includes(s) ? [] : [s]))
          : null,
      )
    })
    if (merged === null) {
      await this.#chains.removeUnfinished(writer)
      return false
    }
    this.#merges++
    // Loads that began before have the old chain.
    await this.#othersDone()
    await this.#chains.removeSegments(segments)
    return true
  }

  async *#readBetweenOthers(owner: string, segment: Segment): AsyncGenerator<readonly StateChange[]> {
    for await (const changes of this.#chains.read(owner, segment)) {
      await this.#othersDone()
      yield changes
    }
  }

  async #verifyOwner(owner: string): Promise<StateReport> {
    let chain: readonly Segment[] = []
    const report = (damage: string | null): StateReport => ({
      owner,
      snapshots: chain.length,
      chunks: chain.reduce((sum, s) => sum + s.chunks, 0),
      bytes: chain.reduce((sum, s) => sum + s.bytes, 0),
      damage,
    })
    try {
      chain = this.#chains.of(owner)
      for (const segment of chain) {
        try {
          for await (const _ of this.#chains.read(owner, segment));
        } catch (error) {
          // Forgotten meanwhile: then it is no damage.
          if (this.#chains.has(owner, [segment])) throw error
        }
      }
      return report(null)
    } catch (error) {
      const { code, detail } = MillraceError.from(error)
      if (code !== 'STATE_CORRUPT') throw error
      return report(detail ?? '')
    }
  }
}

/** @throws MillraceError LOG_INVALID. */
function checkOwner(owner: string): void {
  const { length } = Buffer.from(owner)
  if (length > 0 && length <= MAX_OWNER_BYTES) return
  throw new MillraceError('LOG_INVALID', `"${owner.slice(0, 40)}" cannot be the owner of state`, {
    detail: `A name has 1 to ${MAX_OWNER_BYTES} bytes in UTF-8.`,
  })
}
