import type { MillraceError } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import type { NodeId, TopicPosition } from '../../plan/index.ts'
import type { PayloadBlock } from '../executor/executor.ts'
import { type FeedHost, PartitionFeed } from './partition-feed.ts'
import { payloadsOf, recordParts } from './payload-columns.ts'
import { type InputPositions, offsetsAt, type TopicSource } from './positions.ts'

/** Records [from, to) of one partition for one source node, as one block. */
export interface InputRange {
  readonly source: NodeId
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly records: number
  readonly bytes: number
  readonly block: PayloadBlock
}

export interface InputGap {
  readonly source: NodeId
  readonly topic: string
  readonly partition: number
  /** Records [from, to) were deleted by retention before they were read. */
  readonly from: number
  readonly to: number
}

export interface TopicInputOptions {
  readonly log: Log
  readonly sources: readonly TopicSource[]
  /** Where sources start that say nothing themselves. */
  readonly start: TopicPosition
  /** Goes on there, whatever sources say of their start. Partitions it does not know start at their beginning. */
  readonly positions?: InputPositions
  /** Exclusive, of bounded sources. Default: what their own end stands for now. */
  readonly ends?: InputPositions
  /** Bytes of records read ahead. Default 8 MiB. */
  readonly aheadBytes?: number
  readonly gap?: (gap: InputGap) => void
}

const AHEAD_BYTES = 8 * 1024 * 1024

/**
 * The records of the topics that a dataflow's sources read, in order within each partition, from any offset and on into the live end
 * without a seam. Partitions that a topic gets later are read from their beginning.
 */
export class TopicInput implements FeedHost {
  readonly log: Log
  readonly #options: TopicInputOptions
  readonly #feeds: PartitionFeed[] = []
  /** Where the topics ended when the input was opened, in the order of the first feeds. */
  readonly #ends: number[] = []
  readonly #abort = new AbortController()
  readonly #open = new Set<NodeId>()
  #bytes = 0
  #turn = 0
  #failure: MillraceError | null = null
  #wake: (() => void) | null = null
  #room: (() => void)[] = []

  private constructor(options: TopicInputOptions) {
    this.#options = options
    this.log = options.log
  }

  /** @throws MillraceError LOG_UNKNOWN_TOPIC; SQL_INVALID for an offset in a topic of several partitions. */
  static async open(options: TopicInputOptions): Promise<TopicInput> {
    const input = new TopicInput(options)
    for (const { node, topic } of options.sources) {
      const known = options.positions?.[node.id]
      const from = known ?? (await offsetsAt(options.log, topic, node.from ?? options.start))
      const to = node.to === undefined ? null : (options.ends?.[node.id] ?? (await offsetsAt(options.log, topic, node.to)))
      input.#open.add(node.id)
      for (const { partition, start, end } of await options.log.offsets(topic)) {
        input.#follow({ node, topic }, partition, from[partition] ?? start, to?.[partition] ?? null)
        input.#ends.push(Math.min(end, to?.[partition] ?? end))
      }
    }
    return input
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get positions(): InputPositions {
    const positions: Record<NodeId, number[]> = {}
    for (const { source, partition, position } of this.#feeds) (positions[source] ??= [])[partition] = position
    return positions
  }

  /** Everything that was there when the input was opened has been taken. */
  get caughtUp(): boolean {
    return this.#ends.every((end, i) => this.#feeds[i]!.isPast(end))
  }

  /** No source will give anything more: all are bounded and read. */
  get ended(): boolean {
    return this.#open.size === 0
  }

  /**
   * Resolves when there is something to take, after `millis`, or on `wake`.
   *
   * @throws MillraceError what reading the log has failed with.
   */
  async wait(millis: number): Promise<void> {
    this.#followNewPartitions()
    if (this.#failure !== null) throw this.#failure
    if (this.#bytes > 0 || this.#feeds.some((feed) => feed.blocks.length > 0) || this.#endedNow().length > 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.wake(), millis)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    if (this.#failure !== null) throw this.#failure
  }

  wake(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  /** What has been read, up to about `maxBytes` (at least one block, if there is one), and the sources whose end comes after it. */
  take(maxBytes: number): { readonly ranges: readonly InputRange[]; readonly ended: readonly NodeId[] } {
    const ranges: InputRange[] = []
    let left = maxBytes
    const count = this.#feeds.length
    for (let i = 0; i < count && left > 0; i++) {
      const feed = this.#feeds[(this.#turn + i) % count]!
      const range = takeFrom(feed, left)
      if (range === null) continue
      left -= range.bytes
      ranges.push(range)
    }
    this.#turn = count === 0 ? 0 : (this.#turn + 1) % count
    this.#bytes -= ranges.reduce((sum, { bytes }) => sum + bytes, 0)
    const ended = this.#endedNow()
    for (const source of ended) this.#open.delete(source)
    const waiting = this.#room
    this.#room = []
    for (const resolve of waiting) resolve()
    return { ranges, ended }
  }

  close(): void {
    this.#abort.abort()
    this.wake()
    for (const resolve of this.#room) resolve()
  }

  room(): Promise<void> | null {
    if (this.#bytes < (this.#options.aheadBytes ?? AHEAD_BYTES) || this.signal.aborted) return null
    return new Promise((resolve) => this.#room.push(resolve))
  }

  arrived(bytes: number): void {
    this.#bytes += bytes
    this.wake()
  }

  gap({ source, topic, partition }: PartitionFeed, from: number, to: number): void {
    this.#options.gap?.({ source, topic, partition, from, to })
  }

  failed(error: MillraceError): void {
    this.#failure ??= error
    this.wake()
  }

  #follow({ node, topic }: TopicSource, partition: number, from: number, to: number | null): void {
    const place = { source: node.id, topic, partition, parts: recordParts(node) }
    this.#feeds.push(new PartitionFeed(this, place, from, to))
  }

  /** A bounded source has the partitions it had at first. */
  #followNewPartitions(): void {
    for (const source of this.#options.sources) {
      const { node, topic } = source
      if (node.to !== undefined) continue
      const partitions = this.log.topic(topic)?.config.partitions ?? 0
      for (let next = this.#feeds.filter((f) => f.source === node.id).length; next < partitions; next++) {
        this.#follow(source, next, 0, null)
      }
    }
  }

  #endedNow(): NodeId[] {
    return [...this.#open].filter((source) =>
      this.#feeds.every((feed) => feed.source !== source || (feed.ended && feed.blocks.length === 0)),
    )
  }
}

function takeFrom(feed: PartitionFeed, maxBytes: number): InputRange | null {
  const { source, partition, position: from, parts } = feed
  let taken = 0
  let bytes = 0
  while (taken < feed.blocks.length && (taken === 0 || bytes < maxBytes)) bytes += feed.blocks[taken++]!.bytes.length
  if (taken === 0) return null
  const blocks = feed.blocks.slice(0, taken)
  feed.blocks = feed.blocks.slice(taken)
  const to = blocks.at(-1)!.nextOffset
  feed.position = to
  const records = blocks.reduce((sum, { count }) => sum + count, 0)
  return { source, partition, from, to, records, bytes, block: payloadsOf(blocks, parts) }
}
