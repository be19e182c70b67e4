import { MillraceError } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import type { NodeId, TopicPosition } from '../../plan/index.ts'
import { type InputGap, TopicInput, type TopicSource } from '../topic-input/index.ts'
import type { Portion, QueryInput } from './query-input.ts'

/** Bytes of records that a query reads ahead. */
const AHEAD_BYTES = 2 * 1024 * 1024
/** Milliseconds in which what is in the log reaches a reader that stands at its end. */
const DRAIN_MS = 50

export interface TopicsInputOptions {
  readonly log: Log
  readonly sources: readonly TopicSource[]
  readonly start: TopicPosition
  readonly gap: (gap: InputGap) => void
}

/** The sources of a query that read topics. */
export class TopicsInput implements QueryInput {
  readonly sources: readonly NodeId[]
  drained = false
  failure: MillraceError | null = null
  readonly #log: Log
  readonly #topics: ReadonlyMap<NodeId, string>
  readonly #input: TopicInput
  /** Sources that end there, although they were opened without end. */
  readonly #ends = new Map<NodeId, readonly number[]>()
  #stopping = false

  private constructor(options: TopicsInputOptions, input: TopicInput) {
    this.#log = options.log
    this.#topics = new Map(options.sources.map(({ node, topic }) => [node.id, topic]))
    this.sources = [...this.#topics.keys()]
    this.#input = input
  }

  /** @throws MillraceError LOG_UNKNOWN_TOPIC, SQL_INVALID */
  static async open(options: TopicsInputOptions): Promise<TopicsInput> {
    return new TopicsInput(options, await TopicInput.open({ ...options, aheadBytes: AHEAD_BYTES }))
  }

  get caughtUp(): boolean {
    return this.#input.caughtUp
  }

  async wait(millis: number): Promise<void> {
    try {
      await this.#input.wait(this.#stopping ? Math.min(millis, DRAIN_MS) : millis)
    } catch (error) {
      this.failure = MillraceError.from(error)
    }
  }

  wake(): void {
    this.#input.wake()
  }

  take(maxBytes: number): Portion {
    const { ranges, ended } = this.#input.take(maxBytes)
    if (this.#stopping && ranges.length === 0) this.drained = true
    return {
      inputs: ranges.map(({ source, block }) => ({ source, block })),
      ended: [...ended, ...this.#reached()],
      settle: () => Promise.resolve(),
    }
  }

  /** Nothing more is written to the source's topic: it ends with what is there. */
  async finish(source: NodeId): Promise<void> {
    const ranges = await this.#log.offsets(this.#topics.get(source)!)
    this.#ends.set(
      source,
      ranges.map(({ end }) => end),
    )
    this.wake()
  }

  /** A query that has not reached the end of its history does not go there. */
  stop(): void {
    if (!this.caughtUp) this.drained = true
    this.#stopping = true
    this.wake()
  }

  close(): void {
    this.#input.close()
  }

  #reached(): NodeId[] {
    const { positions } = this.#input
    const reached = [...this.#ends].flatMap(([source, ends]) =>
      ends.every((end, partition) => (positions[source]?.[partition] ?? 0) >= end) ? [source] : [],
    )
    for (const source of reached) this.#ends.delete(source)
    return reached
  }
}
