import { fieldIndex, type RecordBatch, type Schema, WATERMARK } from '../../kernel/index.ts'
import type { UnionNode } from '../../plan/index.ts'
import type { ExplainLine, Operator, OperatorDefinition, Output, Progress, Watermark } from '../operator.ts'
import { ByteReader, ByteWriter } from '../state/bytes.ts'
import { singleKey, type StateReader, type StateWriter } from '../state/state-io.ts'
import { timesOf, watermarkColumn } from './times.ts'

const TIME_TAG = 1

/** How far one input has come. */
interface Port {
  time: number
  idle: boolean
}

/**
 * UNION ALL. A row's watermark is the smallest of its own and those of the other inputs that are neither idle nor at their end, and never
 * goes back; when all inputs are idle the furthest one counts.
 */
export class Union implements Operator {
  readonly schema: Schema
  readonly #ports: readonly Port[]
  readonly #watermarkColumn: number
  #time = Number.NEGATIVE_INFINITY
  #announced: Watermark = { time: Number.NEGATIVE_INFINITY, idle: false }
  #changed = false

  constructor(node: UnionNode) {
    this.schema = node.schema
    this.#ports = node.inputs.map(() => ({ time: Number.NEGATIVE_INFINITY, idle: false }))
    this.#watermarkColumn = fieldIndex(node.schema, WATERMARK)
  }

  push(port: number, batch: RecordBatch, output: Output): Progress {
    const at = this.#watermarkColumn
    if (at < 0) {
      output.batch({ ...batch, schema: this.schema })
      return 'done'
    }
    const own = this.#ports[port]!
    const others = this.#othersMinimum(port)
    const times = timesOf(batch.columns[at]!, Number.NEGATIVE_INFINITY)
    const combined = new Float64Array(batch.length)
    let time = this.#time
    for (let i = 0; i < combined.length; i++) {
      const reached = Math.min(times[i]!, others)
      if (reached > time) time = reached
      combined[i] = time
      if (times[i]! > own.time) own.time = times[i]!
    }
    this.#time = time
    this.#changed = true
    output.batch({ ...batch, schema: this.schema, columns: batch.columns.with(at, watermarkColumn(combined)) })
    return 'done'
  }

  #othersMinimum(port: number): number {
    let minimum = Number.POSITIVE_INFINITY
    for (const [i, other] of this.#ports.entries()) {
      if (i !== port && !other.idle) minimum = Math.min(minimum, other.time)
    }
    return minimum
  }

  watermark(port: number, watermark: Watermark, output: Output): Progress {
    const own = this.#ports[port]!
    own.time = Math.max(own.time, watermark.time)
    own.idle = watermark.idle
    const open = this.#ports.filter((p) => p.time !== Number.POSITIVE_INFINITY)
    const active = open.filter((p) => !p.idle)
    const idle = open.length > 0 && active.length === 0
    const reached = idle ? Math.max(...open.map((p) => p.time)) : Math.min(...active.map((p) => p.time))
    this.#time = Math.max(this.#time, reached)
    this.#changed = true
    if (this.#announced.time !== this.#time || this.#announced.idle !== idle) {
      this.#announced = { time: this.#time, idle }
      output.watermark(this.#announced)
    }
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
    for (const { time, idle } of [{ time: this.#time, idle: false }, this.#announced, ...this.#ports]) {
      writer.double(time)
      writer.byte(idle ? 1 : 0)
    }
    to.put(singleKey(TIME_TAG), writer.take())
  }

  restore(from: StateReader): void {
    for (const [, value] of from.entries()) {
      const reader = new ByteReader(value)
      const read = () => ({ time: reader.double(), idle: reader.byte() === 1 })
      this.#time = read().time
      this.#announced = read()
      for (const port of this.#ports) Object.assign(port, read())
    }
  }

  stateBytes(): number {
    return 0
  }

  explain(): ExplainLine {
    return { name: 'union', detail: `${this.#ports.length} inputs` }
  }

  dispose(): void {}
}

export const unionDefinition: OperatorDefinition<UnionNode> = {
  kind: 'union',
  build: (node) => new Union(node),
}
