import { type Clock, MillraceError, type RecordBatch, systemClock } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import type { Dataflow, NodeId, SourceNode, TopicPosition } from '../../plan/index.ts'
import type { CreateExecutor, DeadLetter, Executor, ExecutorOptions, ExecutorStatistics } from '../executor/executor.ts'
import type { JobEnd } from '../job/job-types.ts'
import type { Portion, QueryInput } from './query-input.ts'
import { TopicsInput } from './topics-input.ts'

export interface TopicQueryOptions {
  readonly log: Log
  readonly dataflow: Dataflow
  /** The topic of each source; one that has none is read by one of `inputs`. */
  readonly topics: Readonly<Record<NodeId, string>>
  /** Where sources start that say nothing themselves. */
  readonly start: TopicPosition
  readonly createExecutor: CreateExecutor
  readonly executor: ExecutorOptions
  readonly inputs?: readonly QueryInput[]
  readonly clock?: Clock
  /** Aborted: the query ends as `stopped` at once, whatever it is at. */
  readonly signal?: AbortSignal
}

/** Records that retention deleted before the query read them: offsets [from, to). */
export interface QueryGap {
  readonly table: string
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
}

export interface TopicQueryEvents {
  /** Rows of a sink or output node, in order. Back-pressure: the query waits for the promise. */
  output(node: NodeId, batch: RecordBatch): void | Promise<void>
  /** The rows of everything that was there at the start have been handed out. Once. */
  live?(): void
  /** The query goes on behind it. */
  gap?(gap: QueryGap): void
  deadLetter?(letter: DeadLetter): void
}

export interface TopicQueryStatistics extends ExecutorStatistics {
  readonly startedAt: number
  readonly gaps: number
  readonly rowsOut: Readonly<Record<NodeId, number>>
  readonly live: boolean
}

/** Payload bytes of one step: what is decoded before others get the event loop. */
const STEP_BYTES = 256 * 1024
/** Milliseconds of steps in a row before the event loop gets its turn. */
const SLICE_MS = 4
/** Processing time reaches the dataflow at least this often; milliseconds. */
const TICK_MS = 250

/**
 * Runs a dataflow over topics: history first, from wherever a source starts, and on into the live end without a seam. Ends when every
 * source is bounded and read; then its windows close.
 */
export function startTopicQuery(options: TopicQueryOptions, events: TopicQueryEvents): TopicQuery {
  return new TopicQuery(options, events)
}

export class TopicQuery {
  /** Settles once, never rejects. */
  readonly ended: Promise<JobEnd>
  /** Resolves once the query reads, or has ended. */
  readonly opened: Promise<void>
  readonly #options: TopicQueryOptions
  readonly #events: TopicQueryEvents
  readonly #clock: Clock
  readonly #cancel = new AbortController()
  readonly #rowsOut = new Map<NodeId, number>()
  readonly #startedAt: number
  #inputs: readonly QueryInput[] = []
  #topics: TopicsInput | null = null
  #executor: Executor | null = null
  #setOpened: () => void = () => undefined
  /** Ends waiting for whoever takes the output. */
  #giveUp: (() => void) | null = null
  #stopping = false
  #live = false
  #gaps = 0
  #seed = 0
  #last: TopicQueryStatistics | null = null

  constructor(options: TopicQueryOptions, events: TopicQueryEvents) {
    this.#options = options
    this.#events = events
    this.#clock = options.clock ?? systemClock
    this.#startedAt = this.#clock.now()
    this.opened = new Promise((resolve) => {
      this.#setOpened = resolve
    })
    const { signal } = options
    const cancel = (): void => void this.cancel()
    if (signal?.aborted === true) cancel()
    else signal?.addEventListener('abort', cancel, { once: true })
    this.ended = this.#run().finally(() => signal?.removeEventListener('abort', cancel))
  }

