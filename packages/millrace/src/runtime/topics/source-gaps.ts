import type { Log } from '../../log/index.ts'
import { GAPS_TOPIC } from '../capture/gap-record.ts'

/** What a captured source is known to have said and is missing, in front of the record at `offset`. */
export interface SourceGap {
  /** Of the gap's record: gaps are numbered in the order in which they became known. */
  readonly id: number
  readonly partition: number
  readonly offset: number
  /** The message to subscribers. */
  readonly message: Buffer
}

/** Gaps remembered of one topic: a subscriber of its history is told of the latest ones. */
const KEPT = 10_000

/** The gaps of all captured topics, as subscribers are told of them. */
export class SourceGaps {
  readonly #log: Log
  readonly #byTopic = new Map<string, SourceGap[]>()
  /** The gap that is read next. */
  #next = 0
  #reading: Promise<void> | null = null

  constructor(log: Log) {
    this.#log = log
  }

  /** Of gaps that become known now. */
  get nextId(): number {
    return this.#next
  }

  of(topic: string): readonly SourceGap[] {
    return this.#byTopic.get(topic) ?? []
  }

  /** Afterwards every gap is known that was durable before the call. */
  async refresh(): Promise<void> {
    while (await this.#isBehind()) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = null
      })
      await this.#reading
    }
  }

  async #isBehind(): Promise<boolean> {
    if (this.#log.topic(GAPS_TOPIC) === undefined) return false
    const [range] = await this.#log.offsets(GAPS_TOPIC)
    if (range === undefined) return false
    this.#next = Math.max(this.#next, range.start)
    return this.#next < range.end
  }

  async #read(): Promise<void> {
    const reader = await this.#log.reader(GAPS_TOPIC, { from: { offset: this.#next } })
    for await (const block of reader) {
      for (let i = 0; i < block.count; i++) this.#add(block.offset(i), block.value(i))
      this.#next = block.nextOffset
    }
  }

  #add(id: number, value: Uint8Array | null): void {
    const text = Buffer.from(value ?? []).toString()
    const gap = JSON.parse(text) as { topic: string; partition: number; offset: number; pipeline?: string }
    // What a pipeline missed is no gap of the topic.
    if (gap.pipeline !== undefined) return
    const gaps = this.#byTopic.get(gap.topic) ?? []
    this.#byTopic.set(gap.topic, gaps)
    const message = Buffer.from(`{"$millrace":{"gap":${text}}}`)
    gaps.push({ id, partition: gap.partition, offset: gap.offset, message })
    if (gaps.length > 2 * KEPT) gaps.splice(0, KEPT)
  }
}
