import { MillraceError } from '../../kernel/index.ts'
import type { Log, LogBlock } from '../../log/index.ts'
import { RowBroadcast } from '../subscriptions/row-broadcast.ts'
import { BlockMessages } from './block-messages.ts'
import type { SourceGaps } from './source-gaps.ts'
import type { TopicSubscription } from './topic-subscription.ts'

/** Messages kept for clients on their way from history to now: enough for what comes while they read the last piece of it. */
const RETAIN_BYTES = 8 * 1024 * 1024
/** Milliseconds between two looks whether the topic has got more partitions, or its source a gap with nothing behind it yet. */
const LOOK_MS = 1000

/** What was published at once, and where its readers stood before it. */
interface Mark {
  /** Number of its first message. */
  readonly first: number
  readonly positions: readonly number[]
  readonly partition: number
  readonly firstOffset: number
  /** Offsets of the records when there are holes. */
  readonly offsets: Float64Array | null
}

/**
 * The live end of one topic: one reader a partition for all its subscribers. Messages are encoded once and fanned out by a broadcast,
 * which numbers them; marks say where in the topic a number is.
 */
export class TopicFeed {
  readonly topic: string
  readonly subscribers = new Set<TopicSubscription>()
  /** Next offsets, after everything published. */
  readonly positions: number[] = []
  readonly gaps: SourceGaps
  readonly #log: Log
  readonly #messages = new BlockMessages()
  readonly #growth: NodeJS.Timeout
  #broadcast = new RowBroadcast({ retainBytes: RETAIN_BYTES })
  #marks: Mark[] = []
  /** One for every start of the tails. */
  #generation = new AbortController()
  #tails: Promise<void>[] = []
  #stopped = false
  /** Gaps before it are published, or were there before the feed. */
  #nextGap: number

  private constructor(log: Log, gaps: SourceGaps, topic: string, ends: readonly number[]) {
    this.#log = log
    this.gaps = gaps
    this.#nextGap = gaps.nextId
    this.topic = topic
    for (const end of ends) this.#follow(this.positions.push(end) - 1)
    this.#growth = setInterval(() => this.#look(), LOOK_MS).unref()
  }

  /** Starts at the end of the topic. @throws MillraceError LOG_UNKNOWN_TOPIC */
  static async open(log: Log, gaps: SourceGaps, topic: string): Promise<TopicFeed> {
    await gaps.refresh()
    const ranges = await log.offsets(topic)
    return new TopicFeed(
      log,
      gaps,
      topic,
      ranges.map(({ end }) => end),
    )
  }

  get broadcast(): RowBroadcast {
    return this.#broadcast
  }

  /** Closed, or its topic is gone. */
  get ended(): boolean {
    return this.#stopped
  }

  /** Where somebody stands who has every message before this number, which is still attached to the broadcast. */
  positionsAt(sequence: number): number[] {
    if (sequence >= this.#broadcast.rows.next) return [...this.positions]
    let low = 0
    let high = this.#marks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#marks[middle]!.first <= sequence) low = middle
      else high = middle - 1
    }
    const mark = this.#marks[low]
    if (mark === undefined || mark.first > sequence) throw new MillraceError('INTERNAL', `message ${sequence} has no place in topic "${this.topic}"`)
    const positions = [...mark.positions]
    const row = sequence - mark.first
    if (row > 0) positions[mark.partition] = mark.offsets === null ? mark.firstOffset + row : mark.offsets[row - 1]! + 1
    return positions
  }

