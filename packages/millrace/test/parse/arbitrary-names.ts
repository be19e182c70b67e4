import * as fc from 'fast-check'
import type { Identifier, ObjectName, TypeName } from '../../src/sql/index.ts'
import { RESERVED } from '../../src/sql/parse/words.ts'

export const SPAN = { start: 0, end: 0 }

/** A node of this kind; every tree made here has empty spans. */
export function node<K extends string, T>(kind: K, fields: { [P in keyof T]: fc.Arbitrary<T[P]> }) {
  return fc.record({ kind: fc.constant(kind), span: fc.constant(SPAN), ...fields }) as fc.Arbitrary<
    { readonly kind: K; readonly span: typeof SPAN } & T
  >
}

const WORDS = [
  'a',
  'b',
  'Symbol',
  't1',
  '_x',
  'größe',
  'window',
  'timestamp',
  'end',
  'rows',
  'value',
  'data',
  'start',
  'count',
  'date',
  'offset',
  'latest',
  'interval',
  'year',
  'left',
  'semi',
  'asof',
  'emit',
  'lateral_',
  'over',
  'filter',
  'range',
  'table_',
  'values',
  'set',
  'json',
  'struct',
  'row',
  'array',
  'type',
  'a$1',
]
const KEYWORDS = ['select', 'FROM', 'Order', 'group', 'null', 'not', 'Case', 'and', 'as']
const ODD = ['a b', 'say "hi"', 'tick`', 'Ünïcode ✓', '1st', 'a-b', 'a.b', '😀', 'select']

const unquoted = (words: readonly string[]): fc.Arbitrary<Identifier> =>
  fc.constantFrom(...words).map((name) => ({ kind: 'identifier', span: SPAN, name, quoted: false }))
const quoted: fc.Arbitrary<Identifier> = fc
  .oneof(fc.constantFrom(...WORDS, ...ODD), fc.string({ minLength: 1, maxLength: 8 }))
  .map((name) => ({ kind: 'identifier', span: SPAN, name, quoted: true }))

/** What may stand where a keyword could. */
export const anyName: fc.Arbitrary<Identifier> = fc.oneof(
  { weight: 3, arbitrary: unquoted(WORDS.filter((word) => !RESERVED.has(word.toUpperCase()))) },
  quoted,
)

/** What may stand after a dot or AS. */
export const anyLabel: fc.Arbitrary<Identifier> = fc.oneof(
  { weight: 3, arbitrary: unquoted([...WORDS, ...KEYWORDS]) },
  quoted,
)

export function some<T>(item: fc.Arbitrary<T>, minLength = 1, maxLength = 3): fc.Arbitrary<T[]> {
  return fc.array(item, { minLength, maxLength })
}

export const anyPath = fc.tuple(anyName, some(anyLabel, 0, 2)).map(([first, rest]) => [first, ...rest])
export const anyObjectName: fc.Arbitrary<ObjectName> = node('object-name', { parts: anyPath })

const SCALARS = [
  'INT',
  'TEXT',
  'DECIMAL',
  'DOUBLE PRECISION',
  'TIMESTAMP',
  'TIME',
  'CHARACTER VARYING',
  'ANYTHING',
  'ARRAY',
  'STRUCT',
  'MAP',
]

export const { type: anyType } = fc.letrec<{ type: TypeName }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'type' },
    fc
      .tuple(
        fc.constantFrom(...SCALARS),
        some(fc.nat({ max: 1000 }), 0, 2),
        fc.constantFrom(null, 'UNSIGNED', 'WITH TIME ZONE', 'WITHOUT TIME ZONE'),
      )
      .map(([name, parameters, modifier]): TypeName => {
        const zoned = name === 'TIMESTAMP' || name === 'TIME'
        return {
          kind: 'scalar-type',
          span: SPAN,
          name,
          parameters: name === 'STRUCT' ? [] : parameters,
          modifier: modifier === 'UNSIGNED' || zoned ? modifier : null,
        }
      }),
    node('array-type', { element: tie('type') }),
    node('map-type', { key: tie('type'), value: tie('type') }),
    node('struct-type', {
      fields: some(node('struct-type-field', { name: anyLabel, type: tie('type'), notNull: fc.boolean() })),
    }),
  ),
}))
