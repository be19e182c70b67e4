import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CaptureStatistics } from '../runtime/index.ts'
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
      context.captures().map((c) => [{ table: c.table, connector: c.connector }, value(c)])
    this.#counter('source_records_total', 'Records captured and durable.', each((c) => c.records))
    this.#counter('source_bytes_total', 'Bytes of records captured.', each((c) => c.bytes))
    this.#counter('source_reconnects_total', 'Attempts to connect again.', each((c) => c.reconnects))
    this.#counter('gaps_total', 'Times a feed was away and what it said is missing.', each((c) => c.gaps))
    this.#gauge('source_connected', '1 while the source is connected.', each((c) => (c.connected ? 1 : 0)))
    this.#gauge('source_pending_records', 'Records received and not durable yet.', each((c) => c.pendingRecords))
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

  #counter(name: string, help: string, samples: () => readonly Sample[]): void {
    const metric = new Counter({
      name: `millrace_${name}`,
      help,
      labelNames: LABELS,
      registers: [],
      collect() {
        this.reset()
        for (const [labels, value] of samples()) this.inc(labels, value)
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

/** Few, and never a client's. */
const LABELS = ['table', 'connector', 'direction', 'reason', 'path', 'status', 'quantile', 'version', 'node'] as const
