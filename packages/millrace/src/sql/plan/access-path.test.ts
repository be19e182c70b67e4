import { describe, expect, it } from 'vitest'
import { BIGINT, type DataType, JSON_TYPE, structOf, TEXT } from '../../kernel/index.ts'
import { call, childrenOf, columnRef, type Expr, literal } from '../../plan/index.ts'
import { accessPath, follow, PathSet, typeAlong } from './access-path.ts'

const inner: DataType = structOf([{ name: 'extra', type: JSON_TYPE, nullable: true }])
const row: DataType = structOf([
  { name: 'id', type: BIGINT, nullable: false },
  { name: 'inner', type: inner, nullable: true },
])
const column = columnRef(3, row)
const field: Expr = { kind: 'field', type: inner, input: column, index: 1 }
const extra: Expr = { kind: 'field', type: JSON_TYPE, input: field, index: 0 }
const price = call('json_get', JSON_TYPE, extra, literal(TEXT, 'price'))

describe('accessPath', () => {
  it('leads from a column through STRUCT into JSON', () => {
    const steps = [
      { name: 'inner', field: 1 },
      { name: 'extra', field: 0 },
      { name: 'price', field: null },
    ]
    expect(accessPath(price)).toEqual({ column: 3, steps })
    expect(follow(column, steps)).toEqual(price)
    expect(typeAlong(row, steps.slice(0, 1))).toEqual(inner)
    expect(typeAlong(row, steps)).toEqual(JSON_TYPE)
  })

  it('ends at what is computed: an index, several keys, a function', () => {
    expect(accessPath(call('json_get', JSON_TYPE, extra, literal(BIGINT, 0)))).toBeUndefined()
    expect(accessPath(call('json_get', JSON_TYPE, extra, literal(TEXT, 'a'), literal(TEXT, 'b')))).toBeUndefined()
    expect(accessPath(call('upper', TEXT, columnRef(0, TEXT)))).toBeUndefined()
  })
})

describe('PathSet', () => {
  it('drops paths inside others and keeps columns in order', () => {
    const paths = new PathSet()
    paths.addExpr(call('eq', TEXT, price, extra), childrenOf)
    paths.addColumn(1)
    expect(paths.toList()).toEqual([{ column: 1, steps: [] }, accessPath(extra)])
    paths.addColumn(3)
    expect(paths.toList()).toEqual([
      { column: 1, steps: [] },
      { column: 3, steps: [] },
    ])
  })

  it('keeps siblings', () => {
    const paths = new PathSet()
    paths.addExpr(extra, childrenOf)
    paths.addExpr({ kind: 'field', type: BIGINT, input: column, index: 0 }, childrenOf)
    expect(paths.toList().map((p) => p.steps.map((s) => s.name).join('.'))).toEqual(['inner.extra', 'id'])
  })
})
