import { describe, expect, it } from 'vitest'
import { canCast as runs } from '../../src/engine/expressions/casts/cast.ts'
import * as kernel from '../../src/kernel/index.ts'
import { type DataType, typeName } from '../../src/kernel/index.ts'
import { canCast as binds } from '../../src/sql/bind/index.ts'

const simple: readonly DataType[] = [
  kernel.BOOLEAN,
  kernel.TINYINT,
  kernel.INT,
  kernel.BIGINT,
  kernel.UBIGINT,
  kernel.REAL,
  kernel.DOUBLE,
  kernel.DECIMAL,
  { kind: 'DECIMAL', precision: 10, scale: 2 },
  kernel.TEXT,
  kernel.BYTEA,
  kernel.TIMESTAMP,
  kernel.DATE,
  kernel.TIME,
  kernel.INTERVAL,
  kernel.JSON_TYPE,
  kernel.NULL_TYPE,
]
const types: readonly DataType[] = [
  ...simple,
  kernel.arrayOf(kernel.TEXT),
  kernel.arrayOf(kernel.INTERVAL),
  kernel.WINDOW,
  kernel.structOf([{ name: 'a', type: kernel.INT, nullable: true }]),
  kernel.structOf([{ name: 'b', type: kernel.TEXT, nullable: true }]),
]

describe('casts', () => {
  it.each(types.map((t) => [typeName(t), t] as const))('from %s: what binds is what runs', (_, from) => {
    const name = (t: DataType) => typeName(t)
    expect(types.filter((to) => binds(from, to)).map(name)).toEqual(types.filter((to) => runs(from, to)).map(name))
  })
})
