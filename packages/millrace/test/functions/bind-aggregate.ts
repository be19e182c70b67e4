import { aggregateDefinition, functionCatalog } from '../../src/engine/index.ts'
import { createAccumulators } from '../../src/engine/aggregates/registry.ts'
import { compileProjection } from '../../src/engine/expressions/compile.ts'
import type { Accumulators } from '../../src/engine/aggregates/aggregate.ts'
import { batchOf, type Column, type DataType, MillraceErrors, type Schema, type Value } from '../../src/kernel/index.ts'
import { AggregateCollector, Report } from '../../src/sql/bind/index.ts'
import { parseExpression, STANDARD } from '../../src/sql/index.ts'

/** An aggregate call over rows of a schema. */
export interface BoundAggregate {
  readonly type: DataType
  /** What its accumulators are given of rows: arguments, then ORDER BY columns. */
  columnsOf(rows: readonly (readonly Value[])[]): readonly Column[]
  create(context?: { readonly updating?: boolean; readonly elementwise?: boolean }): Accumulators
}

const STEP = { now: 0, random: () => 0.25 }

/** Throws what is wrong with the call. */
export function bindAggregate(sql: string, schema: Schema): BoundAggregate {
  const report = new Report()
  const columns = schema.fields.map(({ name, type, nullable }, index) => ({
    name,
    type,
    nullable,
    index,
    eventTime: false,
    window: null,
  }))
  const scope = { columns, qualifiers: [], open: false, rowtime: null }
  const collector = new AggregateCollector({ functions: functionCatalog, dialect: STANDARD, report }, scope)
  const parsed = parseExpression(sql)
  if (parsed.kind !== 'call') throw new Error(`no call: ${sql}`)
  const name = parsed.name.parts
    .map((p) => p.name)
    .join('.')
    .toLowerCase()
  collector.aggregate(parsed, name)
  const [draft] = collector.drafts
  if (report.failed || draft === undefined) throw new MillraceErrors(report.errors)
  const definition = aggregateDefinition(draft.name)!
  const exprs = [...draft.args, ...draft.orderBy.map((key) => key.expr)]
  const projection = compileProjection(exprs, schema, { codegen: true })
  const orderTypes = draft.orderBy.map((key) => key.expr.type)
  const call = {
    name: draft.name,
    args: draft.args.map((_, i) => i),
    argTypes: draft.args.map((arg) => arg.type),
    type: draft.type,
    distinct: draft.distinct,
    filter: null,
    orderBy: draft.orderBy.map(({ descending, nullsFirst }, i) => ({
      column: draft.args.length + i,
      descending,
      nullsFirst,
    })),
  }
  return {
    type: draft.type,
    columnsOf: (rows) => projection.evaluate(batchOf(schema, rows), STEP).columns,
    create: ({ updating = false, elementwise = false } = {}) =>
      createAccumulators(definition, call, { orderTypes, updating, elementwise }),
  }
}