  /** Reads no more than what is there now, and nothing of a history it is still in. Windows stay open. */
  stop(): Promise<JobEnd> {
    this.#stopping = true
    for (const input of this.#inputs) input.stop()
    return this.ended
  }

  /** Ends at once; rows that were not handed out are dropped. */
  cancel(): Promise<JobEnd> {
    this.#stopping = true
    this.#cancel.abort()
    this.#giveUp?.()
    for (const input of this.#inputs) input.close()
    return this.ended
  }

  /** The source's topic is complete: the source ends with what is there. */
  async finishSource(source: NodeId): Promise<void> {
    await this.opened
    await this.#topics?.finish(source)
  }

  async statistics(): Promise<TopicQueryStatistics> {
    if (this.#last !== null) return this.#last
    const inner = (await this.#executor?.statistics().catch(() => undefined)) ?? {
      sources: {},
      counters: {},
      stateBytes: 0,
    }
    return {
      ...inner,
      startedAt: this.#startedAt,
      gaps: this.#gaps,
      rowsOut: Object.fromEntries(this.#rowsOut),
      live: this.#live,
    }
  }

  async #run(): Promise<JobEnd> {
    let end: JobEnd
    try {
      await this.#open()
      this.#setOpened()
      await this.#pump()
      end = { kind: this.#stopping ? 'stopped' : 'finished' }
    } catch (thrown) {
      const error = MillraceError.from(thrown)
      end = error.code === 'CANCELLED' || this.#cancel.signal.aborted ? { kind: 'stopped' } : { kind: 'failed', error }
    }
    for (const input of this.#inputs) input.close()
    this.#last = await this.statistics()
    await this.#executor?.close()
    this.#setOpened()
    return end
  }

  async #open(): Promise<void> {
    const { log, dataflow, topics, start, createExecutor, executor, inputs = [] } = this.#options
    const nodes = dataflow.nodes.filter((node): node is SourceNode => node.kind === 'source')
    const sources = nodes.flatMap((node) => (Object.hasOwn(topics, node.id) ? [{ node, topic: topics[node.id]! }] : []))
    this.#inputs = inputs
    this.#executor = await createExecutor(
      JSON.stringify(dataflow),
      executor,
      { output: (node, batch) => this.#output(node, batch), deadLetter: (letter) => this.#events.deadLetter?.(letter) },
      [],
      this.#cancel.signal,
    )
    this.#throwIfCancelled()
    if (sources.length > 0) {
      const tables = new Map(nodes.map((node) => [node.id, node.table]))
      this.#topics = await TopicsInput.open({
        log,
        sources,
        start,
        gap: ({ source, topic, partition, from, to }) => {
          this.#gaps++
          this.#events.gap?.({ table: tables.get(source)!, topic, partition, from, to })
        },
      })
      this.#inputs = [...inputs, this.#topics]
    }
    this.#throwIfCancelled()
    if (this.#stopping) for (const input of this.#inputs) input.stop()
  }

  /** One step after the other. What was read before a failure counts. */
  async #pump(): Promise<void> {
    const open = new Set(this.#inputs.flatMap((input) => input.sources))
    let sliceStart = performance.now()
    while (open.size > 0 && !(this.#stopping && this.#inputs.every((input) => input.drained))) {
      this.#sayLive()
      await this.#wait()
      if (performance.now() - sliceStart > SLICE_MS) {
        await new Promise((resolve) => setImmediate(resolve))
        sliceStart = performance.now()
      }
      this.#throwIfCancelled()
      const failure = this.#inputs.find((input) => input.failure !== null)?.failure ?? null
      const portions = this.#inputs.map((input) => input.take(STEP_BYTES))
      const ended = portions.flatMap((portion) => portion.ended)
      for (const node of ended) open.delete(node)
      // A stopped source has not come to its end: its windows stay open.
      await this.#step(portions, this.#stopping ? [] : ended)
      if (failure !== null) throw failure
    }
    this.#sayLive()
  }

  #sayLive(): void {
    if (this.#live || !this.#inputs.every((input) => input.caughtUp)) return
    this.#live = true
    this.#events.live?.()
  }

  async #wait(): Promise<void> {
    const [only] = this.#inputs
    if (this.#inputs.length === 1) return only!.wait(TICK_MS)
    await Promise.race(this.#inputs.map((input) => input.wait(TICK_MS)))
    for (const input of this.#inputs) input.wake()
  }

  async #step(portions: readonly Portion[], ended: readonly NodeId[]): Promise<void> {
    const inputs = portions.flatMap((portion) => portion.inputs)
    try {
      await this.#executor!.step({ now: this.#clock.now(), seed: this.#seed++, inputs, ended })
    } catch (thrown) {
      const error = MillraceError.from(thrown)
      for (const portion of portions) await portion.settle(error)
      throw error
    }
    for (const portion of portions) await portion.settle()
  }

  #output(node: NodeId, batch: RecordBatch): void | Promise<void> {
    this.#throwIfCancelled()
    this.#rowsOut.set(node, (this.#rowsOut.get(node) ?? 0) + batch.length)
    const pending = this.#events.output(node, batch)
    if (pending === undefined) return
    return new Promise<void>((resolve, reject) => {
      this.#giveUp = () => reject(cancelled())
      if (this.#cancel.signal.aborted) this.#giveUp()
      pending.then(resolve, reject)
    })
  }

  #throwIfCancelled(): void {
    if (this.#cancel.signal.aborted) throw cancelled()
  }
}

function cancelled(): MillraceError {
  return new MillraceError('CANCELLED', 'the query was cancelled')
}
