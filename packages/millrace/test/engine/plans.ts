import {
  BIGINT,
  type DataType,
  DOUBLE,
  ROWTIME,
  type Schema,
  type SchemaField,
  schemaOf,
  TEXT,
  TIMESTAMP,
  WATERMARK,
  WINDOW,
} from '../../src/kernel/index.ts'
import type {
  AggregateCall,
  AggregateNode,
  Dataflow,
  EarlyEmit,
  LateFilterNode,
  Moment,
  NodeId,
  OutputNode,
  PlanNode,
  SourceNode,
  UnionNode,
  UpsertNode,
  WatermarkNode,
  WindowAggregateNode,
  WindowSpec,
} from '../../src/plan/index.ts'

/** Plans as the planner would make them, over one table shape. Columns by name in `EVENT`. */
export const EVENT: Schema = schemaOf(
  ['ts', TIMESTAMP],
  ['key', TEXT],
  ['value', BIGINT],
  ['real', DOUBLE],
  ['mark', TIMESTAMP],
  ['arrival', TIMESTAMP],
)
export const TS = 0
export const KEY = 1
export const VALUE = 2
export const REAL = 3
export const MARK = 4
export const ARRIVAL = 5

const HIDDEN: readonly SchemaField[] = [ROWTIME, WATERMARK].map((name) => ({
  name,
  type: TIMESTAMP,
  nullable: true,
  hidden: true,
}))

/** EVENT with event time: what a watermark node gives. */
export const TIMED: Schema = { fields: [...EVENT.fields, ...HIDDEN] }
export const AT_ROWTIME = EVENT.fields.length
export const AT_WATERMARK = EVENT.fields.length + 1

const at = (node: NodeId, port = 0) => ({ node, port })

export function dataflow(...nodes: readonly PlanNode[]): Dataflow {
  return { version: 1, nodes }
}

export function source(id = 'source'): SourceNode {
  return {
    id,
    kind: 'source',
    schema: EVENT,
    table: id,
    options: {},
    columns: [],
    badData: 'fail',
    wholePayload: false,
  }
}

export function watermark(id: NodeId, input: NodeId, options: Partial<WatermarkNode> = {}): WatermarkNode {
  return {
    id,
    kind: 'watermark',
    schema: TIMED,
    input: at(input),
    table: input,
    rowtime: TS,
    mark: MARK,
    arrival: null,
    partition: null,
    idleTimeout: null,
    maxFutureSkew: null,
    ...options,
  }
}

export function union(id: NodeId, ...inputs: readonly NodeId[]): UnionNode {
  return { id, kind: 'union', schema: TIMED, inputs: inputs.map((i) => at(i)) }
}

export function lateFilter(
  id: NodeId,
  input: NodeId,
  window: WindowSpec | Moment,
  allowedLateness = 0,
): LateFilterNode {
  const columns = { rowtime: AT_ROWTIME, watermark: AT_WATERMARK }
  return {
    id,
    kind: 'late_filter',
    schema: TIMED,
    input: at(input),
    ...columns,
    window,
    allowedLateness,
    tables: ['source'],
  }
}

export function call(
  name: string,
  type: DataType,
  args: readonly number[] = [],
  more: Partial<AggregateCall> = {},
): AggregateCall {
  const argTypes = args.map((a) => TIMED.fields[a]!.type)
  return { name, type, args, argTypes, distinct: false, filter: null, orderBy: [], ...more }
}

function resultSchema(keys: readonly number[], window: boolean, calls: readonly AggregateCall[]): Schema {
  return {
    fields: [
      ...keys.map((k) => TIMED.fields[k]!),
      ...(window ? [{ name: 'window', type: WINDOW, nullable: false }] : []),
      ...calls.map((c, i) => ({ name: `a${i}`, type: c.type, nullable: true })),
      ...HIDDEN,
    ],
  }
}

export function windowAggregate(
  id: NodeId,
  input: NodeId,
  window: WindowSpec,
  aggregates: readonly AggregateCall[],
  keys: readonly number[] = [KEY],
  allowedLateness = 0,
): WindowAggregateNode {
  const schema = resultSchema(keys, true, aggregates)
  const columns = { rowtime: AT_ROWTIME, watermark: AT_WATERMARK }
  return {
    id,
    kind: 'window_aggregate',
    schema,
    input: at(input),
    window,
    ...columns,
    allowedLateness,
    keys,
    aggregates,
  }
}

export function upsert(id: NodeId, input: NodeId, keys: readonly number[] = [KEY]): UpsertNode {
  return { id, kind: 'upsert', schema: EVENT, input: at(input), keys }
}

export function aggregate(
  id: NodeId,
  input: NodeId,
  aggregates: readonly AggregateCall[],
  keys: readonly number[] = [KEY],
): AggregateNode {
  return { id, kind: 'aggregate', schema: resultSchema(keys, false, aggregates), input: at(input), keys, aggregates }
}

export function output(id: NodeId, input: PlanNode, port = 0): OutputNode {
  const updating = input.kind === 'aggregate' || (input.kind === 'window_aggregate' && input.emit !== undefined)
  return { id, kind: 'output', schema: input.schema, input: at(input.id, port), name: id, updating }
}

/** source, watermark, late filter, window aggregate, with outputs `result` and `late`. */
export function windowedPlan(
  window: WindowSpec,
  calls: readonly AggregateCall[],
  options: { keys?: readonly number[]; lateness?: number; watermark?: Partial<WatermarkNode>; emit?: EarlyEmit } = {},
): Dataflow {
  const lateness = options.lateness ?? 0
  const late = lateFilter('on_time', 'timed', window, lateness)
  const node = windowAggregate('windows', 'on_time', window, calls, options.keys ?? [KEY], lateness)
  const result = options.emit === undefined ? node : { ...node, emit: options.emit }
  return dataflow(
    source(),
    watermark('timed', 'source', options.watermark),
    late,
    result,
    output('result', result),
    output('late', late, 1),
  )
}
