import type { CreatePipeline, CreateTable, CreateView, Identifier, Insert, ObjectName, Statement } from '../../sql/index.ts'
import { parseStatement, printStatement, STANDARD } from '../../sql/index.ts'
import type { CatalogObject, ObjectKind } from './catalog-object.ts'

export type ObjectStatement = CreateTable | CreateView | CreatePipeline | Insert

/** An object with its statement; spans are those of the text it was read from. */
export interface Entry {
  readonly object: CatalogObject
  readonly statement: ObjectStatement
}

export function nameText(name: ObjectName): string {
  return name.parts.map((part) => part.name).join('.')
}

/** What a statement makes. Null: it makes nothing. */
export function objectKindOf(statement: Statement): ObjectKind | null {
  switch (statement.kind) {
    case 'create-table':
      return 'table'
    case 'create-view':
      return statement.materialized ? 'materialized view' : 'view'
    case 'create-pipeline':
    case 'insert':
      return 'pipeline'
    default:
      return null
  }
}

/** The INSERT of a pipeline. */
export function insertOf(statement: ObjectStatement): Insert | null {
  if (statement.kind === 'insert') return statement
  return statement.kind === 'create-pipeline' ? statement.statement : null
}

/** The statement as it is compared and kept: how it was to be made is left out, and a table without connector is a topic. */
export function definitionOf(statement: ObjectStatement): ObjectStatement {
  switch (statement.kind) {
    case 'insert':
      return statement
    case 'create-table':
      return withConnector({ ...statement, orReplace: false, ifNotExists: false })
    default:
      return { ...statement, orReplace: false, ifNotExists: false }
  }
}

export function canonicalText(statement: ObjectStatement): string {
  return printStatement(statement, STANDARD)
}

function withConnector(statement: CreateTable): CreateTable {
  if (statement.query !== null || statement.options.some(({ key }) => key.text === 'connector')) return statement
  const template = parseStatement(`CREATE TABLE t (a INT) WITH (connector = 'topic')`) as CreateTable
  const { span } = statement.name
  const options = template.options.map((option) => ({ ...option, span, key: { ...option.key, span } }))
  return { ...statement, options: [...options, ...statement.options] }
}

export function identifier(name: string): Identifier {
  return { kind: 'identifier', span: { start: 0, end: 0 }, name, quoted: true }
}
