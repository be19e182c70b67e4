import { setImmediate } from 'node:timers/promises'
import { MillraceError } from '../kernel/index.ts'
import { blockFault, readHeader, SEALED, sealedBytes, sameLink, type Link } from './block/layout.ts'
import { decodeBlock } from './block/log-block.ts'
import type { Damage, PartitionReport } from './log.ts'
import type { Partition } from './partition.ts'
import type { Store } from './store/store.ts'

/** Blocks checked before others get the event loop. */
const BLOCKS_AT_ONCE = 16

/**
 * Walks all blocks of a partition: checksums, places, the chain, and that the records of each are where its header says. `between` runs
 * a step between two transactions.
 */
export async function verifyPartition(
  store: Store,
  partition: Partition,
  between: (step: () => boolean) => Promise<boolean>,
): Promise<PartitionReport> {
  let walk = new Walk(partition)
  const step = (): boolean => {
    const { state } = partition
    // Retention and compaction go on between two steps: begin again.
    if (walk.next < state.start || walk.rewrites !== partition.rewrites) walk = new Walk(partition)
    const sealed = walk.next < state.sealedEnd
    const stored = sealed
      ? store.blocks('sealed', partition.id, walk.next, BLOCKS_AT_ONCE)
      : store.blocks('tail', partition.id, walk.next, Number.POSITIVE_INFINITY)
    if (stored.length === 0 && sealed) return walk.fail('blocks are missing')
    return stored.every((block) => walk.take(block, sealed)) && sealed
  }
  while (await between(step)) await setImmediate()
  if (walk.damage === null && partition.damage !== null) walk.fail(partition.damage.detail ?? partition.damage.message)
  return {
    topic: partition.topic,
    partition: partition.index,
    start: partition.start,
    end: partition.end,
    blocks: walk.blocks,
    records: walk.records,
    damage: walk.damage,
  }
}

class Walk {
  readonly #partition: Partition
  #link: Link
  next: number
  readonly rewrites: number
  blocks = 0
  records = 0
  damage: Damage | null = null

  constructor(partition: Partition) {
    this.#partition = partition
    this.#link = partition.state.firstLink
    this.next = partition.start
    this.rewrites = partition.rewrites
  }

  fail(reason: string): boolean {
    this.damage = { offset: this.next, reason }
    return false
  }

  take(block: Uint8Array, sealed: boolean): boolean {
    const fault = blockFault(block)
    if (fault !== null) return this.fail(fault)
    const header = readHeader(block)
    const seam = this.#partition.state.seams.find((s) => s.at === this.next)
    if (seam !== undefined && sameLink(this.#link, seam.now)) this.#link = seam.previous
    if (header.partitionId !== this.#partition.id) return this.fail('its block belongs to another partition')
    if (header.base !== this.next) return this.fail(`its block begins at offset ${header.base}`)
    if (!sameLink(header.previous, this.#link)) return this.fail('its block does not follow the block before')
    if (((header.flags & SEALED) !== 0) !== sealed) return this.fail('its block is in the wrong table')
    if (sealed && block.length !== sealedBytes(header.contentBytes)) return this.fail('its block has the wrong size')
    try {
      const { count, valueEnds, values } = decodeBlock(block, this.#partition.index, header)
      if (valueEnds[count]! !== values.length) return this.fail('its block is not what its header says')
    } catch (error) {
      return this.fail(MillraceError.from(error).message)
    }
    this.#link = { base: header.base, checksum: header.checksum }
    this.next = header.next
    this.blocks++
    this.records += header.count
    return true
  }
}
