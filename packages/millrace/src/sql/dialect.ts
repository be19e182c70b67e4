/**
 * The choices in which dialects differ, read by lexer, parser, binder and printer. Plain data; a new dialect is a new
 * record.
 */
export interface Dialect {
  readonly name: string
  /** What may quote an identifier; the printer writes the first. A quote inside is doubled. */
  readonly identifierQuotes: readonly ('"' | '`')[]
  /** What may quote a string; the printer writes the first. Disjoint from `identifierQuotes`. */
  readonly stringQuotes: readonly ("'" | '"')[]
  /** Where a table is named, `cc-payments` without blanks is one name. Elsewhere `-` is minus. */
  readonly bareDashes: boolean
  /** `FROM t LATERAL items AS item` unnests an array; kept as CROSS JOIN LATERAL UNNEST(items). */
  readonly lateralArrays: boolean
  readonly columnNaming: ColumnNaming
  /** Rows a query returns when it has no LIMIT; null: all. */
  readonly implicitLimit: number | null
  readonly facets: Facets | null
}

/**
 * Names of select-list columns that have no alias. A path always takes its last segment, a cast the name of its
 * operand.
 */
export interface ColumnNaming {
  /** `COUNT(*)` is `COUNT` or `count`. */
  readonly calls: 'as-written' | 'lower-case'
  /** Any other expression takes this and its 1-based position: `column3`. */
  readonly prefix: string
  /**
   * What becomes of the second column of a name: `_1`, `_2` is appended, or both keep it and only a reference to it is
   * an error.
   */
  readonly duplicates: 'number' | 'keep'
}

/** A record's parts as pseudo-columns. Bare names are looked up in `value`. */
export interface Facets {
  readonly key: string
  readonly value: string
  readonly metadata: string
  readonly headers: string
}

export const STANDARD: Dialect = {
  name: 'standard',
  identifierQuotes: ['"', '`'],
  stringQuotes: ["'"],
  bareDashes: false,
  lateralArrays: false,
  columnNaming: { calls: 'lower-case', prefix: 'column', duplicates: 'keep' },
  implicitLimit: null,
  facets: null,
}

/** Snapshot queries over topics, as Lenses SQL Studio writes them. */
export const SNAPSHOT: Dialect = {
  name: 'snapshot',
  identifierQuotes: ['`'],
  stringQuotes: ["'", '"'],
  bareDashes: true,
  lateralArrays: true,
  columnNaming: { calls: 'as-written', prefix: 'column', duplicates: 'number' },
  implicitLimit: 10_000,
  facets: { key: '_key', value: '_value', metadata: '_meta', headers: '_headers' },
}
