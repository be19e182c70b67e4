import type { Log } from '../../log/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import { cursorBefore, type SubscribeFrom } from './cursor.ts'
import type { TopicClient, TopicEncoding } from './encoding.ts'
import { SourceGaps } from './source-gaps.ts'
import { TopicFeed } from './topic-feed.ts'
import { type TopicCounters, TopicSubscription } from './topic-subscription.ts'

export interface TopicFeedsOptions {
  /** Bytes on their way to one client. */
  readonly queueBytes: number
}

export interface TopicFeedsStatistics extends TopicCounters {
  readonly subscriptions: number
}

/** The subscriptions of all topics. A topic has a feed while it has subscribers. */
export class TopicFeeds {
  readonly #log: Log
  readonly #options: TopicFeedsOptions
  readonly #gaps: SourceGaps
  readonly #feeds = new Map<string, Promise<TopicFeed>>()
  readonly #open = new Set<TopicFeed>()
  readonly #counters: TopicCounters = { messages: 0, bytes: 0, gapRecords: 0, gaps: 0, fellBehind: 0 }

  constructor(log: Log, options: TopicFeedsOptions) {
    this.#log = log
    this.#options = options
    this.#gaps = new SourceGaps(log)
  }

  /**
   * Sends the client every record from `from` on. `started` is called before the first, with the cursor of the place in front of it. Returns
   * the function that ends it.
   *
   * @throws MillraceError LOG_UNKNOWN_TOPIC, LOG_OFFSET_OUT_OF_RANGE for a cursor that is not of this topic
   */
  async subscribe(
    topic: string,
    from: SubscribeFrom,
    encoding: TopicEncoding,
    client: TopicClient,
    started?: (cursor: string) => void,
  ): Promise<() => void> {
    const positions = await this.#resolve(topic, from)
    const start = { encoding, positions, queueBytes: this.#options.queueBytes }
    for (;;) {
      const feed = await this.#feed(topic)
      // The last of its other subscribers may just have left it.
      if (feed.ended) continue
      started?.(cursorBefore(positions))
      const subscription = new TopicSubscription(this.#log, feed, client, start, this.#counters)
      return () => {
        subscription.detach()
        if (feed.subscribers.size === 0) this.#close(feed)
      }
    }
  }

  statistics(): TopicFeedsStatistics {
    let subscriptions = 0
    let { messages, bytes } = this.#counters
    for (const { subscribers, broadcast } of this.#open) {
      const live = broadcast.statistics()
      subscriptions += subscribers.size
      messages += live.messages
      bytes += live.bytes
    }
    return { ...this.#counters, messages, bytes, subscriptions }
  }

  async #resolve(topic: string, from: SubscribeFrom): Promise<readonly number[]> {
    const ranges = await this.#log.offsets(topic)
    switch (from.kind) {
      case 'earliest':
        return ranges.map(({ start }) => start)
      case 'latest':
        return ranges.map(({ end }) => end)
      case 'timestamp':
        return Promise.all(ranges.map(({ partition }) => this.#log.offsetAt(topic, partition, from.micros)))
      case 'cursor': {
        const beyond = from.positions.findIndex((position, partition) => position > (ranges[partition]?.end ?? 0))
        if (beyond < 0) return ranges.map(({ partition }) => from.positions[partition] ?? 0)
        throw new MillraceError('LOG_OFFSET_OUT_OF_RANGE', `topic "${topic}" has no offset ${from.positions[beyond]! - 1} in partition ${beyond} yet`, {
          detail: 'The cursor is of another topic, or of one of this name that was deleted.',
          hint: 'Start from earliest or latest.',
        })
      }
    }
  }

  /** The feed of a topic, or a new one in place of one that has ended. */
  async #feed(topic: string): Promise<TopicFeed> {
    const known = this.#feeds.get(topic)
    const feed = await known?.catch(() => undefined)
    if (feed !== undefined && !feed.ended) return feed
    if (this.#feeds.get(topic) !== known) return this.#feed(topic)
    const opening = TopicFeed.open(this.#log, this.#gaps, topic)
    this.#feeds.set(topic, opening)
    try {
      const opened = await opening
      this.#open.add(opened)
      return opened
    } catch (error) {
      this.#feeds.delete(topic)
      throw error
    }
  }

  #close(feed: TopicFeed): void {
    if (!this.#open.delete(feed)) return
    feed.close()
    const live = feed.broadcast.statistics()
    this.#counters.messages += live.messages
    this.#counters.bytes += live.bytes
  }
}
