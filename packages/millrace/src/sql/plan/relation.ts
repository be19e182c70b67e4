import { ROWTIME, type Schema, type SchemaField, TIMESTAMP, WATERMARK } from '../../kernel/index.ts'
import type { Input, WindowSpec } from '../../plan/index.ts'
import type { Scope, ScopeColumn } from '../bind/index.ts'

/** Rows that a planned part of a query gives, and what is known of them. */
export interface Relation {
  readonly input: Input
  /** Of `input`; ends with $rowtime and $watermark. */
  readonly schema: Schema
  /** What users see, in order. */
  readonly columns: readonly ScopeColumn[]
  readonly qualifiers: readonly string[]
  /** It could not be planned; nothing about its columns is an error. */
  readonly open: boolean
  readonly rowtime: number
  readonly watermark: number
  /** Rows carry weights: what was said before may be taken back. */
  readonly updating: boolean
  /** Positions of the columns that identify a row among those that stand at one time; empty: there is one row. Null: nothing does. */
  readonly key: readonly number[] | null
  /** Whether $rowtime ever has a value. */
  readonly eventTime: boolean
  /** The window whose results these rows are, each with event time end - 1 us. */
  readonly resultOf: WindowSpec | null
  /** The tables the rows come from. */
  readonly tables: readonly string[]
  /** How far behind the watermark those tables let rows be, microseconds. */
  readonly lateness: number
  /** Rows the window behind these results refused, with the columns of its FROM. */
  readonly late: Relation | null
  /** `TABLE(TUMBLE(TABLE t, ...))`: rows are to be grouped by window_start and window_end. */
  readonly windowed: WindowSpec | null
}

export const HIDDEN_FIELDS: readonly SchemaField[] = [
  { name: ROWTIME, type: TIMESTAMP, nullable: true, hidden: true },
  { name: WATERMARK, type: TIMESTAMP, nullable: true, hidden: true },
]

export function scopeOf(relation: Relation): Scope {
  return {
    columns: relation.columns,
    qualifiers: relation.qualifiers,
    open: relation.open,
    rowtime: relation.eventTime ? relation.rowtime : null,
  }
}

/** Under another name, maybe with other names for its columns. */
export function renamed(relation: Relation, qualifier: string | null, columns: readonly string[] = []): Relation {
  return {
    ...relation,
    qualifiers: qualifier === null ? [] : [qualifier],
    columns: relation.columns.map(({ qualifier: _q, qualifiedOnly: _o, ...c }, i) =>
      columns[i] === undefined ? c : { ...c, name: columns[i]! },
    ),
  }
}
