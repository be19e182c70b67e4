import type { Ending } from '../../connectors/index.ts'
import { type Clock, MillraceError, type Span, systemClock } from '../../kernel/index.ts'
import type { NodeId, SinkNode, SourceNode } from '../../plan/index.ts'
import type { CreateExecutor, Executor, ExecutorOptions, PayloadBlock } from '../executor/executor.ts'
import { missingVariables } from '../missing-variables.ts'
import type { CompiledScript } from '../script.ts'
import type { Templates } from '../templates.ts'
import { createSinkWriter, type SinkWriter } from './sink-writer.ts'
import { createSourceDriver } from './create-source-driver.ts'
import { Inbox, type InboxItem } from './inbox.ts'
import type { Job, JobEnd, JobEvents, JobStatistics } from './job-types.ts'
import { Notices } from './notices.ts'
import type { SourceDriver } from './source-driver.ts'

export interface JobOptions {
  readonly executor: ExecutorOptions
  readonly createExecutor: CreateExecutor
  readonly templates: Templates
  readonly stdout: NodeJS.WritableStream
  readonly clock?: Clock
  /** Microseconds in which sources that never give up must have connected for the first time. Default: no limit. */
  readonly firstConnection?: number | null
}

/** Payload bytes on their way to the executor before sources are made to wait. */
const INBOX_BYTES = 16 * 1024 * 1024
/** Processing time reaches the dataflow at least this often; milliseconds. */
const TICK_MS = 250

/** Opens every sink, then starts every source. Fails before anything is opened when a variable is missing, and before the first row when a sink cannot be opened. */
export function startJob(script: CompiledScript, options: JobOptions, events: JobEvents): Job {
  return new RunningJob(script, options, events)
}

class RunningJob implements Job {
  readonly ended: Promise<JobEnd>
  readonly #script: CompiledScript
  readonly #options: JobOptions
  readonly #events: JobEvents
  readonly #clock: Clock
  readonly #inbox = new Inbox(INBOX_BYTES)
  readonly #drivers = new Map<NodeId, SourceDriver>()
  readonly #sinks = new Map<NodeId, SinkWriter>()
  readonly #rowsOut = new Map<NodeId, number>()
  readonly #offsets = new Map<NodeId, number>()
  /** Aborted when the job is over: nothing may wait any longer. */
  readonly #over = new AbortController()
  readonly #notices: Notices
  #executor: Executor | null = null
  #stopping = false
  #failure: MillraceError | null = null
  #gaps = 0
  #seed = 0
  /** What the executor said last, once it is closed. */
  #last: JobStatistics | null = null
  readonly #startedAt: number

  constructor(script: CompiledScript, options: JobOptions, events: JobEvents) {
    this.#script = script
    this.#options = options
    this.#events = events
    this.#clock = options.clock ?? systemClock
    this.#startedAt = this.#clock.now()
    this.#notices = new Notices(this.#clock, (message) => events.notice?.(options.templates.redact(message)))
    this.ended = this.#run()
  }

