import { BlockMemory } from '../block/block-memory.ts'
import { Environment, type Write as EnvironmentWrite } from './environment.ts'
import type { Format } from './migrations.ts'

/**
 * `catalog`: format, topics, holds. `partitions`: the state of each. `sealed` and `tail`: blocks by partition and base offset.
 * `values`: small values of whoever uses the log.
 */
export const TABLES = ['catalog', 'partitions', 'sealed', 'tail', 'values'] as const

export type Table = (typeof TABLES)[number]

export type Write = EnvironmentWrite<Table>

export const LOG_FORMAT: Format<Table> = { version: 1, migrations: [] }

/** The environment of one log. */
export class Store extends Environment<Table> {
  /** Of sealed blocks on their way into the store. */
  readonly memory = new BlockMemory()

  /** @throws MillraceError LOG_LOCKED, LOG_CORRUPT, LOG_DIRECTORY, LOG_VERSION, LOG_FULL. */
  static open(directory: string): Store {
    return new Store(directory, TABLES)
  }

  /** The block with the greatest base offset at or below `offset` of that partition. */
  floor(table: 'sealed' | 'tail', partitionId: number, offset: number): Uint8Array | undefined {
    return this.values(table, this.#floorRange(partitionId, offset))[0]
  }

  /** The block of the tail with `offset`, and those that follow it while they have no more than `bytes` together. */
  tailFrom(partitionId: number, offset: number, bytes: number): Uint8Array[] {
    const [first] = this.keys('tail', this.#floorRange(partitionId, offset))
    return first === undefined ? [] : this.valuesUpTo('tail', first, partitionPrefix(partitionId + 1), bytes)
  }

  /** Blocks of a partition with base offsets from `from` on, at most `limit`. */
  blocks(table: 'sealed' | 'tail', partitionId: number, from: number, limit: number): Uint8Array[] {
    return this.values(table, { start: blockKey(partitionId, from), end: partitionPrefix(partitionId + 1), limit })
  }

  /** Base offsets of a partition's blocks. */
  bases(table: 'sealed' | 'tail', partitionId: number, from: number, limit: number): number[] {
    const range = { start: blockKey(partitionId, from), end: partitionPrefix(partitionId + 1), limit }
    return this.keys(table, range).map(baseOf)
  }

  #floorRange(partitionId: number, offset: number) {
    return { start: blockKey(partitionId, offset), end: partitionPrefix(partitionId), reverse: true, limit: 1 }
  }
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
