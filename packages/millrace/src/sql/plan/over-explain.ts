import {
  type AggregateCall,
  type OverCall,
  overCallName,
  type OverFrame,
  type OverNode,
  overWait,
} from '../../plan/index.ts'

type Name = (column: number) => string
type Duration = (micros: number) => string

/** EXPLAIN of window functions: when a row is answered, by what rows are kept apart, and each call with its frame. */
export function overText(
  node: OverNode,
  name: Name,
  aggregateText: (call: AggregateCall) => string,
  duration: Duration,
): string {
  const wait = node.order.kind === 'event_time' && node.order.once ? { range: 0, rows: 0 } : overWait(node.calls)
  return [
    orderText(node, name, duration),
    ...(node.partition.length === 0 ? [] : [`by ${node.partition.map(name).join(', ')}`]),
    ...(wait.rows === 0 ? [] : [`each row waits for ${rowsText(wait.rows)} behind it, and holds the watermark back`]),
    node.calls.map((call) => callText(call, name, aggregateText, duration)).join(', '),
  ].join('; ')
}

function orderText({ order, allowedLateness }: OverNode, name: Name, duration: Duration): string {
  if (order.kind === 'arrival') {
    return `answered as rows come, in order of ${name(order.column)}: an implicit watermark without delay, late rows see what is kept`
  }
  const ties = order.ties.map((t) => `${name(t.column)}${t.descending ? ' DESC' : ''}`)
  const lateness = allowedLateness === 0 ? '' : `, lateness ${duration(allowedLateness)}`
  if (order.once) {
    const by = ties.length === 0 ? 'all rows of a partition are one group' : `in order of ${ties.join(', ')}`
    return `${by}, answered when a partition is complete`
  }
  return `in order of ${['event time', ...ties].join(', ')}, answered when the watermark has passed${lateness}`
}

function rowsText(rows: number): string {
  return rows === 1 ? 'one more row' : `${rows} more rows`
}

function callText(
  call: OverCall,
  name: Name,
  aggregateText: (call: AggregateCall) => string,
  duration: Duration,
): string {
  switch (call.kind) {
    case 'aggregate':
      return `${aggregateText(call.call)} ${frameText(call.frame, duration)}`
    case 'shift': {
      const otherwise = call.otherwise === null ? '' : `, ${name(call.otherwise)}`
      return `${overCallName(call)}(${name(call.column)}, ${Math.abs(call.offset)}${otherwise})`
    }
    case 'nth':
      return `${overCallName(call)}(${name(call.column)}${call.n > 1 ? `, ${call.n}` : ''}) ${frameText(call.frame, duration)}`
    case 'ntile':
      return `ntile(${call.buckets})`
    default:
      return `${call.kind}()`
  }
}

function frameText({ unit, start, end }: OverFrame, duration: Duration): string {
  const bound = (offset: number | null, unbounded: string) => {
    if (offset === null) return unbounded
    if (offset === 0) return 'current row'
    const size = unit === 'rows' ? String(Math.abs(offset)) : duration(Math.abs(offset))
    return `${size} ${offset < 0 ? 'preceding' : 'following'}`
  }
  const first = bound(start, 'unbounded preceding')
  return end === 0 ? `${unit} ${first}` : `${unit} between ${first} and ${bound(end, 'unbounded following')}`
}
