import type { Ending } from '../../connectors/index.ts'
import { type Clock, MillraceError, type Span, systemClock } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import type { Dataflow, NodeId, SourceNode } from '../../plan/index.ts'
import { Capture } from '../capture/index.ts'
import type { JobContext } from '../job/connector-context.ts'
import type { Gap, Job, JobEnd, JobEvents, JobStatistics } from '../job/job-types.ts'
import type { JobOptions } from '../job/job.ts'
import { Notices } from '../job/notices.ts'
import { createSinkWriter, type SinkWriter } from '../job/sink-writer.ts'
import type { CompiledScript } from '../script.ts'
import { ConnectorInput } from './connector-input.ts'
import type { SourceUse } from './log-script.ts'
import { startTopicQuery, type TopicQuery } from './topic-query.ts'

export interface ScriptQueryOptions extends JobOptions {
  readonly script: CompiledScript
  readonly uses: ReadonlyMap<NodeId, SourceUse>
  readonly log: Log
}

/** A running script with a log between its feeds and its queries: captures, one dataflow, sinks. */
export class ScriptQuery implements Job {
  readonly ended: Promise<JobEnd>
  readonly #options: ScriptQueryOptions
  readonly #events: JobEvents
  readonly #clock: Clock
  readonly #dataflow: Dataflow
  readonly #sources: readonly SourceNode[]
  readonly #notices: Notices
  readonly #over = new AbortController()
  readonly #captures = new Map<string, Capture>()
  readonly #sinks = new Map<NodeId, SinkWriter>()
  readonly #startedAt: number
  /** Tables that have said everything. */
  readonly #finished = new Set<string>()
  #direct: ConnectorInput | null = null
  #query: TopicQuery | null = null
  #failure: MillraceError | null = null
  #stopping = false
  #gaps = 0

  constructor(options: ScriptQueryOptions, events: JobEvents) {
    const { dataflow, errors } = options.script
    if (dataflow === null) throw errors[0] ?? new MillraceError('INTERNAL', 'the script has no plan')
    this.#options = options
    this.#events = events
    this.#clock = options.clock ?? systemClock
    this.#dataflow = dataflow
    this.#sources = dataflow.nodes.filter((node): node is SourceNode => node.kind === 'source')
    this.#startedAt = this.#clock.now()
    this.#notices = new Notices(this.#clock, (message) => events.notice?.(options.templates.redact(message)))
    this.ended = this.#run()
  }

