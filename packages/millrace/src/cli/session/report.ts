import { formatTimestamp, lineColumn } from '../../kernel/index.ts'
import type { CompiledScript, Gap, JobStatistics } from '../../runtime/index.ts'

/** What `check --json` prints: lines and columns from 1, columns in code points, `end` exclusive. */
export function checkReport({ source, errors, warnings }: CompiledScript): object {
  return {
    file: source.name,
    ok: errors.length === 0,
    errors: errors.map(({ code, message, detail, hint, span }) => ({
      code,
      message,
      detail,
      hint,
      start: span === undefined ? undefined : lineColumn(source.text, span.start),
      end: span === undefined ? undefined : lineColumn(source.text, span.end),
    })),
    warnings,
  }
}

export function gapText(gap: Gap): string {
  const until = gap.to === null ? 'on' : `to ${formatTimestamp(gap.to)}`
  const missing = gap.count === null ? 'what was sent meanwhile is missing' : `${gap.count} messages are missing`
  return `gap in "${gap.table}" from ${formatTimestamp(gap.from)} ${until}: ${missing} (${gap.reason})`
}

interface Losses {
  readonly bad: number
  readonly late: number
  readonly untimed: number
  readonly future: number
  readonly failed: number
  readonly gaps: number
}

/** Everything that is not in the results of a job. */
export function lossesOf({ sources, counters, gaps }: JobStatistics): Losses {
  const sum = (name: string): number => Object.values(counters).reduce((total, c) => total + (c[name] ?? 0), 0)
  return {
    bad: Object.values(sources).reduce((total, s) => total + s.bad, 0),
    late: sum('late_rows'),
    untimed: sum('null_time_rows'),
    future: sum('future_rows'),
    failed: sum('row_errors'),
    gaps,
  }
}

/** The losses as a sentence, or null when there are none. */
export function lossText(statistics: JobStatistics): string | null {
  const { bad, late, untimed, future, failed, gaps } = lossesOf(statistics)
  const parts = [
    [bad, 'bad record', 'bad records'],
    [late, 'late row', 'late rows'],
    [untimed, 'row without event time', 'rows without event time'],
    [future, 'row too far in the future', 'rows too far in the future'],
    [failed, 'row whose expression has no result', 'rows whose expressions have no result'],
    [gaps, 'gap', 'gaps'],
  ] as const
  const said = parts
    .filter(([n]) => n > 0)
    .map(([n, one, many]) => `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`)
  return said.length === 0 ? null : `not in the result: ${said.join(', ')}`
}