  close(): void {
    clearInterval(this.#growth)
    this.#stopped = true
    this.#generation.abort()
    void this.#broadcast.close(1000, '', 0)
  }

  #follow(partition: number): void {
    this.#tails.push(
      this.#tail(partition, this.#generation.signal).catch((error: unknown) => {
        void this.#onError(MillraceError.from(error), this.#generation)
      }),
    )
  }

  /** The gap that is published next. */
  get nextGap(): number {
    return this.#nextGap
  }

  #look(): void {
    this.#followNewPartitions()
    this.gaps.refresh().then(
      () => this.#publishGaps(),
      // The tails meet the same error.
      () => undefined,
    )
  }

  #followNewPartitions(): void {
    const partitions = this.#log.topic(this.topic)?.config.partitions ?? 0
    while (this.positions.length < partitions) this.#follow(this.positions.push(0) - 1)
  }

  async #tail(partition: number, signal: AbortSignal): Promise<void> {
    const from = { offset: this.positions[partition]! }
    const reader = await this.#log.reader(this.topic, { partition, from, follow: true })
    while (!signal.aborted) {
      const block = await reader.next(signal)
      if (block === null || signal.aborted) return
      // A gap is as durable as the records around it, and is said before those behind it.
      await this.gaps.refresh()
      if (signal.aborted) return
      this.#publishGaps()
      await this.#publish(block)
    }
  }

  #publishGaps(): void {
    if (this.#stopped || this.#nextGap === this.gaps.nextId) return
    const gaps = this.gaps.of(this.topic).filter(({ id }) => id >= this.#nextGap)
    this.#nextGap = this.gaps.nextId
    for (const { partition, message } of gaps) {
      const positions = [...this.positions]
      this.#marks.push({ first: this.#broadcast.rows.next, positions, partition, firstOffset: positions[partition] ?? 0, offsets: null })
      void this.#broadcast.publish({ bytes: message, offsets: Uint32Array.of(0, message.length) })
    }
  }

  #publish(block: LogBlock): Promise<void> | undefined {
    const { partition, firstOffset, sparseOffsets } = block
    const positions = [...this.positions]
    this.#marks.push({ first: this.#broadcast.rows.next, positions, partition, firstOffset, offsets: sparseOffsets })
    const rows = this.#messages.encode(block, positions)
    this.positions[partition] = block.nextOffset
    const written = this.#broadcast.publish(rows)
    this.#forgetMarks()
    return written
  }

  /** Whoever is attached has, or will have, its next message among those retained. */
  #forgetMarks(): void {
    const { first } = this.#broadcast.rows
    let gone = 0
    while (gone + 1 < this.#marks.length && this.#marks[gone + 1]!.first <= first) gone++
    if (gone > 64 || gone * 2 > this.#marks.length) this.#marks = this.#marks.slice(gone)
  }

  /** The first error of a generation ends it; those of the others are its echo. */
  async #onError(cause: MillraceError, generation: AbortController): Promise<void> {
    if (generation.signal.aborted) return
    generation.abort()
    await Promise.all(this.#tails)
    if (this.#stopped) return
    if (cause.code === 'LOG_OFFSET_OUT_OF_RANGE') {
      await this.#restart().catch((again: unknown) => this.#fail(MillraceError.from(again)))
    } else {
      this.#fail(cause)
    }
  }

  /**
   * Retention has overtaken the feed itself. Everybody goes back to reading the log, each from where it stands, and so each learns of its
   * own gap; the feed goes on at the end.
   */
  async #restart(): Promise<void> {
    const ranges = await this.#log.offsets(this.topic)
    await this.#broadcast.flush()
    const subscribers = [...this.subscribers]
    for (const subscriber of subscribers) subscriber.leave()
    void this.#broadcast.close(1000, '', 0)
    this.#broadcast = new RowBroadcast({ retainBytes: RETAIN_BYTES })
    this.#marks = []
    this.#generation = new AbortController()
    this.#tails = []
    this.positions.length = 0
    for (const { end } of ranges) this.#follow(this.positions.push(end) - 1)
    for (const subscriber of subscribers) subscriber.catchUp()
  }

  #fail(error: MillraceError): void {
    this.#stopped = true
    for (const subscriber of [...this.subscribers]) subscriber.fail(error)
    this.close()
  }
}
