import type { Clock } from '../../kernel/index.ts'
import type { InputGap } from '../topic-input/index.ts'
import { loadPipeline, type StoredPipeline } from './checkpoint.ts'
import { pipelineOwner } from './pipeline-definition.ts'
import { gapsAt, pipelineGapAppend } from './pipeline-gap.ts'
import type { PipelineOptions } from './pipeline-types.ts'
import { adopt, begin, hasTail, hold } from './prepare.ts'
import { recover, type Recovered } from './recovery.ts'
import { DEFAULT_SNAPSHOTS, Snapshotter } from './snapshotter.ts'
import { DEFAULT_STEPS, type StepCounts, StepRunner } from './step-runner.ts'

export interface PipelineRunOptions extends PipelineOptions {
  readonly clock: Clock
  /** Aborted: recovery is given up. */
  readonly signal: AbortSignal
  readonly progress: (done: number, total: number) => void
  readonly landed: (counts: StepCounts) => void
  readonly gap: (gap: InputGap) => void
}

/** A pipeline from where it was last, until it is stopped, comes to its end or fails. */
export class PipelineRun {
  readonly runner: StepRunner
  readonly snapshotter: Snapshotter
  readonly recovered: Recovered

  private constructor(runner: StepRunner, snapshotter: Snapshotter, recovered: Recovered) {
    this.runner = runner
    this.snapshotter = snapshotter
    this.recovered = recovered
  }

  /** The topics of its results are there. @throws MillraceError as `recover`; CATALOG_CHANGED. */
  static async open(options: PipelineRunOptions): Promise<PipelineRun> {
    const { log, state, definition, clock, snapshots: policy = DEFAULT_SNAPSHOTS, steps } = options
    const stored = await startingPoint(options)
    await hold(log, stored)
    await state.settle(pipelineOwner(definition.name), stored.checkpoint.snapshot)
    const recovered = await recover(stored, options)
    try {
      const snapshotter = new Snapshotter(stored, { log, state, clock, policy })
      await passGaps(stored, recovered, snapshotter, options)
      const runner = await StepRunner.open(stored, recovered, {
        log,
        clock,
        policy: { ...DEFAULT_STEPS, ...steps },
        snapshotter,
        landed: options.landed,
      })
      return new PipelineRun(runner, snapshotter, recovered)
    } catch (error) {
      await recovered.executor.close()
      throw error
    }
  }

  close(): Promise<void> {
    return this.recovered.executor.close()
  }
}

/** The checkpoint to start from, under the definition of now. Steps behind it were made by the definition of then. */
async function startingPoint(options: PipelineRunOptions): Promise<StoredPipeline> {
  const { log, definition, clock } = options
  const known = await loadPipeline(log, definition.name)
  if (known === null) return begin(log, definition, clock.now())
  if (JSON.stringify(known.definition) === JSON.stringify(definition)) return known
  return adopt(log, (await hasTail(log, known)) ? await advanced(known, options) : known, definition)
}

/** The same pipeline with its checkpoint at the end of its journal. */
async function advanced(known: StoredPipeline, options: PipelineRunOptions): Promise<StoredPipeline> {
  const { log, state, clock, snapshots: policy = DEFAULT_SNAPSHOTS } = options
  const { name } = known.definition
  await hold(log, known)
  await state.settle(pipelineOwner(name), known.checkpoint.snapshot)
  const { executor, place } = await recover(known, options)
  try {
    const snapshotter = new Snapshotter(known, { log, state, clock, policy })
    await (await snapshotter.take(executor, place, Promise.resolve())).saved
    return (await loadPipeline(log, name)) ?? known
  } finally {
    await executor.close()
  }
}

/** States what retention has deleted of the input, and goes on behind it, in one commit. */
async function passGaps(
  { definition }: StoredPipeline,
  { executor, place }: Recovered,
  snapshotter: Snapshotter,
  { log, gap: report }: PipelineRunOptions,
): Promise<void> {
  const gaps = await gapsAt(log, definition, place)
  if (gaps.length === 0) return
  for (const { source, partition, to } of gaps) place.move(source, partition, to)
  const appends = gaps.map((gap) => pipelineGapAppend(definition.name, gap))
  await (await snapshotter.take(executor, place, Promise.resolve(), { appends })).saved
  for (const gap of gaps) report(gap)
}
