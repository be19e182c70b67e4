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
  readonly #watermarks: NumberList | null
  readonly #weights: NumberList | null
  readonly #keys: (string | null)[] | null
  #block: PayloadBlock | null = null

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
    this.#watermarks = listFor('watermark')
    this.#weights = node.changelog === undefined ? null : new NumberList()
    this.#keys = node.columns.some((c) => c.from === 'metadata' && c.key === 'key') ? [] : null
  }

  /** Emits every full batch and, at the end, what is left: a block never shares a batch with the next. */
  accept(block: PayloadBlock): void {
    const count = payloadCount(block)
    this.#block = block
    const { values } = block
    if (values.kind === 'packed') {
      const { bytes, offsets } = values
      for (let i = 0; i < count; i++) this.#payload(bytes, offsets[i]!, offsets[i + 1]!, i)
    } else {
      const { payloads } = values
      for (let i = 0; i < count; i++) {
        const payload = payloads[i]!
        this.#payload(payload, 0, payload.length, i)
      }
    }
    this.#emit()
    this.#block = null
  }

  /** `row`: which payload of the block it is. */
  #payload(bytes: Uint8Array, start: number, end: number, row: number): void {
    this.payloads++
    this.bytes += end - start
    if (this.#splitter === null) {
      this.#record(bytes, start, end, row, 0)
      return
    }
    let index = 0
    const bad = this.#splitter.split(bytes, start, end, (from, to) => {
      this.#record(bytes, from, to, row, index)
      index++
    })
    if (bad !== null) this.#refuse(bad, bytes, start, end, row, index)
  }

  #record(bytes: Uint8Array, start: number, end: number, row: number, index: number): void {
    const added = this.#decoder.decode(bytes, start, end)
    if (added < 0) {
      this.#refuse(this.#decoder.bad!, bytes, start, end, row, index)
      return
    }
    const block = this.#block!
    for (let k = 0; k < added; k++) {
      this.#timestamps?.push(block.timestamps[row]!)
      this.#offsets?.push(offsetOf(block, row))
      this.#indexes?.push(index + k)
      this.#watermarks?.push(block.watermarks?.[row] ?? Number.NaN)
      this.#weights?.push(block.weights?.[row] ?? 1)
      this.#keys?.push(block.keys?.[row] ?? null)
    }
    if (this.#decoder.length >= this.#batchRows) this.#emit()
  }

  #refuse(
    bad: Pick<BadRecord, 'message'> & { readonly reason: string },
    bytes: Uint8Array,
    start: number,
    end: number,
    row: number,
    index: number,
  ): void {
    this.bad++
    const offset = offsetOf(this.#block!, row)
    switch (this.#policy) {
      case 'fail':
        throw new MillraceError('DATA_BAD_RECORD', `table "${this.#node.table}": message ${offset} is bad: ${bad.message}`, {
          detail: `It begins ${excerpt(bytes, start, end)}.`,
          hint: `Set bad_data = 'drop' or 'dead_letter' on the table to go on without bad records.`,
        })
      case 'dead_letter':
        this.#target.deadLetter({
          table: this.#node.table,
          partition: this.#block!.partition,
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
    this.#watermarks?.clear()
    if (this.#keys !== null) this.#keys.length = 0
    const weights = this.#weights === null ? null : Int32Array.from(this.#weights.copy())
    this.#weights?.clear()
    this.rows += length
    const batch: RecordBatch = { schema: this.#node.schema, length, columns, weights }
    for (let from = 0; from < length; from += this.#batchRows) {
      this.#target.batch(sliceBatch(batch, from, Math.min(from + this.#batchRows, length)))
    }
  }

  #metadata(column: Extract<SourceColumn, { from: 'metadata' }>, length: number): Column {
    const { type } = column
    const list = { timestamp: this.#timestamps, offset: this.#offsets, index: this.#indexes }[column.key]
    if (list !== undefined && list !== null) return { kind: 'exact', type, length, nulls: null, scale: 0, values: list.copy() }
    switch (column.key) {
      case 'watermark':
        return columnOf(type, Array.from(this.#watermarks!.copy(), (micros) => (Number.isNaN(micros) ? null : micros)))
      case 'key':
        return columnOf(type, [...this.#keys!])
      case 'partition':
        return columnOf(type, new Array<number>(length).fill(this.#block!.partition))
      case 'topic':
        return columnOf(type, new Array<string>(length).fill(this.#node.table))
      default:
        throw new MillraceError('INTERNAL', `no metadata "${column.key}"`)
    }
  }
}

function offsetOf(block: PayloadBlock, row: number): number {
  return block.offsets?.[row] ?? block.firstOffset + row
}

const EXCERPT_BYTES = 60

/** The first bytes of a payload as quoted text, for messages. */
function excerpt(bytes: Uint8Array, start: number, end: number): string {
  const shown = Buffer.from(bytes.subarray(start, Math.min(end, start + EXCERPT_BYTES))).toString('utf8')
  return `${JSON.stringify(shown)}${end - start > EXCERPT_BYTES ? ' ...' : ''}`
}
