import type { Schema, SchemaField } from '../../kernel/index.ts'
import { columnRef, type Expr, type Input, type NodeId, type PlanNode } from '../../plan/index.ts'
import { HIDDEN_FIELDS, type Relation } from './relation.ts'

type WithoutId<Node> = Node extends PlanNode ? Omit<Node, 'id'> : never

const PREFIX = 'draft_'

/** One column of a projection. */
export interface Projected {
  readonly name: string
  readonly expr: Expr
  readonly nullable: boolean
}

/**
 * The plan while it grows: every node is added behind its inputs and reads all columns there are; what nobody needs in the end is
 * removed by `finishDataflow`.
 */
export class Draft {
  readonly #nodes: PlanNode[] = []

  get nodes(): readonly PlanNode[] {
    return this.#nodes
  }

  node(id: NodeId): PlanNode {
    return this.#nodes[Number(id.slice(PREFIX.length))]!
  }

  add(node: WithoutId<PlanNode>): Input {
    const id: NodeId = `${PREFIX}${this.#nodes.length}`
    this.#nodes.push({ ...node, id } as PlanNode)
    return { node: id, port: 0 }
  }

  /** The columns over the rows of `from`, and behind them its hidden columns. */
  project(
    from: Pick<Relation, 'input' | 'rowtime' | 'watermark'>,
    columns: readonly Projected[],
  ): { input: Input; schema: Schema } {
    const fields = columns.map(({ name, expr, nullable }): SchemaField => ({ name, type: expr.type, nullable }))
    const [rowtime, watermark] = HIDDEN_FIELDS
    const schema = { fields: [...fields, rowtime!, watermark!] }
    const exprs = [
      ...columns.map((c) => c.expr),
      columnRef(from.rowtime, rowtime!.type),
      columnRef(from.watermark, watermark!.type),
    ]
    return { input: this.add({ kind: 'project', schema, input: from.input, exprs }), schema }
  }
}
