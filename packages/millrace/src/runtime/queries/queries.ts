import { availableParallelism } from 'node:os'
import type { SlowClientPolicy } from '../../connectors/index.ts'
import { type Clock, MillraceError } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import type { TopicPosition } from '../../plan/index.ts'
import type { PlannedQuery } from '../catalog/index.ts'
import type { CreateExecutor, ExecutorOptions } from '../executor/executor.ts'
import { inlineExecutor } from '../executor/inline-executor.ts'
import { workerExecutor } from '../executor/worker-executor.ts'
import { isShareable, queryIdentity } from './planned-query.ts'
import { startPrivateQuery } from './private-query.ts'
import type { ResultClient, ResultEncoding } from './result-client.ts'
import { scanBytes } from './scan-size.ts'
import { SharedQuery } from './shared-query.ts'
import { startTopicQuery, type TopicQuery, type TopicQueryEvents } from './topic-query.ts'

export interface QueriesOptions {
  readonly log: Log
  readonly clock?: Clock
  /** Dataflows at once. Default 64. */
  readonly maxQueries?: number
  /** Bytes of state of one dataflow, and of the rows of one shared result. Default 256 MiB. */
  readonly stateLimit?: number
  /** Default: in this thread, in slices; a query that finds much to read in a worker, as long as there is one left. */
  readonly createExecutor?: CreateExecutor
  /** Default: as many as there are processors. */
  readonly maxWorkers?: number
}

export interface SubscribeOptions {
  /** Where sources start that say nothing themselves. */
  readonly start: TopicPosition
  readonly client: ResultClient
  readonly encoding: ResultEncoding
  readonly policy: SlowClientPolicy
  /** Bytes on their way to the client. */
  readonly queueBytes: number
}

const DEFAULT_QUERIES = 64
const DEFAULT_STATE_BYTES = 256 * 1024 * 1024
const BATCH_ROWS = 1024
/** Records that are read in a few slices; starting a worker takes longer. */
const SMALL_SCAN_BYTES = 8 * 1024 * 1024

/** The ad-hoc queries of a server: how many there are, and which of them are one. */
export class Queries {
  readonly #options: QueriesOptions
  readonly #executor: ExecutorOptions
  readonly #running = new Set<TopicQuery>()
  readonly #shared = new Map<string, SharedQuery>()
  #workers = 0
  #closed = false

  constructor(options: QueriesOptions) {
    this.#options = options
    this.#executor = { codegen: true, batchRows: BATCH_ROWS, stateLimit: options.stateLimit ?? DEFAULT_STATE_BYTES }
  }

  /** Those that run in a thread of their own. */
  get workers(): number {
    return this.#workers
  }

  /** Dataflows that run. */
  get running(): number {
    return this.#running.size
  }

  /** Those of them that serve whoever wants them. */
  get shared(): number {
    return this.#shared.size
  }

  /** @throws MillraceError SERVER_BUSY, SERVER_STOPPING */
  start(planned: PlannedQuery, start: TopicPosition, events: TopicQueryEvents): TopicQuery {
    this.#admit()
    const { log, clock } = this.#options
    const { dataflow, topics } = planned
    let workers = 0
    const createExecutor: CreateExecutor = async (...setup) => {
      if (this.#options.createExecutor !== undefined) return this.#options.createExecutor(...setup)
      const isSmall = (await scanBytes(log, planned, start)) <= SMALL_SCAN_BYTES
      if (isSmall || this.#workers >= (this.#options.maxWorkers ?? availableParallelism()))
        return inlineExecutor(...setup)
      workers = 1
      this.#workers++
      return workerExecutor(...setup)
    }
    const options = { log, dataflow, topics, start, createExecutor, executor: this.#executor }
    const query = startTopicQuery(clock === undefined ? options : { ...options, clock }, events)
    this.#running.add(query)
    void query.ended.then(() => {
      this.#running.delete(query)
      this.#workers -= workers
    })
    return query
  }

  /**
   * Sends the result as messages until the client is gone, which the answer says. Equal queries that need nothing of the past are one
   * dataflow; the others run for their subscriber alone.
   *
   * @throws MillraceError SERVER_BUSY, SERVER_STOPPING
   */
  subscribe(query: PlannedQuery, options: SubscribeOptions): () => void {
    const start = (events: TopicQueryEvents): TopicQuery => this.start(query, options.start, events)
    if (!isShareable(query, options.start)) {
      const running = startPrivateQuery({ ...options, query, start })
      return () => void running.cancel()
    }
    const identity = queryIdentity(query, options.start)
    let shared = this.#shared.get(identity)
    if (shared === undefined) {
      const made: SharedQuery = new SharedQuery({
        query,
        standingLimit: this.#executor.stateLimit,
        start,
        over: () => {
          if (this.#shared.get(identity) === made) this.#shared.delete(identity)
        },
      })
      shared = made
      this.#shared.set(identity, shared)
    }
    return shared.subscribe(options)
  }

  /** Ends all of them; their clients are told that the server stops. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#running].map((query) => query.cancel()))
  }

  #admit(): void {
    if (this.#closed) throw new MillraceError('SERVER_STOPPING', 'the server is stopping')
    const limit = this.#options.maxQueries ?? DEFAULT_QUERIES
    if (this.#running.size >= limit) {
      throw new MillraceError('SERVER_BUSY', `the server runs ${limit} queries already`, {
        hint: 'Try again when one of them has ended, or make the result a materialized view.',
      })
    }
  }
}
