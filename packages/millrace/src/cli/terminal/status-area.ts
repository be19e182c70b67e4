import { clip } from './display-width.ts'
import type { LiveRegion } from './live-region.ts'
import type { Style } from './style.ts'

/** Where the state of a run is shown while it goes on. */
export interface StatusArea {
  /** Replaces the line. */
  status(line: string): void
  /** Has `write` print where it does not collide with what is redrawn. It may write to any stream of the same terminal. */
  above(write: () => void): void
}

/** The last line of a terminal. */
export class StatusLine implements StatusArea {
  readonly #region: LiveRegion
  readonly #style: Style
  #line = ''
  #closed = false

  constructor(region: LiveRegion, style: Style) {
    this.#region = region
    this.#style = style
  }

  status(line: string): void {
    if (this.#closed) return
    this.#line = line
    this.#draw()
  }

  above(write: () => void): void {
    this.#region.clear()
    write()
    if (this.#line !== '') this.#draw()
  }

  close(): void {
    this.#closed = true
    this.#line = ''
    this.#region.clear()
    this.#region.close()
  }

  #draw(): void {
    this.#region.draw([this.#style('dim', clip(this.#line, this.#region.size.columns))])
  }
}

/** No terminal: a line now and then. */
export class StatusLog implements StatusArea {
  readonly #stream: NodeJS.WritableStream
  readonly #intervalMs: number
  #saidAt = Number.NEGATIVE_INFINITY

  constructor(stream: NodeJS.WritableStream, intervalMs: number) {
    this.#stream = stream
    this.#intervalMs = intervalMs
  }

  status(line: string): void {
    const now = performance.now()
    if (now - this.#saidAt < this.#intervalMs) return
    this.#saidAt = now
    this.#stream.write(`${line}\n`)
  }

  above(write: () => void): void {
    write()
  }
}
