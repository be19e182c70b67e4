import {
  type DataType,
  didYouMean,
  INTERVAL,
  MICROS_PER_SECOND,
  type OptionValue,
  type SchemaField,
  type Span,
  TIMESTAMP,
  typeName,
} from '../../kernel/index.ts'
import { columnRef, type Expr, type Input, literal, mapChildren, type SourceColumn } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { castTo, ExpressionBinder, findName, type ScopeColumn } from '../bind/index.ts'
import { isNullable } from './nullable.ts'
import type { Planner } from './planner.ts'
import { HIDDEN_FIELDS, type Relation } from './relation.ts'
import { metadataOf, type Table, type TableColumn } from './table.ts'

type Declared = Omit<Table, 'relation'>

/** Delay of the watermark behind an event time for which none is declared. */
const DEFAULT_DELAY = MICROS_PER_SECOND

const NULL: Expr = { kind: 'literal', type: { kind: 'NULL' }, text: null }

/**
 * Source, for upserts the node that makes them a changelog, the projection that computes generated columns and the watermark's mark, and
 * the watermark. Rows of a changelog that declares no event time have none: they stand until they are taken back.
 */
export function planSource(planner: Planner, table: Declared): Relation {
  const source = new SourceColumns(table)
  const columns = declaredColumns(planner, table, source)
  const { changelog } = table.description
  const relation = {
    qualifiers: [table.name],
    open: false,
    updating: changelog !== null,
    key: changelog === 'upsert' ? keyPositions(table) : null,
    resultOf: null,
    tables: [table.name],
    lateness: table.description.allowedLateness,
    late: null,
    windowed: null,
  }
  if (changelog !== null && !declaresEventTime(table)) {
    const [rowtime, watermark] = HIDDEN_FIELDS.map((field) => literal(field.type, null))
    const fields: SchemaField[] = columns.map((c) => ({ name: c.name, type: c.expr.type, nullable: c.nullable }))
    const schema = { fields: [...fields, ...HIDDEN_FIELDS] }
    const exprs = [...columns.map((c) => c.expr), rowtime!, watermark!]
    const input = planner.draft.add({ kind: 'project', schema, input: planInput(planner, table, source), exprs })
    const [at, mark] = [fields.length, fields.length + 1]
    return {
      ...relation,
      input,
      schema,
      columns: visible(columns, null),
      rowtime: at,
      watermark: mark,
      eventTime: false,
    }
  }
  const { input, schema, rowtime } = planWatermark(planner, table, columns, source)
  const [at, mark] = [schema.fields.length - 2, schema.fields.length - 1]
  return {
    ...relation,
    input,
    schema,
    columns: visible(columns, rowtime),
    rowtime: at,
    watermark: mark,
    eventTime: true,
  }
}

/** `rowtime`: which of them is the event time; null: none. */
function visible(columns: readonly DeclaredColumn[], rowtime: number | null): ScopeColumn[] {
  return columns.map(({ name, expr, nullable, failed }, index) => ({
    name,
    type: failed ? undefined : expr.type,
    nullable,
    index,
    eventTime: index === rowtime,
    window: null,
  }))
}

function keyPositions(table: Declared): number[] {
  return table.primaryKey.map((name) => table.columns.findIndex((c) => c.name === name))
}

function declaresEventTime({ statement, description }: Declared): boolean {
  return description.eventTimeField !== null || statement.elements.some((e) => e.kind === 'watermark')
}

/** The rows of the source once all it is asked for is known. */
function planInput(planner: Planner, table: Declared, { fields, columns }: SourceColumns): Input {
  const { description } = table
  const { changelog } = description
  const input = planner.draft.add({
    kind: 'source',
    schema: { fields },
    table: table.name,
    options: Object.fromEntries(table.options.map((o): [string, OptionValue] => [o.key, o.value])),
    columns,
    badData: description.badData ?? planner.defaultBadData,
    wholePayload: description.wholePayload,
    ...(changelog === null ? {} : { changelog }),
  })
  if (changelog !== 'upsert') return input
  const keys = table.primaryKey.map((name) => columns.findIndex((c) => c.from === 'payload' && c.path[0] === name))
  return planner.draft.add({ kind: 'upsert', schema: { fields }, input, keys: keys.filter((key) => key !== -1) })
}

