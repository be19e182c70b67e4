import type {
  CommentOn,
  Describe,
  Drop,
  Explain,
  Insert,
  ObjectName,
  Pause,
  ResetOption,
  SetOption,
  Show,
  ShowSubject,
  Statement,
} from '../ast/index.ts'
import type { Cursor } from './cursor.ts'
import { parseCreate } from './definitions.ts'
import { isName, parseObjectName, parseTableName } from './names.ts'
import { parseOption, parseOptionKey } from './options.ts'
import { parseQuery } from './queries.ts'
import { startsQuery } from './words.ts'

/** First words of the statements there are. */
export const STATEMENT_WORDS: readonly string[] = [
  'SELECT',
  'WITH',
  'VALUES',
  'CREATE',
  'INSERT',
  'SET',
  'RESET',
  'DROP',
  'PAUSE',
  'RESUME',
  'EXPLAIN',
  'DESCRIBE',
  'SHOW',
  'COMMENT',
]

/** One statement, without the `;` after it. */
export function parseStatement(c: Cursor): Statement {
  if (c.isSymbol('(')) return parseQuery(c)
  switch (c.is('word') ? c.token.upper : '') {
    case 'SELECT':
    case 'WITH':
    case 'VALUES':
      return parseQuery(c)
    case 'CREATE':
      return parseCreate(c)
    case 'INSERT':
      return parseInsert(c)
    case 'SET':
      return parseSet(c)
    case 'RESET':
      return parseReset(c)
    case 'DROP':
      return parseDrop(c)
    case 'PAUSE':
    case 'RESUME':
      return parsePause(c)
    case 'EXPLAIN':
      return parseExplain(c)
    case 'DESCRIBE':
    case 'DESC':
      return parseDescribe(c)
    case 'SHOW':
      return parseShow(c)
    case 'COMMENT':
      return parseCommentOn(c)
    default:
      return c.fail('a statement', STATEMENT_WORDS)
  }
}

export function parseInsert(c: Cursor): Insert {
  const { start } = c
  c.expectWords('INSERT', 'INTO')
  const table = parseTableName(c)
  const named = c.isSymbol('(') && !startsQuery(c, 1) && !c.isSymbol('(', 1)
  const columns = named ? c.parenthesized((cursor) => parseObjectName(cursor, 'the name of a column')) : []
  const query = parseQuery(c)
  return { kind: 'insert', span: c.spanFrom(start), table, columns, query }
}

function parseSet(c: Cursor): SetOption {
  const { start } = c
  c.expectWords('SET')
  const option = parseOption(c, ['TO'])
  return { kind: 'set', span: c.spanFrom(start), option }
}

function parseReset(c: Cursor): ResetOption {
  const { start } = c
  c.expectWords('RESET')
  const all = c.acceptWords('ALL') || !(c.is('word') || c.is('string') || c.is('quoted'))
  const key = all ? null : parseOptionKey(c)
  return { kind: 'reset', span: c.spanFrom(start), key }
}

function parseDrop(c: Cursor): Drop {
  const { start } = c
  c.expectWords('DROP')
  const word = c.expectOneOf('TABLE', 'VIEW', 'MATERIALIZED', 'PIPELINE')
  if (word === 'MATERIALIZED') c.expectWords('VIEW')
  const ifExists = c.acceptWords('IF', 'EXISTS')
  const names = c.list((cursor) => parseTableName(cursor, 'a name'))
  const cascade = c.acceptWords('CASCADE')
  if (!cascade) c.acceptWords('RESTRICT')
  return {
    kind: 'drop',
    span: c.spanFrom(start),
    object: word === 'MATERIALIZED' ? 'MATERIALIZED VIEW' : word,
    ifExists,
    names,
    cascade,
  }
}

