import { clip, displayWidth, pad } from './display-width.ts'
import type { Style } from './style.ts'

export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

const GAP = '  '
/** A column is narrowed no further while others can give way. */
const NARROWEST = 8

/**
 * Lines of an aligned table: titles, a rule, the rows, none wider than `width` cells. When columns do not fit, the widest give way; when
 * that does not suffice, the last columns are left out. Cells must be single lines without control characters.
 */
export function tableLines(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number,
  style: Style,
): string[] {
  const wanted = columns.map((c, i) =>
    rows.reduce((w, row) => Math.max(w, displayWidth(row[i]!)), displayWidth(c.title)),
  )
  const widths = fit(wanted, width)
  const shown = columns.slice(0, widths.length)
  const line = (cells: readonly string[]): string =>
    shown.map((c, i) => pad(clip(cells[i]!, widths[i]!), widths[i]!, c.align)).join(GAP)
  return [
    style('bold', line(shown.map((c) => c.title))),
    style('dim', widths.map((w) => '─'.repeat(w)).join(GAP)),
    ...rows.map((row) => line(row).trimEnd()),
  ]
}

/** Widths that fit with their gaps, for as many of the first columns as possible. */
function fit(wanted: readonly number[], width: number): number[] {
  const widths = [...wanted]
  const total = (): number => widths.reduce((sum, w) => sum + w, 0) + GAP.length * Math.max(0, widths.length - 1)
  while (total() > width) {
    const widest = widths.indexOf(Math.max(...widths))
    if (widths[widest]! > NARROWEST)
      widths[widest] = Math.max(NARROWEST, widths[widest]! - (total() - width), nextNarrower(widths, widest))
    else if (widths.length > 1) widths.pop()
    else return [Math.min(widths[0]!, Math.max(1, width))]
  }
  return widths
}

/** One less than the next narrower column, so that equally wide columns shrink in turns. */
function nextNarrower(widths: readonly number[], widest: number): number {
  return Math.min(widths[widest]! - 1, Math.max(...widths.filter((_, i) => i !== widest), 0))
}
