import { type Column, isNullAt, type RecordBatch } from '../../kernel/index.ts'
import type { PackedBytes, PackedValues } from '../../log/index.ts'

/** Microseconds of a time column, `absent` where there are none a record can have; null: there is no such column. */
export function timesOf(batch: RecordBatch, index: number, absent: number): Float64Array | null {
  const column = batch.columns[index]
  if (column === undefined) return null
  const times = new Float64Array(batch.length)
  for (let row = 0; row < batch.length; row++) {
    const time = isNullAt(column, row) ? Number.NaN : timeAt(column, row)
    times[row] = Math.abs(time) <= Number.MAX_SAFE_INTEGER ? time : absent
  }
  return times
}

function timeAt(column: Column, row: number): number {
  return column.kind === 'exact' || column.kind === 'wide' ? Number(column.values[row]!) : Number.NaN
}

/** Whole numbers as decimal text, one a row; none for NaN. Neighbours are mostly equal. */
export function decimalTexts(values: Float64Array | Int32Array): PackedBytes {
  const texts: string[] = []
  const offsets = new Uint32Array(values.length + 1)
  let last = Number.NaN
  let text = ''
  let end = 0
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (value !== last) {
      last = value
      text = Number.isNaN(value) ? '' : String(value)
    }
    texts.push(text)
    end += text.length
    offsets[row + 1] = end
  }
  return { bytes: Buffer.from(texts.join(''), 'latin1'), offsets }
}

/** Byte strings one after the other. */
export function packBytes(parts: readonly Uint8Array[]): PackedBytes {
  const offsets = new Uint32Array(parts.length + 1)
  let end = 0
  for (const [i, part] of parts.entries()) {
    end += part.length
    offsets[i + 1] = end
  }
  return { bytes: Buffer.concat(parts, end), offsets }
}

/** The records with these indexes, in this order. */
export function selectRecords(records: PackedValues, rows: readonly number[]): PackedValues {
  const { timestamps, keys, tombstones, headers } = records
  return {
    ...selectBytes(records, rows),
    timestamps: timestamps && Float64Array.from(rows, (row) => timestamps[row]!),
    keys: keys && selectBytes(keys, rows),
    tombstones: tombstones && Uint8Array.from(rows, (row) => tombstones[row]!),
    headers: headers?.map(({ name, value }) => ({
      name,
      value: 'offsets' in value ? selectBytes(value, rows) : value,
    })),
  }
}

function selectBytes({ bytes, offsets }: PackedBytes, rows: readonly number[]): PackedBytes {
  return packBytes(rows.map((row) => bytes.subarray(offsets[row], offsets[row + 1])))
}
