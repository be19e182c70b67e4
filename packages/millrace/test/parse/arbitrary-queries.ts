import * as fc from 'fast-check'
import { parseInterval } from '../../src/kernel/index.ts'
import type {
  Argument,
  Call,
  Expression,
  FrameBound,
  IntervalLiteral,
  Join,
  Literal,
  OrderItem,
  Query,
  QueryBody,
  Select,
  SelectExpression,
  TableExpression,
  WindowSpecification,
} from '../../src/sql/index.ts'
import { BINARY_PRECEDENCE } from '../../src/sql/parse/precedence.ts'
import { SPAN, anyLabel, anyName, anyObjectName, anyPath, anyType, node, some } from './arbitrary-names.ts'

const nothing = fc.constant(null)
const none = fc.constant([])
const maybe = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.oneof({ weight: 4, arbitrary: nothing }, item)
const text = fc.oneof(
  fc.constantFrom('', 'x', "it's", 'back\\slash', 'a\nb', '$$', '--', '/*', 'ü😀', '"'),
  fc.string({ maxLength: 10 }),
)

const INTERVALS: readonly (readonly [string, string | null])[] = [
  ['1 MINUTE', null],
  ['1 hour 30 minutes', null],
  ['-2 days', null],
  ['01:30:00', null],
  ['5', 'MINUTE'],
  ['-1.5', 'HOUR'],
  ['12', 'YEAR'],
  ['1', 'DAY'],
]
export const anyInterval: fc.Arbitrary<IntervalLiteral> = fc.constantFrom(...INTERVALS).map(([amount, unit]) => ({
  kind: 'interval',
  span: SPAN,
  text: amount,
  unit,
  value: parseInterval(amount, unit ?? undefined)!,
}))

export const anyString = node('string', { value: text })

const literal: fc.Arbitrary<Literal> = fc.oneof(
  node('null', {}),
  node('boolean', { value: fc.boolean() }),
  node('number', {
    text: fc.constantFrom('0', '1', '1.50', '.5', '1.', '1e3', '1.5E-10', '0xFF', '1491318144456507320'),
  }),
  anyString,
  node('typed-literal', { type: fc.constantFrom('TIMESTAMP', 'DATE', 'TIME', 'JSON'), text }),
  anyInterval,
)

const earliest = node('read-position', { place: fc.constant('EARLIEST'), value: nothing })
const position = fc.oneof(
  node('read-position', { place: fc.constant('LATEST'), value: nothing }),
  node('read-position', { place: fc.constant('OFFSET'), value: fc.constantFrom('0', '7', '9007199254740993') }),
  node('read-position', { place: fc.constant('TIMESTAMP'), value: text }),
)

const COMPARISONS = ['=', '<>', '<', '<=', '>', '>='] as const
const BINARY = Object.keys(BINARY_PRECEDENCE) as (keyof typeof BINARY_PRECEDENCE)[]
const functionName = fc
  .oneof({ weight: 4, arbitrary: fc.constantFrom('sum', 'COUNT', 'left', 'format', 'TUMBLE') }, nothing)
  .chain((name) =>
    name === null
      ? anyObjectName.filter((n) => n.parts[0]!.quoted)
      : fc.constant({
          kind: 'object-name' as const,
          span: SPAN,
          parts: [{ kind: 'identifier' as const, span: SPAN, name, quoted: false }],
        }),
  )

interface Trees {
  expression: Expression
  call: Call
  order: OrderItem
  window: WindowSpecification
  query: Query
  body: QueryBody
  select: Select
  table: TableExpression
}

