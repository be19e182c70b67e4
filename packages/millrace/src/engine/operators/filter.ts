import { type RecordBatch, selectRows } from '../../kernel/index.ts'
import type { FilterNode } from '../../plan/index.ts'
import { compilePredicate } from '../expressions/compile.ts'
import type { Predicate } from '../expressions/compiled.ts'
import type { ExplainLine, OperatorContext, OperatorDefinition, Output, Progress } from '../operator.ts'
import { describeExpr } from './describe.ts'
import { reportErrors } from './row-errors.ts'
import { StatelessOperator } from './stateless.ts'

/** Passes the rows whose predicate is true; a batch that passes whole is passed as it is. */
export class Filter extends StatelessOperator {
  readonly #node: FilterNode
  readonly #context: OperatorContext
  readonly #predicate: Predicate

  constructor(node: FilterNode, context: OperatorContext) {
    super(node.schema)
    this.#node = node
    this.#context = context
    this.#predicate = compilePredicate(node.predicate, node.schema, { codegen: context.codegen })
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    const { rows, count, errors } = this.#predicate.select(batch, this.#context.step)
    if (errors !== null) reportErrors(errors, this.#node.id, this.#context)
    if (count === batch.length) output.batch(batch)
    else if (count > 0) output.batch(selectRows(batch, rows, count))
    return 'done'
  }

  explain(): ExplainLine {
    return { name: 'filter', detail: describeExpr(this.#node.predicate, this.#node.schema) }
  }
}

export const filterDefinition: OperatorDefinition<FilterNode> = {
  kind: 'filter',
  build: (node, _inputs, context) => new Filter(node, context),
}
