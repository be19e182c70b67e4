import { describe, expect, it } from 'vitest'
import { Graph, MemoryState, type StateWriter } from '../../src/engine/index.ts'
import { batchOf, MAX_BATCH_ROWS, type RecordBatch, type Value } from '../../src/kernel/index.ts'
import type { SourceNode } from '../../src/plan/index.ts'
import { compileScript } from '../../src/runtime/index.ts'

const SECOND = 1_000_000

type Row = Readonly<Record<string, Value>>

/** A query over tables `a` and `b (k, v, ts)`, fed with rows. */
class Query {
  readonly graph: Graph
  readonly batches: RecordBatch[] = []
  largestState = 0
  readonly #output: string
  #now = 0

  constructor(sql: string, stateLimit = 1e9) {
    const tables = ['a', 'b'].map(
      (name) =>
        `CREATE TABLE ${name} (k BIGINT, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts)
         WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json', max_future_skew = 'off')`,
    )
    const script = compileScript({ name: 'test.sql', text: [...tables, sql].join(';\n') }, { badData: 'drop' })
    expect(script.errors.map((e) => e.message)).toEqual([])
    this.graph = new Graph(script.dataflow!, { elapsed: () => 0 }, { stateLimit })
    this.#output = this.graph.outputs[0]!.id
  }

  get rows(): number {
    return this.batches.reduce((sum, b) => sum + b.length, 0)
  }

  source(table: string): SourceNode {
    return this.graph.sources.find((s) => s.table === table)!
  }

  at(now: number): this {
    this.#now = now
    this.graph.beginStep({ now, seed: 0 })
    this.graph.tick(now)
    return this.run()
  }

