import { closeSync, openSync, writeSync } from 'node:fs'
import { isUtf8 } from 'node:buffer'
import { fileNotWritable } from '../../kernel/index.ts'
import type { DeadLetter } from '../../runtime/index.ts'

/**
 * Payloads that gave no row, one JSON object per line: where they stood, why, and the payload as text (`payload`) or, when it is no
 * UTF-8, in base64 (`payload_base64`).
 */
export class DeadLetterFile {
  readonly #path: string
  readonly #file: number

  /** Empties or creates the file; throws FILE_NOT_WRITABLE. */
  constructor(path: string) {
    this.#path = path
    this.#file = this.#guard(() => openSync(path, 'w'))
  }

  write(letter: DeadLetter): void {
    const { payload, ...rest } = letter
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    const content = isUtf8(bytes) ? { payload: bytes.toString('utf8') } : { payload_base64: bytes.toString('base64') }
    this.#guard(() => writeSync(this.#file, `${JSON.stringify({ ...rest, ...content })}\n`))
  }

  close(): void {
    closeSync(this.#file)
  }

  #guard<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw fileNotWritable(this.#path, error)
    }
  }
}
