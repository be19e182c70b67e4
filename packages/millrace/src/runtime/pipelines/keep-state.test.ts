import { describe, expect, it } from 'vitest'
import { define } from '../../../test/runtime/pipelines/piping.ts'
import { canKeepState } from './keep-state.ts'

const TABLE = (name: string, more = ''): string =>
  `CREATE TABLE ${name} (k TEXT, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH (connector = 'topic'${more});\n`
const SQL = `SELECT k, TUMBLE(INTERVAL '1 minute') AS w, sum(v) AS total FROM t WHERE v > 1 GROUP BY k, w`

function reason(before: string, after: string): string | null {
  return canKeepState(define(before).dataflow, define(after).dataflow)
}

describe('canKeepState', () => {
  it('lets anything change that remembers nothing', () => {
    expect(reason(TABLE('t') + SQL, TABLE('t') + SQL)).toBeNull()
    expect(reason(TABLE('t') + SQL, TABLE('t') + SQL.replace('v > 1', 'v > 2'))).toBeNull()
    expect(reason(TABLE('t') + SQL, TABLE('t') + SQL.replace('WHERE v > 1', ''))).toBeNull()
    expect(reason(TABLE('t') + SQL, TABLE('t') + SQL.replace('sum(v) AS total', 'sum(v) AS renamed'))).toBeNull()
    expect(reason(TABLE('t') + SQL, TABLE('t', ", retention = '1 hour'") + SQL)).toBeNull()
    expect(reason(`${TABLE('t')}SELECT k FROM t`, `${TABLE('t')}SELECT v, k FROM t WHERE v < 3`)).toBeNull()
  })

  it('names what keeps something else', () => {
    expect(reason(TABLE('t') + SQL, TABLE('t') + SQL.replace('1 minute', '2 minutes'))).toBe(
      'operator "window_aggregate_1" is another one',
    )
    expect(reason(TABLE('t') + SQL, TABLE('t') + SQL.replace('sum(v)', 'max(v)'))).toBe(
      'operator "window_aggregate_1" is another one',
    )
    expect(reason(TABLE('t') + SQL, `${TABLE('t')}SELECT k FROM t`)).toBe(
      'operator "window_aggregate_1" is not there any more',
    )
    expect(reason(`${TABLE('t')}SELECT k FROM t`, TABLE('t') + SQL)).toBe('operator "window_aggregate_1" is new')
    expect(reason(`${TABLE('t', ", topic = 'a'")}SELECT k FROM t`, `${TABLE('t', ", topic = 'b'")}SELECT k FROM t`)).toBe(
      'source "source_1" (table "t") is another one',
    )
    expect(reason(`${TABLE('t', ", topic = 't'")}SELECT k FROM t`, `${TABLE('t')}SELECT k FROM t`)).toBeNull()
    expect(reason(TABLE('t') + SQL, TABLE('u') + SQL.replace('FROM t', 'FROM u'))).toBe(
      'source "source_1" (table "t") is another one',
    )
  })
})
