import { describe, expect, it } from 'vitest'
import { formatError } from '../../src/kernel/index.ts'
import { compileScript } from '../../src/runtime/index.ts'

const TABLE =
  "CREATE TABLE trades (price DECIMAL, symbol TEXT)\tWITH (connector = 'websocket', endpoint = 'ws://test', format = 'json');"

/** What a user sees of the errors of a script. */
function shown(text: string): string[] {
  const source = { name: 's.sql', text }
  return compileScript(source).errors.map((error) => formatError(error, source))
}

describe('errors point at their place', () => {
  it.each([
    ['line feeds', '\n'],
    ['carriage returns and line feeds', '\r\n'],
  ])('in lines ended by %s, behind tabs, emoji and other scripts', (_, end) => {
    const script = [TABLE, 'SELECT \'😀\' AS "€",', '\t\tprise,', "\t'𝒳é漢' || symbl AS x", 'FROM trades;'].join(end)
    expect(shown(script)).toEqual([
      [
        's.sql:3:3: error: there is no column "prise" [SQL_UNKNOWN_COLUMN]',
        ' 3 |   prise,',
        '   |   ^^^^^',
        'detail: Columns here: price, symbol.',
        'hint: Did you mean "price"?',
      ].join('\n'),
      [
        's.sql:4:11: error: there is no column "symbl" [SQL_UNKNOWN_COLUMN]',
        " 4 |  '𝒳é漢' || symbl AS x",
        '   |           ^^^^^',
        'detail: Columns here: price, symbol.',
        'hint: Did you mean "symbol"?',
      ].join('\n'),
    ])
  })

  it('marks a construct of several lines as far as its first, by characters', () => {
    const [first] = shown(`${TABLE}\r\nSELECT '😀😀' +\r\n  TRUE AS x FROM trades`)
    expect(first!.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/^s\.sql:2:\d+: error: /),
      " 2 | SELECT '😀😀' +",
      expect.stringMatching(/^ {3}\| +\^{1,6}$/),
    ])
  })

  it('shows the part of a long line around the place', () => {
    const [text] = shown(`${TABLE} SELECT ${'price, '.repeat(100)}prise FROM trades`)
    const [, line, caret] = text!.split('\n')
    expect(line!.slice(caret!.indexOf('^'), caret!.lastIndexOf('^') + 1)).toBe('prise')
    expect(line!.length).toBeLessThan(140)
  })

  it('at the end of the text', () => {
    expect(shown(`${TABLE}\nSELECT price FROM`)[0]).toMatch(/^s\.sql:2:18: error: /)
  })
})

