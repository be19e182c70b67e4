import type { Log, LogBlock, LogReader } from '../../log/index.ts'
import type { NodeId } from '../../plan/index.ts'
import type { PayloadBlock, Step } from '../executor/executor.ts'
import { payloadsOf, recordParts } from '../topic-input/payload-columns.ts'
import type { TopicSource } from '../topic-input/index.ts'
import type { JournalEntry } from './journal.ts'

/** Gives journalled steps their input once more. Ranges of a partition come in order, so each of its blocks is read once. */
export class ReplayInput {
  readonly #log: Log
  readonly #sources: ReadonlyMap<NodeId, TopicSource>
  readonly #partitions = new Map<string, PartitionReplay>()

  constructor(log: Log, sources: readonly TopicSource[]) {
    this.#log = log
    this.#sources = new Map(sources.map((source) => [source.node.id, source]))
  }

  /** @throws MillraceError LOG_OFFSET_OUT_OF_RANGE when records are not there any more. */
  async step({ now, seed, in: ranges, ended }: JournalEntry): Promise<Step> {
    const inputs: Step['inputs'][number][] = []
    for (const [source, partition, from, to] of ranges) {
      const block = await this.#partition(source, partition).read(from, to)
      if (block !== null) inputs.push({ source, block })
    }
    return { now, seed, inputs, ended }
  }

  #partition(source: NodeId, partition: number): PartitionReplay {
    const place = JSON.stringify([source, partition])
    let replay = this.#partitions.get(place)
    if (replay === undefined) {
      replay = new PartitionReplay(this.#log, this.#sources.get(source)!, partition)
      this.#partitions.set(place, replay)
    }
    return replay
  }
}

class PartitionReplay {
  readonly #log: Log
  readonly #source: TopicSource
  readonly #partition: number
  #reader: LogReader | null = null
  /** Read and not used up. */
  #rest: LogBlock | null = null
  #position = -1

  constructor(log: Log, source: TopicSource, partition: number) {
    this.#log = log
    this.#source = source
    this.#partition = partition
  }

  async read(from: number, to: number): Promise<PayloadBlock | null> {
    const { node, topic } = this.#source
    if (from !== this.#position || this.#reader === null) {
      this.#rest = null
      this.#reader = await this.#log.reader(topic, { partition: this.#partition, from: { offset: from } })
    }
    const blocks: LogBlock[] = []
    for (let next = from; next < to; ) {
      const block: LogBlock | null = this.#rest ?? (await this.#reader.next())
      if (block === null) break
      const part = block.between(next, to)
      if (part.count > 0) blocks.push(part)
      this.#rest = block.nextOffset > to ? block.between(to, block.nextOffset) : null
      next = block.nextOffset
    }
    this.#position = to
    return blocks.length === 0 ? null : payloadsOf(blocks, recordParts(node))
  }
}
