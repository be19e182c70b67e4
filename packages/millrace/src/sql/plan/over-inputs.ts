import { columnRef, type Expr } from '../../plan/index.ts'
import { uniqueName } from '../bind/index.ts'
import type { Projected } from './draft.ts'
import { isNullable } from './nullable.ts'
import { HIDDEN_FIELDS, type Relation } from './relation.ts'

/** The columns of `from`, and behind them what window functions read that is no column yet. */
export class OverInputs {
  readonly columns: Projected[]
  readonly #indexes = new Map<string, number>()
  readonly #names: Set<string>
  readonly #from: Relation

  constructor(from: Relation) {
    this.#from = from
    this.columns = from.schema.fields
      .slice(0, -HIDDEN_FIELDS.length)
      .map(({ name, type, nullable }, i): Projected => ({ name, expr: columnRef(i, type), nullable }))
    this.#names = new Set(this.columns.map((c) => c.name))
    this.columns.forEach((c, i) => this.#indexes.set(JSON.stringify(c.expr), i))
  }

  add(expr: Expr, name: string): number {
    const key = JSON.stringify(expr)
    let index = this.#indexes.get(key)
    if (index === undefined) {
      const nullable = isNullable(expr, (i) => this.#from.schema.fields[i]?.nullable ?? true)
      index = this.columns.push({ name: uniqueName(name, this.#names), expr, nullable }) - 1
      this.#indexes.set(key, index)
    }
    return index
  }
}
