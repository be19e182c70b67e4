import type { Column, Value } from './column.ts'
import { intOf } from './int.ts'
import type { RecordBatch } from './batch.ts'

export function isNullAt(column: Column, row: number): boolean {
  return column.nulls !== null && column.nulls[row] === 1
}

/** The value of one row in the interpreter's form (column.ts, `Value`). */
export function valueAt(column: Column, row: number): Value {
  if (column.nulls !== null && column.nulls[row] === 1) return null
  switch (column.kind) {
    case 'double':
      return column.values[row]!
    case 'boolean':
      return column.values[row] === 1
    case 'exact':
    case 'wide': {
      const int = intOf(column.values[row]!)
      return column.type.kind === 'DECIMAL' ? { unscaled: int, scale: column.scale } : int
    }
    case 'text':
    case 'object':
      return column.values[row]!
    case 'struct':
      return column.fields.map((f) => valueAt(f, row))
  }
}

export function rowAt(batch: RecordBatch, row: number): Value[] {
  return batch.columns.map((c) => valueAt(c, row))
}

/** All rows; for tests, display and other places where speed is no concern. */
export function rowsOf(batch: RecordBatch): Value[][] {
  return Array.from({ length: batch.length }, (_, i) => rowAt(batch, i))
}
