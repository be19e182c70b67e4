import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDecimal, parseTimestamp, formatDecimal, normalizeDecimal } from '../../src/kernel/index.ts'
import { compileScript } from '../../src/runtime/index.ts'
import { MODES, runQuery } from '../sql/harness/run-query.ts'
import { expressions, type Kind, type Sql } from './arbitrary-sql.ts'

/** One row of values as JSON and as DuckDB's literals. */
const ROWS: readonly (readonly (string | null)[])[] = [
  [
    '0',
    '1',
    '0',
    '1.5',
    '',
    'a',
    'true',
    'false',
    '2024-02-29 23:59:59.999999',
    '1970-01-01 00:00:00',
    '2024-02-29',
    '1970-01-01',
  ],
  [
    '-7',
    '3',
    '-2.5',
    '0.0001',
    'Zebra zebra',
    'e',
    'false',
    'false',
    '1969-12-31 23:59:59.5',
    '2023-12-31 12:00:00',
    '2023-12-31',
    '2025-01-01',
  ],
  [
    '100',
    '-100',
    '99999.9999',
    '-0.005',
    "it's",
    'É_x',
    'true',
    'true',
    '2024-12-30 00:00:00',
    '2024-01-31 01:02:03.004',
    '2024-12-30',
    '2000-02-29',
  ],
  [null, '2', null, '2.5', null, 'ab', null, 'true', null, '2000-03-01 00:00:00', null, '2024-03-31'],
  ['5', null, '2.00', null, '  pad ', null, 'false', null, '1900-02-28 00:00:00', null, '1900-02-28', null],
  [null, null, null, null, null, null, null, null, null, null, null, null],
  [
    '-3',
    '-3',
    '1.25',
    '1.2500',
    'a',
    'a',
    'true',
    'true',
    '2024-02-29 12:34:56.789',
    '2024-02-29 12:34:56.789',
    '2024-02-29',
    '2024-02-29',
  ],
]
const NAMES = ['i', 'j', 'd', 'e', 's', 't', 'b', 'c', 'ts', 'us', 'day', 'dae']
const TYPES = [
  'BIGINT',
  'BIGINT',
  'DECIMAL(18, 4)',
  'DECIMAL(18, 4)',
  'TEXT',
  'TEXT',
  'BOOLEAN',
  'BOOLEAN',
  'TIMESTAMP',
  'TIMESTAMP',
  'DATE',
  'DATE',
]
const columns = NAMES.map((name, n) => `${name} ${TYPES[n]}`).join(', ')

const PAYLOADS = ROWS.map((row, id) => {
  const fields = row.map((value, n) => {
    const bare = value === null || ['BIGINT', 'BOOLEAN', 'DECIMAL(18, 4)'].includes(TYPES[n]!)
    return `"${NAMES[n]}":${bare ? value : JSON.stringify(value)}`
  })
  return `{"id":${id},${fields.join(',')}}`
})

/** The module is a development dependency with a binary for each platform; it is missing where that platform has none. */
const duckdb = await import('@duckdb/node-api').catch(() => null)

describe.skipIf(duckdb === null)(
  `expressions against DuckDB${duckdb === null ? ' (@duckdb/node-api is not installed)' : ''}`,
  () => {
    let query: (sql: string) => Promise<(string | null)[]>
    let close = () => {}

    beforeAll(async () => {
      const instance = await duckdb!.DuckDBInstance.create(':memory:')
      const connection = await instance.connect()
      const values = ROWS.map(
        (row, id) =>
          `(${[String(id), ...row.map((v) => (v === null ? 'NULL' : `'${v.replaceAll("'", "''")}'`))].join(', ')})`,
      )
      await connection.run(`CREATE TABLE x (id INT, ${columns}); INSERT INTO x VALUES ${values.join(', ')}`)
      query = async (sql) => (await connection.runAndReadAll(sql)).getRowsJson().map((row) => row[0] as string | null)
      close = () => {
        connection.closeSync()
        instance.closeSync()
      }
    })
    afterAll(() => close())

    const KINDS: readonly Kind[] = ['integer', 'decimal', 'text', 'boolean', 'timestamp', 'date']
    it.each(KINDS)('%s', { timeout: 120_000 }, async (kind) => {
      await fc.assert(
        fc.asyncProperty(expressions(kind, 3), fc.boolean(), async (expression, generated) => {
          const theirs = await query(`SELECT ${readable(kind, expression.duck)} FROM x ORDER BY id`)
          expect(await ours(kind, expression, generated)).toEqual(theirs.map((text) => canonical(kind, text)))
        }),
        { numRuns: 150 },
      )
    })
  },
)

function readable(kind: Kind, duck: string): string {
  return kind === 'timestamp' ? `CAST(epoch_us(CAST(${duck} AS TIMESTAMP)) AS VARCHAR)` : `CAST(${duck} AS VARCHAR)`
}

function canonical(kind: Kind, text: string | null): string | null {
  return text !== null && kind === 'decimal' ? formatDecimal(normalizeDecimal(parseDecimal(text)!)) : text
}

/** Results in order of the rows; null, or text as `canonical` gives it. */
async function ours(kind: Kind, { sql }: Sql, generated: boolean): Promise<(string | null)[]> {
  const table = `CREATE TABLE x (id INT, ${columns}) WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json')`
  const script = compileScript({ name: 'expression.sql', text: `${table}; SELECT id, ${sql} AS value FROM x` })
  expect(script.errors.map((e) => e.message)).toEqual([])
  const mode = MODES.find((m) => m.codegen === generated && m.batchRows === 1000)!
  const { rows } = await runQuery(
    script,
    [{ kind: 'push', table: 'x', at: null, payloads: PAYLOADS }],
    { open: false, changes: false },
    mode,
  )
  const values = new Map(rows.map((row) => /^\{"id":(\d+),"value":(.*)\}$/s.exec(row)!.slice(1, 3) as [string, string]))
  return ROWS.map((_, id) => {
    const text = values.get(String(id))!
    if (text === 'null') return null
    switch (kind) {
      case 'text':
      case 'date':
        return JSON.parse(text) as string
      case 'timestamp':
        return String(parseTimestamp(JSON.parse(text) as string))
      default:
        return canonical(kind, text)
    }
  })
}
