import type { Column } from './column.ts'
import type { RecordBatch } from './batch.ts'

/** The rows named by `rows[0..count)`, in that order. */
export function selectColumn(column: Column, rows: Int32Array, count: number): Column {
  const nulls = column.nulls === null ? null : pick(column.nulls, new Uint8Array(count), rows, count)
  switch (column.kind) {
    case 'double':
    case 'exact':
      return { ...column, length: count, nulls, values: pick(column.values, new Float64Array(count), rows, count) }
    case 'boolean':
      return { ...column, length: count, nulls, values: pick(column.values, new Uint8Array(count), rows, count) }
    case 'wide':
      return { ...column, length: count, nulls, values: pickItems(column.values, rows, count) }
    case 'text':
      return { ...column, length: count, nulls, values: pickItems(column.values, rows, count) }
    case 'object':
      return { ...column, length: count, nulls, values: pickItems(column.values, rows, count) }
    case 'struct':
      return { ...column, length: count, nulls, fields: column.fields.map((f) => selectColumn(f, rows, count)) }
  }
}

export function selectRows(batch: RecordBatch, rows: Int32Array, count: number): RecordBatch {
  return {
    schema: batch.schema,
    length: count,
    columns: batch.columns.map((c) => selectColumn(c, rows, count)),
    weights: batch.weights === null ? null : pick(batch.weights, new Int32Array(count), rows, count),
  }
}

/** Rows [from, to). */
export function sliceBatch(batch: RecordBatch, from: number, to: number): RecordBatch {
  if (from === 0 && to === batch.length) return batch
  const rows = Int32Array.from({ length: to - from }, (_, i) => from + i)
  return selectRows(batch, rows, rows.length)
}

function pick<T extends Float64Array | Uint8Array | Int32Array>(from: T, to: T, rows: Int32Array, count: number): T {
  for (let i = 0; i < count; i++) to[i] = from[rows[i]!]!
  return to
}

function pickItems<T>(from: readonly T[], rows: Int32Array, count: number): T[] {
  const to = new Array<T>(count)
  for (let i = 0; i < count; i++) to[i] = from[rows[i]!]!
  return to
}
