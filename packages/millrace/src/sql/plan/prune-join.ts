import { assert, type Schema } from '../../kernel/index.ts'
import {
  type AssignWindowsNode,
  columnRef,
  type Expr,
  isJoin,
  type JoinColumn,
  type JoinInput,
  type JoinNode,
  joinReads,
  type JoinSide,
  mapChildren,
  type PlanNode,
  residualOf,
  type UnnestNode,
} from '../../plan/index.ts'
import type { AccessPath } from './access-path.ts'

export type JoiningNode = JoinNode | UnnestNode | AssignWindowsNode

interface Input {
  readonly layout: readonly AccessPath[]
  readonly schema: Schema
}

const whole = (column: number): AccessPath => ({ column, steps: [] })

/** What the node reads of its input on `port` so that `paths` can be given. */
export function joinNeeds(node: JoiningNode, paths: readonly AccessPath[], port: number, columns: number): AccessPath[] {
  if (!isJoin(node)) {
    const passed = paths.flatMap((p) => (p.column < node.columns.length ? [{ ...p, column: node.columns[p.column]! }] : []))
    return [...passed, whole(node.kind === 'unnest' ? node.array : node.rowtime)]
  }
  const side: JoinSide = port === 0 ? 'left' : 'right'
  const passed = paths.flatMap((path) => {
    const from = node.output[path.column]
    return from?.side === side ? [{ ...path, column: from.column }] : []
  })
  return [...passed, ...[...joinReads(node, side, columns)].map(whole)]
}

/** The node over pruned inputs, and where its own columns are then; `inputs` by port. */
export function rewriteJoin(
  node: JoiningNode,
  paths: readonly AccessPath[],
  inputs: readonly Input[],
  columns: number,
): { node: PlanNode; layout: readonly AccessPath[] } {
  return isJoin(node) ? rewritePairs(node, paths, inputs, columns) : rewriteRows(node, paths, inputs[0]!)
}

/** Columns that are needed, or into which some path is: where an input has them, and which of the node's they are. */
function kept(
  paths: readonly AccessPath[],
  layout: readonly AccessPath[],
  from: (column: number) => number | undefined,
): { readonly at: number; readonly path: AccessPath }[] {
  const wanted = [...new Set(paths.map((p) => p.column))]
  return wanted.flatMap((column) => {
    const source = from(column)
    return layout.flatMap((path, at) => (path.column === source ? [{ at, path: { ...path, column } }] : []))
  })
}

function rewriteRows(
  node: UnnestNode | AssignWindowsNode,
  paths: readonly AccessPath[],
  { layout, schema }: Input,
): { node: PlanNode; layout: readonly AccessPath[] } {
  const at = finder(layout)
  const columns = kept(paths, layout, (column) => node.columns[column])
  const added = node.schema.fields.slice(node.columns.length)
  const fields = [...columns.map((c) => schema.fields[c.at]!), ...added]
  const changed = { schema: { fields }, columns: columns.map((c) => c.at) }
  return {
    node:
      node.kind === 'unnest'
        ? { ...node, ...changed, array: at(node.array) }
        : { ...node, ...changed, rowtime: at(node.rowtime), watermark: at(node.watermark) },
    layout: [...columns.map((c) => c.path), ...added.map((_, i) => whole(node.columns.length + i))],
  }
}

function rewritePairs(
  node: JoinNode,
  paths: readonly AccessPath[],
  [left, right]: readonly Input[],
  columns: number,
): { node: PlanNode; layout: readonly AccessPath[] } {
  const of = (side: JoinSide): Input => (side === 'left' ? left! : right!)
  const output = (['left', 'right'] as const).flatMap((side) =>
    kept(paths, of(side).layout, (column) => {
      const from = node.output[column]
      return from?.side === side ? from.column : undefined
    }).map(({ at, path }) => ({ column: { side, column: at } satisfies JoinColumn, path })),
  )
  const hidden = node.schema.fields.slice(-2)
  const fields = output.map(({ column: { side, column }, path }) => ({
    ...of(side).schema.fields[column]!,
    nullable: node.schema.fields[path.column]!.nullable || path.steps.length > 0,
  }))
  const atLeft = finder(left!.layout)
  const atRight = finder(right!.layout)
  const moved = (input: JoinInput, at: (column: number) => number): JoinInput => ({
    ...input,
    rowtime: at(input.rowtime),
    watermark: at(input.watermark),
  })
  const changed = {
    schema: { fields: [...fields, ...hidden] },
    left: moved(node.left, atLeft),
    right: moved(node.right, atRight),
    keys: node.keys.map((k) => ({ ...k, left: atLeft(k.left), right: atRight(k.right) })),
    output: output.map((o) => o.column),
  }
  const residual = residualOf(node)
  const width = left!.layout.length
  const rewritten: JoinNode =
    node.kind === 'asof_join'
      ? { ...node, ...changed }
      : { ...node, ...changed, residual: residual && moveColumns(residual, columns, atLeft, (c) => width + atRight(c)) }
  const first = node.output.length
  return { node: rewritten, layout: [...output.map((o) => o.path), whole(first), whole(first + 1)] }
}

/** An expression over both inputs, of which the left one had `columns`. */
function moveColumns(expr: Expr, columns: number, left: (c: number) => number, right: (c: number) => number): Expr {
  if (expr.kind !== 'column') return mapChildren(expr, (child) => moveColumns(child, columns, left, right))
  return columnRef(expr.index < columns ? left(expr.index) : right(expr.index - columns), expr.type)
}

function finder(layout: readonly AccessPath[]): (column: number) => number {
  const indexes = new Map(layout.flatMap((p, i) => (p.steps.length === 0 ? [[p.column, i] as const] : [])))
  return (column) => {
    const index = indexes.get(column)
    assert(index !== undefined, `column ${column} was pruned but is read`)
    return index
  }
}
