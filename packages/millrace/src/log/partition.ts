import type { MillraceError } from '../kernel/index.ts'
import { columnFlags, fittingRecords, variableBytes, type Slice } from './block/columns.ts'
import { contentBytes, encodeBlock, type EncodedBlock } from './block/encode-block.ts'
import {
  blockFault,
  CHECKED,
  readHeader,
  sameLink,
  SEALED_BYTES,
  storedBytes,
  type BlockHeader,
  type Link,
} from './block/layout.ts'
import { decodeBlock, type LogBlock } from './block/log-block.ts'
import type { RecordBuffer } from './block/record-buffer.ts'
import { decodeJson, encodeJson } from './store/checked-value.ts'
import { EMPTY_PARTITION, type PartitionState } from './store/partition-state.ts'
import { blockKey, partitionPrefix, type Store, type Write } from './store/store.ts'
import { StoredBlocks } from './stored-blocks.ts'
import { EMPTY_TAIL, type Tail, withChunk } from './tail.ts'

/** What a commit does to a partition: `writes` go into the transaction, `apply` is called once it is durable. */
export interface Change {
  readonly writes: readonly Write[]
  apply(): void
}

/** Sealed blocks that retention deletes, and the state without them. */
export interface Expired {
  readonly writes: readonly Write[]
  readonly state: PartitionState
}

/** One partition of a topic: where its records are, and how they get there. */
export class Partition {
  readonly topic: string
  readonly index: number
  readonly id: number
  readonly #store: Store
  readonly #blocks: StoredBlocks
  #state: PartitionState
  #tail: Tail = EMPTY_TAIL
  #end: number
  /** What the next block has as its previous one. */
  #lastLink: Link
  #maxTimestamp: number
  #logTime: number
  #damage: MillraceError | null = null
  #deleted = false
  #rewrites = 0
  #waiters: (() => void)[] = []

  /** Reads and checks the tail. Damage does not throw here: what comes before it can be read, and nothing appended. */
  constructor(store: Store, topic: string, index: number, id: number) {
    this.topic = topic
    this.index = index
    this.id = id
    this.#store = store
    this.#blocks = new StoredBlocks(store, topic, index, id)
    const key = partitionPrefix(id)
    const stored = store.get('partitions', key)
    const state = stored === undefined ? EMPTY_PARTITION : (decodeJson(key, stored) as PartitionState | undefined)
    this.#state = state ?? EMPTY_PARTITION
    this.#end = this.#state.sealedEnd
    this.#lastLink = this.#state.lastSealed
    this.#maxTimestamp = this.#state.maxTimestamp ?? Number.NEGATIVE_INFINITY
    this.#logTime = this.#state.logTime
    if (state === undefined) this.#damage = this.#blocks.corrupt(0, 'the state of the partition has a wrong checksum')
    else this.#readTail()
  }

  get state(): PartitionState {
    return this.#state
  }

  get start(): number {
    return this.#state.start
  }

  get end(): number {
    return this.#end
  }

  /** Changes when compaction has replaced blocks. */
  get rewrites(): number {
    return this.#rewrites
  }

  get tailChunks(): number {
    return this.#tail.chunks
  }

  get storedBytes(): number {
    return this.#state.sealedBytes + this.#tail.bytes
  }

  get damage(): MillraceError | null {
    return this.#damage
  }

  get deleted(): boolean {
    return this.#deleted
  }

  /** The time of the log, in microseconds: the clock's, but never earlier than at the call before. */
  advanceTime(now: number): number {
    this.#logTime = Math.max(now, this.#logTime)
    return this.#logTime
  }

  /** Puts the records behind the last one. `logTime` is from `advanceTime`; what `expired` says is done with it. */
  append(records: RecordBuffer, logTime: number, expired: Expired | null): Change {
    const tail = this.#tail
    const flags = tail.flags | columnFlags(records)
    const variable = variableBytes(records, 0, records.count)
    return contentBytes(flags, tail.records + records.count, tail.variable + variable) <= SEALED_BYTES
      ? this.#appendChunk(records, logTime, expired)
      : this.#appendAndSeal(records, flags, logTime, expired)
  }