  async stop(): Promise<JobEnd> {
    this.#stopping = true
    for (const driver of this.#drivers.values()) driver.stop()
    this.#inbox.wake()
    return this.ended
  }

  async statistics(): Promise<JobStatistics> {
    if (this.#last !== null) return this.#last
    const inner = (await this.#executor?.statistics().catch(() => undefined)) ?? { sources: {}, counters: {}, stateBytes: 0 }
    const drivers = [...this.#drivers]
    return {
      ...inner,
      startedAt: this.#startedAt,
      rowsIn: Object.values(inner.sources).reduce((sum, s) => sum + s.rows, 0),
      gaps: this.#gaps,
      reconnects: drivers.reduce((sum, [, d]) => sum + d.reconnects, 0),
      rowsOut: Object.fromEntries(this.#rowsOut),
      connected: Object.fromEntries(drivers.map(([node, d]) => [node, d.connected])),
    }
  }

  async #run(): Promise<JobEnd> {
    let end: JobEnd
    try {
      await this.#open()
      await this.#pump()
      for (const sink of this.#sinks.values()) await sink.flush()
      end = { kind: this.#stopping ? 'stopped' : 'finished' }
    } catch (thrown) {
      const error = this.#options.templates.redactError(MillraceError.from(thrown))
      // A sink whose reader went away ends the query; that is nobody's fault.
      end = error.code === 'CANCELLED' ? { kind: 'stopped' } : { kind: 'failed', error }
    }
    for (const driver of this.#drivers.values()) driver.stop()
    for (const sink of this.#sinks.values()) {
      try {
        await sink.close(endingOf(end))
      } catch (thrown) {
        if (end.kind !== 'failed') end = { kind: 'failed', error: this.#options.templates.redactError(MillraceError.from(thrown)) }
      }
    }
    this.#over.abort()
    this.#last = await this.statistics()
    await this.#executor?.close()
    return end
  }

  async #open(): Promise<void> {
    const { dataflow } = this.#script
    if (dataflow === null) throw this.#script.errors[0] ?? new MillraceError('INTERNAL', 'the script has no plan')
    const missing = missingVariables(this.#script, this.#options.templates)
    if (missing !== null) throw missing
    const { signal } = this.#over
    const firstConnection = this.#options.firstConnection ?? null
    const context = { ...this.#options, firstConnection, clock: this.#clock, events: this.#events, notices: this.#notices }
    for (const node of dataflow.nodes.filter((n): n is SinkNode => n.kind === 'sink')) {
      const writer = await createSinkWriter(node, this.#placeOf(node.table), context, signal)
      this.#sinks.set(node.id, writer)
      await writer.open()
    }
    this.#executor = await this.#options.createExecutor(
      JSON.stringify(dataflow),
      this.#options.executor,
      { output: (node, batch) => this.#output(node, batch), deadLetter: (letter) => this.#events.deadLetter?.(letter) },
      [],
      signal,
    )
    for (const node of dataflow.nodes.filter((n): n is SourceNode => n.kind === 'source')) {
      const driver = await createSourceDriver(node, this.#inbox, context, (gap) => {
        this.#gaps++
        this.#events.gap?.({ ...gap, reason: this.#options.templates.redact(gap.reason) })
      }).catch((error: unknown) => {
        throw MillraceError.from(error).at(this.#placeOf(node.table))
      })
      this.#drivers.set(node.id, driver)
    }
    for (const [node, driver] of this.#drivers) {
      // `stop` may have been called before there was a driver to tell.
      if (this.#stopping) driver.stop()
      driver.run().then(
        () => this.#inbox.end(node),
        (error: unknown) => {
          this.#failure ??= MillraceError.from(error).at(this.#placeOf(driver.table))
          this.#inbox.wake()
        },
      )
    }
  }

  /** Where the script says what a table is. */
  #placeOf(table: string): Span | undefined {
    const options = this.#script.tables.find((t) => t.name === table)?.options
    return options?.find((option) => option.key === 'connector')?.span
  }

  /** One step after the other until every source has ended, the job is stopped, or something fails. What was read before a failure counts. */
  async #pump(): Promise<void> {
    const open = new Set(this.#drivers.keys())
    while (open.size > 0) {
      await this.#inbox.wait(TICK_MS)
      const failure = this.#failure
      const { items, ended } = this.#inbox.take()
      for (const node of ended) open.delete(node)
      // A stopped source has not come to its end: its windows stay open.
      await this.#step(items, this.#stopping ? [] : ended)
      if (failure !== null) throw failure
    }
  }

  async #step(items: readonly InboxItem[], ended: readonly NodeId[]): Promise<void> {
    const now = this.#clock.now()
    const inputs = items.map((item) => ({ source: item.source, block: this.#block(item, now) }))
    try {
      await this.#executor!.step({ now, seed: this.#seed++, inputs, ended })
    } catch (error) {
      await Promise.all(items.map((item) => item.delivery.ack(MillraceError.from(error))))
      throw error
    }
    for (const item of items) await item.delivery.ack()
  }

  #block(item: InboxItem, now: number): PayloadBlock {
    const { payloads } = item.delivery
    const firstOffset = this.#offsets.get(item.source) ?? 0
    this.#offsets.set(item.source, firstOffset + payloads.length)
    const timestamps = new Float64Array(payloads.length)
    const values = new Array<Uint8Array>(payloads.length)
    for (let i = 0; i < payloads.length; i++) {
      timestamps[i] = payloads[i]!.timestamp ?? now
      values[i] = payloads[i]!.value
    }
    return { values: { kind: 'list', payloads: values }, timestamps, firstOffset, partition: 0 }
  }

  #output(node: NodeId, batch: Parameters<JobEvents['output']>[1]): void | Promise<void> {
    this.#rowsOut.set(node, (this.#rowsOut.get(node) ?? 0) + batch.length)
    const sink = this.#sinks.get(node)
    return sink === undefined ? this.#events.output(node, batch) : sink.write(batch)
  }
}

function endingOf(end: JobEnd): Ending {
  switch (end.kind) {
    case 'finished':
      return { kind: 'complete' }
    case 'stopped':
      return { kind: 'stopped' }
    case 'failed':
      return { kind: 'failed', error: end.error }
  }
}
