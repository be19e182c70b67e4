import * as fc from 'fast-check'
import type { ColumnDefinition, OptionValue, Statement } from '../../src/sql/index.ts'
import { SPAN, anyLabel, anyName, anyObjectName, anyType, node, some } from './arbitrary-names.ts'
import { anyExpression, anyInterval, anyQuery, anyString, anyText, maybe, nothing } from './arbitrary-queries.ts'

const { value: optionValue } = fc.letrec<{ value: OptionValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    anyString,
    node('number', { text: fc.constantFrom('0', '1000', '-1.5', '5e6', '-.5') }),
    node('boolean', { value: fc.boolean() }),
    anyInterval,
    node('option-word', {
      text: fc.constantFrom('ts', 'at-least-once', '30s', 'a.b-2', 'Odd Name', 'true', 'interval', 'a"`b', '1e5', ''),
    }).filter((word) => word.text !== ''),
    node('option-list', { values: some(tie('value'), 0) }),
  ) as fc.Arbitrary<OptionValue>,
}))

const key = node('option-key', {
  text: fc.oneof(
    fc.constantFrom('format', 'json.timestamp_format', 'subscription_messages.0', 'a.1.b_2', 'with', "it's", 'a b', ''),
    anyText,
  ),
})
const option = node('option', { key, value: optionValue })
const options = some(option, 0, 2)

const column: fc.Arbitrary<ColumnDefinition> = fc
  .record({
    name: anyLabel.filter((name) => name.quoted || !['primary', 'watermark', 'constraint'].includes(name.name)),
    type: maybe(anyType),
    notNull: fc.boolean(),
    primaryKey: fc.boolean(),
    unique: fc.boolean(),
    generated: maybe(
      node('generated-column', { expression: anyExpression, storage: fc.constantFrom(null, 'STORED', 'VIRTUAL') }),
    ),
    metadata: maybe(node('metadata-column', { key: maybe(anyText) })),
    default: maybe(anyExpression),
    comment: maybe(anyText),
  })
  .map((fields): ColumnDefinition => {
    const type =
      fields.type ??
      (fields.generated === null
        ? ({ kind: 'scalar-type', span: SPAN, name: 'INT', parameters: [], modifier: null } as const)
        : null)
    // without a type the constraint after the name has to be GENERATED
    const flags = type === null ? { notNull: false, primaryKey: false, unique: false } : {}
    return { kind: 'column-definition', span: SPAN, ...fields, type, ...flags } as ColumnDefinition
  })

const insert = node('insert', { table: anyObjectName, columns: some(anyObjectName, 0, 2), query: anyQuery })

const plain = fc.oneof(
  node('create-table', {
    orReplace: fc.boolean(),
    temporary: fc.boolean(),
    ifNotExists: fc.boolean(),
    name: anyObjectName,
    elements: some(
      fc.oneof(
        { weight: 4, arbitrary: column },
        node('primary-key', { columns: some(anyLabel) }),
        node('watermark', { column: anyLabel, expression: maybe(anyExpression) }),
      ),
      0,
    ),
    comment: maybe(anyText),
    partitionedBy: some(anyExpression, 0, 2),
    options,
    query: maybe(anyQuery),
  }),
  fc
    .tuple(
      fc.boolean(),
      node('create-view', {
        orReplace: fc.boolean(),
        temporary: fc.constant(false),
        materialized: fc.boolean(),
        ifNotExists: fc.boolean(),
        name: anyObjectName,
        columns: some(anyLabel, 0, 2),
        options,
        query: anyQuery,
      }),
    )
    .map(([temporary, view]) => ({ ...view, temporary: temporary && !view.materialized })),
  node('create-pipeline', {
    orReplace: fc.boolean(),
    ifNotExists: fc.boolean(),
    name: anyObjectName,
    options,
    statement: insert,
  }),
  insert,
  anyQuery,
  node('set', { option }),
  node('reset', { key: maybe(key.filter((k) => k.text.toUpperCase() !== 'ALL')) }),
  node('drop', {
    object: fc.constantFrom('TABLE', 'VIEW', 'MATERIALIZED VIEW', 'PIPELINE'),
    ifExists: fc.boolean(),
    names: some(anyObjectName),
    cascade: fc.boolean(),
  }),
  fc
    .tuple(fc.constantFrom('pause', 'resume'), fc.constantFrom('TABLE', 'MATERIALIZED VIEW', 'PIPELINE'), anyObjectName)
    .map(([kind, object, name]) => ({ kind, span: SPAN, object, name }) as Statement),
  node('describe', { extended: fc.boolean(), name: anyObjectName }),
  node('show', { subject: fc.constantFrom('TABLES', 'FUNCTIONS'), name: nothing, like: maybe(anyString) }),
  node('show', {
    subject: fc.constantFrom('COLUMNS', 'CREATE TABLE', 'CREATE VIEW'),
    name: anyObjectName,
    like: nothing,
  }),
  node('comment-on', {
    object: fc.constantFrom('TABLE', 'VIEW'),
    name: anyObjectName,
    column: nothing,
    text: maybe(anyText),
  }),
  node('comment-on', { object: fc.constant('COLUMN'), name: anyObjectName, column: anyName, text: maybe(anyText) }),
) as fc.Arbitrary<Statement>

export const anyStatement: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 6, arbitrary: plain },
  node('explain', {
    analyze: fc.boolean(),
    codegen: fc.boolean(),
    format: fc.constantFrom(null, 'TEXT', 'JSON', 'MERMAID'),
    statement: plain,
  }) as fc.Arbitrary<Statement>,
)
