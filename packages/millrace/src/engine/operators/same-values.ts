import { compareValues, type DataType, type Value } from '../../kernel/index.ts'

/** Whether two rows are one to SQL: NULL is NULL, NaN is NaN, 1.5 is 1.50. */
export function sameValues(types: readonly DataType[], a: readonly Value[], b: readonly Value[]): boolean {
  for (let i = 0; i < types.length; i++) {
    const x = a[i]!
    const y = b[i]!
    if (x === y) continue
    if (x === null || y === null || compareValues(types[i]!, x, y) !== 0) return false
  }
  return true
}
