import type { Append, Log } from '../../log/index.ts'
import type { CreateExecutor, ExecutorOptions } from '../executor/executor.ts'
import { readJournal } from './journal.ts'
import { type PipelineDefinition, sourcesOf } from './pipeline-definition.ts'
import { ReplayInput } from './replay-input.ts'
import { StepOutput } from './step-output.ts'

/**
 * What a pipeline's journal says its results are, computed from its first step on: the appends of each step in order. The journal and its
 * input have to be there in full. For tests and checks: what is in the topics must be the same.
 */
export async function* recomputeResults(
  log: Log,
  definition: PipelineDefinition,
  createExecutor: CreateExecutor,
  options: ExecutorOptions,
): AsyncGenerator<readonly Append[]> {
  const output = new StepOutput(log, definition)
  const { signal } = new AbortController()
  const executor = await createExecutor(JSON.stringify(definition.dataflow), options, output, [], signal)
  try {
    const input = new ReplayInput(log, sourcesOf(definition))
    for await (const entry of readJournal(log, definition.name, 0, 0)) {
      const step = await input.step(entry)
      output.begin(entry.step, entry.now)
      await executor.step(step)
      yield output.take().appends
    }
  } finally {
    await executor.close()
  }
}
