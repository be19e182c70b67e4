import { type Interval, intervalMicros, MICROS_PER_DAY, parseInterval, type Span } from '../../kernel/index.ts'
import type { OverFrame } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import type { Report } from '../bind/index.ts'

/** What SQL takes where OVER has ORDER BY and no frame: from the partition's first row to the current one and its peers. */
export const RUNNING: OverFrame = { unit: 'range', start: null, end: 0 }

/** Frames no longer than this are exact when added to event times as doubles. */
const MAX_MICROS = 36_525 * MICROS_PER_DAY
/** A partition keeps as many rows as its frames count. */
const MAX_ROWS = 1_000_000

/** Reads a frame; what cannot be answered on a stream is reported. */
export function bindFrame(report: Report, node: ast.WindowFrame | null): OverFrame | undefined {
  if (node === null) return RUNNING
  if (node.unit === 'GROUPS') {
    return report.unsupported(
      'a frame of GROUPS is',
      node.span,
      'Write RANGE, whose ends take in rows of equal time, or ROWS.',
    )
  }
  if (node.exclude !== null) {
    return report.unsupported(
      `EXCLUDE ${node.exclude} is`,
      node.span,
      'Leave it out, and take the row itself away in the expression, as in SUM(x) OVER (...) - x.',
    )
  }
  const unit = node.unit === 'ROWS' ? 'rows' : 'range'
  const start = bindBound(report, unit, node.start, 'start')
  const end = node.end === null ? 0 : bindBound(report, unit, node.end, 'end')
  if (start === undefined || end === undefined) return undefined
  if (start !== null && end !== null && start > end) {
    return report.error('SQL_INVALID', 'a frame ends before it starts', node.span, {
      hint: 'Write the earlier end first, as in BETWEEN 2 PRECEDING AND 1 PRECEDING.',
    })
  }
  return { unit, start, end }
}

/** The offset of one end; null: unbounded; undefined: reported. */
function bindBound(
  report: Report,
  unit: OverFrame['unit'],
  { bound, offset, span }: ast.FrameBound,
  place: 'start' | 'end',
): number | null | undefined {
  switch (bound) {
    case 'CURRENT ROW':
      return 0
    case 'UNBOUNDED PRECEDING':
      if (place === 'start') return null
      return report.error('SQL_INVALID', 'a frame cannot end before its partition begins', span, {
        hint: 'UNBOUNDED PRECEDING is where a frame starts; it ends at CURRENT ROW, for example.',
      })
    case 'UNBOUNDED FOLLOWING':
      if (place === 'start') {
        return report.error('SQL_INVALID', 'a frame cannot start behind the last row', span, {
          hint: 'UNBOUNDED PRECEDING is where a frame starts.',
        })
      }
      return null
    case 'PRECEDING':
    case 'FOLLOWING': {
      const size = unit === 'rows' ? rowsOf(report, offset!) : microsOf(report, offset!)
      if (size === undefined) return undefined
      return bound === 'PRECEDING' && size > 0 ? -size : size
    }
  }
}

function rowsOf(report: Report, node: ast.Expression): number | undefined {
  const count = wholeNumber(node)
  if (count === undefined) {
    return report.error('SQL_INVALID', 'an end of a frame of ROWS is a number of rows', node.span, {
      hint:
        node.kind === 'interval' || node.kind === 'string'
          ? "Write RANGE instead of ROWS for a length of time, as in RANGE INTERVAL '1 hour' PRECEDING."
          : 'Write it out, as in ROWS 10 PRECEDING.',
    })
  }
  if (count <= MAX_ROWS) return count
  return report.error('SQL_LIMIT', `a frame of ${count} rows is too long`, node.span, {
    detail: `The limit is ${MAX_ROWS} rows, each of which is kept.`,
  })
}

/** A number of rows as it is written: digits only. */
export function wholeNumber(node: ast.Expression): number | undefined {
  return node.kind === 'number' && /^\d{1,15}$/.test(node.text) ? Number(node.text) : undefined
}

function microsOf(report: Report, node: ast.Expression): number | undefined {
  const interval: Interval | undefined =
    node.kind === 'interval' ? node.value : node.kind === 'string' ? parseInterval(node.value) : undefined
  if (interval === undefined) {
    return report.error('SQL_INVALID', 'an end of a frame of RANGE is a length of time', node.span, {
      detail: 'Rows are ordered by time.',
      hint:
        node.kind === 'number'
          ? `Write ROWS instead of RANGE for a number of rows, as in ROWS ${node.text} PRECEDING.`
          : "Write it out, as in RANGE INTERVAL '1 hour' PRECEDING.",
    })
  }
  const micros = intervalMicros(interval)
  if (micros === undefined) {
    return report.error('SQL_INVALID', 'a frame cannot be measured in months or years', node.span, {
      detail: 'They have no fixed length.',
      hint: "Write days, as in INTERVAL '30 days'.",
    })
  }
  if (micros < 0) {
    return report.error('SQL_INVALID', 'an end of a frame cannot be a negative distance away', node.span, {
      hint: 'PRECEDING looks back, FOLLOWING ahead; the distance is positive.',
    })
  }
  if (micros > MAX_MICROS) return report.error('SQL_LIMIT', 'a frame is no longer than 100 years', node.span)
  return micros
}

export function frameSpan(node: ast.WindowSpecification): Span {
  return node.frame?.span ?? node.span
}
