import type { EncodedRows } from '../../formats/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import { cancelled } from '../cancelled.ts'
import type { Sink } from '../connector.ts'

const READER_GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET'])

/** Writes to a stream it does not own and never ends. */
export class StdoutSink implements Sink {
  readonly #stream: NodeJS.WritableStream
  #error: NodeJS.ErrnoException | null = null
  #wake: (() => void) | null = null
  #open = false

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
  }

  async open(): Promise<void> {
    this.#open = true
    this.#stream.on('error', this.#onError)
  }

  async write({ bytes }: EncodedRows, signal: AbortSignal): Promise<void> {
    this.#check(signal)
    if (bytes.length === 0 || this.#stream.write(bytes)) return
    await this.#drained(signal)
    this.#check(signal)
  }

  async flush(signal: AbortSignal): Promise<void> {
    this.#check(signal)
    await new Promise<void>((resolve) => {
      // An empty write calls back after everything before it; after an error there is no telling.
      this.#wake = resolve
      this.#stream.write('', () => resolve())
    })
    this.#check(signal)
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#stream.off('error', this.#onError)
    // A reader that goes away between the last row and our exit is no error either.
    this.#stream.on('error', ignore)
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.#error = error
    this.#wake?.()
  }

  #drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        this.#wake = null
        this.#stream.off('drain', settle)
        signal.removeEventListener('abort', settle)
        resolve()
      }
      this.#wake = settle
      this.#stream.on('drain', settle)
      signal.addEventListener('abort', settle)
    })
  }

  #check(signal: AbortSignal): void {
    if (this.#error !== null && READER_GONE.has(this.#error.code)) {
      throw new MillraceError('CANCELLED', 'nobody reads standard output any more', { cause: this.#error })
    }
    if (this.#error !== null) {
      throw new MillraceError('CONNECTOR_IO', `writing to standard output failed: ${this.#error.message}`, {
        cause: this.#error,
      })
    }
    if (signal.aborted) throw cancelled(signal)
  }
}

function ignore(): void {}