describe('one mistake is one error', () => {
  it.each([
    [
      'an unknown type',
      "CREATE TABLE a (x BIGNIT, y BIGINT) WITH (connector = 'websocket', endpoint = 'ws://t', format = 'json'); SELECT x + y AS z, sum(x) FROM a WHERE x > 1 GROUP BY x, y",
      ['SQL_UNKNOWN_TYPE'],
    ],
    [
      'an unknown table under views',
      'CREATE VIEW v AS SELECT a, b + 1 AS c FROM trds; CREATE VIEW w AS SELECT c FROM v WHERE a = 1; SELECT sum(c) FROM w GROUP BY d',
      ['SQL_UNKNOWN_TABLE'],
    ],
    [
      'an unknown column of a view',
      'CREATE VIEW v AS SELECT prise AS p FROM trades; SELECT p + 1, upper(p), p.x FROM v WHERE p LIKE 3',
      ['SQL_UNKNOWN_COLUMN'],
    ],
    [
      'an unknown function in a grouping',
      'SELECT uper(symbol) AS u, count(*) FROM trades GROUP BY u HAVING u > 1',
      ['SQL_UNKNOWN_FUNCTION'],
    ],
    [
      'a faulty window',
      "SELECT TUMBLE(INTERVAL '1 month') AS w, count(*), w.start FROM trades GROUP BY w",
      ['SQL_WINDOW'],
    ],
    ['a statement that does not parse', 'SELEC price FROM trades; SELECT price FROM trades', ['SQL_SYNTAX']],
    ['a view that does not parse', 'CREATE VIEW v AS SELECT FROM WHERE; SELECT x FROM v', ['SQL_SYNTAX']],
    [
      'a wrong option',
      "CREATE TABLE b (x BIGINT) WITH (connector = 'websocket', endpont = 'ws://t', endpoint = 'ws://t', format = 'json'); SELECT x FROM b",
      ['CONFIG_OPTION_UNKNOWN'],
    ],
    [
      'an unknown connector',
      "CREATE TABLE b (x BIGINT) WITH (connector = 'websock', endpoint = 'ws://t', format = 'json'); SELECT x FROM b",
      ['CONFIG_CONNECTOR_UNKNOWN'],
    ],
    [
      'a wrong watermark',
      "CREATE TABLE b (x BIGINT, WATERMARK FOR y AS y - INTERVAL '1 second') WITH (connector = 'websocket', endpoint = 'ws://t', format = 'json'); SELECT count(*), TUMBLE(INTERVAL '1 second') AS w FROM b GROUP BY w",
      ['SQL_UNKNOWN_COLUMN'],
    ],
  ])('%s', (_, sql, codes) => {
    const { errors } = compileScript({ name: 's.sql', text: `${TABLE}\n${sql}` })
    expect(errors.map((e) => `${e.code}: ${e.message}`)).toEqual(codes.map((c) => expect.stringContaining(c)))
  })

  it('and every mistake is reported', () => {
    const sql =
      'SELECT prise, uper(symbol), CAST(price AS BIGNIT), price + TRUE FROM trades WHERE symbol > 1 AND cnt = 2; SELECT * FROM tradez'
    expect(shown(`${TABLE}\n${sql}`).map((e) => /\[(\w+)\]/.exec(e)![1])).toEqual([
      'SQL_UNKNOWN_COLUMN',
      'SQL_UNKNOWN_FUNCTION',
      'SQL_UNKNOWN_TYPE',
      'SQL_TYPE',
      'SQL_TYPE',
      'SQL_UNKNOWN_COLUMN',
      'SQL_UNKNOWN_TABLE',
    ])
  })
})

describe('names that were nearly right', () => {
  it.each([
    ['SELECT simbol FROM trades', 'Did you mean "symbol"?'],
    ['SELECT price FROM trade', 'Did you mean "trades"?'],
    ['SELECT trads.price FROM trades', 'trades'],
    ['SELECT cuont(price) FROM trades', 'Did you mean "count"?'],
    ['SELECT CAST(price AS VARCAHR) FROM trades', 'Did you mean "VARCHAR"?'],
    ['SELECT price FORM trades', 'FROM'],
    ['SELECT price FROM trades WHRE price > 1', 'WHERE'],
    ['SET updating_tl = 1', 'updating_ttl'],
    [
      "CREATE TABLE b (x BIGINT, t TIMESTAMP METADATA FROM 'timestmp') WITH (connector = 'websocket', endpoint = 'ws://t', format = 'json'); SELECT t FROM b",
      'timestamp',
    ],
    [
      "CREATE TABLE b (x BIGINT) WITH (connector = 'websocket', endpoint = 'ws://t', format = 'jsn'); SELECT x FROM b",
      'json',
    ],
    [
      "CREATE TABLE b (x BIGINT) WITH (connector = 'websocket', endpoint = 'ws://t', format = 'json', bad_data = 'dropp'); SELECT x FROM b",
      'drop',
    ],
    [
      "CREATE TABLE b (x BIGINT) WITH (connector = 'websocket', endpoint = 'ws://t', format = 'json', 'json.timestamp_formt' = 'unix_millis'); SELECT x FROM b",
      'json.timestamp_format',
    ],
  ])('%s', (sql, hint) => {
    const [error] = shown(`${TABLE}\n${sql}`)
    expect(error).toContain(hint)
  })
})
