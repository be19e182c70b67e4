import { statfsSync } from 'node:fs'
import { open, type Database, type RootDatabase } from 'lmdb'
import { PAGE_BYTES, storedBytes } from '../block/layout.ts'
import { checkDataFile, FileLength, syncDirectory } from './data-file.ts'
import { makeDirectory } from './make-directory.ts'
import { foreignReader, giveUpOwnership, locked, refuseIfOwned, takeOwnership } from './owner.ts'
import { corrupt, diskFull, isDiskFull, openError, writeFailure } from './store-errors.ts'

/** `value` null deletes. */
export interface Write<Table extends string = string> {
  readonly table: Table
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** Keys from `start` (inclusive) to `end` (exclusive), of which at most `limit`; backwards: from `start` down to `end`. */
export interface KeyRange {
  readonly start?: Uint8Array
  readonly end?: Uint8Array
  readonly limit?: number
  readonly reverse?: boolean
}

type Binary = Database<Uint8Array, Uint8Array>

/** The first table of each environment. It has FORMAT_KEY once the environment is complete. */
export const CATALOG = 'catalog'
export const FORMAT_KEY = new TextEncoder().encode('format')

/** Address space, not memory and not disk. */
const MAP_BYTES = 2 ** 40
const ENCODING = { keyEncoding: 'binary', encoding: 'binary' } as const
/** For the pages of the trees that a commit rewrites, and the list of free pages. */
const COMMIT_OVERHEAD = 1024 * 1024

/** From LMDB's statistics of one tree. */
interface PageCounts {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

/** An LMDB environment with tables of bytes that belongs to one process. Reads see what is durable, and nothing else. */
export class Environment<Table extends string> {
  readonly directory: string
  readonly #root: RootDatabase<Uint8Array, Uint8Array>
  readonly #tables: ReadonlyMap<Table, Binary>
  readonly #file: FileLength
  /** At least what is used. */
  #usedBytes: number
  #closed = false

  /**
   * Makes the directory if need be, and owns it until `close`.
   *
   * @throws MillraceError LOG_LOCKED, LOG_CORRUPT, LOG_DIRECTORY, LOG_VERSION, LOG_FULL.
   */
  constructor(directory: string, tables: readonly Table[]) {
    this.directory = directory
    let root: RootDatabase<Uint8Array, Uint8Array> | undefined
    let owned = false
    try {
      makeDirectory(directory)
      refuseIfOwned(directory)
      checkDataFile(directory)
      root = open<Uint8Array, Uint8Array>({
        path: directory,
        pageSize: PAGE_BYTES,
        mapSize: MAP_BYTES,
        maxDbs: tables.length,
        // Every commit is synced before it is visible to anyone.
        overlappingSync: false,
        eventTurnBatching: false,
        ...ENCODING,
      })
      const { numReaders } = root.getStats() as { numReaders: number }
      root.readerCheck()
      // LMDB prints its readers as text, and has no other form.
      const other = numReaders > 0 ? foreignReader((root as unknown as { readerList(): string }).readerList()) : null
      if (other !== null) throw locked(directory, other)
      takeOwnership(directory)
      owned = true
      this.#root = root
      this.#assertComplete(tables)
      this.#tables = new Map(tables.map((name) => [name, this.#root.openDB({ name, ...ENCODING })]))
      this.#file = new FileLength(directory)
      this.#usedBytes = this.#readUsedBytes()
      syncDirectory(directory)
    } catch (error) {
      void root?.close()
      if (owned) giveUpOwnership(directory)
      throw openError(directory, error)
    }
  }

  get tables(): readonly Table[] {
    return [...this.#tables.keys()]
  }

  /** Of the data file, up to its last page in use. */
  usedBytes(): number {
    return this.#closed ? this.#usedBytes : this.#readUsedBytes()
  }

  /** A copy of the caller's own. */
  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#read(table, (db) => db.getBinary(key))
  }

  keys(table: Table, range: KeyRange): Uint8Array[] {
    return this.#read(table, (db) => [...db.getKeys(range)].map((key) => new Uint8Array(key)))
  }

  values(table: Table, range: KeyRange): Uint8Array[] {
    return this.#read(table, (db) => [...db.getKeys(range)].map((key) => this.#valueOf(db, key)))
  }

  /** Values from `start` on while they have no more than `bytes` together, but at least one. */
  valuesUpTo(table: Table, start: Uint8Array, end: Uint8Array, bytes: number): Uint8Array[] {
    return this.#read(table, (db) => {
      const values: Uint8Array[] = []
      let taken = 0
      for (const key of db.getKeys({ start, end })) {
        const value = this.#valueOf(db, key)
        taken += value.length
        if (taken > bytes && values.length > 0) break
        values.push(value)
      }
      return values
    })
  }

