import type { RecordBatch } from '../../kernel/index.ts'
import type { LiveTable } from '../terminal/live-table.ts'
import type { Completeness, RowPrinter } from './row-printer.ts'

export class TablePrinter implements RowPrinter {
  readonly #table: LiveTable

  constructor(table: LiveTable) {
    this.#table = table
  }

  print(output: number, batch: RecordBatch): void {
    this.#table.push(output, batch)
  }

  async finish(how: Completeness): Promise<void> {
    this.#table.close(how)
  }
}
