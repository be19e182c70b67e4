import type { Span } from '../../kernel/index.ts'
import type { CreatePipeline, CreateTable, CreateView } from './definitions.ts'
import type { StringLiteral } from './literals.ts'
import type { Identifier, ObjectName } from './names.ts'
import type { Option, OptionKey } from './options.ts'
import type { Query } from './queries.ts'

export type Statement =
  | CreateTable
  | CreateView
  | CreatePipeline
  | Insert
  | Query
  | SetOption
  | ResetOption
  | Drop
  | Pause
  | Explain
  | Describe
  | Show
  | CommentOn

/** `INSERT INTO t [(a, b.c)] query`, where the query may be VALUES. */
export interface Insert {
  readonly kind: 'insert'
  readonly span: Span
  readonly table: ObjectName
  /** Columns or dotted paths into them; empty: by position. */
  readonly columns: readonly ObjectName[]
  readonly query: Query
}

/** `SET key = value` or `SET key TO value`. */
export interface SetOption {
  readonly kind: 'set'
  readonly span: Span
  readonly option: Option
}

/** `RESET key`; without key all. */
export interface ResetOption {
  readonly kind: 'reset'
  readonly span: Span
  readonly key: OptionKey | null
}

export type DroppableObject = 'TABLE' | 'VIEW' | 'MATERIALIZED VIEW' | 'PIPELINE'

export interface Drop {
  readonly kind: 'drop'
  readonly span: Span
  readonly object: DroppableObject
  readonly ifExists: boolean
  /** Never empty. */
  readonly names: readonly ObjectName[]
  readonly cascade: boolean
}

export type PausableObject = 'TABLE' | 'MATERIALIZED VIEW' | 'PIPELINE'

/** `PAUSE PIPELINE p`, `RESUME PIPELINE p`. */
export interface Pause {
  readonly kind: 'pause' | 'resume'
  readonly span: Span
  readonly object: PausableObject
  readonly name: ObjectName
}

/** `EXPLAIN [ANALYZE] [CODEGEN] [(FORMAT format)] statement`. */
export interface Explain {
  readonly kind: 'explain'
  readonly span: Span
  readonly analyze: boolean
  readonly codegen: boolean
  readonly format: 'TEXT' | 'JSON' | 'MERMAID' | null
  readonly statement: Statement
}

/** `DESCRIBE [TABLE | VIEW] [EXTENDED] name`, also DESC. */
export interface Describe {
  readonly kind: 'describe'
  readonly span: Span
  readonly extended: boolean
  readonly name: ObjectName
}

export type ShowSubject =
  | 'TABLES'
  | 'VIEWS'
  | 'PIPELINES'
  | 'FUNCTIONS'
  | 'CONNECTORS'
  | 'TOPICS'
  | 'QUERIES'
  | 'OPTIONS'
  | 'COLUMNS'
  | 'CREATE TABLE'
  | 'CREATE VIEW'

export interface Show {
  readonly kind: 'show'
  readonly span: Span
  readonly subject: ShowSubject
  /** Set for COLUMNS (`SHOW COLUMNS FROM t`), CREATE TABLE and CREATE VIEW, else null. */
  readonly name: ObjectName | null
  readonly like: StringLiteral | null
}

/** `COMMENT ON TABLE t IS 'text'`, `COMMENT ON COLUMN t.c IS NULL`. */
export interface CommentOn {
  readonly kind: 'comment-on'
  readonly span: Span
  readonly object: 'TABLE' | 'VIEW' | 'COLUMN'
  readonly name: ObjectName
  /** Set for COLUMN, else null. */
  readonly column: Identifier | null
  readonly text: string | null
}
