import type { Column, DataType, Value } from '../../kernel/index.ts'
import { CompositeKeyTable } from './composite-key-table.ts'
import { SingleKeyTable } from './single-key-table.ts'

/**
 * Key tuples to dense slot numbers. NULL equals NULL, NaN equals NaN, 1.5 equals 1.50 (kernel `keyOf`). A slot keeps the values its
 * key was first seen with.
 */
export interface KeyTable {
  readonly size: number
  readonly bytes: number
  /**
   * out[i] = slot of row i's key, i in [from, to); unknown keys get new slots, for which `added` is called. `columns` are the key
   * columns in the order of the types; `to` is at most MAX_BATCH_ROWS.
   */
  resolve(columns: readonly Column[], from: number, to: number, out: Int32Array, added: (slot: number) => void): void
  /** The slot of a key, new or known. */
  resolveValues(values: readonly Value[], added: (slot: number) => void): number
  /** The key's values, in the order of the types. */
  values(slot: number): Value[]
  delete(slot: number): void
}

export function keyTable(types: readonly DataType[]): KeyTable {
  if (types.length <= 1) return new SingleKeyTable(types[0] ?? null)
  return new CompositeKeyTable(keyTable(types.slice(0, -1)), keyTable(types.slice(-1)))
}
