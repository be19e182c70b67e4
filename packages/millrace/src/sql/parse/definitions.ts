import { MillraceError } from '../../kernel/index.ts'
import type {
  ColumnDefinition,
  CreatePipeline,
  CreateTable,
  CreateView,
  Expression,
  GeneratedColumn,
  MetadataColumn,
  TableElement,
  WatermarkDefinition,
} from '../ast/index.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './expressions.ts'
import { parseLabel, parseTableName } from './names.ts'
import { parseOptions } from './options.ts'
import { parseQuery } from './queries.ts'
import { parseInsert } from './statements.ts'
import { parseType } from './types.ts'

/** CREATE TABLE, VIEW, MATERIALIZED VIEW or PIPELINE. */
export function parseCreate(c: Cursor): CreateTable | CreateView | CreatePipeline {
  const { start } = c
  c.expectWords('CREATE')
  const orReplace = c.acceptWords('OR', 'REPLACE')
  const temporary = c.acceptOneOf('TEMPORARY', 'TEMP') !== undefined
  const materialized = !temporary && c.acceptWords('MATERIALIZED')
  const object = materialized
    ? c.expectOneOf('VIEW')
    : temporary
      ? c.expectOneOf('TABLE', 'VIEW')
      : (c.acceptOneOf('TABLE', 'VIEW', 'PIPELINE') ??
        c.fail('TABLE, VIEW, MATERIALIZED VIEW or PIPELINE', [
          'TABLE',
          'VIEW',
          'MATERIALIZED',
          'PIPELINE',
          'TEMPORARY',
        ]))
  const ifNotExists = c.acceptWords('IF', 'NOT', 'EXISTS')
  switch (object) {
    case 'TABLE':
      return parseTable(c, start, { orReplace, temporary, ifNotExists })
    case 'VIEW':
      return parseView(c, start, { orReplace, temporary, materialized, ifNotExists })
    case 'PIPELINE':
      return parsePipeline(c, start, { orReplace, ifNotExists })
  }
}

function parseTable(
  c: Cursor,
  start: number,
  flags: Pick<CreateTable, 'orReplace' | 'temporary' | 'ifNotExists'>,
): CreateTable {
  const name = parseTableName(c)
  const elements = c.isSymbol('(') ? c.parenthesized(parseElement) : []
  const comment = parseComment(c)
  const partitionedBy = c.acceptWords('PARTITIONED', 'BY') ? c.parenthesized((cursor) => parseExpression(cursor)) : []
  const options = c.acceptWords('WITH') ? parseOptions(c) : []
  const query = c.acceptWords('AS') ? parseQuery(c) : null
  return {
    kind: 'create-table',
    span: c.spanFrom(start),
    ...flags,
    name,
    elements,
    comment,
    partitionedBy,
    options,
    query,
  }
}

function parseView(
  c: Cursor,
  start: number,
  flags: Pick<CreateView, 'orReplace' | 'temporary' | 'materialized' | 'ifNotExists'>,
): CreateView {
  const name = parseTableName(c, 'the name of a view')
  const columns = c.isSymbol('(') ? c.parenthesized((cursor) => parseLabel(cursor, 'the name of a column')) : []
  const options = c.acceptWords('WITH') ? parseOptions(c) : []
  c.expectWords('AS')
  const query = parseQuery(c)
  return { kind: 'create-view', span: c.spanFrom(start), ...flags, name, columns, options, query }
}

function parsePipeline(
  c: Cursor,
  start: number,
  flags: Pick<CreatePipeline, 'orReplace' | 'ifNotExists'>,
): CreatePipeline {
  const name = parseTableName(c, 'the name of a pipeline')
  const options = c.acceptWords('WITH') ? parseOptions(c) : []
  c.expectWords('AS')
  const statement = parseInsert(c)
  return { kind: 'create-pipeline', span: c.spanFrom(start), ...flags, name, options, statement }
}

function parseComment(c: Cursor): string | null {
  return c.acceptWords('COMMENT') ? c.expect('string', 'a string').text : null
}

