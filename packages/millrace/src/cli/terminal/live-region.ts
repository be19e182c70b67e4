import { canRedraw, type Environment, type TerminalStream } from './style.ts'

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_LINE = '\x1b[2K'
const CLEAR_BELOW = '\x1b[0J'
const CLEAR_SCREEN = '\x1b[2J\x1b[H'
const cursorUp = (lines: number): string => (lines === 0 ? '\r' : `\x1b[${lines}A\r`)

/**
 * The last lines of a terminal, redrawn in place. What is printed above them scrolls away as usual; the alternate screen is not used.
 * The cursor is hidden while there are lines, and shown again by `close`, or when the process exits without it.
 */
export class LiveRegion {
  readonly #stream: TerminalStream
  readonly #enabled: boolean
  #shown = 0
  #cursorHidden = false
  #resized = false
  readonly #onResize = (): void => {
    this.#resized = true
  }
  readonly #onExit = (): void => {
    if (this.#cursorHidden) this.#stream.write(SHOW_CURSOR)
  }

  constructor(stream: TerminalStream, env: Environment = process.env) {
    this.#stream = stream
    this.#enabled = canRedraw(stream, env)
    if (!this.#enabled) return
    stream.on('resize', this.#onResize)
    process.once('exit', this.#onExit)
  }

  /** False: the stream is no terminal, and `draw` does nothing. */
  get enabled(): boolean {
    return this.#enabled
  }

  /** A terminal that reports no size, or zero, is taken for one of 80 by 24. */
  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#stream.columns || 80, rows: this.#stream.rows || 24 }
  }

  /** Replaces the lines. None may be wider than the terminal, and all together must leave one row free. */
  draw(lines: readonly string[]): void {
    if (!this.#enabled) return
    let text = this.#cursorHidden ? '' : HIDE_CURSOR
    // After a resize the terminal has wrapped the old lines its own way, so where they began is not known.
    text += this.#resized ? CLEAR_SCREEN : cursorUp(this.#shown)
    for (const line of lines) text += `${CLEAR_LINE}${line}\n`
    this.#stream.write(`${text}${CLEAR_BELOW}`)
    this.#shown = lines.length
    this.#cursorHidden = true
    this.#resized = false
  }

  /** Takes the lines away; the next output stands where they were. */
  clear(): void {
    if (this.#shown === 0) return
    this.#stream.write(`${cursorUp(this.#shown)}${CLEAR_BELOW}`)
    this.#shown = 0
  }

  /** Leaves the lines as they are and shows the cursor. May be called again. */
  close(): void {
    if (!this.#enabled) return
    if (this.#cursorHidden) this.#stream.write(SHOW_CURSOR)
    this.#cursorHidden = false
    this.#stream.off('resize', this.#onResize)
    process.off('exit', this.#onExit)
  }
}
