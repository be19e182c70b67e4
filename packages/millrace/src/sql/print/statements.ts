import { unreachable } from '../../kernel/index.ts'
import type { CommentOn, Drop, Explain, Insert, Pause, Show, Statement } from '../ast/index.ts'
import { createPipeline, createTable, createView } from './definitions.ts'
import { query } from './queries.ts'
import { type Style, label, lines, objectName, string, words } from './style.ts'
import { option, optionKey } from './tables.ts'

export function statement(node: Statement, style: Style): string {
  switch (node.kind) {
    case 'create-table':
      return createTable(node, style)
    case 'create-view':
      return createView(node, style)
    case 'create-pipeline':
      return createPipeline(node, style)
    case 'insert':
      return insert(node, style)
    case 'query':
      return query(node, style)
    case 'set':
      return `SET ${option(node.option, style)}`
    case 'reset':
      return `RESET ${node.key === null ? 'ALL' : optionKey(node.key.text, style)}`
    case 'drop':
      return drop(node, style)
    case 'pause':
    case 'resume':
      return pause(node, style)
    case 'explain':
      return explain(node, style)
    case 'describe':
      return words('DESCRIBE', node.extended && 'EXTENDED', objectName(node.name, style))
    case 'show':
      return show(node, style)
    case 'comment-on':
      return commentOn(node, style)
    default:
      return unreachable(node)
  }
}

export function insert(node: Insert, style: Style): string {
  const columns = node.columns.length > 0 && `(${node.columns.map((column) => objectName(column, style)).join(', ')})`
  return lines([words('INSERT INTO', objectName(node.table, style), columns), query(node.query, style)], style)
}

function drop(node: Drop, style: Style): string {
  const names = node.names.map((name) => objectName(name, style)).join(', ')
  return words('DROP', node.object, node.ifExists && 'IF EXISTS', names, node.cascade && 'CASCADE')
}

function pause(node: Pause, style: Style): string {
  return words(node.kind.toUpperCase(), node.object, objectName(node.name, style))
}

function explain(node: Explain, style: Style): string {
  const head = words(
    'EXPLAIN',
    node.analyze && 'ANALYZE',
    node.codegen && 'CODEGEN',
    node.format !== null && `FORMAT ${node.format}`,
  )
  return lines([head, statement(node.statement, style)], style)
}

function show(node: Show, style: Style): string {
  return words(
    'SHOW',
    node.subject,
    node.subject === 'COLUMNS' && 'FROM',
    node.name !== null && objectName(node.name, style),
    node.like !== null && `LIKE ${string(node.like.value, style)}`,
  )
}

function commentOn(node: CommentOn, style: Style): string {
  const column = node.column === null ? '' : `.${label(node.column, style)}`
  return words(
    'COMMENT ON',
    node.object,
    objectName(node.name, style) + column,
    'IS',
    node.text === null ? 'NULL' : string(node.text, style),
  )
}