function parseElement(c: Cursor): TableElement {
  const { start } = c
  if (c.isWord('WATERMARK') && c.isWord('FOR', 1)) return parseWatermark(c, start)
  if (c.isWord('CONSTRAINT') && c.isWord('PRIMARY', 2)) {
    c.advance()
    parseLabel(c, 'the name of a constraint')
  }
  if (c.isWord('PRIMARY') && c.isWord('KEY', 1)) {
    c.expectWords('PRIMARY', 'KEY')
    const columns = c.parenthesized((cursor) => parseLabel(cursor, 'the name of a column'))
    c.acceptWords('NOT', 'ENFORCED')
    return { kind: 'primary-key', span: c.spanFrom(start), columns }
  }
  return parseColumn(c, start)
}

function parseWatermark(c: Cursor, start: number): WatermarkDefinition {
  c.expectWords('WATERMARK', 'FOR')
  const column = parseLabel(c, 'the name of a column')
  const expression = c.acceptWords('AS') ? parseExpression(c) : null
  return { kind: 'watermark', span: c.spanFrom(start), column, expression }
}

type Constraints = {
  -readonly [K in Exclude<keyof ColumnDefinition, 'kind' | 'span' | 'name' | 'type'>]: ColumnDefinition[K]
}

function parseColumn(c: Cursor, start: number): ColumnDefinition {
  const name = parseLabel(c, 'the name of a column')
  const constraints: Constraints = {
    notNull: false,
    primaryKey: false,
    unique: false,
    generated: null,
    metadata: null,
    default: null,
    comment: null,
  }
  if (c.isWord('AS')) {
    constraints.generated = parseShortGenerated(c)
    while (parseConstraint(c, constraints));
    return { kind: 'column-definition', span: c.spanFrom(start), name, type: null, ...constraints }
  }
  const type = c.isWord('GENERATED') && c.isWord('ALWAYS', 1) ? null : parseType(c)
  while (parseConstraint(c, constraints));
  if (type === null && constraints.generated === null) {
    throw new MillraceError('SQL_SYNTAX', `the column "${name.name}" has no type`, { span: name.span })
  }
  return { kind: 'column-definition', span: c.spanFrom(start), name, type, ...constraints }
}

/** Reads one constraint into `into`; false if none stands here. */
function parseConstraint(c: Cursor, into: Constraints): boolean {
  const { start } = c
  if (c.acceptWords('NOT', 'NULL')) into.notNull = true
  else if (c.acceptWords('NULL')) return true
  else if (c.acceptWords('PRIMARY', 'KEY')) {
    into.primaryKey = true
    c.acceptWords('NOT', 'ENFORCED')
  } else if (c.acceptWords('UNIQUE')) into.unique = true
  else if (c.acceptWords('DEFAULT')) into.default = parseExpression(c)
  else if (c.isWord('COMMENT')) into.comment = parseComment(c)
  else if (c.acceptWords('METADATA')) into.metadata = parseMetadata(c, start)
  else if (c.acceptWords('GENERATED')) parseGenerated(c, start, into)
  else return false
  return true
}

function parseMetadata(c: Cursor, start: number): MetadataColumn {
  const key = c.acceptWords('FROM') ? c.expect('string', 'a string').text : null
  c.acceptWords('VIRTUAL')
  return { kind: 'metadata-column', span: c.spanFrom(start), key }
}

/** `GENERATED ALWAYS AS (expression)`; over `metadata('key')` it is the older spelling of a metadata column. */
function parseGenerated(c: Cursor, start: number, into: Constraints): void {
  c.expectWords('ALWAYS', 'AS')
  c.expectSymbol('(')
  const expression = parseExpression(c)
  c.expectSymbol(')')
  const storage = c.acceptOneOf('STORED', 'VIRTUAL') ?? null
  const span = c.spanFrom(start)
  const key = metadataKey(expression)
  if (key === undefined) into.generated = { kind: 'generated-column', span, expression, storage }
  else into.metadata = { kind: 'metadata-column', span, key }
}

function metadataKey(expression: Expression): string | undefined {
  if (expression.kind !== 'call' || expression.name.parts.length !== 1 || expression.arguments.length !== 1)
    return undefined
  const value = expression.arguments[0]!.value
  return expression.name.parts[0]!.name.toLowerCase() === 'metadata' && value.kind === 'string'
    ? value.value
    : undefined
}

/** `cost AS price * quantity`. */
function parseShortGenerated(c: Cursor): GeneratedColumn {
  const { start } = c
  c.expectWords('AS')
  const expression = parseExpression(c)
  return { kind: 'generated-column', span: c.spanFrom(start), expression, storage: null }
}
