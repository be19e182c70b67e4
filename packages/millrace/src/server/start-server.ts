import type { IncomingMessage, ServerResponse } from 'node:http'
import { MillraceError, systemClock } from '../kernel/index.ts'
import { type Instance, Queries, TopicFeeds, TopicWriter } from '../runtime/index.ts'
import { DEFAULT_LIMITS, listen, type Listener, type ServerConnection } from '../wire/index.ts'
import { type AccessOptions, answerCrossOrigin, checkAccess } from './access.ts'
import { sendError } from './reply.ts'
import { WorkBudget } from './request-body.ts'
import { findRoute, matchPath, type Route, targetOf } from './router.ts'
import { appendRoute } from './routes/append.ts'
import { healthRoutes } from './routes/health.ts'
import { metricsRoute } from './routes/metrics.ts'
import { readRoute } from './routes/read.ts'
import { instanceRoutes } from './routes/instance.ts'
import { topicRoutes } from './routes/topics.ts'
import type { ServerContext, ServerCounters } from './server-context.ts'
import { ServerMetrics } from './server-metrics.ts'
import type { Server, ServerOptions } from './server-options.ts'
import { ingest, type IngestSession } from './sockets/ingest.ts'
import { LiveSockets } from './sockets/live-sockets.ts'
import { subscribe } from './sockets/subscribe.ts'
import { subscribeResult } from './sockets/subscribe-result.ts'

const MIB = 1024 * 1024
const DEFAULT_PORT = 8000
const DEFAULT_CLIENTS = 10_000
/** Milliseconds for a request with its body. */
const REQUEST_MS = 60_000
/** For the good-byes. */
const GOODBYE_MS = 1000
const DEFAULT_GRACE_MS = 30_000
const EXPIRE_PRODUCERS_MS = 3600_000
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/

const INGEST = '/v1/ingest/{topic}'
const SUBSCRIBE = '/v1/subscribe/{topic}'

