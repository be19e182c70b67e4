import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Log, openLog } from '../../log/index.ts'
import { Analysis, applyStatements, type Application, type ApplyOptions, Catalog, planQuery } from './index.ts'

let folder: string
let log: Log
let catalog: Catalog
const variables = new Set(['TOKEN'])

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-catalog-'))
  log = await openLog({ directory: folder })
  catalog = await Catalog.load(log)
})

afterEach(async () => {
  await log.close()
  rmSync(folder, { recursive: true })
})

const attempt = (sql: string | readonly string[], options: Partial<ApplyOptions> = {}): Application =>
  applyStatements(
    catalog,
    (typeof sql === 'string' ? [sql] : sql).map((text, i) => ({ name: `${i}.sql`, text })),
    {
      origin: 'operator',
      changed: null,
      script: false,
      isTopic: (name) => log.topic(name) !== undefined,
      hasVariable: (name) => variables.has(name),
      ...options,
    },
  )

/** Applies, keeps, and says what was done. */
async function apply(sql: string | readonly string[], options: Partial<ApplyOptions> = {}): Promise<string[]> {
  const application = attempt(sql, options)
  expect(application.errors).toEqual([])
  await catalog.replace(application.entries, application.broken, application.remains)
  return application.results.map(({ kind, name, info }) => `${kind} ${name} ${info}`)
}

const errorsOf = (sql: string | readonly string[], options: Partial<ApplyOptions> = {}) =>
  attempt(sql, options).errors.map(({ error, source }) => {
    const { start, end } = error.span ?? { start: 0, end: 0 }
    return `${source.name}: ${error.code} ${source.text.slice(start, end)}: ${error.message}`
  })

const FEED = `CREATE TABLE feed (k TEXT, v BIGINT, ts TIMESTAMP)
  WITH (connector = 'websocket', endpoint = 'ws://localhost:1/', format = 'json', event_time_field = 'ts');`
const SUMS = `CREATE MATERIALIZED VIEW sums AS SELECT k, SUM(v) AS s, TUMBLE(INTERVAL '1 minute') AS w FROM feed GROUP BY k, w;`
const TOTALS = `CREATE MATERIALIZED VIEW totals AS SELECT k, SUM(s) AS s FROM sums GROUP BY k;`

