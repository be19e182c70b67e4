import { MAX_BATCH_ROWS, type Schema } from '../../kernel/index.ts'
import { columnsOf, type Expr, mapChildren } from '../../plan/index.ts'
import { compilePredicate } from '../expressions/compile.ts'
import type { Predicate } from '../expressions/compiled.ts'
import type { OperatorContext } from '../operator.ts'
import { type JoinRows, NULL_ROW } from '../state/join-rows.ts'
import { reportErrors } from './row-errors.ts'

/** The condition on pairs of rows beyond their keys; columns of the left input, then of the right one. */
export class PairFilter {
  readonly #node: string
  readonly #context: OperatorContext
  readonly #left: JoinRows
  readonly #right: JoinRows
  /** By column of the predicate's own rows: where it comes from. */
  readonly #columns: readonly { readonly left: boolean; readonly column: number }[]
  readonly #schema: Schema
  readonly #predicate: Predicate
  readonly #lefts = new Int32Array(MAX_BATCH_ROWS)
  readonly #rights = new Int32Array(MAX_BATCH_ROWS)
  readonly #places = new Int32Array(MAX_BATCH_ROWS)
  readonly #passes = new Uint8Array(MAX_BATCH_ROWS)

  constructor(
    node: string,
    predicate: Expr,
    inputs: readonly [Schema, Schema],
    rows: readonly [JoinRows, JoinRows],
    context: OperatorContext,
  ) {
    this.#node = node
    this.#context = context
    ;[this.#left, this.#right] = rows
    const split = inputs[0].fields.length
    const read = [...columnsOf(predicate)].sort((a, b) => a - b)
    this.#columns = read.map((c) => ({ left: c < split, column: c < split ? c : c - split }))
    this.#schema = { fields: this.#columns.map((c) => inputs[c.left ? 0 : 1].fields[c.column]!) }
    const place = new Map(read.map((column, i) => [column, i]))
    const moved = (expr: Expr): Expr =>
      expr.kind === 'column' ? { ...expr, index: place.get(expr.index)! } : mapChildren(expr, moved)
    this.#predicate = compilePredicate(moved(predicate), this.#schema, { codegen: context.codegen })
  }

  /**
   * 1 where the pair of lefts[i] and rights[i] passes, i < count; 0 where one of them is NULL_ROW. A pair without result does not pass and is
   * reported. Valid until the next call.
   */
  test(lefts: Int32Array, rights: Int32Array, count: number): Uint8Array {
    this.#passes.fill(0, 0, count)
    let pairs = 0
    for (let i = 0; i < count; i++) {
      if (lefts[i] === NULL_ROW || rights[i] === NULL_ROW) continue
      this.#lefts[pairs] = lefts[i]!
      this.#rights[pairs] = rights[i]!
      this.#places[pairs++] = i
    }
    if (pairs === 0) return this.#passes
    const columns = this.#columns.map(({ left, column }) =>
      left ? this.#left.gather(column, this.#lefts, pairs) : this.#right.gather(column, this.#rights, pairs),
    )
    const batch = { schema: this.#schema, length: pairs, columns, weights: null }
    const { rows, count: passing, errors } = this.#predicate.select(batch, this.#context.step)
    if (errors !== null) reportErrors(errors, this.#node, this.#context)
    for (let i = 0; i < passing; i++) this.#passes[this.#places[rows[i]!]!] = 1
    return this.#passes
  }
}
