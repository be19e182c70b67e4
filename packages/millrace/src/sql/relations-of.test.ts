import { describe, expect, it } from 'vitest'
import { parseStatement } from './parse/index.ts'
import { relationsOf } from './relations-of.ts'

const of = (sql: string) => relationsOf(parseStatement(sql))
const reads = (sql: string) => of(sql).reads

describe('relationsOf', () => {
  it('tells what is made, read and written', () => {
    expect(of('SELECT * FROM a, b.c JOIN "D e" ON TRUE')).toEqual({
      creates: null,
      reads: ['a', 'b.c', 'D e'],
      writes: [],
    })
    expect(of('INSERT INTO s SELECT * FROM a')).toEqual({ creates: null, reads: ['a'], writes: ['s'] })
    expect(of('CREATE VIEW v AS SELECT * FROM a')).toEqual({ creates: 'v', reads: ['a'], writes: [] })
    expect(of('CREATE MATERIALIZED VIEW v AS SELECT 1')).toEqual({ creates: 'v', reads: [], writes: [] })
    expect(of('CREATE TABLE t (x INT)')).toEqual({ creates: 't', reads: [], writes: [] })
    expect(of('CREATE TABLE t AS SELECT * FROM a')).toEqual({ creates: 't', reads: ['a'], writes: [] })
    expect(of('CREATE PIPELINE p AS INSERT INTO s SELECT * FROM a')).toEqual({
      creates: 'p',
      reads: ['a'],
      writes: ['s'],
    })
    expect(of('EXPLAIN CREATE VIEW v AS SELECT * FROM a')).toEqual({ creates: null, reads: ['a'], writes: [] })
    expect(of('DROP TABLE a')).toEqual({ creates: null, reads: [], writes: [] })
  })

  it('names each relation once, as it is first spelt', () => {
    expect(
      reads('SELECT * FROM Trades UNION ALL SELECT * FROM trades FROM EARLIEST UNION ALL SELECT * FROM b'),
    ).toEqual(['Trades', 'b'])
  })

  it('looks into subqueries wherever they stand', () => {
    expect(
      reads(`SELECT (SELECT max(x) FROM a), ARRAY[EXISTS (SELECT 1 FROM b)]
        FROM (SELECT * FROM c), LATERAL (SELECT * FROM d)
        WHERE x IN (SELECT x FROM e) AND y > ALL (SELECT y FROM f)
        HAVING count(*) > (SELECT 1 FROM g)
        ORDER BY (SELECT 1 FROM h) LIMIT (SELECT 1 FROM i)`),
    ).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])
  })

  it('leaves common tables out where they are in scope', () => {
    expect(reads('WITH x AS (SELECT * FROM a), y AS (SELECT * FROM X) SELECT * FROM y, x, b')).toEqual(['a', 'b'])
    // A common table does not see itself nor those behind it.
    expect(reads('WITH x AS (SELECT * FROM x, y), y AS (SELECT 1) SELECT * FROM x')).toEqual(['x', 'y'])
    expect(reads('WITH RECURSIVE x AS (SELECT * FROM x) SELECT * FROM x')).toEqual([])
    expect(reads('SELECT * FROM (WITH x AS (SELECT * FROM a) SELECT * FROM x), x')).toEqual(['a', 'x'])
    expect(reads('WITH x AS (SELECT 1) SELECT (SELECT 1 FROM x, z) FROM LATE(x)')).toEqual(['z'])
  })

  it('knows tables that are arguments of table functions', () => {
    expect(reads('SELECT * FROM LATE(v)')).toEqual(['v'])
    expect(reads('SELECT * FROM late(a.v)')).toEqual(['a.v'])
    expect(reads("SELECT 1 FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE))")).toEqual(['t'])
    expect(reads("SELECT 1 FROM HOP(TABLE (SELECT * FROM a), DESCRIPTOR(ts), INTERVAL '1' MINUTE)")).toEqual(['a'])
    expect(reads('SELECT * FROM t CROSS JOIN UNNEST(items) AS item')).toEqual(['t'])
    expect(reads('SELECT late(v) FROM t')).toEqual(['t'])
  })
})