/**
 * Serves a log over HTTP and WebSocket. The log stays the caller's.
 *
 * @throws MillraceError CONFIG_INVALID for an address that others can reach without `insecure`, CONNECTOR_ADDRESS_IN_USE, CONNECTOR_IO
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const server = new HttpServer(options)
  try {
    await server.start()
  } catch (error) {
    await server.close(0)
    throw error
  }
  return server
}

class HttpServer implements Server, ServerContext {
  readonly log: ServerOptions['log']
  readonly clock: NonNullable<ServerOptions['clock']>
  readonly writer: TopicWriter
  readonly feeds: TopicFeeds
  readonly queries: Queries
  readonly budget: WorkBudget
  readonly counters: ServerCounters = {
    requests: new Map(),
    ingestedMessages: 0,
    ingestedBytes: 0,
    ackedMessages: 0,
    dropped: { keep_alive: 0, error: 0, stopping: 0 },
  }
  readonly queueBytes: number
  readonly maxBodyBytes: number
  readonly maxRecordBytes: number
  state: ServerContext['state'] = 'starting'
  readonly #options: ServerOptions
  readonly #access: AccessOptions
  readonly #metrics: ServerMetrics
  readonly #routes: readonly Route[]
  readonly #live = new LiveSockets(() => this.counters.dropped.keep_alive++)
  readonly #sessions = new Set<IngestSession>()
  readonly #requests = new Set<ServerResponse>()
  #listener: Listener | null = null
  #expiry: NodeJS.Timeout | undefined
  #closing: Promise<void> | null = null

  constructor(options: ServerOptions) {
    this.#options = options
    this.#access = { origins: options.origins ?? [], hosts: options.hosts ?? [] }
    this.log = options.log
    this.clock = options.clock ?? systemClock
    this.maxBodyBytes = options.maxBodyBytes ?? 16 * MIB
    this.maxRecordBytes = options.maxRecordBytes ?? MIB
    this.budget = new WorkBudget(options.maxWorkBytes ?? 256 * MIB)
    this.writer = new TopicWriter({
      log: options.log,
      clock: this.clock,
      newTopics: options.newTopics === undefined ? {} : options.newTopics,
      refuse: (topic) => options.instance?.refuseWrites(topic) ?? null,
    })
    this.queueBytes = options.queueBytes ?? DEFAULT_LIMITS.queueBytes
    this.feeds = new TopicFeeds(options.log, { queueBytes: this.queueBytes })
    this.queries = new Queries({
      log: options.log,
      clock: this.clock,
      ...(options.maxQueries === undefined ? {} : { maxQueries: options.maxQueries }),
    })
    this.#metrics = new ServerMetrics(options.version ?? '')
    this.#metrics.watch(this, () => this.#listener?.clients.size ?? 0)
    const { instance } = options
    this.#routes = [
      ...healthRoutes(this),
      metricsRoute(this.#metrics),
      ...topicRoutes(this),
      appendRoute(this),
      readRoute(this),
      ...(instance === undefined ? [] : instanceRoutes(this, instance)),
    ]
  }

  get port(): number {
    return this.#listener!.port
  }

  get url(): string {
    return this.#listener!.url.replace(/^ws:/, 'http:').replace(/\/$/, '')
  }

  get instance(): Instance | null {
    return this.#options.instance ?? null
  }

  observeAppend(seconds: number): void {
    this.#metrics.observeAppend(seconds)
  }

  report(error: MillraceError): void {
    if (error.entry.who !== 'user' && error.code !== 'SERVER_BUSY' && error.code !== 'SERVER_STOPPING') this.#options.onError?.(error)
  }

  async start(): Promise<void> {
    const { host = '127.0.0.1', port = DEFAULT_PORT, insecure = false, maxClients = DEFAULT_CLIENTS } = this.#options
    if (!LOOPBACK.test(host) && !insecure) {
      throw new MillraceError('CONFIG_INVALID', `the server does not listen on "${host}"`, {
        detail: 'Others could reach it there, and it asks nobody who they are and encrypts nothing.',
        hint: 'Put a proxy that does in front of 127.0.0.1, or say --insecure.',
      })
    }
    this.#listener = await listen({
      host,
      port,
      requestMs: REQUEST_MS,
      maxClients,
      // A record may be longer in its envelope: escapes, base64.
      maxMessageBytes: 2 * this.maxRecordBytes + 64 * 1024,
      admit: (request) => this.#admit(request),
      onClient: (client) => this.#onClient(client),
      onRequest: (request, response) => void this.#onRequest(request, response),
    })
    await this.writer.expireProducers()
    this.#expiry = setInterval(() => void this.writer.expireProducers().catch(() => undefined), EXPIRE_PRODUCERS_MS).unref()
    this.state = 'running'
  }

  stop(): void {
    this.state = 'stopping'
  }

  blockers(): readonly string[] {
    const unanswered = [...this.#sessions].filter((session) => session.pending > 0).length
    const said: string[] = []
    if (this.#requests.size > 0) said.push(`${this.#requests.size} HTTP requests`)
    if (unanswered > 0) said.push(`${unanswered} ingest connections with records that are not durable yet`)
    return said
  }

  close(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
    return (this.#closing ??= this.#close(graceMs))
  }

  async #close(graceMs: number): Promise<void> {
    this.stop()
    clearInterval(this.#expiry)
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs)
    })
    const answered = [...this.#requests].map((response) => new Promise<void>((resolve) => response.once('close', () => resolve())))
    const drained = [...this.#sessions].map((session) => session.drain())
    // They would go on for ever; their clients are told.
    void this.queries.close()
    await Promise.race([deadline, Promise.all([...answered, ...drained])])
    clearTimeout(timer)
    const listener = this.#listener
    this.counters.dropped.stopping += listener?.clients.size ?? 0
    for (const { ws } of listener?.clients ?? []) ws.resume()
    await listener?.close({ code: 1012, reason: 'the server stops; connect again', graceMs: GOODBYE_MS })
    this.#live.close()
    this.#metrics.close()
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let counted = 'other'
    this.#requests.add(response)
    response.once('close', () => {
      this.#requests.delete(response)
      const key = `${counted} ${response.statusCode}`
      this.counters.requests.set(key, (this.counters.requests.get(key) ?? 0) + 1)
    })
    try {
      checkAccess(request, this.#access)
      if (answerCrossOrigin(request, response)) return
      const { path, query } = targetOf(request)
      const { route, params } = findRoute(this.#routes, request.method ?? 'GET', path)
      counted = route.path
      await route.handle({ request, response, params, query })
    } catch (thrown) {
      const error = MillraceError.from(thrown)
      this.report(error)
      sendError(request, response, error)
    }
  }

  #admit(request: IncomingMessage): number | null {
    if (this.state !== 'running') return 503
    try {
      checkAccess(request, this.#access)
      const { path } = targetOf(request)
      return matchPath(INGEST, path) === null && matchPath(SUBSCRIBE, path) === null ? 404 : null
    } catch (thrown) {
      return MillraceError.from(thrown).entry.http
    }
  }

  #onClient(client: ServerConnection): void {
    const { path, query } = targetOf(client.request)
    client.socket.setNoDelay(true)
    this.#live.add(client)
    const ingested = matchPath(INGEST, path)
    if (ingested !== null) ingest(this, client, ingested['topic']!, query, this.#sessions)
    else this.#subscribe(client, matchPath(SUBSCRIBE, path)!['topic']!, query)
  }

  #subscribe(client: ServerConnection, name: string, query: URLSearchParams): void {
    if (this.instance === null || this.log.topic(name) !== undefined) subscribe(this, client, name, query)
    else subscribeResult(this, this.instance, client, name, query)
  }
}