describe('a catalogue', () => {
  it('keeps what scripts and statements make, and knows it again after a restart', async () => {
    expect(await apply([FEED, SUMS, TOTALS])).toEqual([
      'table feed created',
      'materialized view sums created',
      'materialized view totals created',
    ])
    expect(await apply('CREATE TABLE posted (a INT); INSERT INTO posted SELECT 1 FROM feed', { origin: 'network' })).toEqual([
      'table posted created',
      'pipeline posted created',
    ])
    catalog = await Catalog.load(log)
    expect([...catalog.entries.values()].map(({ object }) => [object.kind, object.name, object.origin, object.ordinal])).toEqual([
      ['table', 'feed', 'operator', 1],
      ['materialized view', 'sums', 'operator', 2],
      ['materialized view', 'totals', 'operator', 3],
      ['table', 'posted', 'network', 4],
      ['pipeline', 'posted', 'network', 5],
    ])
    expect(catalog.entries.get('relation/posted')!.object.sql).toContain("connector = 'topic'")
    // Layout, case of words and IF NOT EXISTS make no difference; what the operator says too is the operator's.
    expect(await apply(['create table if not exists POSTED (a int);', SUMS.replace(/ (?!minute)/g, '\n')], { script: true })).toEqual([
      'table posted unchanged',
      'materialized view sums unchanged',
    ])
    expect(await apply(catalog.entries.get('relation/posted')!.object.sql)).toEqual(['table posted unchanged'])
    expect(catalog.entries.get('relation/posted')!.object.origin).toBe('operator')
  })

  it('plans a materialized view over another as a table over its topic', async () => {
    await apply([FEED, SUMS, TOTALS])
    const analysis = new Analysis(catalog.entries, () => false)
    const { pipeline } = analysis.planned(catalog.entries.get('relation/totals')!)
    expect(pipeline?.topics).toEqual({ source_1: 'sums' })
    expect(pipeline?.target).toMatchObject({ kind: 'result', topic: 'totals', changelog: 'upsert', key: [0] })
    const sums = analysis.planned(catalog.entries.get('relation/sums')!).pipeline!
    expect(sums.topics).toEqual({ source_1: 'feed' })
    expect(sums.target).toMatchObject({ kind: 'result', topic: 'sums', changelog: 'append', key: [] })
    expect(analysis.inOrder().map(({ object }) => object.name)).toEqual(['feed', 'sums', 'totals'])
  })

  it('reads topics that nobody has declared, and plans queries', async () => {
    await log.createTopic('Posted')
    await apply(`CREATE MATERIALIZED VIEW m AS SELECT "value" AS v FROM "Posted"`)
    const analysis = new Analysis(catalog.entries, (name) => log.topic(name) !== undefined)
    expect(analysis.planned(catalog.entries.get('relation/m')!).pipeline?.topics).toEqual({ source_1: 'Posted' })
    expect(errorsOf(`CREATE MATERIALIZED VIEW "Posted" AS SELECT v FROM m`)).toEqual([
      '0.sql: SQL_DUPLICATE "Posted": there is a topic "Posted" already',
    ])
    expect(errorsOf(`CREATE VIEW "Posted" AS SELECT v FROM m`)).toEqual([
      '0.sql: SQL_DUPLICATE "Posted": there is a topic "Posted" already',
    ])
    const query = planQuery(analysis, { name: 'query', text: 'SELECT v FROM m' })
    expect(query.topics).toEqual({ source_1: 'm' })
    expect(query.output.schema.fields.map(({ name }) => name)).toEqual(['v'])
    expect(() => planQuery(analysis, { name: 'query', text: 'SELECT x FROM m' })).toThrow(/no column/)
    expect(() => planQuery(analysis, { name: 'query', text: 'DROP VIEW m' })).toThrow(/one SELECT/)
  })

  it('finds all errors at once, each in its file', () => {
    const errors = errorsOf([
      `CREATE TABLE t (a INT) WITH (connector = 'stdout'); SELECT a FROM t;`,
      `${FEED}\nCREATE MATERIALIZED VIEW m AS SELECT x FROM feed; CREATE VIEW w AS SELECT k, y FROM feed; CREATE TABLE u AS SELECT 1;`,
      `INSERT INTO nowhere SELECT k FROM feed; INSERT INTO m SELECT k FROM feed; CREATE TABLE "$x" (a INT); SELEC`,
    ])
    expect(errors).toEqual([
      expect.stringMatching(/^0\.sql: SQL_UNSUPPORTED SELECT a FROM t: a SELECT/),
      expect.stringMatching(/^1\.sql: SQL_UNKNOWN_COLUMN x: /),
      expect.stringMatching(/^1\.sql: SQL_UNKNOWN_COLUMN y: /),
      expect.stringMatching(/^1\.sql: SQL_UNSUPPORTED CREATE TABLE u AS SELECT 1: /),
      expect.stringMatching(/^2\.sql: SQL_UNKNOWN_TABLE nowhere: /),
      expect.stringMatching(/^2\.sql: SQL_INVALID m: "m" is a materialized view/),
      expect.stringMatching(/^2\.sql: SQL_INVALID "\$x": /),
      expect.stringMatching(/^2\.sql: SQL_SYNTAX SELEC: /),
    ])
  })

  it('refuses what reads itself, and what is not captured', async () => {
    const tables = 'CREATE TABLE a (v INT); CREATE TABLE b (v INT);'
    expect(errorsOf(`${tables} INSERT INTO b SELECT v FROM a; INSERT INTO a SELECT v FROM b;`)).toEqual([
      expect.stringMatching(/SQL_INVALID b: pipeline "b" reads itself/),
      expect.stringMatching(/SQL_INVALID a: pipeline "a" reads itself/),
    ])
    expect(errorsOf([FEED.replace("'json',", "'json', retention = 'none',"), SUMS])).toEqual([
      expect.stringMatching(/^1\.sql: SQL_UNSUPPORTED sums: materialized view "sums" cannot read table "feed", which is not captured/),
    ])
    await apply([FEED, 'CREATE VIEW v AS SELECT k FROM feed'])
    expect(errorsOf('CREATE OR REPLACE VIEW v AS SELECT k FROM v')).toEqual([expect.stringMatching(/SQL_INVALID v: view "v" reads itself/)])
  })

  it('changes what has state only when somebody says what becomes of it', async () => {
    await apply([FEED, SUMS, TOTALS], { script: true })
    const changed = SUMS.replace('1 minute', '2 minutes')
    expect(errorsOf([FEED, changed, TOTALS], { script: true })).toEqual([
      '1.sql: CATALOG_CHANGED sums: materialized view "sums" exists with another definition',
    ])
    const kept = attempt([FEED, SUMS.replace('SUM(v)', 'SUM(v) * 2'), TOTALS], { script: true, changed: 'keep' })
    expect([kept.errors, [...kept.reset], kept.remains.topics]).toEqual([[], [], []])
    expect(kept.results.map(({ info }) => info)).toEqual(['unchanged', 'changed', 'unchanged'])
    // State that is of no use is not kept by anybody's word, nor results that read otherwise.
    expect(errorsOf([FEED, changed, TOTALS], { script: true, changed: 'keep' })).toEqual([
      expect.stringMatching(/^1\.sql: CATALOG_CHANGED sums: the state of materialized view "sums" cannot be kept: operator/),
    ])
    expect(errorsOf([SUMS.replace('AS s', 'AS t')], { script: true, changed: 'keep' })).toEqual([
      expect.stringMatching(/^materialized view "totals": SQL_UNKNOWN_COLUMN s: /),
    ])
    expect(errorsOf([TOTALS.replace('AS s', 'AS t')], { script: true, changed: 'keep' })).toEqual([
      expect.stringMatching(/cannot be kept: its results have other columns/),
    ])
    // Who reads what begins anew begins anew.
    const dropped = attempt([FEED, changed, TOTALS], { script: true, changed: 'drop' })
    expect([...dropped.reset]).toEqual(['relation/sums', 'relation/totals'])
    expect(dropped.remains).toEqual({ pipelines: ['sums', 'totals'], captures: [], deliveries: [], topics: ['sums', 'totals'] })
  })

  it('sees what else a change changes', async () => {
    await apply([FEED, 'CREATE VIEW v AS SELECT k, v FROM feed; CREATE MATERIALIZED VIEW m AS SELECT k, v + 1 AS w FROM v'])
    expect(errorsOf('CREATE OR REPLACE VIEW v AS SELECT k, v FROM feed WHERE v > 0')).toEqual([
      '0.sql: CATALOG_CHANGED v: materialized view "m" would give other results than so far, since view "v" changes',
    ])
    expect(errorsOf('CREATE OR REPLACE VIEW v AS SELECT k FROM feed')).toEqual([
      expect.stringMatching(/^materialized view "m": SQL_UNKNOWN_COLUMN v: /),
    ])
    expect(errorsOf('CREATE VIEW v AS SELECT v FROM feed')).toEqual([expect.stringMatching(/CATALOG_CHANGED v: view "v" exists/)])
    // How a source is reached, and how long its records are kept, changes no result.
    const moved = attempt(FEED.replace(':1/', ':2/').replace("'json',", "'json', retention = '2 days',"), { changed: 'keep' })
    expect([moved.errors, moved.results.map(({ info }) => info)]).toEqual([[], ['changed']])
  })

  it('knows the INSERTs of a script by their order, those of the network by their text', async () => {
    const out = 'CREATE TABLE o (k TEXT);'
    const first = 'INSERT INTO o SELECT k FROM feed;'
    const second = "INSERT INTO o SELECT k FROM feed WHERE v = 1;"
    expect(await apply([FEED, out, first, second], { script: true })).toEqual([
      'table feed created',
      'table o created',
      'pipeline o created',
      'pipeline o_2 created',
    ])
    expect(await apply([FEED, out, second, first], { script: true })).toEqual([
      'table feed unchanged',
      'table o unchanged',
      'pipeline o_2 unchanged',
      'pipeline o unchanged',
    ])
    expect(errorsOf([FEED, out, first, second.replace('1', '2')], { script: true })).toEqual([
      '3.sql: CATALOG_CHANGED o: pipeline "o_2" exists with another definition',
    ])
    expect(await apply('INSERT INTO o SELECT k FROM feed WHERE v = 3', { origin: 'network' })).toEqual(['pipeline o_3 created'])
    expect(await apply('INSERT INTO o SELECT k FROM feed WHERE v = 3', { origin: 'network' })).toEqual(['pipeline o_3 unchanged'])
  })

  it('drops what nobody uses, or all that do', async () => {
    const file = `CREATE TABLE f (k TEXT) WITH (connector = 'single_file', path = 'x');`
    await apply([FEED, SUMS, TOTALS, file, 'CREATE PIPELINE p AS INSERT INTO f SELECT k FROM feed'])
    expect(errorsOf('DROP TABLE feed; DROP TABLE IF EXISTS nothing; DROP VIEW sums; DROP TABLE fed')).toEqual([
      '0.sql: CATALOG_IN_USE feed: table "feed" is used by materialized view "sums", pipeline "p"',
      '0.sql: SQL_UNKNOWN_TABLE sums: there is no view "sums"',
      '0.sql: SQL_UNKNOWN_TABLE fed: there is no table "fed"',
    ])
    const application = attempt('DROP TABLE feed CASCADE; DROP TABLE f')
    expect(application.errors).toEqual([])
    expect(application.results.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'materialized view totals',
      'materialized view sums',
      'pipeline p',
      'table feed',
      'table f',
    ])
    expect(application.remains.topics.toSorted()).toEqual(['f', 'feed', 'sums', 'totals'])
    expect(application.entries.size).toBe(0)
  })

  it('keeps a topic that another table declares too', async () => {
    await apply(`CREATE TABLE a (x INT); CREATE TABLE b (y INT) WITH (connector = 'topic', topic = 'a')`)
    expect(attempt('DROP TABLE b').remains.topics).toEqual([])
    expect(attempt('DROP TABLE b; DROP TABLE a').remains.topics).toEqual(['a'])
  })

  it('takes a file for a sink from its first INSERT on', async () => {
    await apply([FEED, `CREATE TABLE f (k TEXT) WITH (connector = 'single_file', path = 'x')`])
    const use = () => new Analysis(catalog.entries, () => false).planned(catalog.entries.get('relation/f')!).table!.use.kind
    expect(use()).toBe('capture')
    const written = attempt('INSERT INTO f SELECT k FROM feed')
    expect(written.remains).toEqual({ pipelines: [], captures: ['f'], deliveries: [], topics: ['f'] })
    await apply('INSERT INTO f SELECT k FROM feed')
    expect(use()).toBe('sink')
    expect(await apply('DROP PIPELINE f')).toEqual(['pipeline f dropped'])
    expect(use()).toBe('sink')
  })

  it('pauses and resumes', async () => {
    await apply([FEED, SUMS])
    expect(await apply('PAUSE TABLE feed; PAUSE MATERIALIZED VIEW sums')).toEqual(['table feed paused', 'materialized view sums paused'])
    catalog = await Catalog.load(log)
    expect([...catalog.entries.values()].map(({ object }) => object.paused)).toEqual([true, true])
    expect(await apply('RESUME TABLE feed')).toEqual(['table feed resumed'])
    expect(errorsOf('PAUSE PIPELINE sums')).toEqual([expect.stringMatching(/SQL_UNKNOWN_TABLE sums: there is no pipeline "sums"/)])
  })

  it('lets the operator read variables, and nobody else', async () => {
    const table = (name: string, variable: string) =>
      `CREATE TABLE ${name} (a INT) WITH (connector = 'websocket', endpoint = 'ws://localhost:1/{{ ${variable} }}', format = 'json');`
    expect(errorsOf([table('a', 'TOKEN'), table('b', 'UNSET')])).toEqual([
      expect.stringMatching(/^1\.sql: CONFIG_VARIABLE_MISSING endpoint = .*: environment variable "UNSET" is not set/),
    ])
    const refused = attempt(table('c', 'TOKEN'), { origin: 'network' }).errors[0]!
    expect(refused.error).toMatchObject({ code: 'CONFIG_VARIABLE_MISSING', message: 'table "c" may not read environment variable "TOKEN"' })
    // Nor by taking over what the operator has said.
    await apply(table('d', 'TOKEN'))
    expect(errorsOf(table('d', 'TOKEN').replace(':1/', ':2/'), { origin: 'network', changed: 'keep' })).toEqual([
      expect.stringMatching(/CONFIG_VARIABLE_MISSING/),
    ])
    expect(await apply(table('d', 'TOKEN'), { origin: 'network' })).toEqual(['table d unchanged'])
  })

  it('makes what it deletes known until it is deleted', async () => {
    await apply([FEED, SUMS])
    await apply('DROP TABLE feed CASCADE')
    catalog = await Catalog.load(log)
    const [left] = await catalog.remains()
    expect(left!.remains).toMatchObject({ pipelines: ['sums'], captures: ['feed'] })
    await catalog.deleted(left!.number)
    expect(await catalog.remains()).toEqual([])
  })

  it('goes on without an object that it cannot read', async () => {
    await apply([FEED])
    await log.commit({
      puts: [{ key: 'catalog/relation/future', value: Buffer.from('{"name":"future","kind":"view","sql":"CREATE THING","ordinal":9}') }],
    })
    catalog = await Catalog.load(log)
    expect([[...catalog.entries.keys()], [...catalog.broken.keys()]]).toEqual([['relation/feed'], ['relation/future']])
    expect(await apply('DROP VIEW future')).toEqual(['view future dropped'])
    expect((await Catalog.load(log)).broken.size).toBe(0)
  })
})
