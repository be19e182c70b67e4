import { setImmediate } from 'node:timers/promises'
import { columnFlags, HAS_OFFSETS, NULL_VALUE, variableBytes, type RecordColumns, type Slice } from './block/columns.ts'
import { contentBytes, encodeBlock } from './block/encode-block.ts'
import { CHECKED, SEALED_BYTES, storedBytes, type BlockHeader, type Link } from './block/layout.ts'
import type { LogBlock } from './block/log-block.ts'
import type { Change, Partition } from './partition.ts'
import { blockKey, type Store, type Write } from './store/store.ts'

/** Blocks read, and so at most rewritten, in one transaction: 4 MiB. */
const BLOCKS_AT_ONCE = 16
/** Keys remembered in one compaction; what comes behind waits for the next. */
const MAX_KEYS = 1_000_000
/** Offsets in a block are stored as 32-bit distances from its base. */
const MAX_SPAN = 2 ** 32 - 1

/** Which records one compaction keeps. */
export interface CompactionPlan {
  /** Exclusive; the end of a block. */
  readonly upTo: number
  /** Of each key with records in the part that was not compacted before. Keys as latin1. */
  readonly lastOffset: ReadonlyMap<string, number>
  /** Microseconds: tombstones older than this go too. */
  readonly tombstonesBefore: number
}

/** It is time when at least half of the sealed blocks are new since the last compaction. */
export function needsCompaction(partition: Partition): boolean {
  const { sealedBlocks, compactedBlocks } = partition.state
  return sealedBlocks - compactedBlocks >= Math.max(1, compactedBlocks)
}

/**
 * Finds the last offset of each key that is new. Null: there is nothing to compact below `holdFrom`. `between` runs a step between
 * two transactions.
 */
export async function planCompaction(
  partition: Partition,
  holdFrom: number,
  tombstonesBefore: number,
  between: (step: () => boolean) => Promise<boolean>,
): Promise<CompactionPlan | null> {
  const lastOffset = new Map<string, number>()
  const limit = Math.min(partition.state.sealedEnd, holdFrom)
  let upTo = partition.state.compactedTo
  const step = (): boolean => {
    upTo = Math.max(upTo, partition.start)
    if (upTo >= limit || lastOffset.size >= MAX_KEYS) return false
    const block = partition.read(upTo)
    if (block.nextOffset > limit) return false
    for (let i = 0; i < block.count; i++) {
      const key = block.key(i)
      if (key !== null) lastOffset.set(latin1(key), block.offset(i))
    }
    upTo = block.nextOffset
    return true
  }
  while (await between(step)) await setImmediate()
  return lastOffset.size === 0 ? null : { upTo, lastOffset, tombstonesBefore }
}

export interface CompactionStep {
  readonly change: Change
  /** Where the next step begins; at or behind `upTo` there is none. */
  readonly next: number
  readonly removed: number
}

/**
 * Rewrites some blocks from the one at `from` on, so that they hold only what the plan keeps. Offsets stay, holes remain between them.
 * Each step leaves a sound log: the seams in the partition's state say where new blocks meet old ones.
 */
export function compactionStep(store: Store, partition: Partition, plan: CompactionPlan, from: number): CompactionStep {
  const { state } = partition
  const begin = Math.max(from, state.start)
  const writer = new BlockWriter(partition, begin)
  const writes: Write[] = []
  let next = begin
  let bytes = state.sealedBytes
  let sources = 0
  let removed = 0
  let before: BlockHeader | null = null
  for (const stored of store.blocks('sealed', partition.id, begin, BLOCKS_AT_ONCE)) {
    if (next >= plan.upTo) break
    const { header, block } = partition.decode(stored, next)
    if (sources === 0) {
      writer.start(state.seams.find((s) => s.at === begin)?.now ?? header.previous, header.maxTimestampSoFar)
    }
    writes.push({ table: 'sealed', key: blockKey(partition.id, header.base), value: null })
    bytes -= storedBytes(stored.length)
    removed += keepRecords(block, header, plan, writer)
    before = header
    next = header.next
    sources++
  }
  const written = writer.finish(next)
  writes.push(
    ...written.blocks.map(({ base, value }) => ({
      table: 'sealed' as const,
      key: blockKey(partition.id, base),
      value,
    })),
  )
  const replaced = state.seams.find((s) => s.at === next)
  const previous: Link = replaced?.previous ?? { base: before?.base ?? -1, checksum: before?.checksum ?? 0 }
  const sealedBlocks = state.sealedBlocks - sources + written.blocks.length
  const done = next >= plan.upTo
  const change = partition.replaceSealed(
    writes,
    {
      ...state,
      sealedBlocks,
      sealedBytes: bytes + written.blocks.reduce((sum, b) => sum + storedBytes(b.value.length), 0),
      seams: [{ at: next, previous, now: written.last }, ...state.seams.filter((s) => s.at > next || s.at < begin)],
      ...(done && {
        compactedTo: next,
        compactedBlocks: sealedBlocks - store.bases('sealed', partition.id, next, Number.POSITIVE_INFINITY).length,
      }),
    },
    true,
  )
  // The last block may not be full: the next step reads it again, and fills it.
  return { change, next: done ? next : written.last.base, removed }
}

