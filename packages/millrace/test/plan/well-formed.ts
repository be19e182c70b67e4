import { type DataType, ROWTIME, type Schema, sameType, WATERMARK } from '../../src/kernel/index.ts'
import {
  childrenOf,
  type Dataflow,
  type Expr,
  overCallColumns,
  overCallType,
  type PlanNode,
  residualOf,
} from '../../src/plan/index.ts'
import { canCast } from '../../src/engine/expressions/casts/cast.ts'
import { functionCatalog } from '../../src/engine/index.ts'

/** What is inconsistent in a plan: columns that do not exist or have another type, schemas that do not fit their nodes. */
export function faultsOf(dataflow: Dataflow): string[] {
  const faults: string[] = []
  const nodes = new Map(dataflow.nodes.map((n) => [n.id, n]))
  for (const node of dataflow.nodes) {
    const say = (fault: string) => faults.push(`${node.id}: ${fault}`)
    const input = (id: string): Schema => nodes.get(id)?.schema ?? { fields: [] }
    checkNode(node, input, say)
  }
  return faults
}

type Say = (fault: string) => void

function checkNode(node: PlanNode, input: (id: string) => Schema, say: Say): void {
  switch (node.kind) {
    case 'source':
      if (node.columns.length !== node.schema.fields.length) say('columns and schema differ in length')
      node.columns.forEach((c, i) => checkType(c.type, node.schema.fields[i]!.type, `column ${i}`, say))
      return
    case 'watermark': {
      const fields = input(node.input.node).fields
      checkFields([...fields.map((f) => f.type)], node.schema.fields.slice(0, -2), say)
      for (const c of [node.rowtime, node.mark, node.arrival]) if (c !== null) checkTime(fields[c]?.type, say)
      checkHidden(node.schema, say)
      return
    }
    case 'upsert':
      checkSame(input(node.input.node), node.schema, say)
      for (const key of node.keys) if (node.schema.fields[key] === undefined) say('a key is missing')
      return
    case 'filter':
      checkExpr(node.predicate, input(node.input.node), say)
      if (node.predicate.type.kind !== 'BOOLEAN') say('the predicate is not BOOLEAN')
      checkSame(input(node.input.node), node.schema, say)
      return
    case 'project':
      if (node.exprs.length !== node.schema.fields.length) say('expressions and schema differ in length')
      node.exprs.forEach((e, i) => {
        checkExpr(e, input(node.input.node), say)
        checkType(e.type, node.schema.fields[i]!.type, `column ${i}`, say)
      })
      return
    case 'union':
      for (const { node: id } of node.inputs)
        checkFields(
          input(id).fields.map((f) => f.type),
          node.schema.fields,
          say,
        )
      checkHidden(node.schema, say)
      return
    case 'late_filter': {
      const schema = input(node.input.node)
      checkSame(schema, node.schema, say)
      if (schema.fields[node.rowtime]?.name !== ROWTIME || schema.fields[node.watermark]?.name !== WATERMARK)
        say('wrong hidden columns')
      return
    }
    case 'over': {
      const schema = input(node.input.node)
      const types = [...node.columns.map((c) => schema.fields[c]?.type), ...node.calls.map(overCallType)]
      checkFields(types, node.schema.fields.slice(0, -2), say)
      checkHidden(node.schema, say)
      if (schema.fields[node.rowtime]?.name !== ROWTIME || schema.fields[node.watermark]?.name !== WATERMARK)
        say('wrong hidden columns')
      for (const c of node.partition) if (schema.fields[c] === undefined) say('a partition key is missing')
      if (node.order.kind === 'arrival') checkTime(schema.fields[node.order.column]?.type, say)
      else if (node.order.ties.some((t) => schema.fields[t.column] === undefined)) say('a sort key is missing')
      for (const c of node.calls.flatMap(overCallColumns)) if (schema.fields[c] === undefined) say('an argument is missing')
      return
    }
    case 'window_aggregate':
    case 'aggregate': {
      const schema = input(node.input.node)
      const types = [
        ...node.keys.map((k) => schema.fields[k]?.type),
        ...(node.kind === 'window_aggregate' ? [node.schema.fields[node.keys.length]!.type] : []),
        ...node.aggregates.map((a) => a.type),
      ]
      checkFields(types, node.schema.fields.slice(0, -2), say)
      checkHidden(node.schema, say)
      for (const call of node.aggregates) {
        call.args.forEach((a, i) =>
          checkType(schema.fields[a]?.type, call.argTypes[i]!, `argument of ${call.name}`, say),
        )
        if (call.filter !== null && schema.fields[call.filter]?.type.kind !== 'BOOLEAN') say('a FILTER is not BOOLEAN')
        for (const { column } of call.orderBy) if (schema.fields[column] === undefined) say('a sort key is missing')
        const resolved = functionCatalog.aggregate(call.name)?.resolve(call.argTypes)
        if (resolved?.kind !== 'ok') say(`${call.name} does not take its arguments`)
      }
      return
    }
    case 'interval_join':
    case 'join':
    case 'asof_join': {
      const sides = { left: input(node.left.input.node), right: input(node.right.input.node) }
      const types = node.output.map((o) => sides[o.side].fields[o.column]?.type)
      checkFields(types, node.schema.fields.slice(0, -2), say)
      checkHidden(node.schema, say)
      for (const side of ['left', 'right'] as const) {
        const { rowtime, watermark } = node[side]
        const { fields } = sides[side]
        if (fields[rowtime]?.name !== ROWTIME || fields[watermark]?.name !== WATERMARK) say('wrong hidden columns')
      }
      for (const { left, right } of node.keys)
        checkType(sides.left.fields[left]?.type, sides.right.fields[right]!.type, 'a key', say)
      const residual = residualOf(node)
      if (residual !== null) checkExpr(residual, { fields: [...sides.left.fields, ...sides.right.fields] }, say)
      return
    }
    case 'unnest':
    case 'assign_windows': {
      const schema = input(node.input.node)
      const passed = node.schema.fields.slice(0, node.columns.length)
      checkFields(
        node.columns.map((c) => schema.fields[c]?.type),
        passed,
        say,
      )
      checkHidden(node.schema, say)
      if (node.kind === 'assign_windows') return
      const type = schema.fields[node.array]?.type
      const element = node.schema.fields[node.columns.length]!.type
      checkType(type?.kind === 'ARRAY' ? type.element : undefined, element, 'the element', say)
      return
    }
    case 'sink':
    case 'output':
      checkSame(input(node.input.node), node.schema, say)
  }
}