function planWatermark(planner: Planner, table: Declared, columns: readonly DeclaredColumn[], source: SourceColumns) {
  const time = eventTime(planner, table, columns, source)
  const { description } = table
  const extra: { name: string; expr: Expr }[] = []
  const indexOf = (name: string, expr: Expr): number => {
    const key = JSON.stringify(expr)
    const at = [...columns, ...extra].findIndex((c) => JSON.stringify(c.expr) === key)
    return at === -1 ? columns.length + extra.push({ name, expr }) - 1 : at
  }
  const rowtime = time.column ?? indexOf('event_time', time.rowtime)
  const mark = indexOf('mark', time.mark)
  const arrival = description.maxFutureSkew === null ? null : indexOf('arrival', source.metadata('timestamp'))
  const partition = description.metadata.has('partition') ? indexOf('partition', source.metadata('partition')) : null
  const fields: SchemaField[] = [
    ...columns.map((c) => ({ name: c.name, type: c.expr.type, nullable: c.nullable })),
    ...extra.map((c) => ({ name: c.name, type: c.expr.type, nullable: true, hidden: true })),
  ]
  const projected = planner.draft.add({
    kind: 'project',
    schema: { fields },
    input: planInput(planner, table, source),
    exprs: [...columns, ...extra].map((c) => c.expr),
  })
  const schema = { fields: [...fields, ...HIDDEN_FIELDS] }
  const input = planner.draft.add({
    kind: 'watermark',
    schema,
    input: projected,
    table: table.name,
    rowtime,
    mark,
    arrival,
    partition,
    idleTimeout: description.idleTimeout,
    maxFutureSkew: description.maxFutureSkew,
  })
  return { input, schema, rowtime }
}

/** What the source is asked for: payload columns in order of declaration, metadata behind them as it is needed. */
class SourceColumns {
  readonly columns: SourceColumn[] = []
  readonly fields: SchemaField[] = []
  readonly #metadata = new Map<string, Expr>()
  readonly #known: ReadonlyMap<string, DataType>

  constructor(table: Declared) {
    this.#known = metadataOf(table.description)
  }

  payload({ name, nullable }: TableColumn, type: DataType): Expr {
    this.fields.push({ name, type, nullable })
    return columnRef(this.columns.push({ from: 'payload', path: [name], type, nullable }) - 1, type)
  }

  /** A key that does not exist, which has been reported, is NULL. */
  metadata(key: string): Expr {
    const type = this.#known.get(key)
    if (type === undefined) return NULL
    let expr = this.#metadata.get(key)
    if (expr === undefined) {
      this.fields.push({ name: `metadata.${key}`, type, nullable: true })
      expr = columnRef(this.columns.push({ from: 'metadata', key, type }) - 1, type)
      this.#metadata.set(key, expr)
    }
    return expr
  }
}

/** A declared column over the columns of the source. */
interface DeclaredColumn {
  readonly name: string
  readonly expr: Expr
  readonly nullable: boolean
  readonly failed: boolean
}

function declaredColumns(planner: Planner, table: Declared, source: SourceColumns): DeclaredColumn[] {
  const delivered = table.columns.map((column) => {
    const { type, origin } = column
    if (origin.kind === 'generated') return undefined
    if (type === undefined) return NULL
    return origin.kind === 'payload' ? source.payload(column, type) : castTo(source.metadata(origin.key), type)
  })
  const readable: ScopeColumn[] = table.columns.flatMap(({ name, type, nullable, origin }, index) =>
    origin.kind === 'generated' ? [] : [{ name, type, nullable, index, eventTime: false, window: null }],
  )
  const nullableAt = (index: number) => table.columns[index]!.nullable
  return table.columns.map((column, i): DeclaredColumn => {
    const { name, type, nullable, origin } = column
    if (origin.kind !== 'generated') return { name, expr: delivered[i]!, nullable, failed: type === undefined }
    const bound = bindGenerated(planner, table, column, origin.expression, readable)
    if (bound === undefined) return { name, expr: NULL, nullable, failed: true }
    return {
      name,
      expr: substitute(bound, (index) => delivered[index]!),
      nullable: nullable && isNullable(bound, nullableAt),
      failed: false,
    }
  })
}

function bindGenerated(
  planner: Planner,
  table: Declared,
  column: TableColumn,
  expression: ast.Expression,
  columns: readonly ScopeColumn[],
): Expr | undefined {
  const { report } = planner
  const scope = { columns, qualifiers: [table.name], open: false, rowtime: null }
  const binder = new ExpressionBinder(planner.environment, scope, {
    clause: 'a generated column',
    nameLast: ([first]) => {
      const other = findName(first!.name, table.columns, (c) => c.name)
      if (other === undefined) return undefined
      report.error(
        'SQL_INVALID',
        `generated column "${column.name}" reads generated column "${other.name}"`,
        first!.span,
        {
          hint: 'Write its expression out: generated columns read physical and metadata columns only.',
        },
      )
      return { expr: undefined, parts: 1 }
    },
  })
  const expr = binder.bind(expression)
  if (expr === undefined || column.inferred) return expr
  return column.type === undefined ? undefined : binder.cast(expr, column.type, expression.span)
}

/** The expression with columns replaced by others. */
export function substitute(expr: Expr, column: (index: number) => Expr): Expr {
  return expr.kind === 'column' ? column(expr.index) : mapChildren(expr, (child) => substitute(child, column))
}

