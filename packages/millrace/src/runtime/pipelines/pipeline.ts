import { type Clock, MillraceError, systemClock } from '../../kernel/index.ts'
import { backoffDelay } from '../job/backoff.ts'
import type { InputPositions } from '../topic-input/index.ts'
import { releasedHolds } from './checkpoint.ts'
import { ExecutorCounts } from './executor-counts.ts'
import { forgetPipeline } from './forget-pipeline.ts'
import { pause } from './pause.ts'
import { PipelineRun } from './pipeline-run.ts'
import type { InputLag, PipelineOptions, PipelineState, PipelineStatistics } from './pipeline-types.ts'
import { ensureTopics } from './prepare.ts'
import type { SnapshotStatistics } from './snapshotter.ts'

/** Microseconds. */
const RETRY = { initialDelay: 200_000, maxDelay: 30_000_000, maxRetries: null }
/** Defects tried again without a step in between. */
const MAX_DEFECTS = 3

/**
 * A dataflow kept running over its topics: started where it was, tried again after errors of the outside, each result in its topic once.
 * It stands still after errors that only somebody can mend.
 */
export class Pipeline {
  readonly name: string
  /** Resolves when the topics of its results are there, or it has ended. */
  readonly opened: Promise<void>
  readonly #options: PipelineOptions
  readonly #clock: Clock
  readonly #counted = new ExecutorCounts()
  #setOpened: () => void = () => undefined
  #state: PipelineState = 'created'
  #since: number
  #error: MillraceError | null = null
  /** Settles when it does not run any more; never rejects. */
  #running: Promise<void> | null = null
  #stopping = false
  #release = false
  /** Ends waiting and recovery; steps go on to their end. */
  #cancel = new AbortController()
  #run: PipelineRun | null = null
  #positions: InputPositions = {}
  #lastSnapshot: SnapshotStatistics | null = null
  /** Counts what `#changed` waits for. */
  #changes = 0
  #watching: (() => void)[] = []
  #counts = { steps: 0, rowsIn: 0, rowsOut: 0, deadLetters: 0, gaps: 0, restarts: 0, replayedSteps: 0 }

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#since = this.#clock.now()
    this.name = options.definition.name
    this.opened = new Promise((resolve) => {
      this.#setOpened = resolve
    })
  }

  get state(): PipelineState {
    return this.#state
  }

  /**
   * Goes on where the pipeline was, also under a new definition that can keep its state (else it fails with CATALOG_CHANGED); at the
   * earliest records, or where its sources say, when it has never run.
   *
   * @throws MillraceError PIPELINE_STATE while it runs.
   */
  start(): void {
    if (this.#running !== null) {
      throw new MillraceError('PIPELINE_STATE', `pipeline "${this.name}" is ${this.#state}`, {
        hint: 'Stop it first, or restart it.',
      })
    }
    this.#stopping = false
    this.#error = null
    this.#set('starting')
    this.#running = this.#supervise().finally(() => {
      this.#running = null
      this.#setOpened()
      this.#wake()
    })
  }

  /** The same, of a pipeline that was stopped or has failed. */
  resume(): void {
    this.start()
  }

  /**
   * Resolves when what it has done is durable and its state saved. With `release`, retention need not keep any longer what it has not
   * read. Idempotent.
   */
  async stop({ release = false }: { readonly release?: boolean } = {}): Promise<void> {
    if (this.#running === null) {
      if (this.#state === 'finished' || this.#state === 'stopped') return
      if (release) await this.#park().catch(() => undefined)
      this.#set('stopped')
      return
    }
    this.#stopping = true
    this.#release = release
    this.#set('stopping')
    if (this.#run === null) this.#cancel.abort()
    else this.#run.runner.stop(release)
    await this.#running
    // It may have ended before it could let go: in a recovery, or by an error.
    if (release && releasedHolds(this.#options.log, this.name).length > 0) await this.#park().catch(() => undefined)
  }

  async restart(): Promise<void> {
    await this.stop()
    this.start()
  }

  /** Resolves when what is in its topics now has gone through it and is durable, or it does not run any more. */
  async drain(): Promise<void> {
    const target: Record<string, number[]> = {}
    for (const [source, topic] of Object.entries(this.#options.definition.topics)) {
      if (this.#options.log.topic(topic) === undefined) continue
      target[source] = (await this.#options.log.offsets(topic)).map(({ end }) => end)
    }
    while (this.#running !== null) {
      const seen = this.#changes
      if ((await this.#run?.runner.passed(target)) === true) return
      if (this.#changes === seen) await new Promise<void>((resolve) => this.#watching.push(resolve))
    }
  }

  /** Ends it and forgets its state and its journal. Its results stay. */
  async drop(): Promise<void> {
    await this.stop()
    await forgetPipeline(this.#options.log, this.#options.state, this.name)
  }

  async statistics(): Promise<PipelineStatistics> {
    const positions = this.#run?.runner.positions ?? this.#positions
    const inputs = await this.#lags(positions)
    return {
      ...(await this.#counted.current()),
      ...this.#counts,
      name: this.name,
      state: this.#state,
      since: this.#since,
      positions,
      lag: Object.values(inputs).reduce((sum, { records }) => sum + records, 0),
      inputs,
      pendingBytes: this.#run?.runner.bytesInFlight ?? 0,
      snapshot: this.#run?.snapshotter.last ?? this.#lastSnapshot,
      error: this.#error,
    }
  }

  async #lags(positions: InputPositions): Promise<Record<string, InputLag>> {
    const { log, definition } = this.#options
    const lags: Record<string, InputLag> = {}
    for (const [source, topic] of Object.entries(definition.topics)) {
      let records = 0
      for (const { partition, start, end } of log.topic(topic) === undefined ? [] : await log.offsets(topic)) {
        records += Math.max(0, end - Math.max(start, positions[source]?.[partition] ?? start))
      }
      lags[source] = { topic, records }
    }
    return lags
  }

  #set(state: PipelineState): void {
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#clock.now()
    this.#wake()
    this.#options.events.state?.(state)
  }

  #wake(): void {
    this.#changes++
    const watching = this.#watching
    this.#watching = []
    for (const resolve of watching) resolve()
  }

  /** Runs until it is stopped, finished, or has failed for good. Errors of the outside are tried again, each time by a recovery. */
  async #supervise(): Promise<void> {
    const retry = this.#options.retry ?? RETRY
    for (let attempt = 0, defects = 0; ; attempt++) {
      const stepsBefore = this.#counts.steps
      try {
        this.#set(await this.#runOnce())
        return
      } catch (thrown) {
        const error = MillraceError.from(thrown)
        if (this.#stopping && error.code === 'CANCELLED') return this.#set('stopped')
        this.#error = error
        if (this.#counts.steps > stepsBefore) attempt = defects = 0
        // What it could not save will be made again from the journal.
        if (this.#stopping && mayPass(error)) return this.#set('stopped')
        const again = mayPass(error) && (error.code !== 'INTERNAL' || ++defects <= MAX_DEFECTS)
        const delay = again ? backoffDelay(retry, attempt, Math.random) : null
        this.#options.events.error?.(error, delay)
        if (delay === null) {
          if (error.entry.who === 'user') await this.#park().catch(() => undefined)
          return this.#set('failed')
        }
        this.#counts.restarts++
        this.#set('recovering')
        await pause(delay / 1000, this.#cancel.signal)
        if (this.#stopping) return this.#set('stopped')
      }
    }
  }

  async #runOnce(): Promise<'stopped' | 'finished'> {
    const { log, definition } = this.#options
    this.#cancel = new AbortController()
    await ensureTopics(log, definition)
    this.#setOpened()
    const run = await this.#open()
    this.#run = run
    try {
      await this.#counted.attach(run.recovered.executor)
      if (this.#stopping) run.runner.stop(this.#release)
      else this.#set('running')
      this.#wake()
      this.#error = null
      return await run.runner.run()
    } finally {
      this.#positions = run.runner.positions
      this.#lastSnapshot = run.snapshotter.last ?? this.#lastSnapshot
      this.#run = null
      await this.#counted.detach()
      await run.close()
    }
  }

  #open(): Promise<PipelineRun> {
    const { events } = this.#options
    return PipelineRun.open({
      ...this.#options,
      clock: this.#clock,
      signal: this.#cancel.signal,
      progress: (done, total) => {
        if (!this.#stopping) this.#set('recovering')
        this.#counts.replayedSteps++
        events.recovering?.(done, total)
      },
      landed: ({ steps, recordsIn, recordsOut, deadLetters }) => {
        this.#counts.steps += steps
        this.#counts.rowsIn += recordsIn
        this.#counts.rowsOut += recordsOut
        this.#counts.deadLetters += deadLetters
      },
      gap: (gap) => {
        this.#counts.gaps++
        events.gap?.(gap)
      },
    })
  }

  /** Saves what the last durable step left, so that retention need not keep input for a pipeline that stands still. */
  async #park(): Promise<void> {
    this.#cancel = new AbortController()
    await ensureTopics(this.#options.log, this.#options.definition)
    const run = await this.#open()
    try {
      run.runner.stop(true)
      await run.runner.run()
      this.#positions = run.runner.positions
    } finally {
      await run.close()
    }
  }
}

/** An error that may be gone when it is tried again. */
function mayPass({ entry }: MillraceError): boolean {
  return entry.who !== 'user' && entry.retry !== 'never'
}
