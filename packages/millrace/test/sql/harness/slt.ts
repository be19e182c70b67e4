/**
 * SQL logic tests as text. A file is a list of records separated by blank lines; `#` starts a comment line.
 *
 *   statement ok                 declarations that the queries below see (CREATE TABLE, CREATE VIEW, SET)
 *   statement error CODE         text that must be refused with CODE; the message must contain the lines after ----
 *   push TABLE [at TIME]         payloads, one a line, in one step; TIME is the arrival (RFC 3339)
 *   advance DURATION             processing time passes, in one step
 *   end TABLE                    the input comes to its end
 *   query [open] [changes]       a SELECT over everything pushed so far, and its rows as JSON lines in any order; every input ends first
 *                                unless `open`; an updating query gives its final rows, or with `changes` every insert and delete
 *   counts                       counters of the query before, one `name owner rows` a line, all that are not zero
 */
export type SltRecord =
  | { readonly kind: 'statement'; readonly sql: string; readonly line: number }
  | { readonly kind: 'error'; readonly sql: string; readonly code: string; readonly line: number; readonly message: string }
  | { readonly kind: 'push'; readonly table: string; readonly at: string | null; readonly payloads: readonly string[]; readonly line: number }
  | { readonly kind: 'advance'; readonly duration: string; readonly line: number }
  | { readonly kind: 'end'; readonly table: string; readonly line: number }
  | {
      readonly kind: 'query'
      readonly sql: string
      readonly open: boolean
      readonly changes: boolean
      readonly expected: readonly string[]
      readonly line: number
    }
  | { readonly kind: 'counts'; readonly expected: readonly string[]; readonly line: number }

export function parseSlt(text: string): SltRecord[] {
  const records: SltRecord[] = []
  let block: string[] = []
  let first = 1
  const lines = [...text.split('\n'), '']
  lines.forEach((raw, i) => {
    if (raw.startsWith('#')) return
    if (raw.trim() !== '') {
      if (block.length === 0) first = i + 1
      block.push(raw)
      return
    }
    if (block.length > 0) records.push(parseBlock(block, first))
    block = []
  })
  return records
}

function parseBlock(block: readonly string[], line: number): SltRecord {
  const words = block[0]!.trim().split(/\s+/)
  const split = block.indexOf('----')
  const body = block.slice(1, split === -1 ? undefined : split)
  const after = split === -1 ? [] : block.slice(split + 1)
  const sql = body.join('\n')
  switch (words[0]) {
    case 'statement':
      return words[1] === 'ok'
        ? { kind: 'statement', sql, line }
        : { kind: 'error', sql, code: words[2] ?? '', line, message: after.join('\n') }
    case 'push':
      return { kind: 'push', table: words[1]!, at: words[2] === 'at' ? words[3]! : null, payloads: body, line }
    case 'advance':
      return { kind: 'advance', duration: words.slice(1).join(' '), line }
    case 'end':
      return { kind: 'end', table: words[1]!, line }
    case 'query':
      return { kind: 'query', sql, open: words.includes('open'), changes: words.includes('changes'), expected: after, line }
    case 'counts':
      return { kind: 'counts', expected: body, line }
    default:
      throw new Error(`line ${line}: no record "${words[0]}"`)
  }
}