function checkSame(from: Schema, to: Schema, say: Say): void {
  checkFields(
    from.fields.map((f) => f.type),
    to.fields,
    say,
  )
}

function checkFields(types: readonly (DataType | undefined)[], fields: Schema['fields'], say: Say): void {
  if (types.length !== fields.length) say(`${types.length} columns for ${fields.length}`)
  else types.forEach((t, i) => checkType(t, fields[i]!.type, `column ${i}`, say))
}

function checkType(actual: DataType | undefined, expected: DataType, what: string, say: Say): void {
  if (actual === undefined || !sameType(actual, expected))
    say(`${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`)
}

function checkTime(type: DataType | undefined, say: Say): void {
  if (type?.kind !== 'TIMESTAMP') say('a time is not TIMESTAMP')
}

function checkHidden(schema: Schema, say: Say): void {
  const names = schema.fields.slice(-2).map((f) => f.name)
  if (names[0] !== ROWTIME || names[1] !== WATERMARK) say('hidden columns are not last')
}

function checkExpr(expr: Expr, schema: Schema, say: Say): void {
  if (expr.kind === 'column') checkType(schema.fields[expr.index]?.type, expr.type, `column ${expr.index}`, say)
  if (expr.kind === 'cast' && !canCast(expr.input.type, expr.type))
    say(`no cast from ${expr.input.type.kind} to ${expr.type.kind}`)
  if (expr.kind === 'call') {
    const resolved = functionCatalog.scalar(expr.name)?.resolve(expr.args.map((a) => a.type))
    if (resolved?.kind !== 'ok') say(`${expr.name} does not take its arguments`)
    else {
      resolved.args.forEach((t, i) => checkType(expr.args[i]!.type, t, `argument ${i} of ${expr.name}`, say))
      checkType(expr.type, resolved.returns, `result of ${expr.name}`, say)
    }
  }
  if (expr.kind === 'in') for (const e of expr.list) checkType(e.type, expr.input.type, 'item of IN', say)
  if (expr.kind === 'coalesce') for (const e of expr.args) checkType(e.type, expr.type, 'argument of coalesce', say)
  if (expr.kind === 'case') {
    for (const b of expr.branches) {
      checkType(b.then.type, expr.type, 'result of CASE', say)
      if (b.when.type.kind !== 'BOOLEAN') say('a WHEN is not BOOLEAN')
    }
    if (expr.otherwise !== null) checkType(expr.otherwise.type, expr.type, 'result of CASE', say)
  }
  for (const child of childrenOf(expr)) checkExpr(child, schema, say)
}
