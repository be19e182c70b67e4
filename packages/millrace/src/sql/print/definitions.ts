import { unreachable } from '../../kernel/index.ts'
import type { ColumnDefinition, CreatePipeline, CreateTable, CreateView, Option, TableElement } from '../ast/index.ts'
import { expression, expressions } from './expressions.ts'
import { query } from './queries.ts'
import { insert } from './statements.ts'
import { type Style, block, label, labels, lines, objectName, string, words } from './style.ts'
import { option } from './tables.ts'
import { type } from './types.ts'

export function createTable(node: CreateTable, style: Style): string {
  const head = words(
    'CREATE',
    node.orReplace && 'OR REPLACE',
    node.temporary && 'TEMPORARY',
    'TABLE',
    node.ifNotExists && 'IF NOT EXISTS',
  )
  return lines(
    [
      words(
        head,
        objectName(node.name, style),
        node.elements.length > 0 && block(node.elements, style, tableElement),
        node.comment !== null && `COMMENT ${string(node.comment, style)}`,
        node.partitionedBy.length > 0 && `PARTITIONED BY (${expressions(node.partitionedBy, style)})`,
        withOptions(node.options, style),
        node.query !== null && 'AS',
      ),
      node.query !== null && query(node.query, style),
    ],
    style,
  )
}

export function createView(node: CreateView, style: Style): string {
  const head = words(
    'CREATE',
    node.orReplace && 'OR REPLACE',
    node.temporary && 'TEMPORARY',
    node.materialized && 'MATERIALIZED',
    'VIEW',
    node.ifNotExists && 'IF NOT EXISTS',
  )
  const columns = node.columns.length > 0 && `(${labels(node.columns, style)})`
  return lines(
    [
      words(head, objectName(node.name, style), columns, withOptions(node.options, style), 'AS'),
      query(node.query, style),
    ],
    style,
  )
}

export function createPipeline(node: CreatePipeline, style: Style): string {
  const head = words('CREATE', node.orReplace && 'OR REPLACE', 'PIPELINE', node.ifNotExists && 'IF NOT EXISTS')
  return lines(
    [words(head, objectName(node.name, style), withOptions(node.options, style), 'AS'), insert(node.statement, style)],
    style,
  )
}

function withOptions(options: readonly Option[], style: Style): string {
  return options.length === 0 ? '' : `WITH ${block(options, style, option)}`
}

function tableElement(node: TableElement, style: Style): string {
  switch (node.kind) {
    case 'column-definition':
      return columnDefinition(node, style)
    case 'primary-key':
      return `PRIMARY KEY (${labels(node.columns, style)})`
    case 'watermark':
      return words(
        'WATERMARK FOR',
        label(node.column, style),
        node.expression !== null && `AS ${expression(node.expression, style)}`,
      )
    default:
      return unreachable(node)
  }
}

function columnDefinition(node: ColumnDefinition, style: Style): string {
  return words(
    label(node.name, style),
    node.type !== null && type(node.type, style),
    node.notNull && 'NOT NULL',
    node.primaryKey && 'PRIMARY KEY',
    node.unique && 'UNIQUE',
    node.generated !== null && `GENERATED ALWAYS AS (${expression(node.generated.expression, style)})`,
    node.generated !== null && node.generated.storage,
    node.metadata !== null && 'METADATA',
    node.metadata !== null && node.metadata.key !== null && `FROM ${string(node.metadata.key, style)}`,
    node.default !== null && `DEFAULT ${expression(node.default, style)}`,
    node.comment !== null && `COMMENT ${string(node.comment, style)}`,
  )
}