function keepRecords(block: LogBlock, header: BlockHeader, plan: CompactionPlan, writer: BlockWriter): number {
  const offsets = block.sparseOffsets ?? Float64Array.from({ length: block.count }, (_, i) => block.firstOffset + i)
  const columns = { ...columnsOf(block), sparseOffsets: offsets }
  let removed = 0
  for (let i = 0; i < block.count; i++) {
    const key = block.key(i)
    const last = key === null ? undefined : plan.lastOffset.get(latin1(key))
    const superseded = last !== undefined && last > offsets[i]!
    const expired = (block.nulls![i]! & NULL_VALUE) !== 0 && block.timestamps[i]! < plan.tombstonesBefore
    if (superseded || expired) removed++
    else writer.add(columns, i, header)
  }
  return removed
}

function columnsOf(block: LogBlock): Omit<RecordColumns, 'sparseOffsets'> {
  const { count, timestamps, values, valueEnds, keys, keyEnds, headers, headerEnds, nulls } = block
  return { count, timestamps, values, valueEnds, keys, keyEnds, headers, headerEnds, nulls }
}

/** Packs records that are kept into blocks which together cover the offsets without a hole. */
class BlockWriter {
  readonly #partition: Partition
  readonly #blocks: { readonly base: number; readonly value: Uint8Array }[] = []
  #slices: { columns: RecordColumns; from: number; to: number }[] = []
  #base: number
  #link: Link = { base: -1, checksum: 0 }
  #maxTimestampSoFar = Number.NEGATIVE_INFINITY
  #logTime = 0
  #checked = true
  #flags = HAS_OFFSETS
  #count = 0
  #variable = 0

  constructor(partition: Partition, base: number) {
    this.#partition = partition
    this.#base = base
  }

  start(previous: Link, maxTimestampSoFar: number): void {
    this.#link = previous
    this.#maxTimestampSoFar = maxTimestampSoFar
  }

  add(columns: RecordColumns, i: number, header: BlockHeader): void {
    const flags = this.#flags | columnFlags(columns)
    const variable = variableBytes(columns, i, i + 1)
    const offset = columns.sparseOffsets![i]!
    const full = contentBytes(flags, this.#count + 1, this.#variable + variable) > SEALED_BYTES
    if (this.#count > 0 && (full || offset - this.#base >= MAX_SPAN)) this.#write(offset)
    this.#flags |= columnFlags(columns)
    this.#count++
    this.#variable += variable
    this.#logTime = Math.max(this.#logTime, header.logTime)
    this.#checked &&= (header.flags & CHECKED) !== 0
    const last = this.#slices.at(-1)
    if (last !== undefined && last.columns === columns && last.to === i) last.to++
    else this.#slices.push({ columns, from: i, to: i + 1 })
  }

  /** `next` is where the last block ends. There is at least one, perhaps without records. */
  finish(next: number) {
    if (next > this.#base) this.#write(next)
    return { blocks: this.#blocks, last: this.#link }
  }

  #write(next: number): void {
    const dense = this.#count === next - this.#base
    const slices: Slice[] = dense
      ? this.#slices.map((s) => ({ ...s, columns: { ...s.columns, sparseOffsets: null } }))
      : this.#slices
    const block = encodeBlock(slices, {
      partitionId: this.#partition.id,
      base: this.#base,
      next,
      previous: this.#link,
      logTime: this.#logTime,
      maxTimestampSoFar: this.#maxTimestampSoFar,
      sealed: true,
      checked: this.#checked && this.#count > 0,
    })
    this.#blocks.push({ base: this.#base, value: block.bytes })
    this.#link = block.link
    this.#base = next
    this.#slices = []
    this.#count = 0
    this.#variable = 0
    this.#flags = HAS_OFFSETS
    this.#checked = true
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
