import type { RecordBatch, Schema } from '../../kernel/index.ts'

/** One result of a script that is to be printed. */
export interface PrintedOutput {
  readonly schema: Schema
  /** Rows carry weights: they change what was said before. */
  readonly updating: boolean
}

/** How a run ended, as far as its output is concerned. */
export type Completeness =
  /** Every input ended: the results are whole. */
  | 'whole'
  /** Stopped on request: the results hold for the input up to there. */
  | 'stopped'
  | 'failed'

/** Shows the rows of the outputs it was made for, in order. */
export interface RowPrinter {
  /** `output` is an index. The caller waits for the promise before it goes on. */
  print(output: number, batch: RecordBatch): void | Promise<void>
  /** Called once, last. */
  finish(how: Completeness): Promise<void>
}
