import type { Log, Put } from '../../log/index.ts'
import { captureKey, decodeCapture } from '../capture/capture-state.ts'

/** Where the log says of a topic that has but one writer, a pipeline, that nothing more will come. */
function finishedKey(topic: string): string {
  return `finished/${topic}`
}

export function finishedPut(topic: string, finished: boolean): Put {
  return { key: finishedKey(topic), value: finished ? Buffer.from('true') : null }
}

/**
 * Where the partitions of a topic end in which everything has been said: the source that is captured into it, or the pipeline that writes
 * it, has come to its end. Null: there may be more.
 */
export async function finishedEnds(log: Log, topic: string): Promise<readonly number[] | null> {
  if (!(await isFinished(log, topic))) return null
  // What is durable can be read a moment before the log has moved the ends: behind a commit it has.
  await log.commit({})
  return (await log.offsets(topic)).map(({ end }) => end)
}

async function isFinished(log: Log, topic: string): Promise<boolean> {
  if ((await log.get(finishedKey(topic))) !== undefined) return true
  const capture = await log.get(captureKey(topic))
  return capture !== undefined && decodeCapture(capture).finished
}
