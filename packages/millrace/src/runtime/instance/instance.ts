import { join } from 'node:path'
import { type Clock, MillraceError, systemClock } from '../../kernel/index.ts'
import { type Log, openLog, openStateStore, type StateStore } from '../../log/index.ts'
import type { CaptureStatistics } from '../capture/index.ts'
import {
  Analysis,
  applyStatements,
  Catalog,
  type Entry,
  objectKey,
  objectText,
  pipelineKey,
  type PlannedPipeline,
  type PlannedQuery,
  planQuery,
  relationKey,
  runningSpec,
  StatementErrors,
  topicOf,
} from '../catalog/index.ts'
import { listDeadLetters, type PipelineStatistics, redriveDeadLetters, type StoredDeadLetter } from '../pipelines/index.ts'
import { CaptureRunner } from './capture-runner.ts'
import { deleteRemains } from './delete-remains.ts'
import { DeliveryRunner } from './delivery-runner.ts'
import type {
  ExecuteOptions,
  Executed,
  InstanceOptions,
  PipelineInput,
  PipelineStatus,
  Statements,
  TableStatus,
} from './instance-types.ts'
import { PipelineRunner } from './pipeline-runner.ts'
import type { Runner } from './runner.ts'
import { RunnerFactory } from './runner-factory.ts'
import { Runners, type Wanted } from './runners.ts'

/** Of the time that a stop has: for what captures have read to go through everything behind them. */
const DRAIN_SHARE = 0.6

/** Everything that lives in one data directory: its log, its catalogue, and what runs for the objects in that. */
export class Instance {
  readonly log: Log
  readonly states: StateStore
  readonly #options: InstanceOptions
  readonly #catalog: Catalog
  readonly #factory: RunnerFactory
  readonly #runners = new Runners()
  /** Why objects do not run that should, by key. */
  readonly #failures = new Map<string, MillraceError>()
  #analysis: Analysis
  #started = false
  #stopping: Promise<readonly string[]> | null = null
  #failed = false
  /** Statements are executed one text after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(options: InstanceOptions, log: Log, states: StateStore, catalog: Catalog) {
    this.#options = options
    this.log = log
    this.states = states
    this.#catalog = catalog
    this.#analysis = this.#analyse()
    this.#factory = new RunnerFactory({
      ...options,
      log,
      states,
      clock: options.clock ?? systemClock,
      failed: (entry, error) => this.#onFailure(entry, error),
    })
  }

  /**
   * Opens the data directory, which is made if need be. Nothing runs before `start`.
   *
   * @throws MillraceError LOG_LOCKED, LOG_DIRECTORY, LOG_VERSION, LOG_CORRUPT, LOG_FULL
   */
  static async open(options: InstanceOptions): Promise<Instance> {
    const clock: { readonly clock?: Clock } = options.clock === undefined ? {} : { clock: options.clock }
    const log = await openLog({ directory: options.dataDir, ...clock })
    let states: StateStore | null = null
    try {
      states = await openStateStore({ directory: join(options.dataDir, 'state') })
      const catalog = await Catalog.load(log)
      await deleteRemains(catalog, log, states)
      return new Instance(options, log, states, catalog)
    } catch (error) {
      await states?.close()
      await log.close()
      throw error
    }
  }