function parsePause(c: Cursor): Pause {
  const { start } = c
  const kind = c.expectOneOf('PAUSE', 'RESUME') === 'PAUSE' ? 'pause' : 'resume'
  const word = c.expectOneOf('TABLE', 'MATERIALIZED', 'PIPELINE')
  if (word === 'MATERIALIZED') c.expectWords('VIEW')
  const name = parseTableName(c, 'a name')
  return { kind, span: c.spanFrom(start), object: word === 'MATERIALIZED' ? 'MATERIALIZED VIEW' : word, name }
}

/** `EXPLAIN [ANALYZE] [CODEGEN] [FORMAT f | (FORMAT f)] statement`. */
function parseExplain(c: Cursor): Explain {
  const { start } = c
  const outer = c.enter()
  c.expectWords('EXPLAIN')
  let analyze = false
  let codegen = false
  let format: Explain['format'] = null
  const parseChoice = (): boolean => {
    if (c.acceptWords('ANALYZE')) analyze = true
    else if (c.acceptWords('CODEGEN')) codegen = true
    else if (c.acceptWords('FORMAT')) format = c.expectOneOf('TEXT', 'JSON', 'MERMAID')
    else return false
    return true
  }
  while (parseChoice());
  if (c.isSymbol('(') && ['ANALYZE', 'CODEGEN', 'FORMAT'].some((word) => c.isWord(word, 1))) {
    c.expectSymbol('(')
    do if (!parseChoice()) c.fail('ANALYZE, CODEGEN or FORMAT', ['ANALYZE', 'CODEGEN', 'FORMAT'])
    while (c.acceptSymbol(','))
    c.closeList()
  }
  const statement = parseStatement(c)
  c.leave(outer)
  return { kind: 'explain', span: c.spanFrom(start), analyze, codegen, format, statement }
}

function parseDescribe(c: Cursor): Describe {
  const { start } = c
  c.advance()
  if (isName(c, 1)) c.acceptOneOf('TABLE', 'VIEW')
  const extended = isName(c, 1) && c.acceptOneOf('EXTENDED', 'FORMATTED') !== undefined
  const name = parseTableName(c)
  return { kind: 'describe', span: c.spanFrom(start), extended, name }
}

const LISTS = ['TABLES', 'VIEWS', 'PIPELINES', 'FUNCTIONS', 'CONNECTORS', 'TOPICS', 'QUERIES', 'OPTIONS'] as const

function parseShow(c: Cursor): Show {
  const { start } = c
  c.expectWords('SHOW')
  const word = c.expectOneOf(...LISTS, 'COLUMNS', 'CREATE')
  let subject: ShowSubject
  let name: ObjectName | null = null
  if (word === 'COLUMNS') {
    subject = word
    c.expectOneOf('FROM', 'IN')
    name = parseTableName(c)
  } else if (word === 'CREATE') {
    subject = `CREATE ${c.expectOneOf('TABLE', 'VIEW')}`
    name = parseTableName(c)
  } else {
    subject = word
  }
  let like: Show['like'] = null
  if (c.acceptWords('LIKE')) {
    const likeStart = c.start
    const { text } = c.expect('string', 'a string')
    like = { kind: 'string', span: c.spanFrom(likeStart), value: text }
  }
  return { kind: 'show', span: c.spanFrom(start), subject, name, like }
}

function parseCommentOn(c: Cursor): CommentOn {
  const { start } = c
  c.expectWords('COMMENT', 'ON')
  const object = c.expectOneOf('TABLE', 'VIEW', 'COLUMN')
  const path = parseTableName(c, object === 'COLUMN' ? 'table.column' : 'a name')
  if (object === 'COLUMN' && path.parts.length < 2) c.fail('"." and the name of a column')
  const column = object === 'COLUMN' ? path.parts.at(-1)! : null
  const parts = object === 'COLUMN' ? path.parts.slice(0, -1) : path.parts
  const name: ObjectName = { kind: 'object-name', span: { start: path.span.start, end: parts.at(-1)!.span.end }, parts }
  c.expectWords('IS')
  const text = c.acceptWords('NULL') ? null : c.expect('string', 'a string or NULL').text
  return { kind: 'comment-on', span: c.spanFrom(start), object, name, column, text }
}
