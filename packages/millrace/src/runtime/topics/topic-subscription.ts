import { setImmediate } from 'node:timers/promises'
import type { ClientSink } from '../../connectors/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import type { Log, LogBlock, LogReader } from '../../log/index.ts'
import { FrameBuffer } from '../../wire/index.ts'
import { Subscription } from '../subscriptions/subscription.ts'
import { BlockMessages } from './block-messages.ts'
import type { TopicClient, TopicEncoding } from './encoding.ts'
import type { TopicFeed } from './topic-feed.ts'

export interface TopicCounters {
  messages: number
  bytes: number
  /** Records that retention deleted before a subscriber got them. */
  gapRecords: number
  gaps: number
  /** Times a subscriber could not keep up with the live end and went back to reading the log. */
  fellBehind: number
}

/**
 * One subscriber of a topic. Behind, it reads the log at its own pace, with at most `queueBytes` on their way to the client; caught up, it
 * is a client of the feed's broadcast. When it falls behind again it goes back to the log: nothing is queued for it and nothing dropped.
 */
export class TopicSubscription implements ClientSink {
  readonly #log: Log
  readonly #feed: TopicFeed
  readonly #client: TopicClient
  readonly #encoding: TopicEncoding
  readonly #counters: TopicCounters
  readonly #queueBytes: number
  readonly #messages = new BlockMessages()
  readonly #closed = new AbortController()
  /** Next offsets while behind. */
  #positions: number[]
  #attached: Subscription | null = null

  constructor(
    log: Log,
    feed: TopicFeed,
    client: TopicClient,
    start: { readonly encoding: TopicEncoding; readonly positions: readonly number[]; readonly queueBytes: number },
    counters: TopicCounters,
  ) {
    this.#log = log
    this.#feed = feed
    this.#client = client
    this.#encoding = start.encoding
    this.#positions = [...start.positions]
    this.#queueBytes = start.queueBytes
    this.#counters = counters
    feed.subscribers.add(this)
    this.catchUp()
  }

