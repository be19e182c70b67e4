import type { RecordBatch, Schema } from '../../kernel/index.ts'
import type { OutputNode, SinkNode, SourceNode } from '../../plan/index.ts'
import type { ExplainLine, Operator, OperatorDefinition, Output, Progress, Watermark } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { singleKey, type StateReader, type StateWriter } from '../state/state-io.ts'

const TIME_TAG = 1

/** The ends of a graph: where sources come in and where sinks and outputs collect. Remembers how far its stream has come. */
export class PassThrough implements Operator {
  readonly schema: Schema
  readonly #line: ExplainLine
  #time = Number.NEGATIVE_INFINITY
  #changed = false

  constructor(schema: Schema, line: ExplainLine) {
    this.schema = schema
    this.#line = line
  }

  /** The stream's watermark; +Infinity once it has ended. */
  get time(): number {
    return this.#time
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    output.batch(batch)
    return 'done'
  }

  watermark(_port: number, watermark: Watermark, output: Output): Progress {
    if (watermark.time > this.#time) {
      this.#time = watermark.time
      this.#changed = true
    }
    output.watermark(watermark)
    return 'done'
  }

  tick(): Progress {
    return 'done'
  }

  more(): Progress {
    return 'done'
  }

  snapshot(to: StateWriter): void {
    if (!this.#changed) return
    this.#changed = false
    const writer = new ByteWriter()
    writer.double(this.#time)
    to.put(singleKey(TIME_TAG), writer.take())
  }

  restore(from: StateReader): void {
    for (const [, value] of from.entries()) this.#time = new ByteReader(value).double()
  }

  stateBytes(): number {
    return 0
  }

  explain(): ExplainLine {
    return this.#line
  }

  dispose(): void {}
}

export const sourceDefinition: OperatorDefinition<SourceNode> = {
  kind: 'source',
  build: (node) => new PassThrough(node.schema, { name: 'source', detail: node.table }),
}

export const sinkDefinition: OperatorDefinition<SinkNode> = {
  kind: 'sink',
  build: (node) => new PassThrough(node.schema, { name: 'sink', detail: node.table }),
}

export const outputDefinition: OperatorDefinition<OutputNode> = {
  kind: 'output',
  build: (node) =>
    new PassThrough(node.schema, { name: 'output', detail: node.updating ? `${node.name} (updating)` : node.name }),
}
