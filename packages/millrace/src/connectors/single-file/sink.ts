import { randomBytes } from 'node:crypto'
import { constants, type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createGzip, type Gzip } from 'node:zlib'
import type { EncodedRows } from '../../formats/index.ts'
import { fileNotWritable, MillraceError } from '../../kernel/index.ts'
import { cancelled } from '../cancelled.ts'
import type { Ending, Sink, SinkToken } from '../connector.ts'
import type { SingleFileOptions } from './definition.ts'

const BUFFER_BYTES = 256 * 1024

/**
 * Writes to a temporary file beside the target, which replaces it in one step at the end. After a failure the target is as it was before.
 * Opened to go on, it writes to the end of the target itself, and cuts off what came after the last checkpoint. Devices and pipes are
 * written to as they are.
 */
export class SingleFileSink implements Sink {
  readonly #path: string
  #file: FileHandle | null = null
  #target = ''
  /** Null: written in place. */
  #temporary: string | null = null
  /** Of the target, when it is written in place to be gone on with; otherwise null. */
  #length: number | null = null
  #gzip: Gzip | null = null
  /** Taken by the compressor since it began. */
  #memberBytes = 0
  #compressed: Buffer[] = []
  #waiting: Uint8Array[] = []
  #waitingBytes = 0

  constructor(options: SingleFileOptions) {
    this.#path = options.path
  }

  async open(_signal?: AbortSignal, from?: SinkToken | null): Promise<void> {
    try {
      this.#target = await realpath(this.#path).catch(() => this.#path)
      const existing = await stat(this.#target).catch(() => null)
      if (existing?.isDirectory() === true) throw fileNotWritable(this.#path, { code: 'EISDIR' })
      if (existing !== null && !existing.isFile()) {
        this.#file = await open(this.#target, 'w')
      } else if (from !== undefined) {
        await this.#openToGoOn(from, existing?.size ?? 0)
      } else {
        this.#temporary = `${this.#target}.${randomBytes(6).toString('hex')}.tmp`
        this.#file = await open(this.#temporary, 'wx', existing === null ? 0o666 : existing.mode & 0o777)
      }
    } catch (error) {
      throw fileNotWritable(this.#path, error)
    }
    this.#startMember()
  }

  /** Nothing before the checkpoint is touched. */
  async #openToGoOn(from: SinkToken | null, size: number): Promise<void> {
    const length = Number(from?.['length'] ?? 0)
    if (size < length) {
      throw new MillraceError('FILE_NOT_WRITABLE', `file "${this.#path}" is shorter than what was written to it`, {
        detail: `It has ${size} bytes of ${length}.`,
        hint: 'Put it back as it was, or drop its table and create it again to begin anew.',
      })
    }
    // Not to append: positions count.
    this.#file = await open(this.#target, constants.O_RDWR | constants.O_CREAT, 0o666)
    await this.#file.truncate(length)
    this.#length = length
    await this.#syncDirectory()
  }

  /** Of a compressed file: members one after the other are one file. */
  #startMember(): void {
    if (!this.#path.endsWith('.gz')) return
    this.#gzip = createGzip()
    this.#gzip.on('data', (chunk: Buffer) => this.#compressed.push(chunk))
  }

  async write({ bytes }: EncodedRows, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled(signal)
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes >= BUFFER_BYTES) await this.#writeOut()
  }

  async flush(): Promise<void> {
    await this.#writeOut()
  }

  async checkpoint(): Promise<SinkToken | null> {
    const file = this.#file
    if (file === null || this.#length === null) return null
    await this.#writeOut()
    if (this.#gzip !== null && this.#memberBytes > 0) {
      await this.#endMember(file)
      this.#startMember()
    }
    try {
      await file.datasync()
    } catch (error) {
      throw fileNotWritable(this.#path, error)
    }
    return { length: this.#length }
  }

  async close(ending: Ending): Promise<void> {
    const file = this.#file
    if (file === null) return
    try {
      if (ending.kind !== 'failed' && this.#length === null) await this.#finish(file)
    } finally {
      this.#file = null
      this.#gzip?.close()
      await file.close().catch(() => undefined)
      if (this.#temporary !== null) await rm(this.#temporary, { force: true })
    }
  }

  /** Everything is on disk before the name is, and the name before this resolves. */
  async #finish(file: FileHandle): Promise<void> {
    await this.#writeOut()
    await this.#endMember(file)
    if (this.#temporary === null) return
    try {
      await file.sync()
      await rename(this.#temporary, this.#target)
      this.#temporary = null
      await this.#syncDirectory()
    } catch (error) {
      throw fileNotWritable(this.#path, error)
    }
  }

  async #syncDirectory(): Promise<void> {
    const directory = await open(dirname(this.#target), 'r')
    await directory.sync().finally(() => directory.close())
  }

  async #endMember(file: FileHandle): Promise<void> {
    const gzip = this.#gzip
    if (gzip === null) return
    await new Promise<void>((resolve, reject) => gzip.once('end', resolve).once('error', reject).end())
    this.#memberBytes = 0
    await this.#writeCompressed(file)
  }

  async #writeOut(): Promise<void> {
    const file = this.#file
    if (file === null || this.#waitingBytes === 0) return
    const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    if (this.#gzip === null) return this.#writeAll(file, bytes)
    const gzip = this.#gzip
    this.#memberBytes += bytes.length
    await new Promise<void>((resolve, reject) => gzip.write(bytes, (error) => (error ? reject(error) : resolve())))
    await this.#writeCompressed(file)
  }

  async #writeCompressed(file: FileHandle): Promise<void> {
    const chunks = this.#compressed
    this.#compressed = []
    if (chunks.length > 0) await this.#writeAll(file, Buffer.concat(chunks))
  }

  async #writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, at, bytes.length - at, this.#length)
        at += bytesWritten
        if (this.#length !== null) this.#length += bytesWritten
      }
    } catch (error) {
      throw fileNotWritable(this.#path, error)
    }
  }
}
