import type { Schema } from '../../kernel/index.ts'
import type { ExplainLine, Operator, Output, Progress, Watermark } from '../operator.ts'
import type { RecordBatch } from '../../kernel/index.ts'

/** What operators without state and with one input share: watermarks pass, nothing is saved. */
export abstract class StatelessOperator implements Operator {
  readonly schema: Schema

  constructor(schema: Schema) {
    this.schema = schema
  }

  abstract push(port: number, batch: RecordBatch, output: Output): Progress
  abstract explain(): ExplainLine

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    output.watermark(watermark)
    return 'done'
  }

  tick(): Progress {
    return 'done'
  }

  more(_output: Output): Progress {
    return 'done'
  }

  snapshot(): void {}

  restore(): void {}

  stateBytes(): number {
    return 0
  }

  dispose(): void {}
}
