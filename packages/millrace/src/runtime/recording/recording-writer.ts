import { once } from 'node:events'
import type { WriteStream } from 'node:fs'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { constants, createGzip, type Gzip } from 'node:zlib'
import { fileNotWritable, type MillraceError } from '../../kernel/index.ts'
import type { RecordedEvent } from './recorded-event.ts'

/** An event to be written. Its time is exact: integer microseconds since the epoch. */
export interface WritableEvent extends Pick<RecordedEvent, 'kind' | 'conn' | 'binary' | 'payload'> {
  readonly micros: number
  /** The address, on `connect` and `send`. */
  readonly addr?: string
}

const FLUSH_MS = 200
const FLUSH_CHARACTERS = 256 * 1024
const QUEUE_BYTES = 1024 * 1024

/**
 * Writes a recording of the format `frames`; packed if the file's name ends in `.gz`. What is on disk is a valid recording
 * at every moment, at most a fifth of a second behind.
 */
export class RecordingWriter {
  readonly file: string
  readonly #handle: FileHandle
  readonly #created: boolean
  #file: WriteStream | undefined
  #gzip: Gzip | undefined
  #pending = ''
  #timer: NodeJS.Timeout | undefined
  #failure: MillraceError | undefined

  private constructor(file: string, handle: FileHandle, created: boolean) {
    this.file = file
    this.#handle = handle
    this.#created = created
  }

  /**
   * Makes sure that the file can be written, without touching what is in it: `begin` or `discard` must follow.
   *
   * @throws MillraceError FILE_NOT_WRITABLE.
   */
  static async open(file: string): Promise<RecordingWriter> {
    try {
      return new RecordingWriter(file, await open(file, 'ax'), true)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileNotWritable(file, error)
    }
    try {
      return new RecordingWriter(file, await open(file, 'a'), false)
    } catch (error) {
      throw fileNotWritable(file, error)
    }
  }

  /** Empties the file. */
  async begin(): Promise<void> {
    try {
      // Devices and pipes cannot be truncated and need not be.
      if ((await this.#handle.stat()).isFile()) await this.#handle.truncate(0)
    } catch (error) {
      throw fileNotWritable(this.file, error)
    }
    this.#file = this.#handle.createWriteStream({ highWaterMark: QUEUE_BYTES })
    this.#file.on('error', (error) => (this.#failure ??= fileNotWritable(this.file, error)))
    if (!this.file.endsWith('.gz')) return
    this.#gzip = createGzip()
    this.#gzip.pipe(this.#file)
  }

  /**
   * Takes an event; false asks the caller to wait for `drained`.
   *
   * @throws MillraceError FILE_NOT_WRITABLE if an earlier write failed.
   */
  write(event: WritableEvent): boolean {
    if (this.#failure !== undefined) throw this.#failure
    this.#pending += `${formatEvent(event)}\n`
    if (this.#pending.length >= FLUSH_CHARACTERS) return this.#flush()
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS)
    return true
  }

  async drained(): Promise<void> {
    if (this.#failure === undefined && this.#out.writableNeedDrain) {
      const done = new AbortController()
      const { signal } = done
      await Promise.race([once(this.#out, 'drain', { signal }), once(this.#file!, 'close', { signal })]).catch(() => {})
      done.abort()
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Writes what is pending and closes the file. */
  async close(): Promise<void> {
    if (this.#file === undefined) {
      await this.#handle.close()
      return
    }
    this.#flush()
    this.#out.end()
    await finished(this.#file).catch((error: unknown) => {
      this.#failure ??= fileNotWritable(this.file, error)
    })
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Leaves everything as it was before `open`. Only instead of `begin`. */
  async discard(): Promise<void> {
    await this.#handle.close()
    if (this.#created) await unlink(this.file)
  }

  /** Where text goes in, after `begin`. */
  get #out(): Writable {
    return this.#gzip ?? this.#file!
  }

  #flush(): boolean {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const text = this.#pending
    this.#pending = ''
    if (text === '' || this.#failure !== undefined) return true
    const room = this.#out.write(text)
    this.#gzip?.flush(constants.Z_SYNC_FLUSH)
    return room
  }
}

/** Key order and spelling are part of the format: readers may look at the first bytes only. */
function formatEvent(event: WritableEvent): string {
  const { kind, conn, addr, binary, payload } = event
  const head = `{"t":"${kind}","conn":${JSON.stringify(conn)},"ts":${formatSeconds(event.micros)}`
  const at = addr === undefined ? '' : `,"addr":${JSON.stringify(addr)}`
  if (kind === 'connect') return `${head}${at}}`
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload)
  if (binary) return `${head}${at},"b64":"${bytes.toString('base64')}"}`
  return `${head}${at},"data":${JSON.stringify(typeof payload === 'string' ? payload : bytes.toString())}}`
}

/** Seconds with six decimals, exact. */
function formatSeconds(micros: number): string {
  const whole = Math.floor(micros / 1e6)
  return `${whole}.${String(micros - whole * 1e6).padStart(6, '0')}`
}
