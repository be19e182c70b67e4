import { assert, type RecordBatch } from '../../kernel/index.ts'
import type { Encoder } from '../../formats/index.ts'
import { RowBroadcast } from '../subscriptions/row-broadcast.ts'
import type { PlannedQuery } from '../catalog/index.ts'
import type { JobEnd } from '../job/job-types.ts'
import { gapMessage, messageEncoder, rowEncoder } from './result-messages.ts'
import { SharedSubscription, type SharedSubscriptionOptions } from './shared-subscription.ts'
import { StandingRows } from './standing-rows.ts'
import type { QueryGap, TopicQuery, TopicQueryEvents } from './topic-query.ts'

/** Messages kept for subscribers that are told what stands, until they have caught up with what came meanwhile. */
const RETAIN_BYTES = 8 * 1024 * 1024
/** Milliseconds for subscribers that are behind when the query ends. */
const GRACE_MS = 2000

export interface SharedQueryOptions {
  readonly query: PlannedQuery
  /** Bytes of the rows of an updating result. */
  readonly standingLimit: number
  start(events: TopicQueryEvents): TopicQuery
  /** Nobody subscribes any more, or the query has ended: the next subscriber gets another one. */
  over(): void
}

/** One running dataflow for everybody who wants its result as it comes. Messages are encoded once. */
export class SharedQuery {
  readonly broadcast = new RowBroadcast({ retainBytes: RETAIN_BYTES })
  /** Of an updating result. */
  readonly standing: StandingRows | null
  readonly #options: SharedQueryOptions
  readonly #messages: Encoder
  readonly #rows: Encoder
  readonly #query: TopicQuery
  readonly #subscribers = new Set<SharedSubscription>()
  #live = false
  #end: JobEnd | null = null

  constructor(options: SharedQueryOptions) {
    const { schema, updating } = options.query.output
    this.#options = options
    this.#messages = messageEncoder(schema, updating)
    this.#rows = rowEncoder(schema)
    this.standing = updating ? new StandingRows(options.standingLimit) : null
    this.#query = options.start({
      output: (_, batch) => this.#output(batch),
      live: () => this.#onLive(),
      gap: (gap) => this.#publishGap(gap),
    })
    void this.#query.ended.then((end) => this.#finish(end))
  }

  get subscribers(): number {
    return this.#subscribers.size
  }

  /** How the query ended; null while it runs. */
  get end(): JobEnd | null {
    return this.#end
  }

  subscribe(options: SharedSubscriptionOptions): () => void {
    assert(this.#end === null, 'the query has ended')
    const subscription = new SharedSubscription(this, options)
    this.#subscribers.add(subscription)
    if (this.#live) subscription.begin()
    return () => {
      subscription.detach()
      this.leave(subscription)
    }
  }

  leave(subscription: SharedSubscription): void {
    if (!this.#subscribers.delete(subscription) || this.#subscribers.size > 0 || this.#end !== null) return
    this.#options.over()
    void this.#query.cancel()
  }

  #output(batch: RecordBatch): void | Promise<void> {
    this.standing?.apply(this.#rows.encode(batch), batch.weights)
    // Whoever subscribes is told from when it is live on.
    if (!this.#live) return
    return this.broadcast.publish(this.#messages.encode(batch))
  }

  #onLive(): void {
    this.#live = true
    for (const subscription of this.#subscribers) subscription.begin()
  }

  #publishGap(gap: QueryGap): void {
    const bytes = gapMessage(gap)
    void this.broadcast.publish({ bytes, offsets: Uint32Array.of(0, bytes.length) })
  }

  async #finish(end: JobEnd): Promise<void> {
    this.#end = end
    this.#options.over()
    // Those that wait for the end of history, or are told what stands, are in no broadcast yet.
    await this.broadcast.close(1000, '', GRACE_MS)
    for (const subscription of this.#subscribers) subscription.close()
  }
}
