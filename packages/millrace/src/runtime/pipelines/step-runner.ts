import { randomInt } from 'node:crypto'
import { type Clock, MillraceError } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import type { NodeId } from '../../plan/index.ts'
import { type InputGap, type InputPositions, type InputRange, TopicInput } from '../topic-input/index.ts'
import type { StoredPipeline } from './checkpoint.ts'
import { CommitWindow } from './commit-window.ts'
import { finishedEnds, finishedPut } from './finished-topics.ts'
import { type JournalEntry, journalAppend } from './journal.ts'
import { type PipelineDefinition, sourcesOf } from './pipeline-definition.ts'
import { Place } from './place.ts'
import { hold } from './prepare.ts'
import { dependsOnTime } from './processing-time.ts'
import type { Recovered } from './recovery.ts'
import type { Naming, Snapshotter } from './snapshotter.ts'
import type { StepResult } from './step-output.ts'

export interface StepPolicy {
  /** Bytes of input a step takes, or one block. */
  readonly stepBytes: number
  /** Milliseconds: processing time reaches the dataflow at least this often. */
  readonly tickMs: number
  /** Commits under way at once, and bytes in them. */
  readonly commits: number
  readonly commitBytes: number
}

export const DEFAULT_STEPS: StepPolicy = {
  stepBytes: 4 * 1024 * 1024,
  tickMs: 250,
  commits: 8,
  commitBytes: 16 * 1024 * 1024,
}

export interface StepRunnerOptions {
  readonly log: Log
  readonly clock: Clock
  readonly policy: StepPolicy
  readonly snapshotter: Snapshotter
  /** Steps are durable. */
  readonly landed: (counts: StepCounts) => void
}

export interface StepCounts {
  readonly steps: number
  readonly recordsIn: number
  readonly recordsOut: number
  readonly deadLetters: number
}

/** Steps without input and output that may wait to be written with the next that has some. */
const MAX_WAITING = 256
const NO_RESULT: StepResult = { appends: [], bytes: 0, sum: [0, 0], deadLetters: 0 }

/**
 * Makes steps of what comes into the topics and commits each with its output and its entry of the journal. The next steps are made while
 * commits are under way.
 */
export class StepRunner {
  readonly #options: StepRunnerOptions
  readonly #definition: PipelineDefinition
  readonly #recovered: Recovered
  readonly #place: Place
  /** Behind the steps that are durable. */
  readonly #durable: Place
  readonly #window: CommitWindow
  readonly #input: TopicInput
  readonly #ticks: boolean
  /** Steps that are not with the log yet. */
  #waiting: JournalEntry[] = []
  #steppedAt = performance.now()
  #lookedAt = 0
  /** Partitions of the topics that are read, when they were held last. */
  #heldPartitions = 0
  #stopping = false
  #release = false
  #isOver = false
  #watching: (() => void)[] = []