  /** Reads from where it stands to the live end, and joins it. */
  catchUp(): void {
    this.#run().catch((error: unknown) => {
      if (!this.#closed.signal.aborted) this.fail(MillraceError.from(error))
    })
  }

  /** Goes out of the broadcast, which has written all it had; the feed calls `catchUp` when there is another one. */
  leave(): void {
    const attached = this.#attached
    if (attached === null) return
    const live = attached.group.members.has(attached)
    this.#positions = live ? [...this.#feed.positions] : this.#feed.positionsAt(attached.next)
    this.#attached = null
    attached.detach()
  }

  fail(error: MillraceError): void {
    if (this.#closed.signal.aborted) return
    this.detach()
    this.#client.end(error)
  }

  /** The client is gone. Idempotent. */
  detach(): void {
    this.#closed.abort()
    this.#attached?.detach()
    this.#attached = null
    this.#feed.subscribers.delete(this)
  }

  get pendingBytes(): number {
    return this.#client.pendingBytes
  }

  write(chunk: Buffer): void {
    this.#client.write(chunk)
  }

  whenDrained(callback: () => void): void {
    this.#client.whenDrained(callback)
  }

  /** The broadcast finds it too slow. */
  close(): void {
    const attached = this.#attached
    if (attached === null || this.#closed.signal.aborted) return
    this.#counters.fellBehind++
    this.#attached = null
    this.#positions = this.#feed.positionsAt(attached.next)
    this.catchUp()
  }

  async #run(): Promise<void> {
    const feed = this.#feed
    for (;;) {
      const { broadcast } = feed
      const target = [...feed.positions]
      const sequence = broadcast.rows.next
      const { nextGap } = feed
      await this.#readUpTo(target)
      if (this.#closed.signal.aborted || this.#attached !== null) return
      const there = target.every((position, partition) => position === this.#at(partition))
      // Between the two moments messages came; they are retained, or there is another round.
      if (there && feed.broadcast === broadcast && sequence >= broadcast.rows.first) {
        for (const [partition, position] of target.entries()) this.#sendGaps(partition, position, Number.POSITIVE_INFINITY, nextGap)
        const attachment = broadcast.attach(this, {
          encoding: this.#encoding,
          policy: { kind: 'disconnect' },
          queueBytes: this.#queueBytes,
          from: sequence,
        })
        if (attachment instanceof Subscription) this.#attached = attachment
        return
      }
      await setImmediate()
    }
  }

  #at(partition: number): number {
    return this.#positions[partition] ?? 0
  }

  /** A block of each partition in turn. */
  async #readUpTo(target: readonly number[]): Promise<void> {
    const { signal } = this.#closed
    while (this.#positions.length < target.length) this.#positions.push(0)
    const readers = new Map<number, LogReader | null>()
    for (const [partition, to] of target.entries()) if (this.#at(partition) < to) readers.set(partition, null)
    while (readers.size > 0) {
      for (const [partition, open] of readers) {
        await this.#room()
        if (signal.aborted) return
        try {
          const from = { offset: this.#at(partition) }
          const reader = open ?? (await this.#log.reader(this.#feed.topic, { partition, from, to: target[partition]! }))
          readers.set(partition, reader)
          const block = await reader.next(signal)
          if (signal.aborted) return
          if (block !== null) {
            this.#sendGaps(partition, block.firstOffset, block.nextOffset, this.#feed.gaps.nextId)
            this.#send(block)
          }
          if (block === null || reader.offset >= target[partition]!) readers.delete(partition)
          // Holes at the end hold no record, but they are behind us.
          if (!readers.has(partition)) this.#positions[partition] = Math.max(this.#at(partition), target[partition]!)
        } catch (thrown) {
          const error = MillraceError.from(thrown)
          if (signal.aborted || error.code !== 'LOG_OFFSET_OUT_OF_RANGE') throw error
          await this.#passGap(partition, error)
          if (this.#at(partition) >= target[partition]!) readers.delete(partition)
          else readers.set(partition, null)
        }
      }
    }
  }

  async #passGap(partition: number, cause: MillraceError): Promise<void> {
    const range = (await this.#log.offsets(this.#feed.topic)).find((r) => r.partition === partition)
    const from = this.#at(partition)
    if (range === undefined || range.start <= from) throw cause
    this.#counters.gaps++
    this.#counters.gapRecords += range.start - from
    this.#client.write(this.#encoding.topicGap({ partition, from, to: range.start - 1, reason: 'retention' }))
    this.#positions[partition] = range.start
  }

  /** Gaps of the source in front of records [from, to), of those before gap `nextGap`. */
  #sendGaps(partition: number, from: number, to: number, nextGap: number): void {
    for (const gap of this.#feed.gaps.of(this.#feed.topic)) {
      if (gap.partition !== partition || gap.offset < from || gap.offset >= to || gap.id >= nextGap) continue
      const frames = new FrameBuffer(gap.message.length + 16)
      this.#encoding.row(frames, gap.message, 0, gap.message.length, 0)
      this.#client.write(frames.take())
    }
  }

  #send(block: LogBlock): void {
    const { bytes, offsets } = this.#messages.encode(block, this.#positions)
    const frames = new FrameBuffer(Math.min(64 * 1024, bytes.length + 16 * block.count))
    for (let i = 0; i < block.count; i++) this.#encoding.row(frames, bytes, offsets[i]!, offsets[i + 1]!, 0)
    this.#positions[block.partition] = block.nextOffset
    this.#counters.messages += frames.frames
    this.#counters.bytes += frames.length
    this.#client.write(frames.take())
  }

  /** Resolves when the client can take more. */
  async #room(): Promise<void> {
    while (this.#client.pendingBytes >= this.#queueBytes && !this.#closed.signal.aborted) {
      await new Promise<void>((resolve) => this.#client.whenDrained(resolve))
    }
  }
}
