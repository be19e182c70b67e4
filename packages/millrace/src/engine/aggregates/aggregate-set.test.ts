import { describe, expect, it } from 'vitest'
import {
  arrayOf,
  batchOf,
  BIGINT,
  BOOLEAN,
  DECIMAL,
  type Schema,
  schemaOf,
  TEXT,
  type Value,
} from '../../kernel/index.ts'
import type { AggregateCall, SortKey } from '../../plan/index.ts'
import { AggregateSet } from './aggregate-set.ts'

const SCHEMA: Schema = schemaOf(['name', TEXT], ['rank', BIGINT], ['keep', BOOLEAN])
const NAME = 0
const RANK = 1
const KEEP = 2

const ROWS: readonly (readonly Value[])[] = [
  ['a', 2, true],
  ['b', 1, true],
  ['c', 1, null],
  ['a', 3, true],
  ['d', 3, false],
  [null, null, true],
]

function call(name: string, arg: number | null, more: Partial<AggregateCall> = {}): AggregateCall {
  const args = arg === null ? [] : [arg]
  const type = name === 'count' ? BIGINT : name === 'sum' ? DECIMAL : name === 'array_agg' ? arrayOf(TEXT) : TEXT
  return {
    name,
    args,
    argTypes: args.map((a) => SCHEMA.fields[a]!.type),
    type,
    distinct: false,
    filter: null,
    orderBy: [],
    ...more,
  }
}

const by = (column: number, descending = false, nullsFirst = false): SortKey[] => [{ column, descending, nullsFirst }]

/** All rows to one group, in two batches of which the second starts in the middle. */
function results(...calls: readonly AggregateCall[]): Value[] {
  const set = new AggregateSet(calls, SCHEMA, false)
  set.clear(1)
  const slots = new Int32Array(ROWS.length).fill(1)
  set.update(batchOf(SCHEMA, ROWS.slice(0, 2)), slots, 0, 2)
  set.update(batchOf(SCHEMA, ROWS), slots, 2, ROWS.length)
  return set.results(1)
}

describe('aggregate calls', () => {
  it('FILTER takes only rows where the condition is true', () => {
    const filtered = { filter: KEEP }
    expect(results(call('count', null), call('count', null, filtered), call('count', NAME, filtered))).toEqual([
      6, 4, 3,
    ])
    expect(results(call('array_agg', NAME, filtered))).toEqual([['a', 'b', 'a', null]])
  })

  it('DISTINCT takes each value once, at its first row', () => {
    const distinct = { distinct: true }
    expect(results(call('count', NAME, distinct), call('array_agg', NAME, distinct))).toEqual([
      4,
      ['a', 'b', 'c', 'd', null],
    ])
    expect(results(call('sum', RANK, distinct))).toEqual([{ unscaled: 6, scale: 0 }])
  })

  it('ORDER BY sorts, ties by arrival', () => {
    const agg = (orderBy: readonly SortKey[]) => results(call('array_agg', NAME, { orderBy }))[0]
    expect(agg(by(RANK))).toEqual(['b', 'c', 'a', 'a', 'd', null])
    expect(agg(by(RANK, true, true))).toEqual([null, 'a', 'd', 'a', 'b', 'c'])
    expect(
      results(
        call('first_value', NAME, { orderBy: by(RANK) }),
        call('last_value', NAME, { orderBy: by(RANK, false, true) }),
      ),
    ).toEqual(['b', 'd'])
    expect(
      results(
        call('first_value', NAME, { orderBy: by(RANK, true) }),
        call('last_value', NAME, { orderBy: by(RANK, true) }),
      ),
    ).toEqual(['a', null])
  })

  it('of an empty group are NULL, and 0 where rows are counted', () => {
    const set = new AggregateSet(
      [call('count', null), call('sum', RANK), call('first_value', NAME), call('array_agg', NAME)],
      SCHEMA,
      false,
    )
    set.clear(0)
    expect(set.results(0)).toEqual([0, null, null, null])
  })

  it('hold no memory after clear', () => {
    const set = new AggregateSet(
      [call('count', NAME, { distinct: true }), call('array_agg', NAME), call('last_value', NAME)],
      SCHEMA,
      true,
    )
    set.clear(1)
    set.update(batchOf(SCHEMA, ROWS), new Int32Array(ROWS.length).fill(1), 0, ROWS.length)
    expect(set.extraBytes).toBeGreaterThan(0)
    set.clear(1)
    expect(set.extraBytes).toBe(0)
  })
})
