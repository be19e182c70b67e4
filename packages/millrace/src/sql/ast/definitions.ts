import type { Span } from '../../kernel/index.ts'
import type { Expression } from './expressions.ts'
import type { Identifier, ObjectName } from './names.ts'
import type { Option } from './options.ts'
import type { Query } from './queries.ts'
import type { Insert } from './statements.ts'
import type { TypeName } from './types.ts'

/** With neither `elements` nor `query` the columns come from elsewhere (a sink takes those of its INSERTs). */
export interface CreateTable {
  readonly kind: 'create-table'
  readonly span: Span
  readonly orReplace: boolean
  readonly temporary: boolean
  readonly ifNotExists: boolean
  readonly name: ObjectName
  readonly elements: readonly TableElement[]
  readonly comment: string | null
  readonly partitionedBy: readonly Expression[]
  readonly options: readonly Option[]
  /** `CREATE TABLE t AS SELECT ...`. */
  readonly query: Query | null
}

export type TableElement = ColumnDefinition | PrimaryKey | WatermarkDefinition

export interface ColumnDefinition {
  readonly kind: 'column-definition'
  readonly span: Span
  readonly name: Identifier
  /** May be missing in a generated column only. */
  readonly type: TypeName | null
  readonly notNull: boolean
  readonly primaryKey: boolean
  readonly unique: boolean
  readonly generated: GeneratedColumn | null
  readonly metadata: MetadataColumn | null
  readonly default: Expression | null
  readonly comment: string | null
}

/** `GENERATED ALWAYS AS (expression) [STORED | VIRTUAL]`. */
export interface GeneratedColumn {
  readonly kind: 'generated-column'
  readonly span: Span
  readonly expression: Expression
  readonly storage: 'STORED' | 'VIRTUAL' | null
}

/** `METADATA [FROM 'key']`, formerly `GENERATED ALWAYS AS (metadata('key'))`. */
export interface MetadataColumn {
  readonly kind: 'metadata-column'
  readonly span: Span
  /** Null: the column's own name. */
  readonly key: string | null
}

/** Table level: `PRIMARY KEY (a, b)`. */
export interface PrimaryKey {
  readonly kind: 'primary-key'
  readonly span: Span
  readonly columns: readonly Identifier[]
}

/** `WATERMARK FOR ts [AS expression]`. */
export interface WatermarkDefinition {
  readonly kind: 'watermark'
  readonly span: Span
  readonly column: Identifier
  readonly expression: Expression | null
}

export interface CreateView {
  readonly kind: 'create-view'
  readonly span: Span
  readonly orReplace: boolean
  readonly temporary: boolean
  readonly materialized: boolean
  readonly ifNotExists: boolean
  readonly name: ObjectName
  /** Names of the columns, if given. */
  readonly columns: readonly Identifier[]
  readonly options: readonly Option[]
  readonly query: Query
}

/** `CREATE PIPELINE p [WITH (...)] AS INSERT ...`. */
export interface CreatePipeline {
  readonly kind: 'create-pipeline'
  readonly span: Span
  readonly orReplace: boolean
  readonly ifNotExists: boolean
  readonly name: ObjectName
  readonly options: readonly Option[]
  readonly statement: Insert
}
