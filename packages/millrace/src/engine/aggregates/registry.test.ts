import { describe, expect, it } from 'vitest'
import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  type DataType,
  DECIMAL,
  DOUBLE,
  JSON_TYPE,
  TEXT,
  TIMESTAMP,
} from '../../kernel/index.ts'
import { aggregateCatalog } from './registry.ts'

describe('aggregate catalogue', () => {
  it('finds names and aliases in any case', () => {
    for (const name of ['COUNT', 'Mean', 'stddev_samp', 'VAR', 'every', 'listagg'])
      expect(aggregateCatalog.aggregate(name)).toBeDefined()
    expect(aggregateCatalog.aggregate('median_of_all')).toBeUndefined()
    const names = [...aggregateCatalog.names()]
    expect(new Set(names).size).toBe(names.length)
  })

  it('keeps exact numbers exact and refuses what has no sum', () => {
    const resolve = (name: string, ...args: DataType[]) => aggregateCatalog.aggregate(name)!.resolve(args)
    expect(resolve('sum', BIGINT)).toEqual({ kind: 'ok', args: [BIGINT], returns: DECIMAL })
    expect(resolve('avg', DECIMAL)).toEqual({ kind: 'ok', args: [DECIMAL], returns: DECIMAL })
    expect(resolve('sum', DOUBLE)).toEqual({ kind: 'ok', args: [DOUBLE], returns: DOUBLE })
    expect(resolve('stddev', DECIMAL)).toEqual({ kind: 'ok', args: [DOUBLE], returns: DOUBLE })
    expect(resolve('count')).toEqual({ kind: 'ok', args: [], returns: BIGINT })
    expect(resolve('median', BIGINT)).toEqual({ kind: 'ok', args: [BIGINT], returns: DECIMAL })
    expect(resolve('percentile_cont', BIGINT, DOUBLE)).toEqual({ kind: 'ok', args: [DOUBLE, DOUBLE], returns: DOUBLE })
    expect(resolve('percentile_disc', TEXT, DECIMAL)).toEqual({ kind: 'ok', args: [TEXT, DECIMAL], returns: TEXT })
    expect(resolve('maxk', TIMESTAMP, BIGINT)).toEqual({
      kind: 'ok',
      args: [TIMESTAMP, BIGINT],
      returns: arrayOf(TIMESTAMP),
    })
    expect(resolve('corr', DECIMAL, BIGINT)).toEqual({ kind: 'ok', args: [DOUBLE, DOUBLE], returns: DOUBLE })
    expect(resolve('max', TIMESTAMP)).toEqual({ kind: 'ok', args: [TIMESTAMP], returns: TIMESTAMP })
    expect(resolve('array_agg', TEXT)).toEqual({ kind: 'ok', args: [TEXT], returns: arrayOf(TEXT) })
    expect(resolve('sum', TEXT)).toEqual({ kind: 'error', message: 'takes a number, not (TEXT)' })
    expect(resolve('sum', JSON_TYPE)).toMatchObject({ kind: 'error', hint: expect.stringContaining('Cast') as string })
    for (const refused of [
      resolve('bool_and', BIGINT),
      resolve('median', TEXT),
      resolve('percentile_cont', BIGINT),
      resolve('percentile_disc', JSON_TYPE, DECIMAL),
      resolve('collect', BIGINT),
      resolve('maxk', BIGINT, DECIMAL),
      resolve('corr', DOUBLE),
    ])
      expect(refused.kind).toBe('error')
    expect(resolve('max', BIGINT, BOOLEAN).kind).toBe('error')
  })
})
