import { type Interval, intervalMicros, MICROS_PER_DAY, parseInterval, type Span } from '../../kernel/index.ts'
import type { WindowSpec } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import type { ExpressionBinder } from './expression-binder.ts'
import { nameText } from './names.ts'
import type { Report } from './report.ts'

export type WindowKind = WindowSpec['kind']

export interface WindowCall {
  readonly spec: WindowSpec
  readonly part: 'window' | 'start' | 'end'
}

const PATTERN = /^(tumble|hop|session)(?:_(start|end))?$/

export function isWindowFunction(name: string): boolean {
  return PATTERN.test(name.toLowerCase())
}

/** Whether the expression is a call that gives a whole window or its start or end. */
export function isWindowCall(node: ast.Expression): node is ast.Call {
  return node.kind === 'call' && node.over === null && isWindowFunction(nameText(node.name))
}

/** How calls are written, for hints. */
const FORMS: Readonly<Record<WindowKind, string>> = {
  tumble: "TUMBLE(INTERVAL '1 minute')",
  hop: "HOP(INTERVAL '30 seconds', INTERVAL '5 minutes')",
  session: "SESSION(INTERVAL '15 minutes')",
}

/**
 * Reads `TUMBLE([ts,] size)`, `HOP([ts,] slide, size)`, `SESSION([ts,] gap)`, and with _START or _END one end of the window. `ts`, if given,
 * must be the event time of the rows in the binder's scope.
 */
export function bindWindowCall(binder: ExpressionBinder, call: ast.Call): WindowCall | undefined {
  const { report } = binder
  const match = PATTERN.exec(nameText(call.name).toLowerCase())!
  const kind = match[1] as WindowKind
  const part = (match[2] ?? 'window') as WindowCall['part']
  const label = nameText(call.name).toUpperCase()
  if (call.distinct || call.filter !== null || call.orderBy.length > 0) {
    return report.error('SQL_INVALID', `${label} takes no DISTINCT, ORDER BY or FILTER`, call.span)
  }
  const nodes: ast.Expression[] = []
  for (const { name, value, span } of call.arguments) {
    if (name !== null || !isExpression(value)) return wrongArguments(report, kind, label, span)
    nodes.push(value)
  }
  const lengths = kind === 'hop' ? 2 : 1
  if (nodes.length === lengths + 1) {
    if (!isEventTime(binder, nodes[0]!, label)) return undefined
    nodes.shift()
  }
  if (nodes.length !== lengths) return wrongArguments(report, kind, label, call.span)
  const spec = windowSpec(report, kind, label, nodes, call.span)
  return spec && { spec, part }
}

function isExpression(value: ast.Argument['value']): value is ast.Expression {
  return value.kind !== 'star-argument' && value.kind !== 'table-argument' && value.kind !== 'descriptor'
}

function wrongArguments(report: Report, kind: WindowKind, label: string, span: Span): undefined {
  const form = FORMS[kind].replace(/^[A-Z]+/, label)
  return report.error(
    'SQL_WINDOW',
    `${label} takes ${kind === 'hop' ? 'a slide and a size' : kind === 'session' ? 'a gap' : 'a size'}`,
    span,
    {
      hint: `Write ${form}.`,
    },
  )
}

/** The window of the lengths given, in the order the function takes them. */
export function windowSpec(
  report: Report,
  kind: WindowKind,
  label: string,
  nodes: readonly ast.Expression[],
  span: Span,
): WindowSpec | undefined {
  const lengths = nodes.map((n) => length(report, label, kind, n))
  if (!lengths.every((l) => l !== undefined)) return undefined
  const [first, second] = lengths
  switch (kind) {
    case 'tumble':
      return { kind, size: first! }
    case 'session':
      return { kind, gap: first! }
    case 'hop':
      if (first! > second!) {
        return report.error('SQL_WINDOW', `the slide of ${label} is longer than its size`, span, {
          hint: 'The slide comes first, the size second: HOP(slide, size).',
        })
      }
      if (second! / first! > MAX_HOPS) {
        return report.error(
          'SQL_LIMIT',
          `every row would be in ${Math.ceil(second! / first!)} windows of ${label}`,
          span,
          {
            detail: `The limit is ${MAX_HOPS}.`,
            hint: 'Choose a longer slide.',
          },
        )
      }
      return { kind, slide: first!, size: second! }
  }
}

/** The most windows a row may be in: each is a row of the result for each key. */
const MAX_HOPS = 100_000

/** A hundred years in microseconds: event times plus this are exact as doubles. */
const MAX_LENGTH = 36_525 * MICROS_PER_DAY

function length(report: Report, label: string, kind: WindowKind, node: ast.Expression): number | undefined {
  const interval: Interval | undefined =
    node.kind === 'interval' ? node.value : node.kind === 'string' ? parseInterval(node.value) : undefined
  if (interval === undefined) return wrongArguments(report, kind, label, node.span)
  const micros = intervalMicros(interval)
  if (micros === undefined) {
    return report.error('SQL_WINDOW', `a window of ${label} cannot be measured in months or years`, node.span, {
      detail: 'They have no fixed length.',
      hint: "Write days, as in INTERVAL '30 days'.",
    })
  }
  if (micros > MAX_LENGTH)
    return report.error('SQL_WINDOW', `a window of ${label} is no longer than 100 years`, node.span)
  if (micros > 0) return micros
  return report.error('SQL_WINDOW', `a window of ${label} must be longer than nothing`, node.span)
}

function isEventTime(binder: ExpressionBinder, node: ast.Expression, label: string): boolean {
  const expr = binder.bind(node)
  if (expr === undefined) return false
  const { scope } = binder
  const column = expr.kind === 'column' ? scope.columns.find((c) => c.index === expr.index) : undefined
  if (column?.eventTime === true || (expr.kind === 'column' && expr.index === scope.rowtime)) return true
  const name = column === undefined ? 'the first argument' : `"${column.name}"`
  binder.report.error('SQL_WINDOW', `${name} of ${label} is not the event time of the rows`, node.span, {
    detail: 'Windows follow the event time that the table declares; without a declaration that is the time of arrival.',
    hint:
      column === undefined
        ? 'Leave the argument out to use the event time.'
        : `Add "WATERMARK FOR ${column.name}" to CREATE TABLE, or leave the argument out to use the event time the table has.`,
  })
  return false
}

export function sameWindow(a: WindowSpec, b: WindowSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/**
 * The tumbling window that holds all results of one window of `spec` and ends with it: results carry the event time end - 1 us, and every
 * end is a multiple of this size.
 */
export function windowOfResults(spec: WindowSpec): WindowSpec {
  switch (spec.kind) {
    case 'tumble':
      return spec
    case 'hop':
      return { kind: 'tumble', size: greatestCommonDivisor(spec.slide, spec.size) }
    case 'session':
      return { kind: 'tumble', size: 1 }
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
