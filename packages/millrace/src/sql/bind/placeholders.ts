import { type DataType, TIMESTAMP, WINDOW } from '../../kernel/index.ts'
import { columnRef, type ColumnRef } from '../../plan/index.ts'

/**
 * While a query with GROUP BY is bound, its expressions read the rows of FROM. What exists only after grouping stands in them as a column
 * with a negative index, until `AggregateCollector.afterGrouping` puts the real one there.
 */
const WINDOW_INDEX = -1
const ROWTIME_INDEX = -2
const FIRST_AGGREGATE = -3
/** Results of window functions stand further down still: they exist only behind the groups. */
const FIRST_OVER = -1_000_000_000

export function windowPlaceholder(): ColumnRef {
  return columnRef(WINDOW_INDEX, WINDOW)
}

export function rowtimePlaceholder(): ColumnRef {
  return columnRef(ROWTIME_INDEX, TIMESTAMP)
}

export function aggregatePlaceholder(ordinal: number, type: DataType): ColumnRef {
  return columnRef(FIRST_AGGREGATE - ordinal, type)
}

export function overPlaceholder(ordinal: number, type: DataType): ColumnRef {
  return columnRef(FIRST_OVER - ordinal, type)
}

/** Which window function's result the column stands for. */
export function overOrdinal({ index }: ColumnRef): number | undefined {
  return index <= FIRST_OVER ? FIRST_OVER - index : undefined
}

export type Placeholder =
  | { readonly kind: 'window' }
  | { readonly kind: 'rowtime' }
  | { readonly kind: 'aggregate'; readonly ordinal: number }
  | { readonly kind: 'over' }

export function placeholderOf(column: ColumnRef): Placeholder | undefined {
  if (column.index >= 0) return undefined
  if (column.index === WINDOW_INDEX) return { kind: 'window' }
  if (column.index === ROWTIME_INDEX) return { kind: 'rowtime' }
  if (overOrdinal(column) !== undefined) return { kind: 'over' }
  return { kind: 'aggregate', ordinal: FIRST_AGGREGATE - column.index }
}