  /** Keys that begin with `prefix`, in the order of their bytes. */
  entries(table: Table, prefix: Uint8Array): (readonly [key: Uint8Array, value: Uint8Array])[] {
    const end = prefixEnd(prefix)
    const range = { ...(prefix.length > 0 && { start: prefix }), ...(end !== null && { end }) }
    return this.#read(table, (db) =>
      [...db.getKeys(range)].map((key) => [new Uint8Array(key), this.#valueOf(db, key)] as const),
    )
  }

  entryCount(table: Table): number {
    return this.#read(table, (db) => (db.getStats() as { readonly entryCount: number }).entryCount)
  }

  /** Walks the tree of a table: why it is not whole, or null. Says nothing about the values. */
  treeFault(table: Table): string | null {
    const entryCount = this.entryCount(table)
    return this.#read(table, (db) => {
      let count = 0
      let last: Buffer | null = null
      for (const key of db.getKeys()) {
        const next: Buffer = Buffer.from(key)
        if (last !== null && Buffer.compare(last, next) >= 0) return 'its keys are out of order'
        if (++count > entryCount) break
        last = next
      }
      return count === entryCount ? null : `it has ${entryCount} entries, of which ${count} can be found`
    })
  }

  /**
   * All or nothing; resolves once it is durable. One call at a time. `reserved` bytes must stay free on the disk.
   *
   * @throws MillraceError LOG_FULL: nothing was written, and the store goes on; LOG_FAILED: the store must not be used again.
   */
  async write(writes: readonly Write<Table>[], reserved = 0): Promise<void> {
    this.#makeRoom(writes, reserved)
    try {
      await this.#root.batch(() => {
        for (const { table, key, value } of writes) {
          if (value === null) void this.#table(table).remove(key)
          else void this.#table(table).put(key, value)
        }
      })
    } catch (error) {
      throw await writeFailure(this.directory, error)
    }
  }

  /** Waits for a write under way. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#root.close()
    this.#file.close()
    giveUpOwnership(this.directory)
  }

  /** LMDB would make a table anew whose name was lost to damage, and everything in it would be forgotten. */
  #assertComplete(tables: readonly Table[]): void {
    // The package ends a name with a zero.
    const names = [...this.#root.getKeys()].map((key) => Buffer.from(key).toString().replace(/\0$/, ''))
    if (names.length === 0) return
    const complete =
      names.includes(CATALOG) && this.#root.openDB({ name: CATALOG, ...ENCODING }).getBinary(FORMAT_KEY) !== undefined
    const missing = tables.find((name) => !names.includes(name) && (complete || name === CATALOG))
    this.#root.resetReadTxn()
    if (missing !== undefined) throw corrupt(this.directory, `Table "${missing}" is missing.`)
  }

  #table(name: Table): Binary {
    return this.#tables.get(name)!
  }

  #valueOf(db: Binary, key: Uint8Array): Uint8Array {
    const value = db.getBinary(key)
    if (value === undefined) throw corrupt(this.directory, 'A key that is listed cannot be found.')
    return value
  }

  /** Ends the read transaction, so that the pages of deleted values can be used again. @throws MillraceError LOG_CORRUPT, LOG_DIRECTORY. */
  #read<T>(table: Table, work: (db: Binary) => T): T {
    try {
      return work(this.#table(table))
    } catch (error) {
      throw openError(this.directory, error)
    } finally {
      this.#root.resetReadTxn()
    }
  }

  /**
   * Asks the file system first: LMDB could only fail in the middle of a commit, and a write that was cut short by a full disk looks
   * to it like a broken one. Deletions always go through.
   */
  #makeRoom(writes: readonly Write<Table>[], reserved: number): void {
    let bytes = 0
    for (const { value } of writes) if (value !== null) bytes += storedBytes(value.length)
    const growth = bytes + COMMIT_OVERHEAD
    try {
      if (bytes > 0) {
        const { bavail, bsize } = statfsSync(this.directory)
        const room = bavail * bsize
        // Free pages of the file may lie too scattered to hold a block: half of them count.
        if (room < growth + reserved && room + this.#freeBytes() / 2 < growth + reserved) throw diskFull(this.directory)
      }
      if (this.#usedBytes + growth > this.#file.length) this.#usedBytes = this.#readUsedBytes()
      this.#file.ensure(this.#usedBytes + growth)
      this.#usedBytes += growth
    } catch (error) {
      if (isDiskFull(error)) throw diskFull(this.directory, error)
      throw error
    }
  }

  /** Of pages in the file that belong to nothing any more. */
  #freeBytes(): number {
    let pages = (this.#root.getStats() as unknown as PageCounts & { free: PageCounts }).free.treeLeafPageCount
    for (const table of this.#tables.values()) {
      const { treeBranchPageCount, treeLeafPageCount, overflowPages } = table.getStats() as PageCounts
      pages += treeBranchPageCount + treeLeafPageCount + overflowPages
    }
    return Math.max(0, this.#readUsedBytes() - pages * PAGE_BYTES)
  }

  #readUsedBytes(): number {
    const { lastPageNumber } = this.#root.getStats() as { lastPageNumber: number }
    this.#root.resetReadTxn()
    return (lastPageNumber + 1) * PAGE_BYTES
  }
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
