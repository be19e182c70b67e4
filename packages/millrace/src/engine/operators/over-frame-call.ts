import type { AggregateCall } from '../../plan/index.ts'
import { MergingAggregate, RecomputedAggregate, RunningAggregate, SubtractingAggregate } from './over-aggregates.ts'
import type { FrameCall, FramedCall } from './over-call.ts'
import { RowAggregate } from './over-row-aggregate.ts'
import type { OverRows } from './over-rows.ts'
import { FrameValue, RunningValue } from './over-values.ts'

/** `columnOf`: where a column of the node's input is in the rows that are kept. */
export function frameCall(call: FramedCall, rows: OverRows, columnOf: (column: number) => number): FrameCall {
  const unbounded = call.frame.start === null
  if (call.kind === 'nth') {
    return unbounded ? new RunningValue(call, rows, columnOf) : new FrameValue(call, rows, columnOf(call.column))
  }
  const own = new RowAggregate(call.call, rows, columnOf)
  if (unbounded) return new RunningAggregate(own)
  switch (slidingOf(call.call)) {
    case 'subtract':
      return new SubtractingAggregate(own)
    case 'merge':
      return new MergingAggregate(own, rows)
    case 'recompute':
      return new RecomputedAggregate(own)
  }
}

/** Exact under subtraction, so that a row can be taken out of the result again. */
const COUNTING: ReadonlySet<string> = new Set(['count', 'count_if'])
const SUMMING: ReadonlySet<string> = new Set(['sum', 'avg'])
/** The result of two parts costs no more than one row, whatever their size. */
const MERGING: ReadonlySet<string> = new Set([
  ...['sum', 'avg', 'min', 'max', 'stddev', 'stddev_pop', 'variance', 'var_pop'],
  ...['bool_and', 'bool_or', 'bit_and', 'bit_or', 'bit_xor'],
])

function slidingOf(call: AggregateCall): 'subtract' | 'merge' | 'recompute' {
  const exact = SUMMING.has(call.name) && call.argTypes[0]!.kind !== 'DOUBLE'
  if (call.orderBy.length === 0 && (COUNTING.has(call.name) || exact)) return 'subtract'
  return MERGING.has(call.name) && !call.distinct ? 'merge' : 'recompute'
}
