import type { Cursor } from './cursor.ts'

/**
 * Words that cannot start a name without quotes. Every other keyword is told from a name by what follows it. After a
 * dot, after AS and where a column is defined even these are names.
 */
export const RESERVED: ReadonlySet<string> = new Set(
  `AND AS BETWEEN CASE DISTINCT ELSE EXCEPT FALSE FROM GROUP HAVING ILIKE IN INTERSECT IS JOIN LIKE LIMIT NOT NULL ON OR
  ORDER QUALIFY SELECT THEN TRUE UNION USING WHEN WHERE WITH`.split(/\s+/),
)

const JOIN_WORDS: readonly string[] =
  'JOIN OUTER SEMI ANTI ASOF INNER LEFT RIGHT FULL CROSS BACKWARD FORWARD NEAREST'.split(' ')

/** Words that start a clause only when one of these words follows; otherwise they are names. */
const STARTS_BEFORE: ReadonlyMap<string, readonly string[]> = new Map([
  ['FETCH', ['FIRST', 'NEXT']],
  ['EMIT', ['ON', 'CHANGES', 'FINAL', 'EVERY']],
  ['FOR', ['SYSTEM_TIME']],
  ['WITHIN', ['INTERVAL']],
  ['INNER', JOIN_WORDS],
  ['LEFT', JOIN_WORDS],
  ['RIGHT', JOIN_WORDS],
  ['FULL', JOIN_WORDS],
  ['CROSS', JOIN_WORDS],
  ['NATURAL', JOIN_WORDS],
  ['ASOF', JOIN_WORDS],
  ['SEMI', JOIN_WORDS],
  ['ANTI', JOIN_WORDS],
  ['CREATE', ['TABLE', 'VIEW', 'OR', 'TEMPORARY', 'TEMP', 'MATERIALIZED', 'PIPELINE']],
  ['INSERT', ['INTO']],
  ['DROP', ['TABLE', 'VIEW', 'MATERIALIZED', 'PIPELINE']],
  ['PAUSE', ['TABLE', 'MATERIALIZED', 'PIPELINE']],
  ['RESUME', ['TABLE', 'MATERIALIZED', 'PIPELINE']],
])

/**
 * Whether the word at the cursor starts what comes after an expression or a table, and so is no alias without AS:
 * `SELECT a offset FROM t OFFSET 5`.
 */
export function startsClause(c: Cursor): boolean {
  const word = c.token.upper
  if (RESERVED.has(word)) return true
  const followers = STARTS_BEFORE.get(word)
  if (followers !== undefined && followers.some((f) => c.isWord(f, 1))) return true
  const next = c.peek(1)
  switch (word) {
    case 'OFFSET':
      return next.type === 'number' || next.type === 'parameter' || next.text === '(' || next.text === ':'
    case 'WITHIN':
      return next.type === 'number' || next.type === 'string'
    case 'WINDOW':
      return (next.type === 'word' || next.type === 'quoted') && c.isWord('AS', 2)
    case 'MATCH_CONDITION':
      return c.isSymbol('(', 1)
    case 'LATERAL':
      return c.dialect.lateralArrays && (next.type === 'word' || next.type === 'quoted')
    default:
      return false
  }
}

/** Whether a query starts at the cursor, as opposed to an expression or a list of names. */
export function startsQuery(c: Cursor, ahead = 0): boolean {
  return (
    c.isWord('SELECT', ahead) || c.isWord('WITH', ahead) || (c.isWord('VALUES', ahead) && c.isSymbol('(', ahead + 1))
  )
}
