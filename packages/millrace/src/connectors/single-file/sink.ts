import { randomBytes } from 'node:crypto'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createGzip, type Gzip } from 'node:zlib'
import type { EncodedRows } from '../../formats/index.ts'
import { fileNotWritable } from '../../kernel/index.ts'
import { cancelled } from '../cancelled.ts'
import type { Ending, Sink } from '../connector.ts'
import type { SingleFileOptions } from './definition.ts'

const BUFFER_BYTES = 256 * 1024

/**
 * Writes to a temporary file beside the target, which replaces it in one step at the end. After a failure the target is as it was before.
 * Devices and pipes are written to as they are.
 */
export class SingleFileSink implements Sink {
  readonly #path: string
  #file: FileHandle | null = null
  #target = ''
  /** Null: written in place. */
  #temporary: string | null = null
  #gzip: Gzip | null = null
  #compressed: Buffer[] = []
  #waiting: Uint8Array[] = []
  #waitingBytes = 0

  constructor(options: SingleFileOptions) {
    this.#path = options.path
  }

  async open(): Promise<void> {
    try {
      this.#target = await realpath(this.#path).catch(() => this.#path)
      const existing = await stat(this.#target).catch(() => null)
      if (existing?.isDirectory() === true) throw fileNotWritable(this.#path, { code: 'EISDIR' })
      if (existing === null || existing.isFile()) {
        this.#temporary = `${this.#target}.${randomBytes(6).toString('hex')}.tmp`
        this.#file = await open(this.#temporary, 'wx', existing === null ? 0o666 : existing.mode & 0o777)
      } else {
        this.#file = await open(this.#target, 'w')
      }
    } catch (error) {
      throw fileNotWritable(this.#path, error)
    }
    if (this.#path.endsWith('.gz')) {
      this.#gzip = createGzip()
      this.#gzip.on('data', (chunk: Buffer) => this.#compressed.push(chunk))
    }
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

  async close(ending: Ending): Promise<void> {
    const file = this.#file
    if (file === null) return
    try {
      if (ending.kind !== 'failed') await this.#finish(file)
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
    const gzip = this.#gzip
    if (gzip !== null) {
      await new Promise<void>((resolve, reject) => gzip.once('end', resolve).once('error', reject).end())
      await this.#writeCompressed(file)
    }
    if (this.#temporary === null) return
    try {
      await file.sync()
      await rename(this.#temporary, this.#target)
      this.#temporary = null
      const directory = await open(dirname(this.#target), 'r')
      await directory.sync().finally(() => directory.close())
    } catch (error) {
      throw fileNotWritable(this.#path, error)
    }
  }

  async #writeOut(): Promise<void> {
    const file = this.#file
    if (file === null || this.#waitingBytes === 0) return
    const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    if (this.#gzip === null) return this.#writeAll(file, bytes)
    const gzip = this.#gzip
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
        const { bytesWritten } = await file.write(bytes, at, bytes.length - at)
        at += bytesWritten
      }
    } catch (error) {
      throw fileNotWritable(this.#path, error)
    }
  }
}
