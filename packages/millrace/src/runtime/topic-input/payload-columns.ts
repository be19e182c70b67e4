import type { LogBlock } from '../../log/index.ts'
import type { SourceNode } from '../../plan/index.ts'
import type { PayloadBlock } from '../executor/executor.ts'

/** Header of a changelog's records: how many times the row is inserted (+) or taken back (-), as decimal text. */
export const WEIGHT_HEADER = 'weight'
/** Header of results: the watermark before the row, microseconds as decimal text. */
export const WATERMARK_HEADER = 'watermark'

/** What a source node reads of its records besides value and timestamp. */
export interface RecordParts {
  readonly changelog: SourceNode['changelog']
  readonly keys: boolean
  readonly watermarks: boolean
}

export function recordParts(node: SourceNode): RecordParts {
  const reads = (key: string): boolean => node.columns.some((c) => c.from === 'metadata' && c.key === key)
  return { changelog: node.changelog, keys: reads('key'), watermarks: reads('watermark') }
}

/** Consecutive blocks of one partition as one block of payloads. Blocks that came one by one or as one give the same. */
export function payloadsOf(blocks: readonly LogBlock[], parts: RecordParts): PayloadBlock {
  const [only] = blocks
  const { partition, firstOffset } = only!
  const plain = parts.changelog === undefined && !parts.keys && !parts.watermarks
  if (blocks.length === 1 && plain) {
    const { bytes, offsets, timestamps, sparseOffsets } = only!
    return { values: { kind: 'packed', bytes, offsets }, timestamps, firstOffset, partition, offsets: sparseOffsets }
  }
  const columns = {
    values: parts.changelog === 'upsert' ? upsertValues(blocks) : packedValues(blocks),
    timestamps: joined(blocks, (block) => block.timestamps),
    firstOffset,
    partition,
    offsets: sparseOffsets(blocks),
  }
  if (plain) return columns
  return {
    ...columns,
    weights: parts.changelog === undefined ? null : weightsOf(blocks, parts.changelog),
    watermarks: parts.watermarks ? numbersOf(blocks, WATERMARK_HEADER, Number.NaN) : null,
    keys: parts.keys ? keysOf(blocks) : null,
  }
}

function countOf(blocks: readonly LogBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.count, 0)
}

function joined(blocks: readonly LogBlock[], column: (block: LogBlock) => Float64Array): Float64Array {
  const all = new Float64Array(countOf(blocks))
  let at = 0
  for (const block of blocks) {
    all.set(column(block), at)
    at += block.count
  }
  return all
}

/** Null: record i has offset `firstOffset + i`. */
function sparseOffsets(blocks: readonly LogBlock[]): Float64Array | null {
  let next = blocks[0]!.firstOffset
  const dense = blocks.every((block) => {
    const follows = block.sparseOffsets === null && block.firstOffset === next
    next = block.nextOffset
    return follows
  })
  return dense ? null : joined(blocks, (block) => Float64Array.from({ length: block.count }, (_, i) => block.offset(i)))
}

function packedValues(blocks: readonly LogBlock[]): PayloadBlock['values'] {
  const [only] = blocks
  if (blocks.length === 1) return { kind: 'packed', bytes: only!.bytes, offsets: only!.offsets }
  const size = blocks.reduce((sum, { offsets, count }) => sum + offsets[count]! - offsets[0]!, 0)
  const bytes = new Uint8Array(size)
  const offsets = new Uint32Array(countOf(blocks) + 1)
  let end = 0
  let row = 0
  for (const block of blocks) {
    const start = block.offsets[0]!
    bytes.set(block.bytes.subarray(start, block.offsets[block.count]), end)
    for (let i = 1; i <= block.count; i++) offsets[++row] = end + block.offsets[i]! - start
    end = offsets[row]!
  }
  return { kind: 'packed', bytes, offsets }
}

/** Of a tombstone its key, which holds the columns that say what is deleted. */
function upsertValues(blocks: readonly LogBlock[]): PayloadBlock['values'] {
  const payloads: Uint8Array[] = []
  for (const block of blocks) {
    for (let i = 0; i < block.count; i++) payloads.push(block.value(i) ?? block.key(i) ?? new Uint8Array(0))
  }
  return { kind: 'list', payloads }
}

function weightsOf(blocks: readonly LogBlock[], changelog: NonNullable<SourceNode['changelog']>): Int32Array {
  if (changelog === 'weights') return Int32Array.from(numbersOf(blocks, WEIGHT_HEADER, 1))
  const weights = new Int32Array(countOf(blocks))
  let row = 0
  for (const block of blocks) {
    for (let i = 0; i < block.count; i++) weights[row++] = block.value(i) === null ? -1 : 1
  }
  return weights
}

function numbersOf(blocks: readonly LogBlock[], name: string, absent: number): Float64Array {
  const numbers = new Float64Array(countOf(blocks)).fill(absent)
  let row = 0
  for (const block of blocks) {
    for (let i = 0; i < block.count; i++, row++) {
      const header = block.headersOf(i).find((h) => h.name === name)
      if (header !== undefined) numbers[row] = Number(Buffer.from(header.value).toString('latin1'))
    }
  }
  return numbers
}

function keysOf(blocks: readonly LogBlock[]): (string | null)[] {
  const keys: (string | null)[] = []
  for (const block of blocks) {
    for (let i = 0; i < block.count; i++) {
      const key = block.key(i)
      keys.push(key === null ? null : Buffer.from(key).toString('utf8'))
    }
  }
  return keys
}
