import { compareValues, type DataType, type Value } from '../../kernel/index.ts'
import type { SortKey } from '../../plan/index.ts'

/** Compares tuples of ORDER BY values. */
export type RowOrder = (a: readonly Value[], b: readonly Value[]) => number

/** Null when there is nothing to order by. */
export function rowOrder(keys: readonly SortKey[], types: readonly DataType[]): RowOrder | null {
  if (keys.length === 0) return null
  return (a, b) => {
    for (let i = 0; i < keys.length; i++) {
      const order = compareKey(keys[i]!, types[i]!, a[i]!, b[i]!)
      if (order !== 0) return order
    }
    return 0
  }
}

function compareKey(key: SortKey, type: DataType, a: Value, b: Value): number {
  if (a === null || b === null) {
    if (a === b) return 0
    return (a === null) === key.nullsFirst ? -1 : 1
  }
  const order = compareValues(type, a, b)
  return key.descending ? -order : order
}
