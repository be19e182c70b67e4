import { type RecordBatch, type Schema, selectRows } from '../../kernel/index.ts'
import type { ProjectNode } from '../../plan/index.ts'
import { compileProjection } from '../expressions/compile.ts'
import type { Projection, RowErrors } from '../expressions/compiled.ts'
import type { ExplainLine, OperatorContext, OperatorDefinition, Output, Progress } from '../operator.ts'
import { describeExpr } from './describe.ts'
import { reportErrors } from './row-errors.ts'
import { StatelessOperator } from './stateless.ts'

/** Computes one column per field of its schema; rows where one has no result are reported and left out. */
export class Project extends StatelessOperator {
  readonly #node: ProjectNode
  readonly #input: Schema
  readonly #context: OperatorContext
  readonly #projection: Projection

  constructor(node: ProjectNode, input: Schema, context: OperatorContext) {
    super(node.schema)
    this.#node = node
    this.#input = input
    this.#context = context
    this.#projection = compileProjection(node.exprs, input, { codegen: context.codegen })
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    const { columns, errors } = this.#projection.evaluate(batch, this.#context.step)
    const projected: RecordBatch = { schema: this.schema, length: batch.length, columns, weights: batch.weights }
    if (errors === null) {
      output.batch(projected)
      return 'done'
    }
    reportErrors(errors, this.#node.id, this.#context)
    const rows = rowsWithout(errors, batch.length)
    if (rows.length > 0) output.batch(selectRows(projected, rows, rows.length))
    return 'done'
  }

  explain(): ExplainLine {
    const shown = this.#node.exprs.flatMap((expr, i) => {
      const field = this.schema.fields[i]!
      if (field.hidden === true) return []
      const text = describeExpr(expr, this.#input)
      return text === field.name ? [text] : [`${text} AS ${field.name}`]
    })
    return { name: 'project', detail: shown.join(', ') }
  }
}

function rowsWithout(errors: RowErrors, length: number): Int32Array {
  const rows = new Int32Array(length - errors.rows.length)
  let next = 0
  let count = 0
  for (let i = 0; i < length; i++) {
    if (errors.rows[next] === i) next++
    else rows[count++] = i
  }
  return rows
}

export const projectDefinition: OperatorDefinition<ProjectNode> = {
  kind: 'project',
  build: (node, inputs, context) => new Project(node, inputs[0]!.schema, context),
}
