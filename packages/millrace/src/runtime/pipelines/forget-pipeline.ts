import type { Log, StateStore } from '../../log/index.ts'
import { forgettingPuts, loadPipeline, releasedHolds } from './checkpoint.ts'
import { finishedPut } from './finished-topics.ts'
import { journalTopic, pipelineOwner } from './pipeline-definition.ts'

/** Forgets a pipeline that does not run: its place, state and journal. Its results stay. May be ended at any moment and called again. */
export async function forgetPipeline(log: Log, state: StateStore, name: string): Promise<void> {
  const known = await loadPipeline(log, name).catch(() => null)
  const own = known?.definition.results.filter(({ settings }) => settings !== null) ?? []
  await log.commit({
    puts: [...forgettingPuts(name), ...own.map(({ topic }) => finishedPut(topic, false))],
    holds: releasedHolds(log, name),
  })
  await state.settle(pipelineOwner(name), null)
  if (log.topic(journalTopic(name)) !== undefined) await log.deleteTopic(journalTopic(name))
}
