import type { DataType } from '../../kernel/index.ts'
import type { WindowSpec } from '../../plan/index.ts'

/**
 * The value of the window a row is the result of. Holds only where the row's event time still is that window's end minus 1 us, so that
 * grouping by it can be done window by window.
 */
export interface WindowOrigin {
  readonly spec: WindowSpec
  readonly part: 'window' | 'start' | 'end'
}

export interface ScopeColumn {
  readonly name: string
  /** Undefined: it could not be bound; references to it are silent. */
  readonly type: DataType | undefined
  readonly nullable: boolean
  /** In the schema of the node the rows come from. */
  readonly index: number
  /** Whether it is the rows' event time. */
  readonly eventTime: boolean
  readonly window: WindowOrigin | null
  /** The table of FROM whose column it is, where there are several: what may stand before the dot. Absent or null: none, or any. */
  readonly qualifier?: string | null
  /** It has to stand there: unqualified, another column has the name (USING), and `*` leaves it out. */
  readonly qualifiedOnly?: boolean
}

/** What names in an expression may mean. */
export interface Scope {
  readonly columns: readonly ScopeColumn[]
  /** Names that may stand before the dot. */
  readonly qualifiers: readonly string[]
  /** Columns are not known because the relation is not: no reference is an error. */
  readonly open: boolean
  /** Index of $rowtime; null: rows have no event time. */
  readonly rowtime: number | null
}