  push(table: string, rows: readonly Row[]): this {
    const { id, schema } = this.source(table)
    const values = rows.map((row) => schema.fields.map((f) => row[f.name] ?? null))
    this.graph.beginStep({ now: this.#now, seed: 0 })
    this.graph.pushSource(id, batchOf(schema, values))
    return this.run()
  }

  end(): this {
    for (const { id } of this.graph.sources) this.graph.endSource(id)
    return this.run()
  }

  run(): this {
    while (this.graph.run() !== 'idle') this.#take()
    this.#take()
    this.largestState = Math.max(this.largestState, this.graph.stateBytes())
    return this
  }

  #take(): void {
    this.batches.push(...this.graph.takeOutput(this.#output))
  }

  /** Entries that a snapshot writes. */
  snapshot(): number {
    let entries = 0
    const state = new MemoryState()
    const writer: StateWriter = {
      put: (key, value) => {
        entries++
        state.put(key, value)
      },
    }
    this.graph.snapshot(() => writer)
    return entries
  }
}

/** Rows i in [from, to) a second apart, over `keys` keys. */
function series(from: number, to: number, keys: number, key = (i: number) => i % keys): Row[] {
  return Array.from({ length: to - from }, (_, i) => ({ k: key(from + i), v: from + i, ts: (from + i) * SECOND }))
}

const INTERVAL = "SELECT a.v AS av, b.v AS bv FROM a FULL JOIN b ON a.k = b.k AND b.ts BETWEEN a.ts - INTERVAL '30 seconds' AND a.ts"

/** Pushes both tables in step, in portions. */
function pour(query: Query, rows: number, keys: number): void {
  for (let from = 0; from < rows; from += 1000) {
    query.push('a', series(from, from + 1000, keys))
    query.push('b', series(from, from + 1000, keys))
  }
}

describe('state of joins', () => {
  it('of an interval join goes as time goes, keys and all', () => {
    const short = new Query(INTERVAL)
    pour(short, 4000, 1_000_000)
    const long = new Query(INTERVAL)
    pour(long, 40_000, 1_000_000)
    expect(long.largestState).toBeLessThan(short.largestState * 1.1)
    long.end()
    expect(long.rows).toBe(40_000)
    expect(long.graph.stateBytes()).toBe(0)
  })

  it('of rows in the same window goes when the window closes', () => {
    const windowed = (t: string) => `TABLE(HOP(TABLE ${t}, DESCRIPTOR(ts), INTERVAL '10 seconds', INTERVAL '20 seconds')) AS ${t}`
    const query = new Query(
      `SELECT a.v AS av, b.v AS bv FROM ${windowed('a')} LEFT JOIN ${windowed('b')} ON a.k = b.k AND a.window_start = b.window_start`,
    )
    pour(query, 20_000, 100)
    expect(query.largestState).toBeLessThan(2_000_000)
    expect(query.end().graph.stateBytes()).toBe(0)
  })

  it('of an as-of join is one row for each key, and what waits', () => {
    const query = new Query('SELECT a.v AS av, b.v AS bv FROM a ASOF LEFT JOIN b ON a.k = b.k AND a.ts >= b.ts')
    pour(query, 40_000, 10)
    expect(query.largestState).toBeLessThan(1_000_000)
    query.end()
    expect(query.rows).toBe(40_000)
    expect(query.graph.stateBytes()).toBeLessThan(10_000)
  })

  it('of an as-of join with a tolerance ends with it', () => {
    const query = new Query("SELECT a.v AS av FROM a ASOF NEAREST LEFT JOIN b ON a.k = b.k WITHIN INTERVAL '1 minute'")
    pour(query, 20_000, 1_000_000)
    expect(query.largestState).toBeLessThan(1_000_000)
    expect(query.end().graph.stateBytes()).toBe(0)
  })

  it('of a join without bounds of time goes after updating_ttl', () => {
    const query = new Query("SET updating_ttl = '1 minute'; SELECT a.v AS av, b.v AS bv FROM a FULL JOIN b ON a.k = b.k")
    for (let i = 0; i < 200; i++) {
      query.at(i * 10 * SECOND)
      query.push('a', series(i * 100, (i + 1) * 100, 1_000_000))
      query.push('b', series(i * 100 + 50, (i + 1) * 100 + 50, 1_000_000))
    }
    expect(query.largestState).toBeLessThan(700 * 1000)
    expect(query.graph.stateBytes()).toBeGreaterThan(0)
    query.at(200 * 10 * SECOND + 60 * SECOND)
    expect(query.graph.stateBytes()).toBe(0)
  })

  it('counts towards the limit of the query', () => {
    const query = new Query('SELECT a.v AS av FROM a JOIN b ON a.k = b.k', 100_000)
    expect(() => query.push('a', series(0, 4000, 4000))).toThrow(/grew over its limit/)
  })

  it('is saved as far as it has changed', () => {
    for (const sql of [
      INTERVAL,
      'SELECT a.v AS av, b.v AS bv FROM a FULL JOIN b ON a.k = b.k',
      'SELECT a.v AS av, b.v AS bv FROM a ASOF LEFT JOIN b ON a.k = b.k AND a.ts >= b.ts',
    ]) {
      const query = new Query(sql)
      query.push('a', series(0, 20, 1000))
      query.push('b', series(0, 20, 1000))
      query.push('a', series(20, 25, 1000))
      expect(query.snapshot()).toBeGreaterThan(20)
      expect(query.snapshot()).toBe(0)
      query.push('a', series(25, 28, 1000))
      expect(query.snapshot()).toBeLessThan(20)
    }
  })
})

describe('rows of joins', () => {
  it('leave in bounded batches, however many partners a row has', () => {
    for (const on of ['a.k = b.k AND b.ts BETWEEN a.ts - INTERVAL \'1 day\' AND a.ts', 'a.k = b.k']) {
      for (const type of ['JOIN', 'LEFT JOIN', 'FULL JOIN']) {
        const query = new Query(`SELECT a.v AS av, b.v AS bv FROM a ${type} b ON ${on} AND a.v <> b.v`)
        query.push('b', series(0, 10_000, 1))
        query.push('a', series(10_000, 10_003, 1))
        query.end()
        const net = query.batches.flatMap((b) => [...(b.weights ?? new Int32Array(b.length).fill(1))])
        expect(net.reduce((sum, w) => sum + w, 0), `${type} ${on}`).toBe(30_000)
        expect(Math.max(...query.batches.map((b) => b.length))).toBeLessThanOrEqual(MAX_BATCH_ROWS)
      }
    }
  })

  it('that all leave at once do so in bounded batches, in order of time', () => {
    const query = new Query(INTERVAL)
    query.push('a', series(0, 20_000, 1_000_000))
    query.end()
    const times = query.batches.flatMap((b) => [...(b.columns[0] as { values: Float64Array }).values])
    expect(times).toEqual(Array.from({ length: 20_000 }, (_, i) => i))
    expect(Math.max(...query.batches.map((b) => b.length))).toBeLessThanOrEqual(MAX_BATCH_ROWS)
  })
})