const trees = fc.letrec<Trees>((tie: fc.LetrecTypedTie<Trees>): fc.LetrecValue<Trees> => {
  const expression = tie('expression')
  const operator = { operatorSpan: fc.constant(SPAN) }
  const negated = fc.boolean()
  const bound = fc.oneof(
    node('frame-bound', {
      bound: fc.constantFrom('UNBOUNDED PRECEDING', 'CURRENT ROW', 'UNBOUNDED FOLLOWING'),
      offset: nothing,
    }),
    node('frame-bound', { bound: fc.constantFrom('PRECEDING', 'FOLLOWING'), offset: expression }),
  ) as fc.Arbitrary<FrameBound>
  const value = fc.oneof(
    { weight: 6, arbitrary: expression },
    node('star-argument', {}),
    node('table-argument', { source: fc.oneof(anyObjectName, tie('query')) }),
    node('descriptor', { columns: some(anyLabel) }),
  )
  const argument: fc.Arbitrary<Argument> = node('argument', { name: maybe(anyLabel), value })
  const selectExpression = (alias: fc.Arbitrary<SelectExpression['alias']>) =>
    node('select-expression', { expression, alias })
  const star = node('star', {
    qualifier: maybe(anyObjectName),
    except: some(anyLabel, 0, 2),
    replace: some(selectExpression(anyLabel), 0, 1),
  })
  const alias = maybe(node('table-alias', { name: anyLabel, columns: some(anyLabel, 0, 2) }))
  const option = node('option', {
    key: node('option-key', { text: fc.constantFrom('scan', 'json.a', "it's", 'a-b') }),
    value: anyString,
  })
  const hasClauses = (q: Query) =>
    q.with !== null || q.orderBy.length > 0 || q.limit !== null || q.offset !== null || q.emit !== null
  const operand = fc
    .oneof({ weight: 3, arbitrary: tie('select') as fc.Arbitrary<QueryBody> }, tie('body'))
    .map((b): QueryBody => (b.kind === 'query' && !hasClauses(b) ? b.body : b))
  return {
    expression: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'tree', withCrossShrink: true },
      { weight: 8, arbitrary: node('column', { path: anyPath }) },
      literal,
      fc.oneof(
        node('parameter', { index: fc.integer({ min: 1, max: 99 }), name: nothing }),
        node('parameter', { index: nothing, name: fc.constantFrom('name', 'Select', 'a1') }),
      ),
      node('field', { operand: expression, field: anyLabel }),
      node('subscript', { operand: expression, index: expression }),
      node('slice', { operand: expression, from: maybe(expression), to: maybe(expression) }),
      node('unary', { operator: fc.constantFrom('NOT', '-', '+', '~'), operand: expression }),
      {
        weight: 3,
        arbitrary: node('binary', {
          operator: fc.constantFrom(...BINARY),
          ...operator,
          left: expression,
          right: expression,
        }),
      },
      {
        weight: 2,
        arbitrary: node('logical', { operator: fc.constantFrom('AND', 'OR'), operands: some(expression, 2, 4) }),
      },
      node('is-null', { operand: expression, negated }),
      node('is-truth', { operand: expression, value: fc.constantFrom('TRUE', 'FALSE', 'UNKNOWN'), negated }),
      node('is-distinct', { left: expression, right: expression, negated }),
      node('in-list', { operand: expression, list: some(expression), negated }),
      node('in-query', { operand: expression, query: tie('query'), negated }),
      node('between', { operand: expression, low: expression, high: expression, symmetric: fc.boolean(), negated }),
      node('like', {
        operator: fc.constantFrom('LIKE', 'ILIKE', 'SIMILAR TO'),
        operand: expression,
        pattern: expression,
        escape: maybe(expression),
        negated,
      }),
      node('quantified', {
        operator: fc.constantFrom(...COMPARISONS),
        ...operator,
        quantifier: fc.constantFrom('ANY', 'ALL'),
        left: expression,
        right: fc.oneof(expression, tie('query')),
      }),
      node('case', {
        operand: maybe(expression),
        branches: some(node('case-branch', { when: expression, then: expression })),
        otherwise: maybe(expression),
      }),
      node('cast', { operand: expression, type: anyType, safe: fc.boolean() }),
      node('at-time-zone', { operand: expression, zone: expression }),
      node('extract', { field: anyLabel, source: expression }),
      node('position', { needle: expression, haystack: expression }),
      node('trim', {
        side: fc.constantFrom('BOTH', 'LEADING', 'TRAILING'),
        characters: maybe(expression),
        operand: expression,
      }),
      node('array', { elements: some(expression, 0) }),
      node('row', { elements: some(expression) }),
      node('struct', { fields: some(node('struct-field', { value: expression, name: maybe(anyLabel) })) }),
      { weight: 2, arbitrary: tie('call') },
      node('exists', { query: tie('query') }),
      node('subquery', { query: tie('query') }),
    ) as fc.Arbitrary<Expression>,
    call: node('call', {
      name: functionName,
      arguments: some(argument, 1, 2),
      distinct: fc.boolean(),
      orderBy: some(tie('order'), 0, 1),
      withinGroup: some(tie('order'), 0, 1),
      filter: maybe(expression),
      nulls: fc.constantFrom(null, 'IGNORE', 'RESPECT'),
      over: maybe(fc.oneof(node('window-reference', { name: anyName }), tie('window'))),
    }) as fc.Arbitrary<Call>,
    order: node('order-item', {
      expression,
      direction: fc.constantFrom(null, 'ASC', 'DESC'),
      nulls: fc.constantFrom(null, 'FIRST', 'LAST'),
    }),
    window: node('window-specification', {
      base: maybe(anyName.filter((n) => n.quoted || !['rows', 'range'].includes(n.name))),
      partitionBy: some(expression, 0, 2),
      orderBy: some(tie('order'), 0, 2),
      frame: maybe(
        node('window-frame', {
          unit: fc.constantFrom('ROWS', 'RANGE', 'GROUPS'),
          start: bound,
          end: maybe(bound),
          exclude: fc.constantFrom(null, 'CURRENT ROW', 'GROUP', 'TIES'),
        }),
      ),
    }),
    query: fc
      .record({
        with: maybe(
          node('with', {
            recursive: fc.boolean(),
            tables: some(
              node('common-table', { name: anyName, columns: some(anyLabel, 0, 2), query: tie('query') }),
              1,
              2,
            ),
          }),
        ),
        body: operand,
        orderBy: some(tie('order'), 0, 1),
        limit: maybe(expression.filter((e) => !(e.kind === 'column' && e.path[0]!.name === 'all'))),
        offset: maybe(expression),
        emit: maybe(
          fc.oneof(
            node('emit', { mode: fc.constantFrom('ON WINDOW CLOSE', 'FINAL'), every: nothing }),
            node('emit', { mode: fc.constant('CHANGES'), every: maybe(anyInterval) }),
            node('emit', { mode: fc.constant('EVERY'), every: anyInterval }),
          ),
        ),
      })
      .map((parts): Query => {
        const query: Query = { kind: 'query', span: SPAN, ...(parts as Omit<Query, 'kind' | 'span'>) }
        return query.body.kind === 'query' && !hasClauses(query) ? query.body : query
      }),
    body: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'tree' },
      tie('select'),
      node('values', { rows: some(some(expression)) }),
      node('set-operation', {
        operator: fc.constantFrom('UNION', 'INTERSECT', 'EXCEPT'),
        ...operator,
        all: fc.boolean(),
        left: operand,
        right: operand,
      }),
      tie('query'),
    ) as fc.Arbitrary<QueryBody>,
    select: node('select', {
      distinct: maybe(node('distinct', { on: some(expression, 0, 2) })),
      items: some(fc.oneof({ weight: 4, arbitrary: selectExpression(maybe(anyLabel)) }, star)),
      from: some(tie('table'), 0, 2),
      where: maybe(expression),
      groupBy: some(
        fc.oneof(
          { weight: 3, arbitrary: node('grouping-expression', { expression }) },
          node('grouping-sets', {
            form: fc.constantFrom('GROUPING SETS', 'ROLLUP', 'CUBE'),
            sets: some(
              some(
                expression.filter((e) => e.kind !== 'row'),
                0,
                2,
              ),
            ),
          }),
        ),
        0,
        2,
      ),
      having: maybe(expression),
      windows: some(node('named-window', { name: anyName, specification: tie('window') }), 0, 1),
      qualify: maybe(expression),
    }) as fc.Arbitrary<Select>,
    table: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'tree' },
      {
        weight: 3,
        arbitrary: node('table', {
          name: anyObjectName,
          from: maybe(fc.oneof(earliest, position)),
          to: maybe(position),
          asOf: maybe(expression),
          options: some(option, 0, 1),
          alias,
        }),
      },
      node('derived-table', { lateral: fc.boolean(), query: tie('query'), alias }),
      node('table-function', { lateral: fc.boolean(), call: tie('call'), withOrdinality: fc.boolean(), alias }),
      fc
        .record({
          type: fc.constantFrom('INNER', 'LEFT', 'RIGHT', 'FULL', 'CROSS', 'SEMI', 'ANTI'),
          natural: fc.boolean(),
          asof: fc.constantFrom(null, 'UNSPECIFIED', 'BACKWARD', 'FORWARD', 'NEAREST'),
          left: tie('table'),
          right: tie('table'),
          condition: fc.oneof(node('join-on', { expression }), node('join-using', { columns: some(anyLabel) })),
          within: maybe(anyInterval),
        })
        .map((join): Join => {
          const bare = join.natural || join.type === 'CROSS'
          return {
            kind: 'join',
            span: SPAN,
            operatorSpan: SPAN,
            ...join,
            condition: bare ? null : join.condition,
          } as Join
        }),
    ) as fc.Arbitrary<TableExpression>,
  }
})

export const anyExpression = trees.expression
export const anyQuery = trees.query
export { maybe, none, nothing, text as anyText }