  private constructor(
    definition: PipelineDefinition,
    recovered: Recovered,
    input: TopicInput,
    options: StepRunnerOptions,
  ) {
    this.#options = options
    this.#definition = definition
    this.#recovered = recovered
    this.#place = recovered.place
    this.#durable = new Place(recovered.place)
    this.#input = input
    this.#ticks = dependsOnTime(definition.dataflow)
    this.#window = new CommitWindow({
      log: options.log,
      commits: options.policy.commits,
      bytes: options.policy.commitBytes,
      failed: () => input.wake(),
    })
  }

  static async open(
    { definition, checkpoint }: StoredPipeline,
    recovered: Recovered,
    options: StepRunnerOptions,
  ): Promise<StepRunner> {
    const { place } = recovered
    let fail: (gap: InputGap) => void = () => undefined
    const input = await TopicInput.open({
      log: options.log,
      sources: sourcesOf(definition).filter(({ node }) => !place.ended.has(node.id)),
      start: { kind: 'earliest' },
      positions: place.positions,
      ends: checkpoint.ends,
      gap: (gap) => fail(gap),
    })
    const runner = new StepRunner(definition, recovered, input, options)
    // What is read is held, so nothing is missing unless a topic was taken away behind the pipeline's back.
    fail = ({ topic, from, to }) =>
      runner.#window.fail(
        new MillraceError('LOG_OFFSET_OUT_OF_RANGE', `topic "${topic}" has lost offsets ${from} to ${to - 1}`),
      )
    return runner
  }

  get positions(): InputPositions {
    return this.#durable.positions
  }

  get bytesInFlight(): number {
    return this.#window.bytes
  }

  /** Runs until it is stopped, or every source has come to its end. Everything is durable then, and its state saved. */
  async run(): Promise<'stopped' | 'finished'> {
    const { policy, snapshotter } = this.#options
    try {
      while (!this.#stopping && !this.#isAtEnd) {
        await this.#window.room()
        await this.#holdNewPartitions()
        await this.#input.wait(policy.tickMs)
        this.#window.check()
        if (this.#stopping) break
        const { ranges, ended } = this.#input.take(policy.stepBytes)
        const ends = [...new Set([...ended, ...(await this.#finishedSources())])]
        if (ranges.length > 0 || ends.length > 0 || this.#isTickDue) await this.#step(ranges, ends)
        if (snapshotter.isDue) this.#watch((await this.#snapshot()).saved)
      }
      await snapshotter.settled()
      await (await this.#snapshot(this.#lastNaming())).saved
      return this.#isAtEnd ? 'finished' : 'stopped'
    } finally {
      this.#input.close()
      await this.#window.settled()
      await snapshotter.settled()
      this.#isOver = true
      this.#notify()
    }
  }

  /** No more steps. `release`: retention need not keep what comes. */
  stop(release: boolean): void {
    this.#release = release
    this.#stopping = true
    this.#input.wake()
  }

  /** Resolves with true when the steps up to these positions are durable, with false when the run is over before. */
  async passed(positions: InputPositions): Promise<boolean> {
    const isPast = (): boolean =>
      Object.entries(positions).every(
        ([source, offsets]) =>
          this.#durable.ended.has(source) ||
          offsets.every((offset, partition) => this.#durable.position(source, partition) >= offset),
      )
    while (!isPast()) {
      if (this.#isOver) return false
      await new Promise<void>((resolve) => this.#watching.push(resolve))
    }
    return true
  }

  get #isAtEnd(): boolean {
    return sourcesOf(this.#definition).every(({ node }) => this.#place.ended.has(node.id))
  }

  get #isTickDue(): boolean {
    return this.#ticks && performance.now() - this.#steppedAt >= this.#options.policy.tickMs
  }

  async #step(ranges: readonly InputRange[], ended: readonly NodeId[]): Promise<void> {
    const { executor, output } = this.#recovered
    const { step } = this.#place
    const now = Math.max(this.#place.now, this.#options.clock.now())
    const seed = randomInt(2 ** 32)
    output.begin(step, now)
    await executor.step({ now, seed, inputs: ranges.map(({ source, block }) => ({ source, block })), ended })
    this.#steppedAt = performance.now()
    const result = output.take()
    const entry: JournalEntry = {
      step,
      now,
      seed,
      in: ranges.map(({ source, partition, to, block }) => [source, partition, block.firstOffset, to]),
      ended,
      out: result.sum,
    }
    this.#place.pass(entry)
    this.#waiting.push(entry)
    const isTick = ranges.length === 0 && ended.length === 0 && result.appends.length === 0
    if (isTick && this.#waiting.length < MAX_WAITING) return
    const bytes = ranges.reduce((sum, range) => sum + range.bytes, 0)
    const recordsIn = ranges.reduce((sum, range) => sum + range.records, 0)
    this.#options.snapshotter.note(bytes)
    await this.#commit(result, bytes, recordsIn)
  }

  /** Everything that waits, with the output of the last of it. */
  async #commit({ appends, bytes, sum, deadLetters }: StepResult, bytesIn: number, recordsIn: number): Promise<void> {
    const entries = this.#waiting
    this.#waiting = []
    const expected = this.#place.journal
    this.#place.journal += entries.length
    const commit = { appends: [journalAppend(this.#definition.name, entries), ...appends] }
    await this.#window.submit(commit, bytes + bytesIn, ([journalled]) => {
      if (journalled?.firstOffset !== expected) {
        throw new MillraceError(
          'INTERNAL',
          `the journal of pipeline "${this.#definition.name}" is written by somebody else too`,
        )
      }
      for (const entry of entries) this.#durable.pass(entry)
      this.#options.landed({ steps: entries.length, recordsIn, recordsOut: sum[0], deadLetters })
      this.#notify()
    })
  }

  async #snapshot(naming: Naming = {}): Promise<{ readonly saved: Promise<void> }> {
    if (this.#waiting.length > 0) await this.#commit(NO_RESULT, 0, 0)
    return this.#options.snapshotter.take(this.#recovered.executor, this.#place, this.#window.durable(), naming)
  }

  #watch(saved: Promise<void>): void {
    saved.catch((error: unknown) => this.#window.fail(error))
  }

  /** Nothing is needed any more of what has come to its end; whoever reads the results has to know. */
  #lastNaming(): Naming {
    if (!this.#isAtEnd) return { release: this.#release }
    const own = this.#definition.results.filter(({ settings }) => settings !== null)
    return { release: true, puts: own.map(({ topic }) => finishedPut(topic, true)) }
  }

  /** Before they are read: what a step has read of them is needed to run it again. */
  async #holdNewPartitions(): Promise<void> {
    const { log, snapshotter } = this.#options
    const partitions = (): number =>
      Object.values(this.#definition.topics).reduce((sum, topic) => sum + (log.topic(topic)?.config.partitions ?? 0), 0)
    for (let now = partitions(); now > this.#heldPartitions; now = partitions()) {
      await hold(log, snapshotter.stored)
      this.#heldPartitions = now
    }
  }

  /** Sources whose topic says that nothing more comes, once everything in it is read. Looks as often as time passes. */
  async #finishedSources(): Promise<NodeId[]> {
    const { log, policy } = this.#options
    if (performance.now() - this.#lookedAt < policy.tickMs) return []
    this.#lookedAt = performance.now()
    const finished: NodeId[] = []
    for (const { node, topic } of sourcesOf(this.#definition)) {
      if (this.#place.ended.has(node.id)) continue
      const ends = await finishedEnds(log, topic)
      if (ends?.every((end, partition) => this.#place.position(node.id, partition) >= end) === true) finished.push(node.id)
    }
    return finished
  }

  #notify(): void {
    const watching = this.#watching
    this.#watching = []
    for (const resolve of watching) resolve()
  }
}
