import {
  BIGINT,
  type DataType,
  didYouMean,
  INT,
  type RawOption,
  type Span,
  type TableDescription,
  TEXT,
  TIMESTAMP,
  typeName,
} from '../../kernel/index.ts'
import type * as ast from '../ast/index.ts'
import { bindType, canCast, nameText, type Report } from '../bind/index.ts'
import { rawOptions } from './options.ts'
import type { Planner } from './planner.ts'
import type { Relation } from './relation.ts'
import { planSource } from './source.ts'

/** Metadata every source delivers. */
export const COMMON_METADATA: ReadonlyMap<string, DataType> = new Map<string, DataType>([
  ['timestamp', TIMESTAMP],
  ['offset', BIGINT],
  ['partition', INT],
  ['index', INT],
  ['topic', TEXT],
])

export interface TableColumn {
  readonly name: string
  readonly span: Span
  /** Undefined: it could not be bound. */
  readonly type: DataType | undefined
  /** A generated column without type: it has that of its expression. */
  readonly inferred: boolean
  readonly nullable: boolean
  readonly origin: ColumnOrigin
}

export type ColumnOrigin =
  | { readonly kind: 'payload' }
  | { readonly kind: 'metadata'; readonly key: string }
  | { readonly kind: 'generated'; readonly expression: ast.Expression }

export interface Table {
  readonly name: string
  readonly statement: ast.CreateTable
  /** Those of the statement; a sink without columns takes those of its INSERTs. */
  readonly columns: readonly TableColumn[]
  readonly primaryKey: readonly string[]
  readonly options: readonly RawOption[]
  readonly description: TableDescription
  /** Its rows, for a table that can be read. */
  readonly relation: Relation | null
}

/** Binds CREATE TABLE with columns: checks its options with the connector and plans how it is read. */
export function bindTable(planner: Planner, statement: ast.CreateTable): Table {
  const { report } = planner
  const name = nameText(statement.name)
  refuseClauses(statement, report)
  const columns = bindColumns(statement, report)
  const options = connected(planner, rawOptions(statement.options, report))
  const description = planner.describeTable({
    name,
    options,
    columns: columns
      .filter((c) => c.origin.kind === 'payload')
      .map(({ name: column, type, nullable }) => ({ name: column, type: type ?? TEXT, nullable })),
    span: statement.name.span,
  })
  report.add(description.errors)
  const table = {
    name,
    statement,
    columns,
    primaryKey: bindPrimaryKey(statement, columns, report),
    options,
    description,
  }
  if (description.errors.length === 0) {
    checkMetadata(table, report)
    checkTopic(planner, table)
  }
  const readable = description.errors.length > 0 || description.canRead
  return { ...table, relation: readable ? planSource(planner, table) : null }
}

/** Where there is a log, a table without connector is a topic of it. */
function connected(planner: Planner, options: readonly RawOption[]): readonly RawOption[] {
  if (!planner.topics || options.some((o) => o.key === 'connector')) return options
  return [{ key: 'connector', value: 'topic' }, ...options]
}

function checkTopic(
  { topics, report }: Planner,
  { name, statement, columns, primaryKey, options, description }: Omit<Table, 'relation'>,
): void {
  const span = options.find((o) => o.key === 'connector')?.span ?? statement.name.span
  if (description.topic && !topics) {
    report.error('CONFIG_OPTION_INVALID', `table "${name}" is a topic, and there is no log to keep it`, span, {
      hint: 'Run with --data-dir DIR: topics are then kept in a log in that directory.',
    })
  }
  if (description.changelog !== 'upsert') return
  for (const column of columns) {
    if (!primaryKey.includes(column.name) || column.origin.kind === 'payload') continue
    report.error(
      'SQL_INVALID',
      `column "${column.name}" cannot be in the PRIMARY KEY: it is ${column.origin.kind === 'metadata' ? 'metadata' : 'generated'}`,
      column.span,
      {
        hint: 'A deleted row has nothing but the columns of its key, as they stand in the record.',
      },
    )
  }
}

