import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { LineSplitter } from '../../framing/index.ts'
import { fileNotReadable, MillraceError } from '../../kernel/index.ts'
import { cancelled } from '../cancelled.ts'
import type { Delivery, Payload, Position, Source } from '../connector.ts'
import type { SingleFileOptions } from './definition.ts'

const CHUNK_BYTES = 256 * 1024

/**
 * A payload is a line without its break; empty lines are skipped. Positions are { offset, record }: the offset behind the line
 * in the uncompressed text, and how many there were. One chunk of the file is one delivery.
 */
export class SingleFileSource implements Source {
  readonly #options: SingleFileOptions
  #stream: Readable | null = null
  #chunks: AsyncIterator<Buffer> | null = null
  #splitter: LineSplitter | null = null
  #payloads: Payload[] = []
  #chunk: Uint8Array | null = null
  #offset = 0
  #record = 0
  /** Bytes to pass over before the first line: a compressed file cannot be entered in its middle. */
  #skip = 0
  #tooLong: MillraceError | null = null
  #done = false
  /** Rejects the read at hand. */
  #stop: (() => void) | null = null
  #closed = false

  constructor(options: SingleFileOptions) {
    this.#options = options
  }

  async connect(from: Position | null): Promise<void> {
    if (this.#closed) throw cancelled()
    const offset = Number(from?.['offset'] ?? 0)
    this.#offset = offset
    this.#record = Number(from?.['record'] ?? 0)
    this.#done = false
    this.#splitter = new LineSplitter(
      this.#options.max_line_size,
      {
        line: (bytes, start, end, next) => this.#onLine(bytes, start, end, next),
        overlong: (length) => {
          this.#tooLong ??= new MillraceError(
            'LIMIT_MESSAGE_SIZE',
            `record ${this.#record + 1} of "${this.#options.path}" has ${length} bytes`,
            {
              hint: `Raise "max_line_size", which is ${this.#options.max_line_size} bytes.`,
            },
          )
        },
      },
      offset,
    )
    this.#stream = await this.#openStream(offset)
    this.#chunks = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  async read(signal: AbortSignal): Promise<Delivery | null> {
    // A pipe may keep a read waiting for good: stopping must not wait for it.
    const stopped = new Promise<never>((_, reject) => {
      this.#stop = () => reject(cancelled(signal))
    })
    const onAbort = () => this.#stop?.()
    signal.addEventListener('abort', onAbort)
    try {
      if (signal.aborted || this.#closed) throw cancelled(signal)
      return await Promise.race([this.#deliver(), stopped])
    } catch (error) {
      throw signal.aborted || this.#closed ? cancelled(signal) : fileNotReadable(this.#options.path, error)
    } finally {
      this.#stop = null
      signal.removeEventListener('abort', onAbort)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stop?.()
    this.#stream?.destroy()
  }

  async #deliver(): Promise<Delivery | null> {
    while (this.#tooLong === null && !this.#done) {
      await this.#next()
      if (this.#payloads.length > 0) return this.#take()
    }
    if (this.#tooLong !== null) throw this.#tooLong
    return null
  }

  async #next(): Promise<void> {
    const { done, value } = await this.#chunks!.next()
    this.#done = done === true
    this.#chunk = null
    if (this.#done) {
      if (this.#skip > 0) throw this.#shorter()
      this.#splitter!.end()
      return
    }
    const skipped = Math.min(this.#skip, value.length)
    this.#skip -= skipped
    const chunk: Uint8Array = skipped === 0 ? value : value.subarray(skipped)
    this.#chunk = chunk
    this.#splitter!.push(chunk)
  }

  #onLine(bytes: Uint8Array, start: number, end: number, next: number): void {
    if (this.#tooLong !== null) return
    this.#record++
    this.#offset = next
    // What is no slice of the chunk lies in memory of the splitter, which it will use again.
    const value = bytes === this.#chunk ? bytes.subarray(start, end) : new Uint8Array(bytes.subarray(start, end))
    this.#payloads.push({ value, key: undefined, timestamp: undefined, headers: undefined })
  }

  #take(): Delivery {
    const payloads = this.#payloads
    this.#payloads = []
    return { payloads, position: { offset: this.#offset, record: this.#record }, ack: async () => undefined }
  }

  async #openStream(offset: number): Promise<Readable> {
    const { path } = this.#options
    if (path === '-') return createReadStream('', { fd: 0, autoClose: false, highWaterMark: CHUNK_BYTES })
    const file = await open(path, 'r').catch((error: unknown) => {
      throw fileNotReadable(path, error)
    })
    const stat = await file.stat()
    const problem = stat.isDirectory() ? fileNotReadable(path, { code: 'EISDIR' }) : null
    const compressed = path.endsWith('.gz')
    this.#skip = compressed ? offset : 0
    const error = problem ?? (stat.isFile() && !compressed && offset > stat.size ? this.#shorter() : null)
    if (error !== null) {
      await file.close()
      throw error
    }
    const start = stat.isFile() && !compressed ? { start: offset } : {}
    const raw = file.createReadStream({ highWaterMark: CHUNK_BYTES, ...start })
    // Errors of either stream come out of the second one.
    return compressed ? pipeline(raw, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined) : raw
  }

  #shorter(): MillraceError {
    const { path } = this.#options
    const message = `file "${path}" cannot be read: it is shorter than the position to go on from`
    return new MillraceError('FILE_NOT_READABLE', message, {
      detail: 'The file was replaced or cut since it was read.',
    })
  }
}
