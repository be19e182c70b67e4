import type { Schema } from '../../kernel/index.ts'
import { type Dataflow, inputsOf, type PlanNode } from '../../plan/index.ts'

/** Operators that remember nothing of the rows they saw. */
const STATELESS: ReadonlySet<PlanNode['kind']> = new Set(['filter', 'project', 'late_filter', 'sink', 'output'])

/**
 * Why the state of one plan cannot go on in another, as the end of a sentence; null: it can. Every operator with state has to be there
 * under the same name and do the same with rows of the same columns; every source has to read the same table from the same topic.
 */
export function canKeepState(before: Dataflow, after: Dataflow): string | null {
  const old = stateful(before)
  const now = stateful(after)
  for (const [id, { what, text }] of old) {
    const other = now.get(id)
    if (other === undefined) return `${what} is not there any more`
    if (other.text !== text) return `${what} is another one`
  }
  for (const [id, { what }] of now) if (!old.has(id)) return `${what} is new`
  return null
}

/** By id: what a node is called in messages, and what its state follows from as text. */
function stateful({ nodes }: Dataflow): Map<string, { readonly what: string; readonly text: string }> {
  const schemas = new Map(nodes.map((node) => [node.id, node.schema]))
  const found = new Map<string, { readonly what: string; readonly text: string }>()
  for (const node of nodes) {
    if (STATELESS.has(node.kind)) continue
    const what = node.kind === 'source' ? `source "${node.id}" (table "${node.table}")` : `operator "${node.id}"`
    const columns = inputsOf(node).map((input) => schemas.get(input.node))
    found.set(node.id, { what, text: JSON.stringify(essence(node, columns), withoutInputs) })
  }
  return found
}

/** What an operator keeps follows from itself and the columns it is given, all of them unless it is known better. */
function essence(node: PlanNode, columns: readonly (Schema | undefined)[]): unknown {
  switch (node.kind) {
    case 'source':
      return [node.table, node.options['topic'] ?? node.table, node.changelog ?? null]
    case 'watermark':
      return [node.table, node.partition === null ? null : columns[0]?.fields[node.partition]?.type]
    case 'union':
      return node.inputs.length
    default:
      return [node, columns]
  }
}

/** Through which operators without state the rows come does not matter. */
function withoutInputs(key: string, value: unknown): unknown {
  return key === 'node' ? undefined : value
}