interface EventTime {
  readonly rowtime: Expr
  readonly mark: Expr
  /** The declared column that is the event time. */
  readonly column: number | null
}

function eventTime(
  planner: Planner,
  table: Declared,
  columns: readonly DeclaredColumn[],
  source: SourceColumns,
): EventTime {
  const arrival = source.metadata('timestamp')
  const definitions = table.statement.elements.filter((e) => e.kind === 'watermark')
  const [definition, second] = definitions
  const { eventTimeField, watermarkField } = table.description
  const { report } = planner
  if (second !== undefined) report.error('SQL_DUPLICATE', `table "${table.name}" has two watermarks`, second.span)
  if (definition !== undefined) {
    if (eventTimeField !== null) {
      report.error(
        'SQL_INVALID',
        `table "${table.name}" has both WATERMARK FOR and "event_time_field"`,
        definition.span,
        {
          hint: 'Keep one of them.',
        },
      )
    }
    return watermarkDefinition(planner, table, columns, definition) ?? { rowtime: arrival, mark: arrival, column: null }
  }
  if (eventTimeField === null) {
    const column = columns.findIndex((c) => c.expr === arrival)
    return { rowtime: arrival, mark: arrivalMark(planner, table, source), column: column === -1 ? null : column }
  }
  const span = (key: string) => table.options.find((o) => o.key === key)?.span ?? table.statement.name.span
  const time = timeColumn(planner, table, columns, eventTimeField, span('event_time_field'))
  const mark =
    watermarkField === null ? undefined : timeColumn(planner, table, columns, watermarkField, span('watermark_field'))
  if (time === undefined) return { rowtime: arrival, mark: arrival, column: null }
  const rowtime = columns[time]!.expr
  return { rowtime, mark: mark === undefined ? minus(planner, rowtime) : columns[mark]!.expr, column: time }
}

/** Results carry the watermark that came before them, which goes before what can be guessed from when they came. */
function arrivalMark(planner: Planner, { description }: Declared, source: SourceColumns): Expr {
  const guess = minus(planner, source.metadata('timestamp'))
  if (!description.metadata.has('watermark')) return guess
  return { kind: 'coalesce', type: TIMESTAMP, args: [source.metadata('watermark'), guess] }
}

function watermarkDefinition(
  planner: Planner,
  table: Declared,
  columns: readonly DeclaredColumn[],
  definition: ast.WatermarkDefinition,
): EventTime | undefined {
  const { expression } = definition
  const time = timeColumn(planner, table, columns, definition.column.name, definition.column.span)
  // The expression reads that column: without it, its errors would be the same one again.
  if (time === undefined) return undefined
  const scope = {
    columns: visible(columns, null),
    qualifiers: [table.name],
    open: false,
    rowtime: null,
  }
  const binder = new ExpressionBinder(planner.environment, scope, { clause: 'WATERMARK' })
  const bound = expression === null ? null : binder.bind(expression)
  if (bound === undefined) return undefined
  const rowtime = columns[time]!.expr
  if (bound === null) return { rowtime, mark: rowtime, column: time }
  if (bound.type.kind !== 'TIMESTAMP') {
    return planner.report.error('SQL_TYPE', `a watermark is TIMESTAMP, not ${typeName(bound.type)}`, expression!.span, {
      hint: `Write it as WATERMARK FOR ${definition.column.name} AS ${definition.column.name} - INTERVAL '5 seconds'.`,
    })
  }
  return { rowtime, mark: substitute(bound, (index) => columns[index]!.expr), column: time }
}

function timeColumn(
  planner: Planner,
  table: Declared,
  columns: readonly DeclaredColumn[],
  name: string,
  span: Span,
): number | undefined {
  const { report } = planner
  const column = findName(name, columns, (c) => c.name)
  if (column === undefined) {
    return report.error('SQL_UNKNOWN_COLUMN', `table "${table.name}" has no column "${name}"`, span, {
      hint: didYouMean(
        name,
        columns.map((c) => c.name),
      ),
    })
  }
  if (column.failed) return undefined
  if (column.expr.type.kind !== 'TIMESTAMP') {
    return report.error(
      'SQL_TYPE',
      `event time is TIMESTAMP, column "${column.name}" is ${typeName(column.expr.type)}`,
      span,
      {
        hint: `Add a column like "event_time TIMESTAMP GENERATED ALWAYS AS (to_timestamp_millis(${column.name}))" and name that.`,
      },
    )
  }
  return columns.indexOf(column)
}

function minus(planner: Planner, time: Expr): Expr {
  const subtract = planner.environment.functions.scalar('subtract')
  return {
    kind: 'call',
    type: TIMESTAMP,
    name: subtract?.name ?? 'subtract',
    args: [time, literal(INTERVAL, { months: 0, days: 0, micros: DEFAULT_DELAY })],
  }
}
