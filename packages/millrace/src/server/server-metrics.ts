import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CaptureStatistics, PipelineState, PipelineStatistics, PipelineStatus, TableStatus } from '../runtime/index.ts'
import type { ServerContext } from './server-context.ts'

/** A series: the values of its labels, and its value. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

const APPEND_BUCKETS = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/** Everything that can be measured. What is hot counts in plain fields, which are read when somebody asks. */
export class ServerMetrics {
  readonly #registry = new Registry()
  readonly #append: Histogram
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 })

  constructor(version: string) {
    this.#append = new Histogram({
      name: 'millrace_log_append_seconds',
      help: 'From handing records to the log to their being durable.',
      buckets: APPEND_BUCKETS,
      registers: [this.#registry],
    })
    this.#delay.enable()
    const quantiles = [0.5, 0.99, 1]
    this.#gauge('event_loop_lag_seconds', 'Delay of the event loop, since the last scrape.', () => {
      const samples = quantiles.map((q): Sample => [{ quantile: String(q) }, this.#delay.percentile(q * 100) / 1e9])
      this.#delay.reset()
      return samples
    })
    this.#gauge('build_info', 'One, with the version and that of Node.', () => [[{ version, node: process.versions.node }, 1]])
  }

  /** What is measured of the server. Called once. */
  watch(context: ServerContext, clients: () => number): void {
    this.#watchSources(context)
    this.#watchPipelines(context)
    this.#watchLog(context)
    const { counters, feeds, budget } = context
    const one = (value: number): Sample[] => [[{}, value]]
    this.#gauge('clients', 'WebSocket clients.', () => one(clients()))
    this.#gauge('subscriptions', 'Subscriptions to topics.', () => one(feeds.statistics().subscriptions))
    this.#gauge('work_bytes', 'Bytes of requests and messages under way.', () => one(budget.used))
    this.#counter('client_messages_total', 'Messages from and to clients.', () => [
      [{ direction: 'in' }, counters.ingestedMessages],
      [{ direction: 'out' }, feeds.statistics().messages],
    ])
    this.#counter('client_bytes_total', 'Bytes of messages from and to clients.', () => [
      [{ direction: 'in' }, counters.ingestedBytes],
      [{ direction: 'out' }, feeds.statistics().bytes],
    ])
    this.#counter('client_acknowledged_total', 'Records from clients that are durable and were acknowledged.', () =>
      one(counters.ackedMessages),
    )
    this.#counter('client_dropped_total', 'Clients the server closed, by reason.', () =>
      Object.entries(counters.dropped).map(([reason, value]) => [{ reason }, value]),
    )
    this.#gauge('queries_running', 'Dataflows of queries and of subscribed views.', () => [[{}, context.queries.running]])
    this.#counter('client_fell_behind_total', 'Times a subscriber could not keep up and went back to reading the log.', () =>
      one(feeds.statistics().fellBehind),
    )
    this.#counter('client_gap_records_total', 'Records that retention deleted before a subscriber got them.', () =>
      one(feeds.statistics().gapRecords),
    )
    this.#counter('http_requests_total', 'Requests answered, by path and status.', () =>
      [...counters.requests].map(([key, value]) => {
        const [path = '', status = ''] = key.split(' ')
        return [{ path, status }, value]
      }),
    )
  }

  observeAppend(seconds: number): void {
    this.#append.observe(seconds)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  close(): void {
    this.#delay.disable()
  }

  #watchSources(context: ServerContext): void {
    const each = (value: (capture: CaptureStatistics) => number) => (): Sample[] =>
      (context.instance?.captures() ?? []).map((c) => [{ table: c.table, connector: c.connector }, value(c)])
    this.#counter('source_records_total', 'Records captured and durable.', each((c) => c.records))
    this.#counter('source_bytes_total', 'Bytes of records captured.', each((c) => c.bytes))
    this.#counter('source_reconnects_total', 'Attempts to connect again.', each((c) => c.reconnects))
    this.#counter('gaps_total', 'Times a feed was away and what it said is missing.', each((c) => c.gaps))
    this.#gauge('source_connected', '1 while the source is connected.', each((c) => (c.connected ? 1 : 0)))
    this.#gauge('source_pending_records', 'Records received and not durable yet.', each((c) => c.pendingRecords))
  }

  #watchPipelines({ instance, clock }: ServerContext): void {
    if (instance === null) return
    const statuses = onceATick(() => instance.pipelines())
    const tables = onceATick(() => instance.tables())
    const each = (value: (statistics: PipelineStatistics) => number | null) => async (): Promise<Sample[]> =>
      (await statuses()).flatMap(({ name, statistics }) => sample({ pipeline: name }, statistics === null ? null : value(statistics)))
    const sinks = (value: (delivery: NonNullable<TableStatus['delivery']>) => number) => async (): Promise<Sample[]> =>
      (await tables()).flatMap(({ name, delivery }) => sample({ table: name }, delivery === null ? null : value(delivery)))
    this.#gauge('pipelines', 'Pipelines by state.', async () => {
      const states = (await statuses()).map(({ state }) => state)
      return PIPELINE_STATES.map((state): Sample => [{ state }, states.filter((other) => other === state).length])
    })
    this.#counter('pipeline_steps_total', 'Steps made and durable.', each((s) => s.steps))
    this.#counter('pipeline_rows_in_total', 'Records that pipelines have read.', each((s) => s.rowsIn))
    this.#counter('pipeline_rows_out_total', 'Records that pipelines have written.', each((s) => s.rowsOut))
    this.#gauge('pipeline_lag_records', 'Records in the topics of a pipeline that its results do not contain yet.', each((s) => s.lag))
    this.#counter('pipeline_restarts_total', 'Times a pipeline was started again after an error of the outside.', each((s) => s.restarts))
    this.#counter('pipeline_gaps_total', 'Times retention deleted records before a pipeline read them.', each((s) => s.gaps))
    this.#gauge('pipeline_state_bytes', 'State of the operators.', each((s) => s.stateBytes))
    this.#gauge('pipeline_pending_bytes', 'Bytes in commits under way.', each((s) => s.pendingBytes))
    this.#gauge('snapshot_age_seconds', 'Since the last snapshot.', each((s) => (s.snapshot === null ? null : (clock.now() - s.snapshot.at) / 1e6)))
    this.#gauge('snapshot_seconds', 'How long the last snapshot took.', each((s) => (s.snapshot === null ? null : s.snapshot.micros / 1e6)))
    this.#gauge('snapshot_bytes', 'Size of the last snapshot.', each((s) => s.snapshot?.bytes ?? null))
    this.#counter('dead_letters_total', 'Records put aside because they are no rows.', each((s) => s.deadLetters))
    this.#counter('source_decode_errors_total', 'Records that could not be read, by the table whose they are.', async () =>
      (await statuses()).flatMap((status) => decodeErrors(status)),
    )
    for (const [counter, name, help] of ROW_COUNTERS) {
      this.#counter(name, help, async () =>
        (await statuses()).flatMap(({ name: pipeline, statistics }) =>
          Object.entries(statistics?.counters ?? {}).flatMap(([table, counters]) => sample({ pipeline, table }, counters[counter] ?? null)),
        ),
      )
    }
    this.#counter('delivery_records_total', 'Records handed to a sink.', sinks((d) => d.records))
    this.#counter('delivery_bytes_total', 'Bytes handed to a sink.', sinks((d) => d.bytes))
    this.#gauge('delivery_lag_records', 'Records for a sink that it has not got yet.', sinks((d) => d.lag))
    this.#counter('delivery_restarts_total', 'Times a sink was opened again after an error of the outside.', sinks((d) => d.restarts))
  }

  #watchLog({ log }: ServerContext): void {
    const of = (value: (statistics: ReturnType<typeof log.statistics>) => number) => (): Sample[] => [[{}, value(log.statistics())]]
    this.#counter('log_commits_total', 'Transactions.', of((s) => s.commits))
    this.#counter('log_records_total', 'Records appended.', of((s) => s.records))
    this.#counter('log_bytes_total', 'Bytes of keys, values and headers appended.', of((s) => s.bytes))
    this.#counter('log_refused_commits_total', 'Transactions that were refused.', of((s) => s.refusedCommits))
    this.#counter('log_expired_segments_total', 'Sealed blocks deleted by retention.', of((s) => s.expiredBlocks))
    this.#gauge('log_segments', 'Sealed blocks.', async () => [[{}, await sealedBlocks(log)]])
    this.#gauge('log_pending_bytes', 'Bytes appended and not durable yet.', of((s) => s.pendingBytes))
    this.#gauge('log_file_bytes', 'Size of the log on disk.', of((s) => s.fileBytes))
    this.#gauge('log_topics', 'Topics.', () => [[{}, log.topics().length]])
  }

  #gauge(name: string, help: string, samples: () => readonly Sample[] | Promise<readonly Sample[]>): void {
    const metric = new Gauge({
      name: `millrace_${name}`,
      help,
      labelNames: LABELS,
      registers: [],
      async collect() {
        const now = await samples()
        this.reset()
        for (const [labels, value] of now) this.set(labels, value)
      },
    })
    this.#registry.registerMetric(metric)
  }

  #counter(name: string, help: string, samples: () => readonly Sample[] | Promise<readonly Sample[]>): void {
    const metric = new Counter({
      name: `millrace_${name}`,
      help,
      labelNames: LABELS,
      registers: [],
      async collect() {
        const now = await samples()
        this.reset()
        for (const [labels, value] of now) this.inc(labels, value)
      },
    })
    this.#registry.registerMetric(metric)
  }
}

