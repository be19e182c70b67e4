import type { MillraceError } from '../../kernel/index.ts'
import type { RowErrors } from './compiled.ts'

/** Collects the rows without result of several expressions over one batch: the first error of a row counts. */
export class RowErrorList {
  readonly #errors = new Map<number, MillraceError>()

  add(row: number, error: MillraceError): void {
    if (!this.#errors.has(row)) this.#errors.set(row, error)
  }

  /** Null when there are none. */
  finish(): RowErrors | null {
    if (this.#errors.size === 0) return null
    const rows = [...this.#errors.keys()].sort((a, b) => a - b)
    return { rows, errors: rows.map((row) => this.#errors.get(row)!) }
  }
}
