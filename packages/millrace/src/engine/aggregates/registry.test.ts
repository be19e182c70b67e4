import { describe, expect, it } from 'vitest'
import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  type Column,
  columnOf,
  type DataType,
  DECIMAL,
  displayValue,
  DOUBLE,
  JSON_TYPE,
  TEXT,
  TIMESTAMP,
  type Value,
} from '../../kernel/index.ts'
import type { AggregateCall } from '../../plan/index.ts'
import type { Accumulators, AggregateDefinition } from './aggregate.ts'
import { AGGREGATES, aggregateCatalog, createAccumulators } from './registry.ts'

/** The call as the binder would make it: `, 'sep'` is a second argument, `ORDER BY x` sorts by the argument. */
function callOf(
  definition: AggregateDefinition,
  type: DataType,
  sql: string,
): { call: AggregateCall; types: readonly DataType[] } {
  const argTypes = definition.name === 'string_agg' ? [type, TEXT] : [type]
  const resolved = definition.resolve(argTypes)
  if (resolved.kind === 'error') throw new Error(resolved.message)
  const orderBy = sql.includes('ORDER BY') ? [{ column: 0, descending: false, nullsFirst: false }] : []
  const args = argTypes.map((_, i) => i)
  const call = {
    name: definition.name,
    args,
    argTypes: resolved.args,
    type: resolved.returns,
    distinct: false,
    filter: null,
    orderBy,
  }
  return { call, types: [...resolved.args, ...orderBy.map(() => resolved.args[0]!)] }
}

function columnsOf(types: readonly DataType[], sql: string, values: readonly Value[]): Column[] {
  const separator = /'(.*)'/.exec(sql)?.[1] ?? ''
  return types.map((type, i) =>
    columnOf(type, i === 1 && separator !== '' ? values.map(() => separator) : convert(type, values)),
  )
}

/** BIGINT examples of functions that take DOUBLE. */
function convert(type: DataType, values: readonly Value[]): readonly Value[] {
  return type.kind === 'DOUBLE' ? values.map((v) => (v === null ? null : Number(v))) : values
}

function add(accumulators: Accumulators, columns: readonly Column[], slot: number): void {
  const count = columns[0]!.length
  accumulators.update(columns, new Int32Array(count).fill(slot), null, null, count)
}

const examples = AGGREGATES.flatMap((a) => a.examples.map((e) => [e.sql, a, e] as const))

describe('examples of aggregates', () => {
  it.each(examples)('%s', (_sql, definition, { sql, type, values, result }) => {
    const { call, types } = callOf(definition, type, sql)
    const accumulators = createAccumulators(definition, call, {
      orderTypes: types.slice(call.args.length),
      updating: false,
    })
    accumulators.clear(3)
    add(accumulators, columnsOf(types, sql, values), 3)
    expect(displayValue(call.type, accumulators.result(3))).toBe(result)
    // The same in two parts, merged.
    accumulators.clear(4)
    accumulators.clear(5)
    add(accumulators, columnsOf(types, sql, values.slice(0, 2)), 4)
    add(accumulators, columnsOf(types, sql, values.slice(2)), 5)
    accumulators.merge(4, 5)
    if (type.kind !== 'DOUBLE' || !Number.isFinite(Number(result)))
      expect(displayValue(call.type, accumulators.result(4))).toBe(result)
    else expect(Number(accumulators.result(4))).toBeCloseTo(Number(accumulators.result(3)), 12)
  })

  it('exist for every aggregate', () => {
    for (const definition of AGGREGATES) expect(definition.examples.length, definition.name).toBeGreaterThan(0)
  })
})

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
    expect(resolve('max', TIMESTAMP)).toEqual({ kind: 'ok', args: [TIMESTAMP], returns: TIMESTAMP })
    expect(resolve('array_agg', TEXT)).toEqual({ kind: 'ok', args: [TEXT], returns: arrayOf(TEXT) })
    expect(resolve('sum', TEXT)).toEqual({ kind: 'error', message: 'takes a number, not (TEXT)' })
    expect(resolve('sum', JSON_TYPE)).toMatchObject({ kind: 'error', hint: expect.stringContaining('Cast') as string })
    expect(resolve('bool_and', BIGINT).kind).toBe('error')
    expect(resolve('max', BIGINT, BOOLEAN).kind).toBe('error')
  })
})