async function sealedBlocks(log: ServerContext['log']): Promise<number> {
  let blocks = 0
  for (const { name } of log.topics()) {
    for (const partition of await log.partitionStatistics(name)) blocks += partition.sealedBlocks
  }
  return blocks
}

/** A pipeline reads a table's records with one source node, or several. */
function decodeErrors({ name: pipeline, inputs, statistics }: PipelineStatus): Sample[] {
  return Object.entries(statistics?.sources ?? {}).flatMap(([node, { bad }]) => {
    const input = inputs.find((i) => i.source === node)
    return input === undefined ? [] : sample({ pipeline, table: input.table }, bad)
  })
}

function sample(labels: Sample[0], value: number | null): Sample[] {
  return value === null ? [] : [[labels, value]]
}

/** One scrape asks once, however many metrics it makes of the answer. */
function onceATick<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null
  return () => {
    asked ??= ask().finally(() => {
      asked = null
    })
    return asked
  }
}

const PIPELINE_STATES: readonly (PipelineState | 'paused')[] = [
  'created',
  'starting',
  'recovering',
  'running',
  'stopping',
  'stopped',
  'finished',
  'failed',
  'paused',
]

/** Counters of the engine. */
const ROW_COUNTERS = [
  ['late_rows', 'late_rows_total', 'Rows that came after their window had closed.'],
  ['null_time_rows', 'null_time_rows_total', 'Rows without event time that a window dropped.'],
  ['future_rows', 'future_rows_total', 'Rows dated too far after their arrival.'],
  ['row_errors', 'row_errors_total', 'Rows whose expressions have no result.'],
] as const

/** Few, and never a client's. */
const LABELS = ['pipeline', 'state', 'table', 'connector', 'direction', 'reason', 'path', 'status', 'quantile', 'version', 'node'] as const
