import type { Column } from './column.ts'
import type { Schema } from './schema.ts'

/** Operators emit no larger batches than this. */
export const MAX_BATCH_ROWS = 4096

/**
 * Rows in columns: `columns[i]` holds `schema.fields[i]`, each of `length` rows. Plain data, immutable, structured-clone safe.
 * `weights` null: every row is +1 (append). Otherwise +n inserts n copies and -n retracts n.
 */
export interface RecordBatch {
  readonly schema: Schema
  readonly length: number
  readonly columns: readonly Column[]
  readonly weights: Int32Array | null
}