  /** Starts everything that is not paused, each behind what it reads. What fails does not keep the others from running. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      this.#started = true
      for (const { object, error } of this.#catalog.broken.values()) this.#options.events.error(error, objectText(object))
      await this.#reconcile(new Set(), new Set())
    })
  }

  /**
   * Applies statements, all of them or none, and starts and ends what follows from them.
   *
   * @throws StatementErrors with everything that is wrong
   */
  execute(statements: Statements, options: ExecuteOptions): Promise<Executed> {
    return this.#inTurn(async () => {
      if (this.#stopping !== null) throw new MillraceError('SERVER_STOPPING', 'the server is stopping')
      const sources = typeof statements === 'string' ? [{ name: 'statement', text: statements }] : statements
      const application = applyStatements(this.#catalog, sources, {
        origin: options.origin,
        changed: options.changed,
        script: options.script ?? false,
        isTopic: (name) => this.log.topic(name) !== undefined,
        hasVariable: (name) => this.#options.variable(name) !== undefined,
      })
      if (application.errors.length > 0) throw new StatementErrors(application.errors)
      await this.#catalog.replace(application.entries, application.broken, application.remains)
      this.#analysis = this.#analyse()
      await this.#reconcile(application.reset, application.resumed)
      return { statements: application.results, warnings: application.warnings }
    })
  }

  /** A SELECT over what there is. @throws StatementErrors */
  planQuery(sql: string): PlannedQuery {
    return planQuery(this.#analyse(), { name: 'query', text: sql })
  }

  tables(): Promise<readonly TableStatus[]> {
    const tables = [...this.#catalog.entries.values()].filter(({ object }) => object.kind === 'table')
    return Promise.all(tables.map((entry) => this.#tableStatus(entry)))
  }

  /** @throws MillraceError REQUEST_NOT_FOUND */
  async table(name: string): Promise<TableStatus> {
    const entry = this.#catalog.entries.get(relationKey(name))
    if (entry?.object.kind === 'table') return this.#tableStatus(entry)
    throw new MillraceError('REQUEST_NOT_FOUND', `there is no table "${name}"`)
  }

  pipelines(): Promise<readonly PipelineStatus[]> {
    const runs = ({ object }: Entry): boolean => object.kind === 'materialized view' || object.kind === 'pipeline'
    return Promise.all([...this.#catalog.entries.values()].filter(runs).map((entry) => this.#pipelineStatus(entry)))
  }

  /** @throws MillraceError REQUEST_NOT_FOUND */
  async pipeline(name: string): Promise<PipelineStatus> {
    return this.#pipelineStatus(this.#findPipeline(name))
  }

  /**
   * Ends a pipeline and starts it where it was: after a failure, or to have its state loaded anew.
   *
   * @throws MillraceError REQUEST_NOT_FOUND, PIPELINE_STATE
   */
  restartPipeline(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const entry = this.#findPipeline(name)
      const key = objectKey(entry.object)
      const runner = this.#runners.get(key)
      if (runner instanceof PipelineRunner) {
        this.#failures.delete(key)
        return runner.restart()
      }
      const why = this.#failures.get(key)
      throw new MillraceError('PIPELINE_STATE', `${objectText(entry.object)} is ${entry.object.paused ? 'paused' : 'not running'}`, {
        detail: why?.message,
        hint: entry.object.paused ? 'Resume it.' : undefined,
      })
    })
  }

  captures(): readonly CaptureStatistics[] {
    return this.#runners.all.filter((runner) => runner instanceof CaptureRunner).map(({ statistics }) => statistics)
  }

  /** Records that are no rows and were not sent again. `table` null: of all tables. */
  deadLetters(table: string | null): Promise<readonly StoredDeadLetter[]> {
    return listDeadLetters(this.log, table)
  }

  /** Sends dead letters through their topics again; answers how many. */
  redrive(which: { readonly table?: string | undefined; readonly keys?: readonly string[] | undefined }): Promise<number> {
    return redriveDeadLetters(this.log, which)
  }

  /** Why nobody from outside may write to a topic, or delete it; null: they may. */
  refuseWrites(topic: string): string | null {
    const owner = this.#analysis.ownerOfTopic(topic)
    if (owner?.object.kind === 'table') return 'It is captured from the source of a table.'
    if (owner !== null) return `It is the result of ${objectText(owner.object)}.`
    // Made now, it would hide the object from some who name it, and be hidden by it from others.
    const namesake = this.log.topic(topic) === undefined ? this.#catalog.entries.get(relationKey(topic)) : undefined
    return namesake === undefined ? null : `Its name is that of ${objectText(namesake.object)}.`
  }

  /** @throws MillraceError CATALOG_IN_USE for a topic that objects of the catalogue are made of. */
  assertUnused(topic: string): void {
    for (const entry of this.#analysis.entries.values()) {
      const { table, pipeline } = this.#analysis.planned(entry)
      const used = (table !== null && topicOf(table.use) === topic) || Object.values(pipeline?.topics ?? {}).includes(topic)
      if (!used) continue
      throw new MillraceError('CATALOG_IN_USE', `topic "${topic}" is used by ${objectText(entry.object)}`, { hint: 'Drop that first.' })
    }
  }

  /**
   * Ends everything in order: what captures have read goes through pipelines and sinks first, if that does not take too long. Resolves with
   * what has not ended when the time is up; then nothing may be used any more but the process ended. The log is open as long as `others`
   * use it. Idempotent.
   */
  stop(deadlineMs: number, others: Promise<void> = Promise.resolve()): Promise<readonly string[]> {
    return (this.#stopping ??= this.#stop(deadlineMs, others))
  }

  async #stop(deadlineMs: number, others: Promise<void>): Promise<readonly string[]> {
    const waiting = new Set<string>()
    let ended = false
    const work = async (): Promise<void> => {
      waiting.add('statements')
      await this.#turn.catch(() => undefined)
      waiting.delete('statements')
      // What a log that has failed says of itself is of no use.
      await this.#runners.stop(this.#failed ? 0 : deadlineMs * DRAIN_SHARE, waiting)
      await others
      waiting.add('the log')
      await this.states.close()
      await this.log.close()
      waiting.delete('the log')
      ended = true
    }
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs)
    })
    await Promise.race([work().catch((error: unknown) => this.#options.events.error(MillraceError.from(error), null)), deadline])
    clearTimeout(timer)
    return ended ? [] : [...waiting]
  }

  /** `reset` begin anew; of the `resumed` those that have failed are tried again. */
  async #reconcile(reset: ReadonlySet<string>, resumed: ReadonlySet<string>): Promise<void> {
    if (!this.#started) return
    const wanted = this.#wanted()
    const again = [...resumed].filter((key) => this.#runners.get(key)?.hasFailed === true)
    await this.#runners.retire(wanted, new Set([...reset, ...again]))
    await deleteRemains(this.#catalog, this.log, this.states)
    const before = new Map(this.#failures)
    for (const key of before.keys()) if (this.#runners.get(key) === undefined) this.#failures.delete(key)
    for (const entry of this.#analysis.entries.values()) {
      const [error] = this.#analysis.planned(entry).errors
      const key = objectKey(entry.object)
      if (error === undefined) continue
      if (before.get(key)?.message === error.message) this.#failures.set(key, error)
      else this.#onFailure(entry, error)
    }
    await this.#factory.ensureTopics(this.#analysis)
    await this.#runners.start(wanted, (key, error) => this.#onFailure(this.#catalog.entries.get(key)!, MillraceError.from(error)))
  }

  /** Everything that is to run, each behind what it reads. */
  #wanted(): readonly Wanted[] {
    return this.#analysis.inOrder().flatMap((entry): Wanted[] => {
      const planned = this.#analysis.planned(entry)
      const spec = runningSpec(this.#analysis, entry)
      const use = planned.table?.use.kind
      if (spec === null || entry.object.paused || use === 'topic' || use === 'uncaptured') return []
      const make = (): Promise<Runner> => this.#factory.make(entry, planned)
      return [{ key: objectKey(entry.object), spec, after: this.#sourcesOf(entry), make }]
    })
  }

  /** Keys of those whose output an object reads: of a sink the pipelines that write it. */
  #sourcesOf(entry: Entry): readonly string[] {
    const { table, pipeline } = this.#analysis.planned(entry)
    const topics = pipeline === null ? [] : Object.values(pipeline.topics)
    return [...this.#analysis.entries].flatMap(([key, other]) => {
      const planned = this.#analysis.planned(other)
      const written =
        planned.pipeline?.target.kind === 'result'
          ? planned.pipeline.target.topic
          : planned.pipeline?.target.kind === 'table'
            ? topicOf(planned.pipeline.target.table.use)
            : planned.table?.use.kind === 'capture'
              ? planned.table.use.topic
              : null
      const read = table?.use.kind === 'sink' ? [table.use.topic] : topics
      return other !== entry && written !== null && read.includes(written) ? [key] : []
    })
  }

  #findPipeline(name: string): Entry {
    const view = this.#catalog.entries.get(relationKey(name))
    const entry = this.#catalog.entries.get(pipelineKey(name)) ?? (view?.object.kind === 'materialized view' ? view : undefined)
    if (entry !== undefined) return entry
    throw new MillraceError('REQUEST_NOT_FOUND', `there is no pipeline "${name}"`)
  }

  async #tableStatus(entry: Entry): Promise<TableStatus> {
    const { object } = entry
    const key = objectKey(object)
    const runner = this.#runners.get(key)
    const use = this.#analysis.planned(entry).table?.use ?? null
    const error = this.#failures.get(key) ?? null
    const capture = runner instanceof CaptureRunner ? runner : null
    const delivery = runner instanceof DeliveryRunner ? await runner.statistics() : null
    const state = capture?.state ?? delivery?.state ?? (error === null ? 'declared' : 'failed')
    return {
      name: object.name,
      sql: object.sql,
      origin: object.origin,
      use: use?.kind ?? null,
      topic: use === null ? null : topicOf(use),
      state: object.paused ? 'paused' : state,
      error: error ?? delivery?.error ?? null,
      capture: capture?.statistics ?? null,
      delivery,
    }
  }

  async #pipelineStatus(entry: Entry): Promise<PipelineStatus> {
    const { object } = entry
    const key = objectKey(object)
    const runner = this.#runners.get(key)
    const { pipeline } = this.#analysis.planned(entry)
    const failure = this.#failures.get(key) ?? null
    const statistics = runner instanceof PipelineRunner ? await runner.statistics() : null
    return {
      name: object.name,
      kind: object.kind === 'pipeline' ? 'pipeline' : 'materialized view',
      sql: object.sql,
      origin: object.origin,
      state: object.paused ? 'paused' : (statistics?.state ?? (failure === null ? 'created' : 'failed')),
      error: statistics?.error ?? failure,
      result: pipeline?.target.topic ?? null,
      inputs: pipeline === null ? [] : await this.#inputsOf(pipeline, statistics),
      statistics,
    }
  }

  async #inputsOf({ dataflow, topics }: PlannedPipeline, statistics: PipelineStatistics | null): Promise<PipelineInput[]> {
    const inputs: PipelineInput[] = []
    for (const node of dataflow.nodes) {
      if (node.kind !== 'source') continue
      const topic = topics[node.id]!
      if (this.log.topic(topic) === undefined) continue
      for (const { partition, end } of await this.log.offsets(topic)) {
        const position = statistics?.positions[node.id]?.[partition] ?? null
        inputs.push({ source: node.id, table: node.table, topic, partition, position, end })
      }
    }
    return inputs
  }

  #onFailure({ object }: Entry, error: MillraceError): void {
    this.#failures.set(objectKey(object), error)
    if (error.code !== 'LOG_FAILED') this.#options.events.error(error, objectText(object))
    else if (!this.#failed) {
      this.#failed = true
      this.#options.events.fatal(error)
    }
  }

  #analyse(): Analysis {
    return new Analysis(this.#catalog.entries, (name) => this.log.topic(name) !== undefined)
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}
