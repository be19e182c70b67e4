import type { Schema } from '../../kernel/index.ts'
import { type CreateTable, parseStatement, STANDARD, typeSql } from '../../sql/index.ts'

/** How a result topic's records say what they take back; see SourceChangelog. `append`: they take nothing back. */
export type Changelog = 'append' | 'weights' | 'upsert'

/** The result of a materialized view as others read it. */
export interface ResultRelation {
  readonly name: string
  /** Visible columns. */
  readonly schema: Schema
  readonly changelog: Changelog
  /** Columns that identify a row of an `upsert` result. */
  readonly key: readonly number[]
}

/** A materialized view is, for whoever reads it, a table over its topic. */
export function resultTable({ name, schema, changelog, key }: ResultRelation): CreateTable {
  const columns = schema.fields.map((field) => `${quoted(field.name)} ${typeSql(field.type)}${field.nullable ? '' : ' NOT NULL'}`)
  const keys = key.map((index) => quoted(schema.fields[index]!.name))
  if (keys.length > 0) columns.push(`PRIMARY KEY (${keys.join(', ')})`)
  return table(
    `CREATE TABLE ${quoted(name)} (${columns.join(', ')}) WITH (connector = 'topic', format = 'json', changelog = '${changelog}')`,
  )
}

/** A topic that no object declares is a table of JSON values. */
export function topicTable(topic: string): CreateTable {
  return table(
    `CREATE TABLE ${quoted(topic)} ("value" JSON) WITH (connector = 'topic', format = 'json', 'json.unstructured' = 'true')`,
  )
}

function table(sql: string): CreateTable {
  return parseStatement(sql, STANDARD) as CreateTable
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
