import { MillraceError } from '../../kernel/index.ts'
import type { Log, StateStore } from '../../log/index.ts'
import type { CreateExecutor, Executor, ExecutorOptions, StateEntry } from '../executor/executor.ts'
import type { StoredPipeline } from './checkpoint.ts'
import { type JournalEntry, readJournal } from './journal.ts'
import { journalTopic, pipelineOwner, sourcesOf } from './pipeline-definition.ts'
import { Place } from './place.ts'
import { ReplayInput } from './replay-input.ts'
import { type OutputSum, StepOutput } from './step-output.ts'

export interface RecoveryOptions {
  readonly log: Log
  readonly state: StateStore
  readonly createExecutor: CreateExecutor
  readonly executor: ExecutorOptions
  readonly signal: AbortSignal
  /** Steps of the journal run again so far, and how many there are. */
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/** A pipeline as it was after the last step of its journal. */
export interface Recovered {
  readonly executor: Executor
  readonly output: StepOutput
  readonly place: Place
  readonly replayed: number
}

/**
 * Loads the state of a checkpoint and runs the steps that the journal has after it once more. What they put out is in the log already, so
 * it goes nowhere; it is compared with what the journal says of it.
 *
 * @throws MillraceError PIPELINE_DIVERGED when it differs; STATE_CORRUPT, LOG_CORRUPT; LOG_OFFSET_OUT_OF_RANGE when input is gone.
 */
export async function recover(
  { definition, checkpoint }: StoredPipeline,
  options: RecoveryOptions,
): Promise<Recovered> {
  const { log, signal, progress } = options
  const { name } = definition
  const restore = checkpoint.snapshot === null ? [] : await loadState(options.state, name, checkpoint.snapshot)
  const output = new StepOutput(log, definition)
  const executor = await options.createExecutor(
    JSON.stringify(definition.dataflow),
    options.executor,
    output,
    restore,
    signal,
  )
  try {
    const place = new Place(checkpoint)
    const input = new ReplayInput(log, sourcesOf(definition))
    const [range] = await log.offsets(journalTopic(name))
    const total = Math.max(0, (range?.end ?? 0) - checkpoint.journal)
    let replayed = 0
    if (total > 0) {
      for await (const entry of readJournal(log, name, checkpoint.journal, checkpoint.step)) {
        if (signal.aborted) throw new MillraceError('CANCELLED', `the recovery of pipeline "${name}" was stopped`)
        const step = await input.step(entry)
        output.begin(entry.step, entry.now)
        await executor.step(step)
        const { sum } = output.take()
        if (sum[0] !== entry.out[0] || sum[1] !== entry.out[1]) throw diverged(name, entry, sum)
        place.pass(entry)
        place.journal++
        progress?.(++replayed, total)
      }
    }
    return { executor, output, place, replayed }
  } catch (error) {
    await executor.close()
    throw error
  }
}

async function loadState(state: StateStore, name: string, snapshot: number): Promise<StateEntry[]> {
  const entries: StateEntry[] = []
  for await (const changes of state.load(pipelineOwner(name), snapshot))
    for (const change of changes) entries.push(change)
  return entries
}

function diverged(name: string, { step, out }: JournalEntry, [records, crc]: OutputSum): MillraceError {
  return new MillraceError(
    'PIPELINE_DIVERGED',
    `pipeline "${name}" gives another result for step ${step} than the first time`,
    {
      detail: `It gave ${out[0]} records with checksum ${out[1]}, and now ${records} with ${crc}.`,
      hint: 'Its results up to here stand. Drop its state to compute them anew, and please report this.',
    },
  )
}
