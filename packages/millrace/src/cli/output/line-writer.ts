import { MillraceError } from '../../kernel/index.ts'

/**
 * Writes text to a stream at the reader's pace. A reader that goes away (`millrace run ... | head`) is no error: `gone` resolves and
 * whatever is written later is dropped. Any other failure, like a full disk, rejects it with FILE_NOT_WRITABLE.
 */
export class LineWriter {
  readonly gone: Promise<void>
  readonly #stream: NodeJS.WritableStream
  #isGone = false

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
    this.gone = new Promise((resolve, reject) => {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        this.#isGone = true
        if (error.code === 'EPIPE') resolve()
        else
          reject(
            new MillraceError('FILE_NOT_WRITABLE', `standard output cannot be written: ${error.message}`, {
              cause: error,
            }),
          )
      })
    })
  }

  get isGone(): boolean {
    return this.#isGone
  }

  write(chunk: string | Uint8Array): void | Promise<void> {
    if (this.#isGone || this.#stream.write(chunk)) return
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done)
        this.#stream.off('error', done)
        resolve()
      }
      this.#stream.on('drain', done)
      this.#stream.on('error', done)
    })
  }

  /** Resolves when everything written has left the process. */
  async flush(): Promise<void> {
    if (this.#isGone) return
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()))
  }
}