function refuseClauses(statement: ast.CreateTable, report: Report): void {
  if (statement.temporary) {
    report.unsupported(
      'a temporary table, which is for lookup joins, is',
      statement.name.span,
      'Read what it holds as a table with event time, and write JOIN t FOR SYSTEM_TIME AS OF a.ts ON a.id = t.id.',
    )
  }
  const [partition] = statement.partitionedBy
  if (partition !== undefined) report.unsupported('PARTITIONED BY is', partition.span, 'Leave it out.')
}

function bindColumns(statement: ast.CreateTable, report: Report): TableColumn[] {
  const columns: TableColumn[] = []
  const taken = new Set<string>()
  for (const element of statement.elements) {
    if (element.kind !== 'column-definition') continue
    const { name } = element
    if (taken.has(name.name)) {
      report.error('SQL_DUPLICATE', `column "${name.name}" is declared twice`, name.span)
      continue
    }
    taken.add(name.name)
    columns.push(bindColumn(element, report))
  }
  return columns
}

function bindColumn(element: ast.ColumnDefinition, report: Report): TableColumn {
  const { name, generated, metadata } = element
  if (element.default !== null) {
    report.unsupported(
      'DEFAULT is',
      element.default.span,
      'Write a generated column: x INT GENERATED ALWAYS AS (coalesce(y, 0)).',
    )
  }
  if (element.unique) report.unsupported('UNIQUE, which nothing would enforce, is', element.span, 'Leave it out.')
  if (element.type === null && generated === null)
    report.error('SQL_INVALID', `column "${name.name}" has no type`, name.span)
  const origin: ColumnOrigin =
    generated !== null
      ? { kind: 'generated', expression: generated.expression }
      : metadata !== null
        ? { kind: 'metadata', key: metadata.key ?? name.name }
        : { kind: 'payload' }
  return {
    name: name.name,
    span: element.span,
    type: element.type === null ? undefined : bindType(element.type, report),
    inferred: element.type === null,
    nullable: !element.notNull && !element.primaryKey,
    origin,
  }
}

function bindPrimaryKey(statement: ast.CreateTable, columns: readonly TableColumn[], report: Report): string[] {
  const key: string[] = []
  for (const element of statement.elements) {
    if (element.kind === 'column-definition' && element.primaryKey) key.push(element.name.name)
    if (element.kind !== 'primary-key') continue
    for (const { name, span } of element.columns) {
      if (columns.some((c) => c.name === name)) key.push(name)
      else {
        report.error('SQL_UNKNOWN_COLUMN', `there is no column "${name}"`, span, {
          hint: didYouMean(
            name,
            columns.map((c) => c.name),
          ),
        })
      }
    }
  }
  return key
}

function checkMetadata(table: Pick<Table, 'name' | 'columns' | 'description'>, report: Report): void {
  const known = metadataOf(table.description)
  for (const { name, span, type, origin } of table.columns) {
    if (origin.kind !== 'metadata') continue
    const given = known.get(origin.key)
    if (given === undefined) {
      report.error('SQL_INVALID', `connector "${table.description.connector}" has no metadata "${origin.key}"`, span, {
        detail: `It has ${[...known.keys()].join(', ')}.`,
        hint: didYouMean(origin.key, known.keys()),
      })
    } else if (type !== undefined && !canCast(given, type)) {
      report.error(
        'SQL_TYPE',
        `metadata "${origin.key}" is ${typeName(given)}, column "${name}" ${typeName(type)}`,
        span,
      )
    }
  }
}

/** All metadata of a table by key; the connector's own goes before what every source has. */
export function metadataOf(description: TableDescription): ReadonlyMap<string, DataType> {
  return new Map([...COMMON_METADATA, ...description.metadata])
}
