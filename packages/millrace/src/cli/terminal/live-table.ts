import type { RecordBatch, Schema } from '../../kernel/index.ts'
import type { Completeness } from '../output/row-printer.ts'
import { clip } from './display-width.ts'
import { LatestRows } from './latest-rows.ts'
import type { LiveRegion } from './live-region.ts'
import type { StatusArea } from './status-area.ts'
import type { Style, TerminalStream } from './style.ts'
import { tableLines } from './table-layout.ts'

export interface TableSource {
  readonly title: string
  readonly schema: Schema
  readonly updating: boolean
}

/** Rows kept per table. */
const KEPT_ROWS = 10_000
const REDRAW_MS = 100
/** Titles and rule of one table. */
const HEADER_LINES = 2

/**
 * Results as tables: while rows come, the latest ones in place at the bottom of the terminal, redrawn at most ten times a second;
 * at the end, everything kept, printed once. Where lines cannot be redrawn there is only the end.
 */
export class LiveTable implements StatusArea {
  readonly #region: LiveRegion
  readonly #stream: TerminalStream
  readonly #style: Style
  readonly #tables: readonly { readonly title: string; readonly rows: LatestRows }[]
  #footer = ''
  #timer: NodeJS.Timeout | null = null
  #drawnAt = 0
  #closed = false

  constructor(stream: TerminalStream, region: LiveRegion, style: Style, sources: readonly TableSource[]) {
    this.#stream = stream
    this.#region = region
    this.#style = style
    this.#tables = sources.map((s) => ({ title: s.title, rows: new LatestRows(s.schema, s.updating, KEPT_ROWS) }))
  }

  /** Rows of the table with this index in `sources`. */
  push(table: number, batch: RecordBatch): void {
    this.#tables[table]!.rows.push(batch)
    this.#schedule()
  }

  /** A line below the tables. */
  status(line: string): void {
    this.#footer = line
    this.#schedule()
  }

  above(write: () => void): void {
    this.#region.clear()
    write()
    this.#schedule()
  }

  /**
   * A whole result is printed in full. One that was stopped or failed leaves the last picture; where there is none, what a stopped one
   * came to is printed, and nothing of a failed one.
   */
  close(how: Completeness): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#closed = true
    this.#footer = ''
    const printAll = how === 'whole' || (how === 'stopped' && !this.#region.enabled)
    if (printAll) {
      this.#region.clear()
      this.#stream.write(this.#finalText())
    } else {
      this.#region.draw(this.#lines())
    }
    this.#region.close()
  }

  #schedule(): void {
    if (this.#timer !== null || this.#closed || !this.#region.enabled) return
    const wait = Math.max(0, this.#drawnAt + REDRAW_MS - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#drawnAt = performance.now()
      this.#region.draw(this.#lines())
    }, wait)
  }

  #lines(): string[] {
    const { columns, rows } = this.#region.size
    const titleLines = this.#tables.length > 1 ? 1 : 0
    const footerLines = this.#footer === '' ? 0 : 2
    // One row stays free: a line break in the last row would scroll.
    const room = Math.floor((rows - 1 - footerLines) / this.#tables.length) - HEADER_LINES - titleLines
    const lines: string[] = []
    for (const { title, rows: latest } of this.#tables) {
      if (titleLines > 0) lines.push(clip(title, columns))
      lines.push(...tableLines(latest.columns, latest.latest(Math.max(0, room)), columns, this.#style))
    }
    if (footerLines > 0) lines.push('', this.#style('dim', clip(this.#footer, columns)))
    return lines.slice(0, Math.max(0, rows - 1))
  }

  #finalText(): string {
    const width = this.#region.enabled ? this.#region.size.columns : Number.POSITIVE_INFINITY
    const blocks = this.#tables.map(({ title, rows }) => {
      const lines = tableLines(rows.columns, rows.all(), width, this.#style)
      if (this.#tables.length > 1) lines.unshift(title)
      const count = rows.size + rows.forgotten
      const note = rows.forgotten === 0 ? '' : `, the last ${rows.size} shown`
      return [...lines, `(${count} ${count === 1 ? 'row' : 'rows'}${note})`, ''].join('\n')
    })
    return blocks.join('\n')
  }
}
