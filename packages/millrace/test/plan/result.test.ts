import { describe, expect, it } from 'vitest'
import { DECIMAL, formatError, TEXT } from '../../src/kernel/index.ts'
import {
  checkScript,
  explainMermaid,
  parseScript,
  type PlanOptions,
  planScript,
  type ScriptPlan,
} from '../../src/sql/index.ts'
import { catalog } from './catalog.ts'

const TRADES = `CREATE TABLE trades (symbol text, price decimal, ts timestamp not null, watermark for ts) WITH (connector = 'websocket');`

function plan(sql: string, options: PlanOptions = {}): ScriptPlan {
  const { statements, errors } = parseScript(sql)
  expect(errors).toEqual([])
  return planScript(statements, catalog, { defaultBadData: 'fail', ...options })
}

describe('planScript', () => {
  it('tells tables, views, outputs and sinks apart', () => {
    const { tables, views, outputs, sinks, dataflow, errors } = plan(`${TRADES}
      CREATE TABLE out WITH (connector = 'blackhole');
      CREATE VIEW v AS SELECT symbol, count(*) AS n FROM trades GROUP BY symbol;
      SELECT * FROM v; SELECT symbol FROM trades; INSERT INTO out SELECT price FROM trades;`)
    expect(errors).toEqual([])
    expect(tables.map((t) => [t.name, t.columns.map((c) => `${c.name} ${c.origin} ${c.nullable}`)])).toEqual([
      ['trades', ['symbol payload true', 'price payload true', 'ts payload false']],
      ['out', []],
    ])
    expect(views.map((v) => [v.name, v.updating, v.schema.fields.map((f) => f.name)])).toEqual([
      ['v', true, ['symbol', 'n']],
    ])
    expect(outputs.map((o) => [o.nodeId, o.name, o.updating])).toEqual([
      ['output_1', 'query', true],
      ['output_2', 'query_2', false],
    ])
    expect(outputs[1]!.schema).toEqual({ fields: [{ name: 'symbol', type: TEXT, nullable: true }] })
    expect(sinks).toEqual([
      {
        nodeId: 'sink_1',
        table: 'out',
        schema: { fields: [{ name: 'price', type: DECIMAL, nullable: true }] },
        updating: false,
        key: null,
      },
    ])
    expect(dataflow!.nodes.filter((n) => n.kind === 'source')).toHaveLength(1)
  })

  it('says which columns identify the rows of results that change', () => {
    const keys = (query: string) => {
      const { outputs, errors } = plan(`${TRADES} ${query}`)
      expect(errors, query).toEqual([])
      return outputs.map((o) => o.key?.map((i) => o.schema.fields[i]!.name) ?? null)[0]
    }
    const groups = 'SELECT symbol, price, count(*) AS n FROM trades GROUP BY symbol, price'
    expect(keys(groups)).toEqual(['symbol', 'price'])
    expect(keys('SELECT count(*) AS n, price AS p, symbol AS s FROM trades GROUP BY symbol, price')).toEqual(['s', 'p'])
    expect(keys('SELECT symbol, count(*) AS n FROM trades GROUP BY symbol, price')).toBeNull()
    expect(keys('SELECT upper(symbol) AS u, count(*) AS n FROM trades GROUP BY symbol')).toBeNull()
    expect(
      keys('SELECT upper(symbol) AS u, count(*) AS n FROM trades GROUP BY upper(symbol) HAVING count(*) > 1'),
    ).toEqual(['u'])
    expect(keys('SELECT count(*) AS n FROM trades')).toEqual([])
    expect(keys(`SELECT n, symbol AS s, price FROM (${groups}) WHERE n > 2`)).toEqual(['s', 'price'])
    expect(keys(`SELECT max(n) AS m, symbol FROM (${groups}) GROUP BY symbol`)).toEqual(['symbol'])
    expect(keys(`SELECT DISTINCT n, symbol FROM (${groups})`)).toEqual(['n', 'symbol'])
    expect(keys(`${groups} UNION ALL ${groups}`)).toBeNull()
    expect(keys('SELECT DISTINCT symbol FROM trades')).toBeNull()
    expect(keys(`SELECT symbol, count(*) AS n FROM trades GROUP BY symbol, TUMBLE(INTERVAL '1 minute')`)).toBeNull()
    const windows = (list: string) =>
      keys(`SELECT ${list}, count(*) AS n FROM trades GROUP BY symbol, TUMBLE(INTERVAL '1 minute') EMIT CHANGES`)
    expect(windows('symbol, window')).toEqual(['symbol', 'window'])
    expect(windows('window.end AS e, symbol')).toEqual(['symbol', 'e'])
    expect(windows('window.start AS s, window.end AS e, symbol')).toEqual(['symbol', 's'])
    expect(windows('symbol')).toBeNull()
    expect(windows('window')).toBeNull()
  })

  it('tells the keys of topics that rows are inserted into', () => {
    const { sinks, errors } = plan(
      `${TRADES}
      CREATE TABLE latest (price DECIMAL, symbol TEXT PRIMARY KEY) WITH (connector = 'topic', changelog = 'upsert');
      CREATE TABLE every (n BIGINT, symbol TEXT) WITH (connector = 'topic', changelog = 'weights');
      INSERT INTO latest (symbol, price) SELECT symbol, price FROM trades;
      INSERT INTO every SELECT count(*), symbol FROM trades GROUP BY symbol;`,
      { topics: true },
    )
    expect(errors).toEqual([])
    expect(sinks.map(({ table, updating, key }) => ({ table, updating, key }))).toEqual([
      { table: 'latest', updating: false, key: [1] },
      { table: 'every', updating: true, key: [1] },
    ])
  })

  it('computes a materialized view like a view, or refuses it', () => {
    const script = `${TRADES} CREATE MATERIALIZED VIEW m AS SELECT symbol FROM trades;`
    const { outputs, warnings, errors } = plan(script)
    expect([...errors, ...warnings]).toEqual([])
    expect(outputs.map((o) => o.name)).toEqual(['m'])
    expect(plan(script, { materialized: 'refuse' }).errors.map((e) => e.code)).toEqual(['SQL_UNSUPPORTED'])
  })

  it('gives statements in canonical form, which plan to the same', () => {
    const first = plan(`${TRADES} create view v as select symbol, price*2 as twice from trades where price>1;`)
    const canonical = [...first.tables, ...first.views].map((s) => `${s.sql};`).join('\n')
    expect(canonical).toContain('CREATE TABLE trades')
    const second = plan(canonical)
    expect(second.dataflow).toEqual(first.dataflow)
    expect([...second.tables, ...second.views].map((s) => `${s.sql};`).join('\n')).toBe(canonical)
  })

  it('puts bad data where the caller says, options into the plan as they are written', () => {
    const { dataflow } = plan(
      `CREATE TABLE t (x INT) WITH (connector = 'websocket', headers = 'X: {{ SECRET }}'); SELECT x FROM t;`,
    )
    expect(dataflow!.nodes[0]).toMatchObject({
      kind: 'source',
      badData: 'fail',
      options: { connector: 'websocket', headers: 'X: {{ SECRET }}' },
    })
  })

  it('keeps what SET says', () => {
    expect(plan(`${TRADES} SET updating_ttl = '1 hour'; SELECT symbol FROM trades;`).settings).toEqual({
      updatingTtl: 3_600_000_000,
    })
  })

  it('draws the plan, late rows on an edge of their own', () => {
    const { dataflow } = plan(`${TRADES}
      CREATE VIEW v AS SELECT symbol, count(*) AS n FROM trades GROUP BY symbol, TUMBLE(INTERVAL '1' MINUTE);
      SELECT n FROM v WHERE symbol < 'M'; SELECT symbol FROM LATE(v);`)
    const drawing = explainMermaid(dataflow!)
    expect(drawing).toMatch(/^flowchart TD\n/)
    expect(drawing).toContain('late_filter_1 -->|late|')
    expect(drawing).toContain("symbol &lt; 'M'")
  })
})

describe('checkScript', () => {
  it('says all that is wrong, where it is, in the order of the text', () => {
    const sql = `${TRADES}\nSELECT symbl,\n\n  uper(symbol)\nFROM trades\nWHERE ts > 'noon';`
    const messages = checkScript(parseScript(sql).statements, catalog).map(
      (e) => formatError(e, { name: 'f', text: sql }).split('\n')[0],
    )
    expect(messages).toEqual([
      'f:2:8: error: there is no column "symbl" [SQL_UNKNOWN_COLUMN]',
      'f:4:3: error: there is no function "uper" [SQL_UNKNOWN_FUNCTION]',
      `f:6:12: error: 'noon' is no TIMESTAMP [SQL_TYPE]`,
    ])
  })

  it('plans a list of thirty thousand values', () => {
    const list = Array.from({ length: 30_000 }, (_, i) => i).join(',')
    const { dataflow, errors } = plan(`${TRADES} SELECT symbol FROM trades WHERE price IN (${list});`)
    expect(errors).toEqual([])
    expect(dataflow).not.toBeNull()
  })
})
