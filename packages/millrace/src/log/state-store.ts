/** A piece of operator state. `value` null deletes. */
export interface StateChange {
  readonly node: string
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface StateReport {
  readonly owner: string
  readonly snapshots: number
  readonly chunks: number
  readonly bytes: number
  /** The first that was found; null: all is well. */
  readonly damage: string | null
}

export interface StateStoreStatistics {
  readonly snapshots: number
  readonly bytes: number
  readonly fileBytes: number
  readonly merges: number
}

/**
 * Snapshots of operator state, in a store of their own so that writing them never delays the commits of the log. An owner's snapshots are
 * increments: each holds what changed since the one before. Which of them count is for the log to say: it names the last one.
 */
export interface StateStore {
  /**
   * Resolves with the snapshot's number, higher than any before, once all of it is durable. Written in transactions of at most 4 MB. One
   * call at a time per owner.
   *
   * @throws MillraceError LOG_FULL: nothing counts of it; LOG_FAILED.
   */
  save(owner: string, changes: readonly StateChange[]): Promise<number>
  /**
   * All increments up to `snapshot` in order; applied one after the other they are the state.
   *
   * @throws MillraceError STATE_CORRUPT for a chunk that fails its checksum, is missing, or does not follow the one before.
   */
  load(owner: string, snapshot: number): AsyncIterable<readonly StateChange[]>
  /**
   * The log has named `snapshot`: what is after it is forgotten, and what is before it may be merged, so that an owner's increments take
   * no more than a few times the room of its state. Null: the log names none, everything is forgotten.
   */
  settle(owner: string, snapshot: number | null): Promise<void>
  owners(): Promise<readonly string[]>
  /** Reads everything and checks it. */
  verify(): Promise<readonly StateReport[]>
  statistics(): StateStoreStatistics
  close(): Promise<void>
}
