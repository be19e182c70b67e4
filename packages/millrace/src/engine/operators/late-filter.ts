import { type RecordBatch, selectRows } from '../../kernel/index.ts'
import type { LateFilterNode, Moment, WindowSpec } from '../../plan/index.ts'
import type { ExplainLine, OperatorContext, OperatorDefinition, Output, Progress } from '../operator.ts'
import { describeDuration, describeWindow } from './describe.ts'
import { StatelessOperator } from './stateless.ts'
import { floorTo, timesOf } from './times.ts'

/**
 * A row is late when the last window it belongs to, with the allowed lateness, had closed before it: end + lateness <= its watermark.
 * Late rows leave on port 1 and are counted; rows without event time are counted and dropped. A batch that is all on time is passed as
 * it is.
 */
export class LateFilter extends StatelessOperator {
  readonly #node: LateFilterNode
  readonly #context: OperatorContext

  constructor(node: LateFilterNode, context: OperatorContext) {
    super(node.schema)
    this.#node = node
    this.#context = context
  }

  push(_port: number, batch: RecordBatch, output: Output): Progress {
    const { rowtime, watermark, window, allowedLateness } = this.#node
    const times = timesOf(batch.columns[rowtime]!, Number.NaN)
    const watermarks = timesOf(batch.columns[watermark]!, Number.NEGATIVE_INFINITY)
    const from = firstSuspect(times, watermarks, allowedLateness)
    if (from === batch.length) {
      output.batch(batch)
      return 'done'
    }
    const onTime = new Int32Array(batch.length)
    const late = new Int32Array(batch.length)
    let onTimeCount = 0
    let lateCount = 0
    for (let i = 0; i < times.length; i++) {
      const time = times[i]!
      if (i < from || (time === time && lastEnd(window, time) + allowedLateness > watermarks[i]!))
        onTime[onTimeCount++] = i
      else if (time === time) late[lateCount++] = i
    }
    this.#count(batch.length - onTimeCount - lateCount, lateCount)
    if (onTimeCount === batch.length) output.batch(batch)
    else if (onTimeCount > 0) output.batch(selectRows(batch, onTime, onTimeCount))
    if (lateCount > 0) output.batch(selectRows(batch, late, lateCount), 1)
    return 'done'
  }

  #count(withoutTime: number, late: number): void {
    const { id, tables } = this.#node
    // Behind a union nobody can tell which table a row came from.
    const table = tables.length === 1 ? tables[0] : undefined
    if (withoutTime > 0) this.#context.count('null_time_rows', id, withoutTime, table)
    if (late > 0) this.#context.count('late_rows', id, late, table)
  }

  explain(): ExplainLine {
    const { window, allowedLateness } = this.#node
    const lateness = allowedLateness === 0 ? '' : `, ${describeDuration(allowedLateness)} late allowed`
    return { name: 'late filter', detail: `${describeWindow(window)}${lateness}` }
  }
}

/** The first row that may be late or has no time: every window of a row ends after the row. */
function firstSuspect(times: Float64Array, watermarks: Float64Array, lateness: number): number {
  let i = 0
  while (i < times.length && times[i]! + lateness >= watermarks[i]!) i++
  return i
}

/** The end of the last window a row at `time` belongs to; +Infinity between the windows of a hop that leaves gaps: nothing is missed. */
function lastEnd(window: WindowSpec | Moment, time: number): number {
  switch (window.kind) {
    case 'tumble':
      return floorTo(time, window.size) + window.size
    case 'hop': {
      const end = floorTo(time, window.slide) + window.size
      return end > time ? end : Number.POSITIVE_INFINITY
    }
    case 'session':
      return time + window.gap
    case 'moment':
      return time + 1
  }
}

export const lateFilterDefinition: OperatorDefinition<LateFilterNode> = {
  kind: 'late_filter',
  build: (node, _inputs, context) => new LateFilter(node, context),
}