  #appendChunk(records: RecordBuffer, logTime: number, expired: Expired | null): Change {
    const base = this.#end
    const chunk = this.#encode([{ columns: records, from: 0, to: records.count }], {
      base,
      previous: this.#lastLink,
      maxTimestampSoFar: this.#maxTimestamp,
      logTime,
      sealed: false,
      checked: records.checked,
    })
    return {
      writes: [
        { table: 'tail', key: blockKey(this.id, base), value: chunk.bytes },
        ...(expired === null ? [] : [...expired.writes, this.#stateWrite(expired.state)]),
      ],
      apply: () => {
        if (expired !== null) this.#state = expired.state
        this.#addChunk(readHeader(chunk.bytes), chunk.bytes.length)
        this.#wake()
      },
    }
  }

  /** The tail and as many of the records as fill whole blocks are sealed; what is left is the new tail. */
  #appendAndSeal(records: RecordBuffer, flags: number, logTime: number, expired: Expired | null): Change {
    const writes: Write[] = [...(expired?.writes ?? [])]
    let slices: Slice[] = []
    let checked = records.checked
    for (const chunk of this.#store.blocks('tail', this.id, this.#state.sealedEnd, Number.POSITIVE_INFINITY)) {
      const fault = blockFault(chunk)
      if (fault !== null) throw this.#refuse(this.#state.sealedEnd, fault)
      const header = readHeader(chunk)
      checked &&= (header.flags & CHECKED) !== 0
      slices.push({ columns: decodeBlock(chunk, this.index, header), from: 0, to: header.count })
      writes.push({ table: 'tail', key: blockKey(this.id, header.base), value: null })
    }
    if (slices.reduce((sum, s) => sum + s.to, 0) !== this.#tail.records) {
      throw this.#refuse(this.#state.sealedEnd, 'blocks of the tail are missing')
    }

    let state = expired?.state ?? this.#state
    let base = state.sealedEnd
    let previous = state.lastSealed
    let maxTimestampSoFar = state.maxTimestamp ?? Number.NEGATIVE_INFINITY
    let { records: tailRecords, variable: tailVariable } = this.#tail
    let from = 0
    const rest = (): number =>
      contentBytes(
        flags,
        tailRecords + records.count - from,
        tailVariable + variableBytes(records, from, records.count),
      )
    while (rest() > SEALED_BYTES) {
      const room = SEALED_BYTES - contentBytes(flags, tailRecords, tailVariable)
      let to = fittingRecords(records, from, records.count, flags, room)
      // A record that is larger than a block has one of its own.
      if (to === from && slices.length === 0) to++
      const sealed = this.#encode([...slices, { columns: records, from, to }], {
        base,
        previous,
        maxTimestampSoFar,
        logTime,
        sealed: true,
        checked,
      })
      writes.push({ table: 'sealed', key: blockKey(this.id, base), value: sealed.bytes })
      base += tailRecords + to - from
      previous = sealed.link
      maxTimestampSoFar = sealed.maxTimestampSoFar
      state = {
        ...state,
        sealedEnd: base,
        lastSealed: previous,
        sealedBlocks: state.sealedBlocks + 1,
        sealedBytes: state.sealedBytes + storedBytes(sealed.bytes.length),
        maxTimestamp: maxTimestampSoFar,
        logTime,
      }
      slices = []
      tailRecords = 0
      tailVariable = 0
      checked = records.checked
      from = to
    }
    let chunk: EncodedBlock | null = null
    if (from < records.count) {
      chunk = this.#encode([{ columns: records, from, to: records.count }], {
        base,
        previous,
        maxTimestampSoFar,
        logTime,
        sealed: false,
        checked: records.checked,
      })
      writes.push({ table: 'tail', key: blockKey(this.id, base), value: chunk.bytes })
    }
    writes.push(this.#stateWrite(state))
    return {
      writes,
      apply: () => {
        this.#state = state
        this.#tail = EMPTY_TAIL
        this.#end = base
        this.#lastLink = previous
        this.#maxTimestamp = maxTimestampSoFar
        if (chunk !== null) this.#addChunk(readHeader(chunk.bytes), chunk.bytes.length)
        this.#wake()
      },
    }
  }

  /** A change of the sealed blocks alone: by retention, or, `rewritten`, by compaction. */
  replaceSealed(writes: readonly Write[], state: PartitionState, rewritten = false): Change {
    return {
      writes: [...writes, this.#stateWrite(state)],
      apply: () => {
        this.#state = state
        if (rewritten) this.#rewrites++
      },
    }
  }

  #stateWrite(state: PartitionState): Write {
    const key = partitionPrefix(this.id)
    return { table: 'partitions', key, value: encodeJson(key, state) }
  }

  /** Readers get LOG_UNKNOWN_TOPIC from now on. */
  markDeleted(): void {
    this.#deleted = true
    this.#wake()
  }

  /**
   * The block with the record at `offset`, which must be in [start, end); of small blocks in the tail several together. The block
   * begins at or before `offset`.
   *
   * @throws MillraceError LOG_CORRUPT.
   */
  read(offset: number): LogBlock {
    if (this.#damage !== null && offset >= this.#end) throw this.#damage
    return this.#blocks.read(offset, this.#state.sealedEnd)
  }

  /** Of the block with the record at `offset`, which must be in [start, end). @throws MillraceError LOG_CORRUPT. */
  headerAt(offset: number): BlockHeader {
    return this.#blocks.headerAt(offset, this.#state.sealedEnd)
  }

  /** @throws MillraceError LOG_CORRUPT when the block is damaged or does not hold `offset`. */
  decode(stored: Uint8Array, offset: number): { readonly header: BlockHeader; readonly block: LogBlock } {
    return this.#blocks.decode(stored, offset)
  }

  /** Calls back once, when the end has moved or the reader has to look again. Returns how to cancel. */
  whenChanged(callback: () => void): () => void {
    this.#waiters.push(callback)
    return () => {
      const at = this.#waiters.indexOf(callback)
      if (at !== -1) this.#waiters.splice(at, 1)
    }
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter()
  }

  /** Lets everyone who waits look again: the log has failed or is closed. */
  interrupt(): void {
    this.#wake()
  }

  #refuse(offset: number, reason: string): MillraceError {
    this.#damage = this.#blocks.corrupt(offset, reason)
    return this.#damage
  }

  #readTail(): void {
    for (const chunk of this.#store.blocks('tail', this.id, 0, Number.POSITIVE_INFINITY)) {
      let fault = blockFault(chunk)
      const header = fault === null ? readHeader(chunk) : null
      if (header !== null && (header.partitionId !== this.id || header.base !== this.#end))
        fault = 'its block belongs elsewhere'
      else if (header !== null && !sameLink(header.previous, this.#lastLink))
        fault = 'it does not follow the block before'
      if (fault !== null || header === null) {
        this.#refuse(this.#end, fault ?? '')
        return
      }
      this.#addChunk(header, chunk.length)
    }
  }

  #addChunk(header: BlockHeader, bytes: number): void {
    this.#tail = withChunk(this.#tail, header, bytes)
    this.#end = header.next
    this.#lastLink = { base: header.base, checksum: header.checksum }
    this.#maxTimestamp = header.maxTimestampSoFar
    this.#logTime = Math.max(this.#logTime, header.logTime)
  }

  #encode(
    slices: readonly Slice[],
    place: {
      readonly base: number
      readonly previous: Link
      readonly maxTimestampSoFar: number
      readonly logTime: number
      readonly sealed: boolean
      readonly checked: boolean
    },
  ): EncodedBlock {
    const count = slices.reduce((sum, s) => sum + s.to - s.from, 0)
    return encodeBlock(slices, { ...place, partitionId: this.id, next: place.base + count }, this.#store.memory)
  }
}
