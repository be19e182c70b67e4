import { mkdirSync, statfsSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { open, type Database, type RootDatabase } from 'lmdb'
import { MillraceError } from '../../kernel/index.ts'
import { PAGE_BYTES, storedBytes } from '../block/layout.ts'
import { checkDataFile, FileLength, syncDirectory } from './data-file.ts'
import { foreignReader, giveUpOwnership, locked, refuseIfOwned, takeOwnership } from './owner.ts'
import { isDiskFull, openError, writeFailure } from './store-errors.ts'

/**
 * `catalog`: format, topics, holds. `partitions`: the state of each. `sealed` and `tail`: blocks by partition and base offset.
 * `values`: small values of whoever uses the log.
 */
export const TABLES = ['catalog', 'partitions', 'sealed', 'tail', 'values'] as const
export type Table = (typeof TABLES)[number]

/** `value` null deletes. */
export interface Write {
  readonly table: Table
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

type Binary = Database<Uint8Array, Uint8Array>

/** Address space, not memory and not disk. */
const MAP_BYTES = 2 ** 40
/** For the pages of the trees that a commit rewrites, and the list of free pages. */
const COMMIT_OVERHEAD = 1024 * 1024

/** From LMDB's statistics of one tree. */
interface PageCounts {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

/** The LMDB environment of one log. Reads see what is durable, and nothing else. */
export class Store {
  readonly #directory: string
  readonly #root: RootDatabase<Uint8Array, Uint8Array>
  readonly #tables: Readonly<Record<Table, Binary>>
  readonly #file: FileLength
  /** At least what is used. */
  #usedBytes: number
  #closed = false

  private constructor(
    directory: string,
    root: RootDatabase<Uint8Array, Uint8Array>,
    tables: Readonly<Record<Table, Binary>>,
    file: FileLength,
  ) {
    this.#directory = directory
    this.#root = root
    this.#tables = tables
    this.#file = file
    this.#usedBytes = this.#readUsedBytes()
  }

  /**
   * Makes the directory if need be, and owns it until `close`.
   *
   * @throws MillraceError LOG_LOCKED, LOG_CORRUPT, LOG_DIRECTORY, LOG_VERSION, LOG_FULL.
   */
  static open(directory: string): Store {
    try {
      mkdirSync(directory, { recursive: true })
    } catch (error) {
      throw openError(directory, error)
    }
    refuseIfOwned(directory)
    checkDataFile(directory)
    let root: RootDatabase<Uint8Array, Uint8Array> | undefined
    let owned = false
    try {
      root = open<Uint8Array, Uint8Array>({
        path: directory,
        pageSize: PAGE_BYTES,
        mapSize: MAP_BYTES,
        maxDbs: TABLES.length,
        // Every commit is synced before it is visible to anyone.
        overlappingSync: false,
        eventTurnBatching: false,
        keyEncoding: 'binary',
        encoding: 'binary',
      })
      const { numReaders } = root.getStats() as { numReaders: number }
      root.readerCheck()
      // LMDB prints its readers as text, and has no other form.
      const other = numReaders > 0 ? foreignReader((root as unknown as { readerList(): string }).readerList()) : null
      if (other !== null) throw locked(directory, other)
      takeOwnership(directory)
      owned = true
      const table = (name: Table): Binary => root!.openDB({ name, keyEncoding: 'binary', encoding: 'binary' })
      const tables = {
        catalog: table('catalog'),
        partitions: table('partitions'),
        sealed: table('sealed'),
        tail: table('tail'),
        values: table('values'),
      }
      const store = new Store(directory, root, tables, new FileLength(directory))
      syncDirectory(directory)
      return store
    } catch (error) {
      void root?.close()
      if (owned) giveUpOwnership(directory)
      throw openError(directory, error)
    }
  }

  /** Of the data file, up to its last page in use. */
  usedBytes(): number {
    return this.#closed ? this.#usedBytes : this.#readUsedBytes()
  }

  /** A copy of the caller's own. */
  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    const value = this.#tables[table].getBinary(key)
    this.#release()
    return value
  }

  /** The entry with the greatest key at or below (partition id, offset) of that partition. */
  floor(table: 'sealed' | 'tail', partitionId: number, offset: number): Uint8Array | undefined {
    const db = this.#tables[table]
    const range = { start: blockKey(partitionId, offset), end: partitionPrefix(partitionId), reverse: true, limit: 1 }
    for (const key of db.getKeys(range)) {
      const value = db.getBinary(key)
      this.#release()
      return value
    }
    this.#release()
    return undefined
  }

  /** The block of the tail with `offset`, and those that follow it while they have no more than `bytes` together. */
  tailFrom(partitionId: number, offset: number, bytes: number): Uint8Array[] {
    const db = this.#tables.tail
    const range = { start: blockKey(partitionId, offset), end: partitionPrefix(partitionId), reverse: true, limit: 1 }
    const [first] = [...db.getKeys(range)]
    const blocks: Uint8Array[] = []
    if (first !== undefined) {
      let taken = 0
      for (const key of db.getKeys({ start: first, end: partitionPrefix(partitionId + 1) })) {
        const block = db.getBinary(key)!
        taken += block.length
        if (taken > bytes && blocks.length > 0) break
        blocks.push(block)
      }
    }
    this.#release()
    return blocks
  }

  /** Blocks of a partition with base offsets from `from` on, at most `limit`. */
  blocks(table: 'sealed' | 'tail', partitionId: number, from: number, limit: number): Uint8Array[] {
    const db = this.#tables[table]
    const range = { start: blockKey(partitionId, from), end: partitionPrefix(partitionId + 1), limit }
    const blocks = [...db.getKeys(range)].map((key) => db.getBinary(key)!)
    this.#release()
    return blocks
  }

  /** Base offsets of a partition's blocks. */
  bases(table: 'sealed' | 'tail', partitionId: number, from: number, limit: number): number[] {
    const range = { start: blockKey(partitionId, from), end: partitionPrefix(partitionId + 1), limit }
    const bases = [...this.#tables[table].getKeys(range)].map(baseOf)
    this.#release()
    return bases
  }

  /** Keys that begin with `prefix`, in the order of their bytes. */
  entries(table: Table, prefix: Uint8Array): (readonly [key: Uint8Array, value: Uint8Array])[] {
    const db = this.#tables[table]
    const end = prefixEnd(prefix)
    const range = { ...(prefix.length > 0 && { start: prefix }), ...(end !== null && { end }) }
    const entries = [...db.getKeys(range)].map((key) => [new Uint8Array(key), db.getBinary(key)!] as const)
    this.#release()
    return entries
  }

  /**
   * All or nothing; resolves once it is durable. One call at a time. `reserved` bytes must stay free on the disk.
   *
   * @throws MillraceError LOG_FULL: nothing was written, and the store goes on; LOG_FAILED: the store must not be used again.
   */
  async write(writes: readonly Write[], reserved = 0): Promise<void> {
    this.#makeRoom(writes, reserved)
    try {
      await this.#root.batch(() => {
        for (const { table, key, value } of writes) {
          if (value === null) void this.#tables[table].remove(key)
          else void this.#tables[table].put(key, value)
        }
      })
    } catch (error) {
      throw await writeFailure(this.#directory, error)
    }
  }

  /** Waits for a write under way. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#root.close()
    this.#file.close()
    giveUpOwnership(this.#directory)
  }

  /**
   * Asks the file system first: LMDB could only fail in the middle of a commit, and a write that was cut short by a full disk looks
   * to it like a broken one. Deletions always go through.
   */
  #makeRoom(writes: readonly Write[], reserved: number): void {
    let bytes = 0
    for (const { value } of writes) if (value !== null) bytes += storedBytes(value.length)
    const growth = bytes + COMMIT_OVERHEAD
    try {
      if (bytes > 0) {
        const { bavail, bsize } = statfsSync(this.#directory)
        const room = bavail * bsize
        // Free pages of the file may lie too scattered to hold a block: half of them count.
        if (room < growth + reserved && room + this.#freeBytes() / 2 < growth + reserved)
          throw diskFull(this.#directory)
      }
      if (this.#usedBytes + growth > this.#file.length) this.#usedBytes = this.#readUsedBytes()
      this.#file.ensure(this.#usedBytes + growth)
      this.#usedBytes += growth
    } catch (error) {
      if (isDiskFull(error)) throw diskFull(this.#directory, error)
      throw error
    }
  }

  /** Of pages in the file that belong to nothing any more. */
  #freeBytes(): number {
    let pages = (this.#root.getStats() as unknown as PageCounts & { free: PageCounts }).free.treeLeafPageCount
    for (const name of TABLES) {
      const { treeBranchPageCount, treeLeafPageCount, overflowPages } = this.#tables[name].getStats() as PageCounts
      pages += treeBranchPageCount + treeLeafPageCount + overflowPages
    }
    return Math.max(0, this.#readUsedBytes() - pages * PAGE_BYTES)
  }

  #readUsedBytes(): number {
    const { lastPageNumber } = this.#root.getStats() as { lastPageNumber: number }
    this.#release()
    return (lastPageNumber + 1) * PAGE_BYTES
  }

  /** Ends the read transaction, so that the pages of deleted blocks can be used again. */
  #release(): void {
    this.#root.resetReadTxn()
  }
}

function diskFull(directory: string, cause?: unknown): MillraceError {
  return new MillraceError('LOG_FULL', `the disk of data directory "${directory}" is full`, {
    detail: 'The append was refused and nothing of it was kept.',
    hint: 'Make room on the disk, or let the topics keep less (retention).',
    cause,
  })
}

export function blockKey(partitionId: number, base: number): Uint8Array {
  const key = new Uint8Array(12)
  const view = new DataView(key.buffer)
  view.setUint32(0, partitionId)
  view.setUint32(4, Math.floor(base / 2 ** 32))
  view.setUint32(8, base % 2 ** 32)
  return key
}

function baseOf(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.length)
  return view.getUint32(4) * 2 ** 32 + view.getUint32(8)
}

export function partitionPrefix(partitionId: number): Uint8Array {
  const key = new Uint8Array(4)
  new DataView(key.buffer).setUint32(0, partitionId)
  return key
}

function prefixEnd(prefix: Uint8Array): Uint8Array | null {
  const end = prefix.slice()
  for (let i = end.length - 1; i >= 0; i--) {
    if (end[i]! < 255) {
      end[i]!++
      return end.subarray(0, i + 1)
    }
  }
  return null
}

/** A small value with a checksum over it and its key. */
export function wrapValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(4 + value.length)
  stored.set(value, 4)
  new DataView(stored.buffer).setUint32(0, crc32(value, crc32(key)))
  return stored
}

/** Undefined: the checksum does not fit. */
export function unwrapValue(key: Uint8Array, stored: Uint8Array): Uint8Array | undefined {
  if (stored.length < 4) return undefined
  const value = stored.subarray(4)
  const checksum = new DataView(stored.buffer, stored.byteOffset).getUint32(0)
  return checksum === crc32(value, crc32(key)) ? value : undefined
}
