import { closeSync, existsSync, fstatSync, ftruncateSync, fsyncSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError } from '../../kernel/index.ts'
import { PAGE_BYTES } from '../block/layout.ts'

/** LMDB's name for its file. */
export const DATA_FILE = 'data.mdb'

const PAGE_HEADER = 24
const META_BYTES = 144
const LMDB_MAGIC = 0xbeefc0de
/** The file grows by this much at a time, sparse: it takes no room on the disk until it is written. */
const GROWTH = 64 * 1024 * 1024

/**
 * Refuses a data file that is shorter than its newest meta page says: to map it would end the process with SIGBUS at the first read
 * behind its end. Offsets are those of LMDB 0.9.90 on 64 bits (`MDB_page`, `MDB_meta`), which the package `lmdb` contains.
 *
 * @throws MillraceError LOG_CORRUPT.
 */
export function checkDataFile(directory: string): void {
  const path = join(directory, DATA_FILE)
  if (!existsSync(path)) return
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    if (size === 0) return
    const first = readMeta(file, 0)
    if (first === null) throw damaged(path, 'It does not begin as a data file of the log.')
    // LMDB believes what it reads here, and ends the process over it.
    if (first.pageBytes !== PAGE_BYTES) throw damaged(path, `It says that it has pages of ${first.pageBytes} bytes.`)
    const second = readMeta(file, first.pageBytes)
    const newest = second !== null && second.transaction > first.transaction ? second : first
    const needed = (newest.lastPage + 1) * first.pageBytes
    if (size < needed) throw damaged(path, `It has ${size} bytes and says that it has ${needed}: it was cut off.`)
  } finally {
    closeSync(file)
  }
}

function damaged(path: string, detail: string): MillraceError {
  return new MillraceError('LOG_CORRUPT', `data file "${path}" is damaged`, {
    detail,
    hint: 'Restore the data directory from a backup, or move it away to start with an empty one.',
  })
}

interface Meta {
  readonly pageBytes: number
  readonly lastPage: number
  readonly transaction: number
}

function readMeta(file: number, at: number): Meta | null {
  const bytes = Buffer.alloc(PAGE_HEADER + META_BYTES)
  if (readSync(file, bytes, 0, bytes.length, at) < bytes.length) return null
  const meta = bytes.subarray(PAGE_HEADER)
  if (meta.readUInt32LE(0) !== LMDB_MAGIC) return null
  return {
    pageBytes: meta.readUInt32LE(24),
    lastPage: Number(meta.readBigUInt64LE(120)),
    transaction: Number(meta.readBigUInt64LE(128)),
  }
}

/**
 * Keeps the file longer than LMDB needs. LMDB itself may leave it shorter than its meta page says, when the last pages were taken
 * and given back in one transaction; with a file that is never short, shorter always means damaged.
 */
export class FileLength {
  readonly #file: number
  #length: number

  constructor(directory: string) {
    this.#file = openSync(join(directory, DATA_FILE), 'r+')
    this.#length = fstatSync(this.#file).size
  }

  get length(): number {
    return this.#length
  }

  /** @throws NodeJS.ErrnoException, such as EFBIG and ENOSPC. */
  ensure(bytes: number): void {
    if (bytes <= this.#length) return
    const length = Math.ceil(bytes / GROWTH) * GROWTH
    ftruncateSync(this.#file, length)
    this.#length = length
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** Makes the names in a directory durable, where the system allows it. */
export function syncDirectory(directory: string): void {
  let file: number
  try {
    file = openSync(directory, 'r')
  } catch {
    // Windows opens no directories; its file system keeps names by itself.
    return
  }
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