  /** What feeds have said becomes durable first, and is then processed if the query had come so far. */
  async stop(): Promise<JobEnd> {
    this.#stopping = true
    await Promise.all([...this.#captures.values()].map((capture) => capture.stop()))
    await this.#query?.stop()
    return this.ended
  }

  async statistics(): Promise<JobStatistics> {
    const inner = await this.#query?.statistics()
    const captures = [...this.#captures.values()].map((capture) => capture.statistics())
    const connectedTables = new Map(captures.map(({ table, connected }) => [table, connected]))
    const connected = this.#sources.flatMap(({ id, table }) =>
      connectedTables.has(table) ? [[id, connectedTables.get(table)!] as const] : [],
    )
    return {
      sources: inner?.sources ?? {},
      counters: inner?.counters ?? {},
      stateBytes: inner?.stateBytes ?? 0,
      rowsOut: inner?.rowsOut ?? {},
      startedAt: this.#startedAt,
      rowsIn: Object.values(inner?.sources ?? {}).reduce((sum, { rows }) => sum + rows, 0),
      gaps: this.#gaps + (inner?.gaps ?? 0),
      reconnects: captures.reduce((sum, { reconnects }) => sum + reconnects, this.#direct?.reconnects ?? 0),
      connected: { ...Object.fromEntries(connected), ...this.#direct?.connected },
    }
  }

  async #run(): Promise<JobEnd> {
    const { templates } = this.#options
    let end: JobEnd
    try {
      await this.#openSinks()
      await this.#openCaptures()
      end = await (await this.#start()).ended
      if (this.#failure !== null) throw this.#failure
      if (end.kind === 'failed') throw end.error
      for (const sink of this.#sinks.values()) await sink.flush()
    } catch (thrown) {
      const error = templates.redactError(MillraceError.from(thrown))
      // A sink whose reader went away ends the query; that is nobody's fault.
      end = error.code === 'CANCELLED' ? { kind: 'stopped' } : { kind: 'failed', error }
    }
    this.#stopping = true
    this.#direct?.close()
    await Promise.all([...this.#captures.values()].map((capture) => capture.stop()))
    for (const sink of this.#sinks.values()) {
      try {
        await sink.close(endingOf(end))
      } catch (thrown) {
        if (end.kind !== 'failed') end = { kind: 'failed', error: templates.redactError(MillraceError.from(thrown)) }
      }
    }
    this.#over.abort()
    return end
  }

  async #openSinks(): Promise<void> {
    for (const node of this.#dataflow.nodes) {
      if (node.kind !== 'sink') continue
      const writer = await createSinkWriter(node, this.#placeOf(node.table), this.#context(), this.#over.signal)
      this.#sinks.set(node.id, writer)
      await writer.open()
    }
  }

  /** One for every table, however many queries read it. */
  async #openCaptures(): Promise<void> {
    const { log, templates, uses, firstConnection = null } = this.#options
    for (const { id, table, options } of this.#sources) {
      if (uses.get(id)?.kind !== 'capture' || this.#captures.has(table) || this.#stopping) continue
      const capture = new Capture({
        log,
        table,
        options,
        templates,
        clock: this.#clock,
        firstConnection,
        notice: (message) => this.#events.notice?.(message),
        gap: (gap) => this.#gap(gap),
      })
      this.#captures.set(table, capture)
      await capture.opened
      void capture.ended.then((end) => {
        if (end.kind === 'finished') this.#finish(table)
        if (end.kind === 'failed') this.#fail(end.error.at(this.#placeOf(table)))
      })
    }
  }

  async #start(): Promise<TopicQuery> {
    const { log, uses, createExecutor, executor } = this.#options
    const direct = this.#sources.filter(({ id }) => uses.get(id)?.kind === 'connector')
    if (direct.length > 0) {
      this.#direct = await ConnectorInput.open({
        nodes: direct,
        context: { ...this.#context(), firstConnection: this.#options.firstConnection ?? null },
        gap: (gap) => this.#gap({ ...gap, reason: this.#options.templates.redact(gap.reason) }),
        placed: (error, table) => error.at(this.#placeOf(table)),
      })
    }
    const topics: Record<NodeId, string> = {}
    for (const [id, use] of uses) if (use.kind !== 'connector') topics[id] = use.topic
    this.#query = startTopicQuery(
      {
        log,
        dataflow: this.#dataflow,
        topics,
        start: { kind: 'earliest' },
        createExecutor,
        executor,
        inputs: this.#direct === null ? [] : [this.#direct],
        clock: this.#clock,
      },
      {
        output: (node, batch) => this.#sinks.get(node)?.write(batch) ?? this.#events.output(node, batch),
        gap: ({ topic, from, to }) =>
          this.#events.notice?.(
            `records ${from} to ${to - 1} of topic "${topic}" were deleted by retention before they were read`,
          ),
        deadLetter: (letter) => this.#events.deadLetter?.(letter),
      },
    )
    for (const table of this.#finished) this.#finish(table)
    if (this.#stopping || this.#failure !== null) void this.#query.stop()
    return this.#query
  }

  /** The table has said everything: its readers end with it. */
  #finish(table: string): void {
    this.#finished.add(table)
    for (const { id } of this.#sources.filter((source) => source.table === table && source.to === undefined)) {
      this.#query?.finishSource(id).catch((error: unknown) => this.#fail(MillraceError.from(error)))
    }
  }

  /** What was captured before still counts. */
  #fail(error: MillraceError): void {
    this.#failure ??= error
    void this.#query?.stop()
  }

  #gap(gap: Gap): void {
    this.#gaps++
    this.#events.gap?.(gap)
  }

  #context(): JobContext {
    const { templates, stdout } = this.#options
    return { clock: this.#clock, templates, stdout, events: this.#events, notices: this.#notices }
  }

  /** Where the script says what a table is. */
  #placeOf(table: string): Span | undefined {
    const options = this.#options.script.tables.find(({ name }) => name === table)?.options
    return options?.find(({ key }) => key === 'connector')?.span
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
