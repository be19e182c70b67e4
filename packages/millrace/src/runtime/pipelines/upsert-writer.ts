import type { Encoder } from '../../formats/index.ts'
import { fieldIndex, type RecordBatch, ROWTIME } from '../../kernel/index.ts'
import type { PackedHeader, PackedValues } from '../../log/index.ts'
import type { ResultWriter } from './result-writer.ts'
import { packBytes, timesOf } from './step-columns.ts'

interface RowChange {
  readonly row: Uint8Array
  readonly text: string
  readonly timestamp: number
  readonly weight: number
}

/** What a step does to one key: rows whose number changes, the one touched last at the end. Mostly one is taken back and one inserted. */
interface KeyChange {
  readonly key: Uint8Array
  readonly rows: RowChange[]
}

const NOTHING = new Uint8Array(0)

/**
 * The net change of a step for each key, in the order in which the keys were first touched: the row that the key stands for now, or a
 * tombstone. A key that stands for the same row as before has no record.
 */
export class UpsertWriter implements ResultWriter {
  readonly #rows: Encoder
  readonly #keys: Encoder
  readonly #key: readonly number[]
  readonly #headers: readonly PackedHeader[]
  #changes = new Map<string, KeyChange>()

  /** `key`: indexes of visible columns. */
  constructor(rows: Encoder, keys: Encoder, key: readonly number[], schema: PackedHeader) {
    this.#rows = rows
    this.#keys = keys
    this.#key = key
    this.#headers = [schema]
  }

  write(batch: RecordBatch, now: number): void {
    const { fields } = batch.schema
    const visible = fields.flatMap(({ hidden }, index) => (hidden === true ? [] : [index]))
    const columns = this.#key.map((index) => visible[index]!)
    const rows = this.#rows.encode(batch)
    const keys = this.#keys.encode({
      ...batch,
      schema: { fields: columns.map((index) => fields[index]!) },
      columns: columns.map((index) => batch.columns[index]!),
    })
    const times = timesOf(batch, fieldIndex(batch.schema, ROWTIME), now)
    const rowBytes = Buffer.from(rows.bytes.buffer, rows.bytes.byteOffset, rows.bytes.length)
    const keyBytes = Buffer.from(keys.bytes.buffer, keys.bytes.byteOffset, keys.bytes.length)
    for (let i = 0; i < batch.length; i++) {
      const name = keyBytes.toString('latin1', keys.offsets[i], keys.offsets[i + 1])
      let change = this.#changes.get(name)
      if (change === undefined) {
        change = { key: keyBytes.subarray(keys.offsets[i], keys.offsets[i + 1]), rows: [] }
        this.#changes.set(name, change)
      }
      const text = rowBytes.toString('latin1', rows.offsets[i], rows.offsets[i + 1])
      const weight = batch.weights?.[i] ?? 1
      const known = change.rows.findIndex((row) => row.text === text)
      const before = known === -1 ? 0 : change.rows.splice(known, 1)[0]!.weight
      if (before + weight === 0) continue
      const row = rowBytes.subarray(rows.offsets[i], rows.offsets[i + 1])
      change.rows.push({ row, text, timestamp: times?.[i] ?? now, weight: before + weight })
    }
  }

  take(now: number): readonly PackedValues[] {
    const keys: Uint8Array[] = []
    const values: Uint8Array[] = []
    const timestamps: number[] = []
    const tombstones: number[] = []
    for (const { key, rows } of this.#changes.values()) {
      if (rows.length === 0) continue
      const standing = rows.findLast(({ weight }) => weight > 0)
      keys.push(key)
      values.push(standing?.row ?? NOTHING)
      timestamps.push(standing?.timestamp ?? now)
      tombstones.push(standing === undefined ? 1 : 0)
    }
    this.#changes = new Map()
    if (keys.length === 0) return []
    return [
      {
        ...packBytes(values),
        timestamps: Float64Array.from(timestamps),
        keys: packBytes(keys),
        tombstones: Uint8Array.from(tombstones),
        headers: this.#headers,
      },
    ]
  }
}
