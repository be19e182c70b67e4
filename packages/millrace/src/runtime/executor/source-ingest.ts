import {
  type BadDataPolicy,
  type Column,
  columnOf,
  MAX_BATCH_ROWS,
  MillraceError,
  type RecordBatch,
  sliceBatch,
  unreachable,
} from '../../kernel/index.ts'
import type { BadRecord, Decoder } from '../../formats/index.ts'
import type { Splitter } from '../../framing/index.ts'
import type { SourceColumn, SourceNode } from '../../plan/index.ts'
import type { DeadLetter, PayloadBlock } from './executor.ts'
import { payloadCount } from './payload-block.ts'
import { NumberList } from './number-list.ts'

export interface IngestTarget {
  batch(batch: RecordBatch): void
  deadLetter(letter: DeadLetter): void
}

/** Metadata columns any source has; the connector's own come from payload headers. */
export const COMMON_METADATA = ['timestamp', 'offset', 'partition', 'index', 'topic'] as const

/**
 * Turns the payloads of one source node into batches: framing, decoding, metadata columns, bad data. A row's identity is
 * (table, partition, offset, index).
 */
export class SourceIngest {
  payloads = 0
  bytes = 0
  rows = 0
  bad = 0

  readonly #node: SourceNode
  readonly #decoder: Decoder
  readonly #splitter: Splitter | null
  readonly #policy: BadDataPolicy
  readonly #batchRows: number
  readonly #target: IngestTarget
  /** Per row; null: no column asks for it. */
  readonly #timestamps: NumberList | null
  readonly #offsets: NumberList | null
  readonly #indexes: NumberList | null
  #partition = 0

  constructor(
    node: SourceNode,
    decoder: Decoder,
    splitter: Splitter | null,
    batchRows: number,
    target: IngestTarget,
  ) {
    this.#node = node
    this.#decoder = decoder
    this.#splitter = splitter
    this.#policy = node.badData
    this.#batchRows = Math.min(Math.max(batchRows, 1), MAX_BATCH_ROWS)
    this.#target = target
    const listFor = (key: string) =>
      node.columns.some((c) => c.from === 'metadata' && c.key === key) ? new NumberList() : null
    this.#timestamps = listFor('timestamp')
    this.#offsets = listFor('offset')
    this.#indexes = listFor('index')
  }

  /** Emits every full batch and, at the end, what is left: a block never shares a batch with the next. */
  accept(block: PayloadBlock): void {
    const count = payloadCount(block)
    this.#partition = block.partition
    const { values } = block
    if (values.kind === 'packed') {
      const { bytes, offsets } = values
      for (let i = 0; i < count; i++) this.#payload(bytes, offsets[i]!, offsets[i + 1]!, block.timestamps[i]!, block.firstOffset + i)
    } else {
      const { payloads } = values
      for (let i = 0; i < count; i++) {
        const payload = payloads[i]!
        this.#payload(payload, 0, payload.length, block.timestamps[i]!, block.firstOffset + i)
      }
    }
    this.#emit()
  }

  #payload(bytes: Uint8Array, start: number, end: number, timestamp: number, offset: number): void {
    this.payloads++
    this.bytes += end - start
    if (this.#splitter === null) {
      this.#record(bytes, start, end, timestamp, offset, 0)
      return
    }
    let index = 0
    const bad = this.#splitter.split(bytes, start, end, (from, to) => {
      this.#record(bytes, from, to, timestamp, offset, index)
      index++
    })
    if (bad !== null) this.#refuse(bad, bytes, start, end, offset, index)
  }

  #record(bytes: Uint8Array, start: number, end: number, timestamp: number, offset: number, index: number): void {
    const added = this.#decoder.decode(bytes, start, end)
    if (added < 0) {
      this.#refuse(this.#decoder.bad!, bytes, start, end, offset, index)
      return
    }
    for (let k = 0; k < added; k++) {
      this.#timestamps?.push(timestamp)
      this.#offsets?.push(offset)
      this.#indexes?.push(index + k)
    }
    if (this.#decoder.length >= this.#batchRows) this.#emit()
  }

  #refuse(bad: Pick<BadRecord, 'message'> & { readonly reason: string }, bytes: Uint8Array, start: number, end: number, offset: number, index: number): void {
    this.bad++
    switch (this.#policy) {
      case 'fail':
        throw new MillraceError('DATA_BAD_RECORD', `table "${this.#node.table}": message ${offset} is bad: ${bad.message}`, {
          detail: `It begins ${excerpt(bytes, start, end)}.`,
          hint: `Set bad_data = 'drop' or 'dead_letter' on the table to go on without bad records.`,
        })
      case 'dead_letter':
        this.#target.deadLetter({
          table: this.#node.table,
          partition: this.#partition,
          offset,
          index,
          reason: bad.reason,
          message: bad.message,
          payload: bytes.slice(start, end),
        })
        return
      case 'drop':
        return
      default:
        return unreachable(this.#policy)
    }
  }

  #emit(): void {
    const length = this.#decoder.length
    if (length === 0) return
    const decoded = this.#decoder.take()
    let next = 0
    const columns = this.#node.columns.map((c) => (c.from === 'payload' ? decoded[next++]! : this.#metadata(c, length)))
    this.#timestamps?.clear()
    this.#offsets?.clear()
    this.#indexes?.clear()
    this.rows += length
    const batch: RecordBatch = { schema: this.#node.schema, length, columns, weights: null }
    for (let from = 0; from < length; from += this.#batchRows) {
      this.#target.batch(sliceBatch(batch, from, Math.min(from + this.#batchRows, length)))
    }
  }

  #metadata(column: Extract<SourceColumn, { from: 'metadata' }>, length: number): Column {
    const { type } = column
    const list = { timestamp: this.#timestamps, offset: this.#offsets, index: this.#indexes }[column.key]
    if (list !== undefined && list !== null) return { kind: 'exact', type, length, nulls: null, scale: 0, values: list.copy() }
    switch (column.key) {
      case 'partition':
        return columnOf(type, new Array<number>(length).fill(this.#partition))
      case 'topic':
        return columnOf(type, new Array<string>(length).fill(this.#node.table))
      default:
        throw new MillraceError('INTERNAL', `no metadata "${column.key}"`)
    }
  }
}

const EXCERPT_BYTES = 60

/** The first bytes of a payload as quoted text, for messages. */
function excerpt(bytes: Uint8Array, start: number, end: number): string {
  const shown = Buffer.from(bytes.subarray(start, Math.min(end, start + EXCERPT_BYTES))).toString('utf8')
  return `${JSON.stringify(shown)}${end - start > EXCERPT_BYTES ? ' ...' : ''}`
}
