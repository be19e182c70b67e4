import { MillraceError } from '../../kernel/index.ts'
import type { Log, LogBlock, LogReader } from '../../log/index.ts'
import type { NodeId } from '../../plan/index.ts'
import type { RecordParts } from './payload-columns.ts'

/** What a feed shares with the others of its input. */
export interface FeedHost {
  readonly log: Log
  readonly signal: AbortSignal
  /** Resolves when there is room for more. */
  room(): Promise<void> | null
  /** Blocks came, or the feed has ended. */
  arrived(bytes: number): void
  /** Retention deleted records [from, to) before they were read. */
  gap(feed: PartitionFeed, from: number, to: number): void
  failed(error: MillraceError): void
}

/** Reads one partition of a topic ahead of who takes its blocks. */
export class PartitionFeed {
  readonly source: NodeId
  readonly topic: string
  readonly partition: number
  readonly parts: RecordParts
  /** Of the record that is taken next. */
  position: number
  blocks: LogBlock[] = []
  /** Bounded, and everything is among `blocks`. */
  ended = false
  readonly #host: FeedHost
  readonly #to: number | null
  #reader: LogReader | null = null

  /** `to` is exclusive; null: without end. */
  constructor(
    host: FeedHost,
    place: { readonly source: NodeId; readonly topic: string; readonly partition: number; readonly parts: RecordParts },
    from: number,
    to: number | null,
  ) {
    this.#host = host
    this.source = place.source
    this.topic = place.topic
    this.partition = place.partition
    this.parts = place.parts
    this.position = from
    this.#to = to
    this.#run(from).catch((error: unknown) => {
      if (!host.signal.aborted) host.failed(MillraceError.from(error))
    })
  }

  /** Everything before `offset` has been taken; what compaction or retention removed counts as taken. */
  isPast(offset: number): boolean {
    return this.position >= offset || (this.blocks.length === 0 && (this.ended || (this.#reader?.offset ?? 0) >= offset))
  }

  async #run(from: number): Promise<void> {
    const { log, signal } = this.#host
    const { topic, partition } = this
    let next = from
    while (this.#to === null || next < this.#to) {
      await this.#host.room()
      if (signal.aborted) return
      try {
        this.#reader ??= await log.reader(topic, {
          partition,
          from: { offset: next },
          ...(this.#to === null ? { follow: true } : { to: this.#to }),
        })
        const block = await this.#reader.next(signal)
        if (block === null) break
        next = block.nextOffset
        this.blocks.push(block)
        this.#host.arrived(block.bytes.length)
      } catch (thrown) {
        const error = MillraceError.from(thrown)
        if (error.code !== 'LOG_OFFSET_OUT_OF_RANGE') throw error
        this.#reader = null
        next = await this.#passGap(next, error)
      }
    }
    this.ended = true
    this.#host.arrived(0)
  }

  async #passGap(from: number, cause: MillraceError): Promise<number> {
    const range = (await this.#host.log.offsets(this.topic)).find((r) => r.partition === this.partition)
    if (range === undefined || range.start <= from) throw cause
    const to = this.#to === null ? range.start : Math.min(range.start, this.#to)
    this.#host.gap(this, from, to)
    return to
  }
}
