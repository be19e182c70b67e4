import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DataType, type Field, sameType, structOf, TEXT } from '../../kernel/index.ts'
import { bindType, Report } from '../bind/index.ts'
import { parseStatement } from '../parse/index.ts'
import { typeSql } from './type-sql.ts'

/** The type that a column of this declaration has. */
function declared(sql: string): DataType | undefined {
  const statement = parseStatement(`CREATE TABLE t (x ${sql} NOT NULL)`)
  const [column] = statement.kind === 'create-table' ? statement.elements : []
  const report = new Report()
  const type = column?.kind === 'column-definition' && column.notNull ? bindType(column.type!, report) : undefined
  expect([...report.errors, ...report.warnings]).toEqual([])
  return type
}

const scalar: fc.Arbitrary<DataType> = fc.oneof(
  fc
    .constantFrom(
      'BOOLEAN' as const,
      'REAL' as const,
      'DOUBLE' as const,
      'DECIMAL' as const,
      'TEXT' as const,
      'BYTEA' as const,
      'TIMESTAMP' as const,
      'DATE' as const,
      'TIME' as const,
      'INTERVAL' as const,
      'JSON' as const,
    )
    .map((kind): DataType => ({ kind })),
  fc.record({
    kind: fc.constant('INTEGER' as const),
    bits: fc.constantFrom(8 as const, 16 as const, 32 as const, 64 as const),
    unsigned: fc.boolean(),
  }),
  fc
    .tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(1000))
    .map(([precision, scale]): DataType => ({ kind: 'DECIMAL', precision, scale: Math.min(scale, precision) })),
)

const fieldName = fc.oneof(
  fc.constantFrom('a', 'Select', 'not', 'null', 'order', 'a b', 'say "hi"', '1st', 'größe', 'array', 'struct'),
  fc.string({ minLength: 1, maxLength: 6 }),
)

const { type: anyType } = fc.letrec<{ type: DataType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4 },
    scalar,
    tie('type').map((element): DataType => ({ kind: 'ARRAY', element })),
    fc
      .uniqueArray(fc.record({ name: fieldName, type: tie('type'), nullable: fc.boolean() }), {
        selector: (field) => field.name,
        minLength: 1,
        maxLength: 3,
      })
      .map((fields): DataType => structOf(fields as Field[])),
  ),
}))

describe('typeSql', () => {
  it('reads back as the same type', () => {
    fc.assert(
      fc.property(anyType, (type) => {
        expect(declared(typeSql(type)), typeSql(type)).toEqual(type)
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 500) },
    )
  })

  it('declares what is only ever NULL as TEXT', () => {
    const type: DataType = { kind: 'ARRAY', element: structOf([{ name: 'a', type: { kind: 'NULL' }, nullable: true }]) }
    const texts: DataType = { kind: 'ARRAY', element: structOf([{ name: 'a', type: TEXT, nullable: true }]) }
    expect(sameType(declared(typeSql(type))!, texts)).toBe(true)
    expect(typeSql({ kind: 'NULL' })).toBe('TEXT')
  })
})
